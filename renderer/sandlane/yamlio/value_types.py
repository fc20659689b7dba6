"""The types of YAML values in words, as every message has them."""

from __future__ import annotations

from typing import Any

from sandlane.problems.problem import Path

_WORDS = {dict: "a mapping", list: "a list", str: "a string", bool: "true or false", type(None): "nothing"}


def type_of(value: object) -> str:
    """Returns the type of a value in words."""
    return _WORDS.get(type(value), "a number")


def type_at(data: Any, path: Path) -> str:
    """Returns the type of the value at a path in words; a field that is missing is nothing."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else data[step]
    return type_of(data)
