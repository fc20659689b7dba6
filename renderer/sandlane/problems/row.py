"""A row of the catalogue of problem codes."""

from __future__ import annotations

from typing import Literal

from sandlane.frozen import frozen


@frozen(kw_only=True)
class Row:
    """A problem code: its text with `{placeholders}`, why it is a problem, the way out, and examples of both sides.

    `promise` is the number of the one that does not hold (`problems/promises.py`), or 0.
    """

    level: Literal["error", "notice"] = "error"
    acceptable: bool = False
    text: str
    hint: str = ""
    why: str
    bad: str
    good: str
    promise: int = 0
