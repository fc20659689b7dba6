"""Whether values have a shape, told at once: a function for each shape. What differs is for `sandlane.yamlio.shapes` to say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandlane.yamlio.shapes import Between, Each, NotEmpty, Shape, type_in

Fits = Callable[[Any], bool]
"""Tells whether a value has a shape; null has every one."""


def fitting(shape: Shape, known: dict[int, Fits] | None = None) -> Fits:
    """Returns what tells whether `mismatches` finds nothing in a value, whose mappings may have more fields than the shape.

    `known` are the functions of shapes that stay as they are, by identity: parts of several shapes need one.
    """
    known = {} if known is None else known
    if id(shape) not in known:
        known[id(shape)] = _made(shape, known)
    return known[id(shape)]


def _made(shape: Shape, known: dict[int, Fits]) -> Fits:
    if isinstance(shape, list):
        return _items(fitting(shape[0], known))
    if isinstance(shape, Each):
        return _values(fitting(shape.shape, known), has_nulls=shape.shape is not str)
    if isinstance(shape, dict):
        return _fields(shape, known)
    return _typed(shape) if isinstance(shape, type) else _within(shape)


def _within(shape: Between | NotEmpty) -> Fits:
    typed = _typed(type_in(shape))
    return lambda value: typed(value) and (value is None or shape.has(value))


def _typed(expected: type) -> Fits:
    def fits(value: Any) -> bool:
        found = type(value)
        return found is expected or value is None or (isinstance(value, expected) and found is not bool)

    return fits


def _items(inner: Fits) -> Fits:
    def fits(value: Any) -> bool:
        return value is None or (isinstance(value, list) and all(item is not None and inner(item) for item in value))

    return fits


def _values(inner: Fits, *, has_nulls: bool) -> Fits:
    def fits(value: Any) -> bool:
        if not isinstance(value, dict):
            return value is None
        return all((has_nulls or item is not None) and inner(item) for item in value.values())

    return fits


def _fields(shape: dict[str, Shape], known: dict[int, Fits]) -> Fits:
    shapes = {field.removesuffix("!"): inner for field, inner in shape.items()}
    needed = [field[:-1] for field in shape if field.endswith("!")]
    made: dict[str, Fits] = {}

    def fits(value: Any) -> bool:
        if not isinstance(value, dict):
            return value is None
        if any(value.get(name) is None for name in needed):
            return False
        for name, item in value.items():
            if name not in made and name in shapes:  # most fields of a shape are in no object
                made[name] = fitting(shapes[name], known)
            if item is not None and name in made and not made[name](item):
                return False
        return True

    return fits
