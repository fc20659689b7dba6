"""How an object differs from the one that is expected, node by node, as a problem tells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Resource
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, dotted

Difference = tuple[Path, str]
"""Where the output differs, and how."""
IsNote = Callable[[str, str], bool]
"""Tells of a field (`labels` or `annotations`) and a key whether nobody is known to act on it."""
_LONGEST = 60


def told(code: str, resource: Resource, what: str, path: Path = (), hint: str | None = None) -> Problem:
    """Returns what is wrong with an object as a problem: a text that names the object itself."""
    return report(code, source=resource.source, path=path, hint=hint, what=what)


def wrong(code: str, resource: Resource, what: str, path: Path = (), hint: str | None = None) -> Problem:
    """Returns what is wrong with an object as a problem: its id, and behind it the text."""
    return told(code, resource, f"'{resource.id}': {what}", path, hint)


def same(one: Any, other: Any) -> bool:
    """Tells whether two values are the same data: unlike `==`, `1`, `1.0` and `true` differ. The order of keys does not count."""
    return one is other or (bool(one == other) and _is_of_same_types(one, other))


def _is_of_same_types(one: Any, other: Any) -> bool:
    """Tells whether equal values are of the same types; texts equal texts alone."""
    is_object = isinstance(one, dict)
    if not is_object and not isinstance(one, list):
        return type(one) is type(other)
    for key, mine in one.items() if is_object else enumerate(one):
        if type(mine) is not str and mine is not (yours := other[key]) and not _is_of_same_types(mine, yours):
            return False
    return True


def differences(expected: Any, actual: Any, is_note: IsNote, path: Path = ()) -> Iterator[Difference]:
    """Yields where a value is not the expected one; a null is no value, as the API server drops it.

    A label or an annotation beside the expected ones is a difference where somebody may act on it.
    """
    if same(expected, actual):
        return
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key in dict.fromkeys((*expected, *actual)):
            yield from _of_key(expected.get(key), actual.get(key), is_note, (*path, key))
    elif isinstance(expected, list) and isinstance(actual, list) and _is_reordered(expected, actual):
        yield path, f"'{dotted(path)}' has its items in another order"
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, is_note, (*path, number))
    elif isinstance(expected, list) and isinstance(actual, list):
        yield path, f"'{dotted(path)}' has {len(actual)} items, expected {len(expected)}"
    elif not same(expected, actual):
        yield path, f"'{dotted(path)}' is {shown(actual)}, expected {shown(expected)}"


def _is_reordered(expected: list[Any], actual: list[Any]) -> bool:
    return not same(expected, actual) and sorted(map(canonical, expected)) == sorted(map(canonical, actual))


def canonical(value: Any) -> str:
    """Returns a value as text that is equal for equal data."""
    return json.dumps(value, sort_keys=True, default=str)


def _of_key(expected: Any, actual: Any, is_note: IsNote, path: Path) -> Iterator[Difference]:
    if expected is None and actual is None:
        return
    is_metadata = len(path) > 1 and path[-2] == "metadata" and path[-1] in ("labels", "annotations")
    if expected is None and is_metadata and isinstance(actual, Mapping):
        yield from differences({}, actual, is_note, path)
    elif expected is None:
        field = str(path[-2]) if len(path) > 2 and path[-3] == "metadata" else ""
        is_harmless = field in ("labels", "annotations") and is_note(field, str(path[-1]))
        if not (is_harmless or _is_nothing(actual, path)):
            yield path, f"'{dotted(path)}' is {shown(actual)}, expected none"
    elif actual is None:
        yield path[:-1], f"'{dotted(path)}' is missing, expected {shown(expected)}"
    else:
        yield from differences(expected, actual, is_note, path)


def _is_nothing(value: Any, path: Path) -> bool:
    """Tells whether an empty value says the same as none: of metadata, and of the status that the cluster writes."""
    return value in ({}, []) and path[0] in ("metadata", "status")


def shown(value: Any) -> str:
    """Returns a value as a problem tells it, shortened where it is long."""
    text = f"'{value}'" if isinstance(value, str) else canonical(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
