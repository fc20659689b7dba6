"""Setting and removing values in manifests without changing them: new containers along the path, the rest is shared."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Final

from sandlane.problems.problem import Path


def put(manifest: Any, path: Path, value: Any, *, create: bool = False) -> Any:
    """Returns a manifest with the value at a path; the same object when type and value are equal there already.

    Steps are keys of mappings and indexes of lists. Key order is kept and new keys are appended. Raises KeyError for a
    missing parent unless `create` makes mappings of them.
    """
    if not path:
        return manifest if is_same(manifest, value) else value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        new = put(manifest[step], rest, value, create=create)
        return (
            manifest
            if new is manifest[step]
            else [new if i == step % len(manifest) else v for i, v in enumerate(manifest)]
        )
    old = manifest.get(step)
    if old is None and rest and not create:
        raise KeyError(step)
    new = put({} if old is None and rest else old, rest, value, create=create)
    return manifest if step in manifest and new is old else {**manifest, step: new}


def is_same(one: Any, two: Any) -> bool:
    """Tells whether two values are equal with all types in them: `0` is not `false`, and `1` is not `1.0`."""
    if one is two:
        return True
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return list(one) == list(two) and all(is_same(value, two[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(two) and all(is_same(a, b) for a, b in zip(one, two, strict=True))
    return bool(one == two)


def kept(old: list[Any], new: list[Any]) -> list[Any]:
    """Returns a list as it was where the new one holds the very same items, else the new one."""
    return old if len(old) == len(new) and all(map(operator.is_, old, new)) else new


class _Gone:
    """The value of a key that goes."""


GONE: Final = _Gone()


def update(manifest: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a mapping with values set at keys, or left out where the value is GONE; the same object if none differs."""
    real = {
        key: value
        for key, value in changes.items()
        if (key in manifest) != (value is not GONE) or (value is not GONE and not is_same(manifest[key], value))
    }
    if not real:
        return manifest
    merged = {**manifest, **real}
    return {key: value for key, value in merged.items() if value is not GONE} if GONE in real.values() else merged


def remove(manifest: Any, path: Path) -> Any:
    """Returns a manifest without the key at a path, and without parents that it leaves empty."""
    step, rest = path[0], path[1:]
    if not isinstance(manifest, dict) or step not in manifest:
        return manifest
    if not rest:
        return {key: value for key, value in manifest.items() if key != step}
    new = remove(manifest[step], rest)
    if new is manifest[step]:
        return manifest
    return {**manifest, step: new} if new else remove(manifest, (step,))
