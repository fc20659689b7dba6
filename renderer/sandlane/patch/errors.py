"""The one error of patches."""

from __future__ import annotations

from sandlane.problems.problem import Path
from sandlane.yamlio.value_types import type_of

DEPTH = 100
"""Levels of nesting that a patch and its result may have: as many as a file (`sandlane.yamlio.read`)."""


class PatchError(Exception):
    """Raised for a patch that cannot be applied: a text for people, and the path of what is meant in the patch."""

    def __init__(self, message: str, path: Path = ()) -> None:
        self.message = message
        self.path = path
        super().__init__(message)


def shown(value: object) -> str:
    """Returns a value as a message shows it: short, and containers by their type."""
    if isinstance(value, dict | list):
        return type_of(value)
    text = {True: "true", False: "false", None: "null"}.get(value) if type(value) in (bool, type(None)) else str(value)  # type: ignore[call-overload]
    return f"'{text if len(str(text)) <= 60 else str(text)[:59] + '…'}'"
