"""Regular expressions as Rust's crate `regex` takes them, where Linkerd's matches differ from RE2 (rule R-L13).

Source: docs.rs/regex, "Syntax"; github.com/google/re2, "doc/syntax.txt". What both know they read alike in text of visible ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

Reading = Literal["as RE2", "refused", "otherwise"]
"""`refused`: Rust takes the text for no expression. `otherwise`: it may be one of a meaning that RE2 does not give it."""

_TOKEN = re.compile(r"\\(?:[xpPb]\{[^}]*\}|.)|\[:\^?\w+:\]|\{[^}]*\}?|\(\?[^)a-zA-Z<]?[^):]*|&&|--|~~|.", re.DOTALL)
_LETTERS = frozenset("AazbBdDsSwWfnrtvxpP")
_COUNTED = re.compile(r"\{\d+(?:,\d*)?\}")
_ASIDE = ("(?=", "(?!", "(?<=", "(?<!", "(?P=", "(?P>")
_SET_OPERATIONS = ("&&", "--", "~~")
_WIDER = re.compile(r"invalid repetition size|bad repetition operator|\\p|\\P")


@lru_cache(maxsize=4096)
def reading(pattern: str) -> Reading:
    """Returns how Rust reads an expression, compared with RE2."""
    found = set(_verdicts(pattern))
    if "refused" in found:
        return "refused"
    if "otherwise" in found:
        return "otherwise"
    import re2  # few routes have patterns

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return "otherwise" if _WIDER.search(text) else "refused"
    return "as RE2"


def _verdicts(pattern: str) -> Iterator[Reading]:
    """Yields what is no syntax of Rust's, and what is Rust's alone."""
    is_class, at_start = False, False
    for token in _TOKEN.findall(pattern):
        if token.startswith("\\"):
            yield _escape(token)
        elif is_class:
            if token == "]" and not at_start:
                is_class = False
            elif token == "[" or token in _SET_OPERATIONS:
                yield "otherwise"
            at_start = at_start and token == "^"
            continue
        elif token.startswith("["):
            is_class, at_start = True, True
        elif token.startswith("{") and not _COUNTED.fullmatch(token):
            yield "refused"
        elif token.startswith("(?"):
            yield _group(token)
        at_start = is_class and token.startswith("[")


def _escape(token: str) -> Reading:
    letter = token[1:2]
    if (letter and letter in "uU<>") or token.startswith("\\b{") or (letter and not letter.isascii()):
        return "otherwise"
    if not letter or letter.isdigit() or (letter.isalpha() and letter not in _LETTERS):
        return "refused"
    return "as RE2"


def _group(token: str) -> Reading:
    if token.startswith(_ASIDE):
        return "refused"
    flags = token[2:].partition(":")[0]
    return "otherwise" if not flags.startswith(("P<", "<")) and set(flags) & set("xuR") else "as RE2"
