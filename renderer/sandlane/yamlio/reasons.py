"""Why a text is no YAML, where its author can be told more than the parser knows: what stands there, and what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandlane.problems.problem import Problem
from sandlane.yamlio.text import Text


@dataclass(frozen=True, slots=True)
class _Reason:
    """A mistake: how its line looks, what is said of it, and what to do.

    With `anywhere` the first such line of the file is meant, else one on which the parser stumbled.
    """

    line: re.Pattern[str]
    says: str
    hint: str
    anywhere: bool = False


_REASONS = (
    _Reason(
        re.compile(r"(?:<{7}|>{7}|\|{7})(?: |\Z)"),
        "a conflict marker of git stands in the file",
        "settle the conflict and remove its markers",
        anywhere=True,
    ),
    _Reason(
        re.compile(r"[^#\"']*\{[{%]"),
        "it is a template, not yet a manifest",
        "render it and pipe it in, a Helm chart so: helm template NAME CHART | sandlane render --base -",
        anywhere=True,
    ),
    _Reason(re.compile(r" *\t"), "a tab stands in the indentation", "indent with spaces alone"),
    _Reason(re.compile("[^#]*[\u201c\u201d\u2018\u2019]"), "typographic quotes stand for quotes", "write \" or '"),
    _Reason(
        re.compile(r'[^#"]*"(?:[^"\\]|\\[0abt\tnvfre "/\\N_LPxuU])*\\[^0abt\tnvfre "/\\N_LPxuU]'),
        "a backslash stands in double quotes before a character that it has no meaning for",
        "put the text into single quotes, or write the backslash twice",
    ),
    _Reason(
        re.compile(r"\s*(?:- )*[A-Za-z_][\w./-]*:(?![\s/:])[^\s]"),
        "there is no space behind the colon of a key",
        "write 'key: value'",
    ),
)
_ASKED = ("SL101", "SL110")
"""Codes of what the parser says of such texts: `{{ x }}` is a mapping whose key is a mapping."""


def explained(problems: Iterable[Problem], text: Text) -> list[Problem]:
    """Returns the problems of a text with its mistakes in the place of what the parser made of them."""
    lines = text.body.split("\n")
    return [_explained(problem, lines) if problem.code in _ASKED else problem for problem in problems]


def _explained(problem: Problem, lines: list[str]) -> Problem:
    number = (problem.position or (1, 1))[0]
    near = [n for n in (number, number - 1) if 1 <= n <= len(lines)]
    for reason in _REASONS:
        found = next(
            (n for n in (range(1, len(lines) + 1) if reason.anywhere else near) if reason.line.match(lines[n - 1])),
            None,
        )
        if found is not None:
            text = f"not valid YAML: {reason.says}"
            return replace(problem, code="SL101", text=text, hint=reason.hint, position=(found, 1))
    return problem
