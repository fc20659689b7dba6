"""Values in typographic quotes, which word processors and chats make of plain ones: to YAML they are part of the value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source
from sandlane.specs.shapes import flow

_QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019\u201a\u201b"


def typographic_quotes(data: Any, source: Source, sandbox: Source | None) -> list[Problem]:
    """Returns a problem for each value that starts and ends with a typographic quote."""
    wrong = partial(report, "SL250", source=source, sandbox=sandbox)
    return [wrong(path=path, value=text, line=_line(path, text)) for path, text in _texts(data, ())]


def _line(path: Path, text: str) -> str:
    inner = flow(text.strip(_QUOTES))
    return f"{path[-1]}: {inner}" if path and isinstance(path[-1], str) else inner


def _texts(data: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(data, str):
        if len(data) > 1 and data[0] in _QUOTES and data[-1] in _QUOTES:
            yield path, data
    elif isinstance(data, dict | list):
        for step, part in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _texts(part, (*path, step))
