"""What people mean where YAML's grammar gives up: the mistakes that are made most, each with its place and the line that would be right.

A parser stops where it can go on no longer, which is often behind the mistake and always in its own words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from sandlane.frozen import frozen

_CONFLICT = re.compile(r"^<{7} .*$", re.MULTILINE)
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{\{")
_FIELD = re.compile(r"(?P<indent> *(?:- +)*)(?P<key>[\w./-]+|\"[^\"]*\"|'[^']*'):(?P<space> +|$)(?P<value>[^\n]*)")
_GLUED = re.compile(r" *(?:- +)*([A-Za-z_][\w.-]*):([^\s:/][^\n]*)")


@frozen
class Reason:
    """Where a mistake is, as an index into the text, what it is, and what would be right."""

    index: int
    text: str
    hint: str


@frozen
class Stop:
    """Where the parser stopped: the text, the index there, the index where what it was at began, and its own words."""

    body: str
    index: int
    began: int
    says: str

    @property
    def line_start(self) -> int:
        """The start of the line on which it stopped."""
        return self.body.rfind("\n", 0, self.index) + 1

    def line_at(self, start: int) -> str:
        """Returns the line that starts at an index."""
        return self.body[start:].partition("\n")[0]

    def lines_before(self, start: int) -> Iterator[tuple[int, str]]:
        """Yields the lines before one that have content, with their starts, the nearest first."""
        while start > 0:
            start = self.body.rfind("\n", 0, start - 1) + 1
            line = self.line_at(start)
            if line.strip() and not line.lstrip().startswith("#"):
                yield start, line


def reason_of(stop: Stop) -> Reason | None:
    """Returns the mistake behind a stop of the parser, if it is one that people make often."""
    return next((found for recognise in _RECOGNISED if (found := recognise(stop))), None)


def braces(body: str, index: int) -> str | None:
    """Returns a template's placeholder that starts at an index or one character before it."""
    found = _BRACES.match(body, index) or _BRACES.match(body, max(index - 1, 0))
    return found[0] if found else None


def _conflict(stop: Stop) -> Reason | None:
    found = _CONFLICT.search(stop.body)
    if not found:
        return None
    hint = "keep one side, or both, and take the lines with '<<<<<<<', '=======' and '>>>>>>>' out"
    return Reason(found.start(), "a merge conflict is left in the file", hint)


def _tab(stop: Stop) -> Reason | None:
    line = stop.line_at(stop.line_start)
    blank = line[: len(line) - len(line.lstrip("\t -"))]
    if "\t" not in blank:
        return None
    hint = "indent with spaces, as the lines around it are"
    return Reason(stop.line_start + blank.index("\t"), "a tab stands where YAML takes spaces only", hint)


def _unclosed_quote(stop: Stop) -> Reason | None:
    quote = stop.body[stop.began : stop.began + 1]
    if "quoted scalar" not in stop.says or not re.search("end|document", stop.says) or quote not in ("'", '"'):
        return None
    word = re.match(r"[^\s#]*", stop.body[stop.began + 1 :])
    hint = f"close it: {quote}{word[0] if word else ''}{quote}"
    return Reason(stop.began, f"the quote {quote} is never closed", hint)


def _glued(stop: Stop) -> Reason | None:
    """Finds `owner:dana` on the line at which the parser stopped, or just before."""
    if not re.search("mapping values|expected ':'|simple key|block (mapping|end)", stop.says):
        return None
    starts = [(stop.line_start, stop.line_at(stop.line_start)), *list(stop.lines_before(stop.line_start))[:1]]
    for start, line in starts:
        found = _GLUED.fullmatch(line)
        if found:
            fixed = f"{found[1]}: {found[2].strip()}"
            return Reason(start + found.start(1), f"'{found[1]}:' has no space behind its colon", f"write '{fixed}'")
    return None


def _colon_in_value(stop: Stop) -> Reason | None:
    line = stop.line_at(stop.line_start)
    found = _FIELD.match(line)
    if "mapping values" not in stop.says or not found or stop.line_start + found.end("key") >= stop.index:
        return None
    value = found["value"].rstrip()
    hint = f"quote the value: '{found['key']}: {json.dumps(value, ensure_ascii=False)}'"
    return Reason(stop.index, "': ' stands in a value that has no quotes", hint)


def _too_far_right(stop: Stop) -> Reason | None:
    line = stop.line_at(stop.line_start)
    before = next(stop.lines_before(stop.line_start), None)
    if "mapping values" not in stop.says or before is None:
        return None
    key, above = _FIELD.match(line), _FIELD.match(before[1])
    if not key or not above or not above["value"]:
        return None
    text = f"the line is indented further than '{above['key']}' above it, which has a value already"
    place = stop.line_start + key.start("key")
    return Reason(place, text, f"let '{key['key']}' start below '{above['key']}'")


def _unaligned(stop: Stop) -> Reason | None:
    if not re.search("expected key|expected '-' indicator|expected <block end>", stop.says):
        return None
    line = stop.line_at(stop.line_start)
    indent = len(line) - len(line.lstrip())
    hint = "give it as many spaces as the lines that it belongs to have"
    word = line.strip().partition(" ")[0].rstrip(":")
    if stop.index - stop.line_start > indent or not word:
        return None
    return Reason(stop.line_start + indent, f"'{word}' is not aligned with the lines above it", hint)


def _first_character(stop: Stop) -> Reason | None:
    character = stop.body[stop.index : stop.index + 1]
    if character not in tuple("@`%") or "cannot start any token" not in stop.says:
        return None
    value = stop.body[stop.index :].partition("\n")[0].rstrip()
    start = _FIELD.match(stop.line_at(stop.line_start))
    fixed = f"{start['key']}: {json.dumps(value)}" if start else json.dumps(value)
    return Reason(stop.index, f"a value without quotes cannot start with '{character}'", f"quote it: '{fixed}'")


def _open_bracket(stop: Stop) -> Reason | None:
    found = re.search(r"flow (sequence|mapping)", stop.says)
    mark = stop.body[stop.began : stop.began + 1]
    if not found or mark not in ("[", "{"):
        return None
    closing = "]" if mark == "[" else "}"
    hint = f"close it with '{closing}', and separate what is in it by commas"
    return Reason(stop.began, f"'{mark}' is not closed, or a comma is missing behind it", hint)


def _typographic_quote(stop: Stop) -> Reason | None:
    found = re.search("[\u201c\u201d\u2018\u2019]", stop.line_at(stop.line_start))
    if not found:
        return None
    at = stop.line_start + found.start()
    return Reason(at, f"{found[0]} is no quote to YAML, but a letter", "write \" or ' around the text")


def _backslash(stop: Stop) -> Reason | None:
    if "escape character" not in stop.says:
        return None
    at = stop.body.rfind("\\", stop.began, stop.index + 1)
    text = f"'{stop.body[at : at + 2]}' has no meaning in double quotes"
    return Reason(at, text, "put the text into single quotes, or write the backslash twice") if at >= 0 else None


_RECOGNISED: tuple[Callable[[Stop], Reason | None], ...] = (
    _conflict,
    _tab,
    _unclosed_quote,
    _typographic_quote,
    _backslash,
    _glued,
    _colon_in_value,
    _too_far_right,
    _first_character,
    _open_bracket,
    _unaligned,
)
"""In this order: what explains more comes first."""
