"""Shapes of data: which types its values have and which fields its mappings, as a table, and what of a document differs.

A shape is a type; `[shape]` for a list; `{field: shape}` for a mapping, where a field that ends in `!` has to be there;
`Each(shape)` for a mapping with any keys; `Between(1, 9)` for a number of a range. Null stands for absence, as in the API server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sandlane.frozen import frozen
from sandlane.problems.problem import Path
from sandlane.yamlio.value_types import name_of


@frozen
class Each:
    """The shape of a mapping with any keys by that of its values."""

    shape: Any


@frozen
class Between:
    """The shape of whole numbers of a range."""

    low: int
    high: int

    def has(self, value: int) -> bool:
        """Tells whether a number is in the range."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"a number from {self.low} to {self.high}"


@frozen
class NotEmpty:
    """The shape of texts that are not empty."""

    def has(self, value: str) -> bool:
        """Tells whether a text is not empty."""
        return bool(value)

    def __str__(self) -> str:
        return f"{name_of(str)} that is not empty"


Shape = type | list[Any] | dict[str, Any] | Each | Between | NotEmpty
TEXTS = Each(str)


@frozen
class Mismatch:
    """A value that has not its type, that is missing, or whose field is unknown or stands twice in different spellings."""

    path: Path
    value: Any
    what: Literal["type", "missing", "unknown", "twice"]
    expected: str
    shape: Shape


def mismatches(shape: Shape, value: Any, path: Path = (), *, is_closed: bool = False) -> Iterator[Mismatch]:
    """Yields where a value has not a shape.

    Mappings may have other fields than those of their shapes; with `is_closed` they may not, upper and lower case of
    fields have no meaning, and the values of `Each` may be null.
    """
    if value is None:
        return
    expected = type_in(shape)
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        yield Mismatch(path, value, "type", name_of(expected), shape)
    elif isinstance(shape, Between | NotEmpty) and not shape.has(value):
        yield Mismatch(path, value, "type", str(shape), shape)
    elif isinstance(shape, list):
        for number, item in enumerate(value):
            if item is None:
                yield Mismatch((*path, number), None, "missing", "an item", shape)
            yield from mismatches(shape[0], item, (*path, number), is_closed=is_closed)
    elif isinstance(shape, Each):
        for key, item in value.items():
            if item is None and shape.shape is str and not is_closed:
                yield Mismatch((*path, key), None, "missing", name_of(str), shape)
            yield from mismatches(shape.shape, item, (*path, key), is_closed=is_closed)
    elif isinstance(shape, dict):
        yield from (_in_closed if is_closed else _in_open)(shape, value, path)


def _in_open(shape: Mapping[str, Shape], value: Mapping[str, Any], path: Path) -> Iterator[Mismatch]:
    for field, inner in shape.items():
        name = field.removesuffix("!")
        item = value.get(name)
        if item is not None:
            yield from mismatches(inner, item, (*path, name))
        elif name != field:
            yield Mismatch((*path, name), None, "missing", name_of(type_in(inner)), inner)


def _in_closed(shape: dict[str, Shape], value: Mapping[str, Any], path: Path) -> Iterator[Mismatch]:
    names = {name.lower(): name for name in shape}
    seen: set[str] = set()
    for key, inner in value.items():
        name = names.get(key.lower())
        if name is None or name in seen:
            yield Mismatch((*path, key), inner, "twice" if name else "unknown", "", shape)
        if name is not None:
            seen.add(name)
            yield from mismatches(shape[name], inner, (*path, key), is_closed=True)


def type_in(shape: Shape) -> type[Any]:
    """Returns the type of the values of a shape."""
    if isinstance(shape, type):
        return shape
    if isinstance(shape, Between):
        return int
    if isinstance(shape, NotEmpty):
        return str
    return list if isinstance(shape, list) else dict


def canonical(data: Any, shape: Shape) -> Any:
    """Returns data that has a closed shape with its fields in their usual spelling and without nulls."""
    if isinstance(shape, list):
        return [canonical(item, shape[0]) for item in data]
    if isinstance(shape, Each):
        return {key: canonical(value, shape.shape) if value is not None else "" for key, value in data.items()}
    if isinstance(shape, dict):
        names = {name.lower(): name for name in shape}
        spelled = ((names.get(key.lower(), ""), value) for key, value in data.items())
        return {name: canonical(value, shape[name]) for name, value in spelled if name and value is not None}
    return data
