"""Manifests with one value a line, as most are written and sandlane writes all: read without the parser, several times as fast.

Such a text has one meaning for every reader, that of the parser's events (tests/yamlio/test_lines.py compares the two). At the first
line of another form, or that is out of place, the text is left to the parser, which also says what is wrong with it.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from sandlane.yamlio.scalars import resolve

_PLAIN = r"(?:[A-Za-z0-9_/.]|-(?=[A-Za-z0-9]))(?:[!-9;-~]|:(?=[!-~])| (?=[ -\"$-~]))*"
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
_Frame = tuple[Any, int, bool]
"""A container, the column of its keys or dashes, and whether it is a list."""


def documents(body: str) -> list[dict[str, Any]] | None:
    """Returns the documents of a text, none of them empty; None where the parser has to read it."""
    if not body.endswith("\n") or not body.isascii():
        return None
    texts = f"\n{body}".split("\n---\n")
    if len(texts) > 1 and all(_line(line) is _PASSED for line in texts[0].split("\n")):
        del texts[0]
    found: list[dict[str, Any]] = []
    for text in texts:
        document = _document(text.split("\n"))
        if document is None:
            return None
        found.append(document)
    return found


def _document(lines: list[str]) -> dict[str, Any] | None:
    """Returns the mapping that lines hold; None where they hold nothing, or anything else."""
    root: dict[str, Any] = {}
    container: Any = root
    column, is_list = 0, False
    opened: str | None = None
    stack: list[_Frame] = []
    for line in lines:
        known = _line(line)
        if known is _PASSED:
            continue
        if known is None:
            return None
        at, is_item, key, value = known
        if opened is not None and (at > column or (is_item and at == column)):
            stack.append((container, column, is_list))
            container[opened] = container = [] if is_item else {}
            column, is_list = at, is_item
        elif at < column or is_item is not is_list:
            container, column, is_list = _enclosing(stack, at, is_item)
        opened = None
        if at != column or is_item is not is_list or len(stack) > _DEEPEST:
            return None
        if value is list or value is dict:
            value = value()
        if key is None:
            container.append(value)
            continue
        if is_item:
            stack.append((container, column, True))
            container.append({})
            container, column, is_list = container[-1], at + 2, False
        elif key in container:
            return None
        if value is _OPEN:
            opened, value = key, None
        container[key] = value
    return root or None


def _enclosing(stack: list[_Frame], at: int, is_item: bool) -> _Frame:
    """Returns the container of a line that ends the one at hand, by its column; one without a place where there is none."""
    while stack:
        frame = stack.pop()
        if frame[1] < at or (frame[1] == at and frame[2] is is_item):
            return frame
    return None, -1, is_item


@lru_cache(maxsize=_REMEMBERED)
def _line(line: str) -> _Line | None:
    """Returns what a line holds; None for any other form than an entry, an item, or both on one line."""
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        item = _ITEM.fullmatch(line)
        if item is None:
            return _PASSED if not line or line.lstrip(" ").startswith("#") else None
        value = _value(item[2])
        return None if value is None else (len(item[1]), True, None, value[0])
    indent, dash, key, text = entry.groups()
    value = (_OPEN,) if text is None else _value(text)
    # `on` and `yes` are no strings to every reader, and `null` is none to any.
    return None if value is None or resolve(key) != key else (len(indent), dash is not None, key, value[0])


def _value(text: str) -> tuple[Any] | None:
    """Returns the one value that a text has for all readers, or None."""
    if text in ("[]", "{}"):
        return (list if text == "[]" else dict,)
    found = _SCALAR.fullmatch(text)
    if found is None:
        return None
    if found[1] is None:
        return (json.loads(found[2]) if found[2] else found[3],)
    value = resolve(text)
    return (value,) if value is None or isinstance(value, str | int | float) else None
