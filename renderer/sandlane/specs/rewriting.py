"""Writing changed data into the text that it was read from (ruamel.yaml): lines that a change does not concern stay as they are.

What ruamel.yaml writes is a proposal: of the ways to bring a change into a text the first counts that reads as the changed data.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_STYLES = ((2, 2, 0), (2, 4, 2), (4, 4, 0), (4, 4, 2), (4, 6, 4))
"""Indentation of mappings and of sequences, and where in the latter the dash stands."""
_COMMENT = re.compile(r"(?:^|\s+)#.*$")

_DASH = re.compile(r"- +(?=\S)")

_Style = tuple[int, int, int]


class Uneditable(Exception):
    """Raised where a text cannot be changed for a person: its text says why."""


def rewritten(text: str, change: Callable[[Any], None]) -> str:
    """Returns the text of a document with its data changed in place. Raises Uneditable."""
    wanted = _read(text, _STYLES[0])
    change(wanted)
    for proposal in _proposals(text, change):
        if _reads_as(proposal, wanted):
            return proposal
    raise Uneditable("it is written in a way that no line of it can be changed by itself: change it by hand")


def _proposals(text: str, change: Callable[[Any], None]) -> Iterator[str]:
    """Yields texts that may be the changed one, those first that keep more as it was written."""
    styles = sorted(_STYLES, key=lambda style: _likeness(text, style), reverse=True)
    own = f"{text.removesuffix(chr(10))}\n".splitlines(True)
    before, after = _versions(text, styles[0], change)
    if len(before) == len(own):
        yield "".join(_kept(own, before, after))
    bare = [_versions(text, style, change, is_bare=True) for style in styles]
    for versions in sorted(bare, key=lambda versions: _fit(own, versions[0]), reverse=True):
        spliced = _spliced(own, *versions)
        if spliced is not None:
            yield "".join(spliced)
    for style in styles:
        yield "".join(_versions(text, style, change)[1])


def _likeness(text: str, style: _Style) -> float:
    lines, others = text.splitlines(), _dumped(_read(text, style), style, text).splitlines()
    return sum(one == other for one, other in zip(lines, others, strict=False)) if len(lines) == len(others) else -1


def _yaml(style: _Style) -> Any:
    from ruamel.yaml import YAML  # only changing a spec needs it

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 100_000
    mapping, sequence, offset = style
    yaml.indent(mapping=mapping, sequence=sequence, offset=offset)
    return yaml


def _read(text: str, style: _Style) -> Any:
    from ruamel.yaml.error import YAMLError

    try:
        return _yaml(style).load(text)
    except YAMLError as error:
        raise Uneditable(str(error).splitlines()[0]) from None


def _versions(
    text: str, style: _Style, change: Callable[[Any], None], *, is_bare: bool = False
) -> tuple[list[str], list[str]]:
    """Returns the lines that ruamel.yaml writes of a text as it is and as it is changed; bare ones are without comments."""
    data = _read(text, style)
    if is_bare:
        _take_comments(data)
    before = _dumped(data, style, text)
    change(data)
    return before.splitlines(True), _dumped(data, style, text).splitlines(True)


def _dumped(data: Any, style: _Style, text: str) -> str:
    yaml, stream = _yaml(style), io.StringIO()
    yaml.explicit_start = text.startswith("---")
    yaml.dump(data, stream)
    return stream.getvalue()


def _take_comments(node: Any) -> None:
    from ruamel.yaml.comments import Comment

    if hasattr(node, Comment.attrib):
        delattr(node, Comment.attrib)
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _take_comments(item)


def _reads_as(text: str, data: Any) -> bool:
    try:
        return bool(_read(text, _STYLES[0]) == data)
    except Uneditable:
        return False


def _kept(own: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yields lines of `after`, as they were written where they have not changed; `own` and `before` are one to one."""
    for tag, start, end, first, last in _opcodes(before, after):
        yield from own[start:end] if tag == "equal" else after[first:last]


def _spliced(own: Sequence[str], before: Sequence[str], after: Sequence[str]) -> list[str] | None:
    """Returns own lines with what differs between two versions without comments; None where a line to change is not found."""
    places = _places(own, before)
    lines: list[str] = []
    columns: list[tuple[int, int]] = []  # where values of `after` so far begin: there, and as they are written
    done = 0
    for tag, start, end, first, last in _opcodes(before, after):
        if any(number not in places for number in range(start, end)):
            return None
        if tag == "equal":
            lines += own[done : places[end - 1] + 1]
            columns += (
                pair
                for n in range(start, end)
                for pair in zip(_columns(before[n]), _columns(own[places[n]]), strict=False)
            )
            done = places[end - 1] + 1
            continue
        if start < end:
            lines += own[done : places[start]]
            done = places[end - 1] + 1
        for offset, line in enumerate(after[first:last]):
            is_one_to_one = end - start == last - first
            new = _in_place_of(own[places[start + offset]], before[start + offset], line) if is_one_to_one else None
            new = new or " " * _indent_below(columns, _indent(line)) + line.lstrip(" ")
            columns += zip(_columns(line), _columns(new), strict=False)
            lines.append(new)
    return [*lines, *own[done:]]


def _places(own: Sequence[str], before: Sequence[str]) -> dict[int, int]:
    """Returns for lines of a version which own line each is."""
    places: dict[int, int] = {}
    for tag, start, end, first, last in _opcodes([_bare(line) for line in before], [_bare(line) for line in own]):
        if tag == "equal" or end - start == last - first:
            places.update(zip(range(start, end), range(first, last), strict=True))
    return places


def _fit(own: Sequence[str], before: Sequence[str]) -> int:
    """Returns how many lines of a version are indented as they are written."""
    return sum(_indent(before[n]) == _indent(own[place]) for n, place in _places(own, before).items())


def _bare(line: str) -> str:
    return " ".join(_COMMENT.sub("", line.rstrip()).split())


def _in_place_of(own: str, before: str, after: str) -> str | None:
    """Returns a line that takes the place of another, with the indentation and the comment of that; None where it is deeper."""
    if _indent(before) != _indent(after):
        return None
    comment = None if "#" in before else _COMMENT.search(own.rstrip())
    return " " * _indent(own) + after.strip(" \n") + (comment[0] if comment else "") + "\n"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _columns(line: str) -> list[int]:
    """Returns where a line begins, and where what is behind each of its dashes does."""
    columns = [_indent(line)]
    while dash := _DASH.match(line, columns[-1]):
        columns.append(dash.end())
    return columns


def _indent_below(columns: Sequence[tuple[int, int]], wanted: int) -> int:
    """Returns how far a line is indented that belongs below the nearest value before it which begins no further in."""
    there, here = next((pair for pair in reversed(columns) if pair[0] <= wanted), (0, 0))
    return here + wanted - there


def _opcodes(one: Sequence[str], two: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
