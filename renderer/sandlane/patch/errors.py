"""The one error of patches."""

from __future__ import annotations

import json

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
    text = text_of(value)
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"


def text_of(scalar: object) -> str:
    """Returns a scalar as YAML writes it."""
    return json.dumps(scalar) if scalar is None or isinstance(scalar, bool) else str(scalar)
