"""Manifests with one value a line, and literal blocks, as most are written: read without the parser, several times as fast.

Such a text has one meaning for every reader, that of the parser's events (tests/yamlio/test_lines.py compares the two). At the first
line of another form, or that is out of place, the text is left to the parser, which also says what is wrong with it.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from sandlane.frozen import frozen
from sandlane.yamlio.scalars import resolve

_PLAIN = r"(?:[A-Za-z0-9_/.]|-(?=[A-Za-z0-9-]))(?:[!-9;-~]|:(?=[!-~])| (?=[ -\"$-~]))*"
"""A text without quotes, which no indicator begins; `: ` and ` #` would end it."""
_SCALAR = re.compile(rf"({_PLAIN})|(\"(?:[ !#-\[\]-~]|\\[\\\"nt])*\")|'([ -&(-~]*)'")
"""Without quotes, as JSON, or in single quotes."""
_ENTRY = re.compile(r"( *)(- )?([A-Za-z_][A-Za-z0-9_./-]{0,250}):(?: +(?! )(.+))?")
_ITEM = re.compile(r"( *)- (.+)")
_DEEPEST = 50
_REMEMBERED = 1 << 14
"""Lines that are kept: those of one origin's clones are the same but for a few."""

_Line = tuple[int, bool, str | None, Any]
"""The column of what a line holds, whether that is an item of a list, its key (None: an item without), its value."""

_OPEN = object()
"""A value that stands on the lines below."""
_PASSED: _Line = (0, False, None, None)
"""A comment, or an empty line."""
_OTHER: _Line = (-2, False, None, None)
"""A line of another form: in a column where nothing is."""


@frozen
class _Form:
    """A value that is made anew for each place: an empty list or mapping, or a block with or without its last line break."""

    name: str


_FORMS = {name: _Form(name) for name in ("[]", "{}", "|", "|-")}
_BLANKS = re.compile(" *")
_Frame = tuple[Any, int, bool]
"""A container, the column of its keys or dashes, and whether it is a list."""


class _OtherFormError(Exception):
    """Raised where the parser has to read a text."""


def documents(body: str) -> list[tuple[int, dict[str, Any]]] | None:
    """Returns the documents of a text that are not empty, with their numbers; None where the parser has to read it."""
    if not body.endswith("\n") or not body.isascii():
        return None
    texts = f"\n{body}".split("\n---\n")
    if len(texts) > 1 and all(_line(line) is _PASSED for line in texts[0].split("\n")):
        del texts[0]
    try:
        found = [(number, _document(text.split("\n"))) for number, text in enumerate(texts)]
    except _OtherFormError:
        return None
    return [(number, document) for number, document in found if document]


def _document(lines: list[str]) -> dict[str, Any]:
    """Returns the mapping that lines hold, empty where they hold nothing. Raises _OtherFormError."""
    root: dict[str, Any] = {}
    container: Any = root
    column, is_list = 0, False
    opened: str | None = None
    stack: list[_Frame] = []
    following = 0
    for number, line in enumerate(lines):
        known = _PASSED if number < following else _line(line)
        if known is _PASSED:
            continue
        at, is_item, key, value = known
        if opened is not None and (at > column or (is_item and at == column)):
            stack.append((container, column, is_list))
            container[opened] = container = [] if is_item else {}
            column, is_list = at, is_item
        elif at < column or is_item is not is_list:
            container, column, is_list = _enclosing(stack, at, is_item)
        opened = None
        if at != column or is_item is not is_list or len(stack) > _DEEPEST:
            raise _OtherFormError
        if type(value) is _Form:
            value, following = _formed(value, lines, number, at + 2 if is_item and key else at)
        if key is None:
            container.append(value)
            continue
        if is_item:
            stack.append((container, column, True))
            container.append({})
            container, column, is_list = container[-1], at + 2, False
        elif key in container:
            raise _OtherFormError
        if value is _OPEN:
            opened, value = key, None
        container[key] = value
    return root


def _formed(form: _Form, lines: list[str], number: int, column: int) -> tuple[Any, int]:
    """Returns the value of a form, and the number of the line that follows it. Raises _OtherFormError.

    `number` is its line, `column` that of the keys or dashes beside it: a block is further in.
    """
    if form.name in ("[]", "{}"):
        return ([] if form.name == "[]" else {}), number + 1
    start = number + 1
    pad = _BLANKS.match(lines[start])[0] if start < len(lines) else ""  # type: ignore[index]
    body: list[str] = []
    if len(pad) <= column:
        raise _OtherFormError
    for place in range(start, len(lines)):  # a slice would copy the rest of the file for each block
        line = lines[place]
        if line and not line.startswith(pad):
            break
        if line and not (line.isprintable() and line.strip(" ")):
            raise _OtherFormError
        body.append(line[len(pad) :])
    following = start + len(body)
    if following < len(lines) and not lines[following].strip(" "):
        raise _OtherFormError
    while not body[-1]:
        body.pop()
    return "\n".join(body) + ("\n" if form.name == "|" else ""), following


def _enclosing(stack: list[_Frame], at: int, is_item: bool) -> _Frame:
    """Returns the container of a line that ends the one at hand, by its column; one without a place where there is none."""
    while stack:
        frame = stack.pop()
        if frame[1] < at or (frame[1] == at and frame[2] is is_item):
            return frame
    return None, -1, is_item


@lru_cache(maxsize=_REMEMBERED)
def _line(line: str) -> _Line:
    """Returns what a line holds, `_OTHER` for any other form than an entry, an item, or both."""
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        item = _ITEM.fullmatch(line)
        if item is None:
            return _PASSED if not line or line.lstrip(" ").startswith("#") else _OTHER
        value = _value(item[2])
        return _OTHER if value is None else (len(item[1]), True, None, value[0])
    indent, dash, key, text = entry.groups()
    value = (_OPEN,) if text is None else _value(text)
    # `on` and `yes` are no strings to every reader, and `null` is none to any.
    is_known = value is not None and resolve(key) == key
    return (len(indent), dash is not None, key, value[0]) if value and is_known else _OTHER


def _value(text: str) -> tuple[Any] | None:
    """Returns the one value that a text has for all readers, or None."""
    if text in _FORMS:
        return (_FORMS[text],)
    found = _SCALAR.fullmatch(text)
    if found is None:
        return None
    if found[1] is None:
        return (json.loads(found[2]) if found[2] else found[3],)
    value = resolve(text)
    return (value,) if value is None or isinstance(value, str | int | float) else None
