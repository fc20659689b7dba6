"""What can be wrong, and how it is said: places, problems and the error that carries them.

The codes themselves are rows of `sandlane.problems.catalogue`. This module formats and sorts; it decides nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal, TypeVar

from sandlane.frozen import frozen
from sandlane.problems.broken_request import BrokenRequest, lines_of

Path = tuple[str | int, ...]
"""Steps from the top of a document to a value in it: `('spec', 'workloads', 0, 'name')`."""

Level = Literal["error", "notice"]


@frozen(kw_only=True)
class Source:
    """Where a document comes from: a file (relative to the root), the document's number in it, and, for an
    item of a `List`, the steps to it.
    """

    file: str
    document: int = 0
    prefix: Path = ()


Place = tuple[Source, Path]
"""A document, and the steps to a value in it."""


@frozen(kw_only=True)
class Problem:
    """One thing that is wrong (an error) or cannot work (a notice).

    `path` leads to the value meant, or with `at_key` to its key; line and column are looked up when the problem is
    shown, unless the parser knew them (`position`, both from 1). `sandbox` is the spec that it belongs to, if any;
    `object` is what `accept` names. `request` is one for which a promise does not hold, and `base` what decides on it in the base.
    """

    code: str
    level: Level
    text: str
    hint: str = ""
    source: Source | None = None
    path: Path = ()
    at_key: bool = False
    position: tuple[int, int] | None = None
    sandbox: Source | None = None
    object: str = ""
    request: BrokenRequest | None = None
    base: Place | None = None


class Invalid(Exception):
    """Raised by a stage that found mistakes of the user: all of them at once, sorted."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sort(problems))
        super().__init__("\n".join(f"{p.code} {p.text}" for p in self.problems))


T = TypeVar("T")


def gathered(calls: Iterable[Callable[[], T]]) -> tuple[tuple[T, ...], tuple[Problem, ...]]:
    """Returns the results of the calls that succeed, and the problems of those that raise Invalid."""
    results: list[T] = []
    problems: list[Problem] = []
    for call in calls:
        try:
            results.append(call())
        except Invalid as invalid:
            problems += invalid.problems
    return tuple(results), tuple(problems)


Locate = Callable[[Source, Path, bool], tuple[int, int] | None]
"""(source, path, at_key) -> (line, column), both from 1, or None where the path has no place in the text."""


def sort(problems: Iterable[Problem]) -> list[Problem]:
    """Sorts by file, document, place, code and text, and drops what is said twice."""
    return sorted(dict.fromkeys(problems), key=_order)


def _order(problem: Problem) -> tuple[object, ...]:
    source = problem.source or Source(file="")
    steps = tuple(
        (isinstance(step, str), str(step) if isinstance(step, str) else f"{step:09d}")
        for step in (*source.prefix, *problem.path)
    )
    return (source.file, source.document, problem.position or (0, 0), steps, problem.code, problem.text)


def placed(problems: Iterable[Problem], locate: Locate) -> list[Problem]:
    """Returns the problems with line and column filled in, in the order in which a reader meets them."""
    found = [
        p
        if p.position or p.source is None
        else replace(p, position=locate(p.source, (*p.source.prefix, *p.path), p.at_key))
        for p in problems
    ]
    return sorted(
        dict.fromkeys(found), key=lambda p: (p.source.file if p.source else "", p.position or (0, 0), p.code, p.text)
    )


_MENTION = re.compile("\ue000([^\ue001]*)\ue001")


def mention(source: Source, path: Path = ()) -> str:
    """Returns what stands for a place in a text of a problem until it is shown: `file`, or `file:line` where lines are known."""
    return f"\ue000{json.dumps([source.file, source.document, [*source.prefix, *path]])}\ue001"


def with_mentions(text: str, say: Callable[[Source, Path], str]) -> str:
    """Returns a text with its mentions of places in the words of whoever shows it."""

    def said(found: re.Match[str]) -> str:
        file, document, path = json.loads(found[1])
        return say(Source(file=file, document=document), tuple(path))

    return _MENTION.sub(said, text) if "\ue000" in text else text


def _file(source: Source, _: Path) -> str:
    return source.file


_INVISIBLE = (
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """Returns a text on one line: what cannot be seen, or would start a line of its own, is written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_INVISIBLE, lambda found: found[0].encode("unicode_escape").decode(), text)


def seen(text: Any) -> Any:
    """Returns a text with its lines, and nothing in them that cannot be seen; what is more than a plain text as it is."""
    return "\n".join(map(visible, text.split("\n"))) if type(text) is str else text


def show(problem: Problem) -> str:
    """Formats a placed problem: `file:line:column: CODE text`, and its hint on a line below."""
    place = ""
    if problem.source:
        place = problem.source.file
        if problem.position:
            place += f":{problem.position[0]}:{problem.position[1]}"
        place += ": "
    notice = "notice: " if problem.level == "notice" else ""
    hint = f"\n  hint: {visible(with_mentions(problem.hint, _file))}" if problem.hint else ""
    # A request is told line by line; the text says all of it in one.
    text = f"{problem.text.partition(':')[0]} for a request" if problem.request else with_mentions(problem.text, _file)
    lines = "".join(f"\n  {visible(line)}" for line in lines_of(problem.request)) if problem.request else ""
    return f"{visible(place)}{problem.code} {notice}{visible(text)}{lines}{hint}"


def dotted(path: Path) -> str:
    """Formats a path as people write it: `spec.workloads[0].image`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "/" in step:
            text += f"['{step}']"
        else:
            text += f".{step}" if text else step
    return text


def did_you_mean(word: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """Returns `did you mean 'checkout'?` for the nearest known word, or `otherwise` when none is near."""
    import difflib  # for mistakes alone

    known = set(known)
    if word.endswith((".yaml", ".yml", ".json")):  # the file of what was meant
        stem = word.rpartition("/")[2].rpartition(".")[0]
        word = stem if stem in known else word
    if word in known:
        return f"did you mean '{word}'?"
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else otherwise
