"""The one error of patches."""

from __future__ import annotations

from sandlane.problems.problem import Path

DEPTH = 100
"""Levels of nesting that a patch and its result may have: as many as a file (`sandlane.yamlio.read`)."""


class PatchError(Exception):
    """Raised for a patch that cannot be applied: a text for people, and the path of what is meant in the patch."""

    def __init__(self, message: str, path: Path = ()) -> None:
        self.message = message
        self.path = path
        super().__init__(message)


def what(value: object) -> str:
    """Names the type of a value as people do."""
    names = {dict: "a mapping", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def shown(value: object) -> str:
    """Returns a value as a message shows it: short, and containers by their type."""
    if isinstance(value, dict | list):
        return what(value)
    text = {True: "true", False: "false", None: "null"}.get(value) if type(value) in (bool, type(None)) else str(value)  # type: ignore[call-overload]
    return f"'{text if len(str(text)) <= 60 else str(text)[:59] + '…'}'"
