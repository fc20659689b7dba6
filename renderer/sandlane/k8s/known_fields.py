"""Tables of the fields that types have, and the fields of objects that are not in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sandlane.problems.problem import Path, did_you_mean

Types = Mapping[str, str]
"""Name of a type -> its fields, each with the type of its value, or of the value's elements, where that is a row too.

A star before the type: the value is a mapping whose values are of it.
"""

Unknown = tuple[Path, Mapping[str, str]]
"""The path of a field that its type does not have, and the fields that it has."""


@cache
def _split(fields: str) -> Mapping[str, str]:
    pairs = (field.partition(":") for field in fields.split())
    return {field: inner for field, _, inner in pairs}


def fields_of(types: Types, name: str) -> Mapping[str, str]:
    """Returns the fields of a type, each with the type of its value: empty where the table has none."""
    return _split(types[name])


def way_out(path: Path, known: Mapping[str, str]) -> str:
    """Returns the way out of an unknown field: the one that is near, or all that are known."""
    return did_you_mean(str(path[-1]), known, otherwise=f"known: {', '.join(sorted(known))}")


def unknown(types: Types, name: str, value: Any, path: Path) -> Iterator[Unknown]:
    """Yields the fields of a value that its type does not have, those of values in it among them."""
    todo: list[tuple[str, Any, Path]] = [(name, value, path)]
    for name, value, path in todo:
        is_object = isinstance(value, dict)
        if is_object and name[0] == "*":
            todo += [(name[1:], item, (*path, key)) for key, item in value.items()]
        elif is_object:
            known = _split(types[name])
            for field, item in value.items():
                if field not in known:
                    yield (*path, field), known
                elif known[field] and item:
                    todo.append((known[field], item, (*path, field)))
        elif isinstance(value, list):
            todo += [(name, item, (*path, number)) for number, item in enumerate(value)]
