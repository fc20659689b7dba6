"""Texts that no reader of YAML refuses and nobody means.

In typographic quotes, which word processors and chats make of plain ones; with placeholders of templates, which nothing fills in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source
from sandlane.specs.shapes import flow

_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a\u201b"
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_MAY_HOLD_ONE = frozenset(("annotations", "value", "format", "host", "patch", "reason", "policy"))
"""Fields in which a placeholder may be meant: whose texts are the program's own or prose, and whose rule tells of `{tenantID}`."""


def strange_texts(data: Any, source: Source, sandbox: Source | None) -> list[Problem]:
    """Returns a problem for each value in typographic quotes, and for each placeholder where none can be meant."""
    return [
        report(code, source=source, path=path, sandbox=sandbox, **_values(code, path, text))
        for code, path, text in _found(data, ())
    ]


def has_placeholder(text: str) -> bool:
    """Tells whether a text has a placeholder of a template in it."""
    return "{" in text and bool(_PLACEHOLDER.search(text))


def _values(code: str, path: Path, text: str) -> dict[str, Any]:
    return {"value": text, "line": _line(path, text)} if code == "SL250" else {"what": text[:80]}


def _line(path: Path, text: str) -> str:
    inner = flow(text.strip(_QUOTES))
    return f"{path[-1]}: {inner}" if path and isinstance(path[-1], str) else inner


def _found(data: Any, path: Path) -> Iterator[tuple[str, Path, str]]:
    if isinstance(data, str):
        if len(data) > 1 and data[0] in _QUOTES and data[-1] in _QUOTES:
            yield "SL250", path, data
        elif "{" in data and (found := _PLACEHOLDER.search(data)) and _MAY_HOLD_ONE.isdisjoint(path):
            yield "SL145", path, found[0]
    elif isinstance(data, dict | list):
        for step, part in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _found(part, (*path, step))
