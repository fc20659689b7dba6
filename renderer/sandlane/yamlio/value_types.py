"""The types of YAML values in words, as every message has them."""

from __future__ import annotations

from typing import Any

from sandlane.problems.problem import Path

_NAMES = {
    dict: "a mapping", list: "a list", str: "a string", bool: "true or false", int: "a whole number", type(None): "nothing",
}  # fmt: skip


def name_of(expected: type) -> str:
    """Returns a type in words."""
    return _NAMES[expected]


def type_of(value: object) -> str:
    """Returns the type of a value in words; all numbers are of one."""
    return "a number" if type(value) in (int, float) else name_of(type(value))


def type_at(data: Any, path: Path) -> str:
    """Returns the type of the value at a path in words; a field that is missing is nothing."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else data[step]
    return type_of(data)
