"""Tables as lines of text, folded to a width where there is one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

_GAP = "  "
_NARROWEST = 12


def lines(table: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """Returns the lines of a table whose first row is its head; without a width each row is one line."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    if width is not None:
        words = [max(len(w) for row in table for w in (*row[column].split(), "")) for column in range(len(table[0]))]
        widths = _fitted(widths, [max(_NARROWEST, longest) for longest in words], width)
    folded = [[_wrapped(cell, size) for cell, size in zip(row, widths, strict=True)] for row in table]
    columns = range(len(widths))
    widths = [max(len(line) for row in folded for line in row[column]) for column in columns]
    return [line for row in folded for line in _lines(row, widths)]


def _fitted(widths: list[int], least: list[int], width: int) -> list[int]:
    """Returns narrower columns, the widest first, until they fit or none can be narrower; no word is broken."""
    fitted = list(widths)
    while (excess := sum(fitted) + len(_GAP) * (len(fitted) - 1) - width) > 0:
        widest = max(range(len(fitted)), key=lambda column: (fitted[column] > least[column], fitted[column]))
        if fitted[widest] <= least[widest]:
            return fitted
        fitted[widest] = max(least[widest], fitted[widest] - excess)
    return fitted


def _wrapped(cell: str, width: int) -> list[str]:
    return textwrap.wrap(cell, width, break_on_hyphens=False, break_long_words=False) if len(cell) > width else [cell]


def _lines(row: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for number in range(max(map(len, row))):
        parts = [cell[number] if number < len(cell) else "" for cell in row]
        yield _GAP.join(f"{part:{size}}" for part, size in zip(parts, widths, strict=True)).rstrip()
