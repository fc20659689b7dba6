"""The text of a YAML file before it is parsed: its encoding, its separators, and places in it."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from functools import lru_cache

from sandlane.frozen import frozen
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source

_LINE_END = re.compile(r"\n")
# All run on the text behind one more line break, so that the first line is like the others. What stands as text is compiled for the first
# file that needs it.
_SEPARATOR = re.compile(r"\n(---(?![ \t]*\r?(?:\n|\Z)|[ \t]+#)[^\n]*)")
_END = (
    r"\n\.\.\.(?=[ \t\r\n]|\Z)"
    r"(?!(?:[ \t]+#[^\n]*|[ \t]*)\r?(?:\n[ \t]*(?:#[^\n]*)?\r?(?=\n|\Z))*+(?:\Z|\n---))"
)
_DIRECTIVE = r"\A(?:\n[ \t]*(?:\#[^\n]*)?\r?(?=\n))*+\n%"
_RETURN = r"\r(?!\n)"
_HIDDEN_LINE = r"[\x85\u2028\u2029](?:---|\.\.\.)(?=\s|\Z)"
_LATER_MARK = r"(\n---[^\n]*(?:\n[ \t]*(?:#[^\n]*)?\r?(?=\n))*+\n)\ufeff"
_PAIR = re.compile(r"((?<!\\)(?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
# What YAML does not allow, and the byte order mark, which no editor shows.
_ASCII_CONTROL = re.compile(r"[^\t\n\r -~]")
_CONTROL = r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
"""Compiled for texts beyond ASCII alone: its ranges take milliseconds."""


@frozen
class Text:
    """The characters of a file without byte order marks."""

    file: str
    body: str

    @property
    def lines(self) -> tuple[int, ...]:
        """Where its lines start; most files are read without anybody asking."""
        return _lines(self.body)

    def place(self, index: int) -> tuple[int, int]:
        """Returns line and column, both from 1, of a character; only LF ends a line, as in editors."""
        lines = self.lines
        line = bisect_right(lines, index)
        return line, index - lines[line - 1] + 1


@lru_cache(maxsize=4)
def _lines(body: str) -> tuple[int, ...]:
    return (0, *(found.end() for found in _LINE_END.finditer(body)))


def decoded(data: bytes, file: str) -> tuple[Text | None, list[Problem]]:
    """Returns the text of a file and what forbids to parse it (SL101 control characters, SL107, SL108).

    UTF-16 is refused although Go reads it: kubectl splits the bytes of a file at `---` before it decodes them.
    """
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return None, [report("SL107", source=Source(file=file), position=(1, 1), reason="it is UTF-16")]
    data = data.removeprefix(BOM_UTF8)
    try:
        body = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = Text(file, data[: error.start].decode("utf-8"))
        reason = f"byte 0x{data[error.start]:02x} does not belong there"
        return None, [report("SL107", source=Source(file=file), position=before.place(len(before.body)), reason=reason)]
    if body.lstrip()[:1] in ("{", "[") and _PAIR.search(body):
        body = _as_json(body)
    if "\ufeff" in body:
        body = re.sub(_LATER_MARK, r"\1", "\n" + body)[1:]
    text = Text(file, body)
    return text, _refusals(text)


def _as_json(body: str) -> str:
    """Returns a text with the pairs of surrogates of JSON as escapes of YAML, which has none; other texts as they are."""
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return body
    return _PAIR.sub(lambda found: f"{found[1]}\\U{_code_point(found[2], found[3]):08X}", body)


def _code_point(high: str, low: str) -> int:
    return 0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00


def _refusals(text: Text) -> list[Problem]:
    """Returns what readers take in different ways, or not at all, before YAML's grammar begins."""
    lined = "\n" + text.body
    found: list[tuple[int, str]] = []
    for match in _SEPARATOR.finditer(lined):
        found.append((match.start(), "nothing but a comment may stand behind '---'"))
    if "\n..." in lined:
        for match in re.finditer(_END, lined):
            found.append((match.start(), "'...' is not followed by '---'"))
    if "\n%" in lined and (directive := re.search(_DIRECTIVE, lined)):
        found.append((directive.end() - 2, "directives are not allowed"))
    if "\r" in lined and (lone := re.search(_RETURN, lined)):
        found.append((lone.start() - 1, "a carriage return without a line feed stands in the text"))
    if not lined.isascii() and (hidden := re.search(_HIDDEN_LINE, lined)):
        found.append((hidden.start() - 1, "a document starts or ends behind a Unicode line break"))
    source = Source(file=text.file)
    problems = [report("SL108", source=source, position=text.place(at), what=what) for at, what in found[:1000]]
    if control := (_ASCII_CONTROL if text.body.isascii() else re.compile(_CONTROL)).search(text.body):
        reason = f"character U+{ord(control[0]):04X} is not allowed, write it as an escape in double quotes"
        problems.append(report("SL101", source=source, position=text.place(control.start()), reason=reason))
    return problems
