"""JSON patches, RFC 6902, as kustomize applies them.

Beyond the RFC, as in kustomize: `replace` of a field that is missing adds it, `test` finds null there, `-1` is the last
element of a list, and `/metadata/annotations/x` can be added where there are no annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.patch.errors import DEPTH, PatchError, shown
from sandlane.patch.put import GONE, put, update
from sandlane.problems.problem import Path, did_you_mean, dotted
from sandlane.yamlio.value_types import type_of

COPIED = 100_000
"""Values that the operations of one patch may copy: repeated copies grow without bound."""
_OPERATIONS = {
    "add": ("value",),
    "copy": ("from",),
    "move": ("from",),
    "remove": (),
    "replace": ("value",),
    "test": ("value",),
}
_INDEX = re.compile(r"-?(0|[1-9][0-9]{0,8})")
_ANNOTATIONS = ("metadata", "annotations")


def apply_json6902(manifest: Any, operations: list[Any]) -> Any:
    """Returns a manifest with a list of operations applied; what does not change is shared. Raises PatchError."""
    copied = 0
    for number, operation in enumerate(operations):
        name = check_operation(operation, (number,))
        path = _pointer(operation["path"], (number, "path"))
        if name in ("copy", "move"):
            source = _pointer(operation["from"], (number, "from"))
            value = _walk(manifest, source, (number, "from"))[1]
            copied += _size(value, COPIED - copied) if name == "copy" else 0
            if copied > COPIED:
                raise PatchError(f"the patch copies more than {COPIED} values", (number, "from"))
            if name == "move":
                if path[: len(source)] == source and len(path) > len(source):
                    raise PatchError("a value cannot be moved into itself", (number, "path"))
                manifest = _changed(manifest, source, _remove, GONE, (number, "from"))
            manifest = _add(manifest, path, value, (number, "path"))
        elif name == "test":
            _test(manifest, path, operation["value"], number)
        elif name == "add":
            manifest = _add(manifest, path, operation["value"], (number, "path"))
        elif not path and name == "replace":
            manifest = operation["value"]
        else:
            change = _remove if name == "remove" else _replace
            manifest = _changed(manifest, path, change, operation.get("value"), (number, "path"))
    return manifest


def replaced_in_vain(manifest: Any, operations: list[Any]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yields the steps of each field that operations replace and that is not there, and the fields beside it.

    The operations can be applied: `apply_json6902` adds the field, where RFC 6902 (4.3) has an error.
    """
    for number, operation in enumerate(operations):
        path = _pointer(operation["path"], (number, "path"))
        if operation["op"] == "replace" and path:
            above, container = _walk(manifest, path[:-1], (number, "path"))
            if isinstance(container, dict) and path[-1] not in container:
                yield (*above, path[-1]), tuple(str(key) for key in container)
        manifest = apply_json6902(manifest, [operation])


def check_operation(operation: Any, place: Path) -> str:
    """Returns the name of an operation. Raises PatchError unless it has what it needs."""
    if not isinstance(operation, Mapping):
        raise PatchError(f"expected an operation with 'op' and 'path', not {type_of(operation)}", place)
    name = operation.get("op")
    if not isinstance(name, str) or name not in _OPERATIONS:
        hint = did_you_mean(str(name), _OPERATIONS, otherwise=f"expected one of {', '.join(_OPERATIONS)}")
        says = f"unknown operation {shown(name)}" if "op" in operation else "'op' is missing"
        raise PatchError(f"{says}: {hint}", (*place, "op") if "op" in operation else place)
    for field in ("path", *_OPERATIONS[name]):
        if field not in operation:
            raise PatchError(f"'{field}' is missing in the operation '{name}'", place)
        if field != "value" and not isinstance(operation[field], str):
            raise PatchError(
                f"expected a string such as '/spec/replicas', not {type_of(operation[field])}", (*place, field)
            )
    return name


def _pointer(text: str, place: Path) -> tuple[str, ...]:
    """Returns the steps of a JSON pointer (RFC 6901): `~1` is `/` and `~0` is `~`."""
    if text and not text.startswith("/"):
        raise PatchError(f"{shown(text)} does not start with '/'", place)
    if text.count("/") > DEPTH:
        raise PatchError(f"the path has more than {DEPTH} steps", place)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def _index(step: str, items: list[Any], length: int, place: Path) -> int:
    """Returns the position that a step means in a list of which `length` positions can be named."""
    number = int(step) if _INDEX.fullmatch(step) else None
    if number is None:
        raise PatchError(f"{shown(step)} is no position in a list of {len(items)}", place)
    position = number + length if number < 0 else number
    if not 0 <= position < length:
        raise PatchError(f"there is no position {number} in a list of {len(items)}", place)
    return position


def _walk(manifest: Any, path: tuple[str, ...], place: Path) -> tuple[Path, Any]:
    """Returns the steps of a path, positions as numbers, and the value there."""
    steps: Path = ()
    value = manifest
    for step in path:
        found: str | int = step
        if isinstance(value, list):
            found = _index(step, value, len(value), place)
        elif not isinstance(value, dict) or step not in value:
            raise _missing(value, step, steps, place)
        value = value[found]
        steps = (*steps, found)
    return steps, value


def _missing(value: Any, step: str, above: Path, place: Path) -> PatchError:
    where = f"'{dotted(above)}'" if above else "the object"
    if not isinstance(value, dict):
        return PatchError(f"{where} is {type_of(value)} and has no '{step}'", place)
    known = did_you_mean(step, (str(key) for key in value))
    return PatchError(f"{where} has no '{step}'{': ' + known if known else ''}", place)


def _changed(manifest: Any, path: tuple[str, ...], change: Any, value: Any, place: Path) -> Any:
    """Returns a manifest with the container above a path changed."""
    if not path:
        raise PatchError("the whole object cannot be removed by an operation", place)
    steps, container = _walk(manifest, path[:-1], place)
    changed = change(container, path[-1], value, steps, place)
    return changed if not steps else put(manifest, steps, changed)


def _remove(container: Any, step: str, _: Any, above: Path, place: Path) -> Any:
    if isinstance(container, list):
        position = _index(step, container, len(container), place)
        return container[:position] + container[position + 1 :]
    if not isinstance(container, dict) or step not in container:
        raise _missing(container, step, above, place)
    return update(container, {step: GONE})


def _replace(container: Any, step: str, value: Any, above: Path, place: Path) -> Any:
    if isinstance(container, list):
        return put(container, (_index(step, container, len(container), place),), value)
    if not isinstance(container, dict):
        raise _missing(container, step, above, place)
    return put(container, (step,), value)


def _insert(container: Any, step: str, value: Any, above: Path, place: Path) -> Any:
    if isinstance(container, list):
        position = len(container) if step == "-" else _index(step, container, len(container) + 1, place)
        return [*container[:position], value, *container[position:]]
    if not isinstance(container, dict):
        raise _missing(container, step, above, place)
    return put(container, (step,), value)


def _add(manifest: Any, path: tuple[str, ...], value: Any, place: Path) -> Any:
    if len(path) + _height(value, DEPTH) > DEPTH:
        raise PatchError(f"the result is nested deeper than {DEPTH} levels", place)
    if not path:
        return value
    if path[:-1] == _ANNOTATIONS and isinstance(manifest, dict) and isinstance(manifest.get("metadata"), dict):
        manifest = put(manifest, _ANNOTATIONS, manifest["metadata"].get("annotations") or {})
    return _changed(manifest, path, _insert, value, place)


def _test(manifest: Any, path: tuple[str, ...], expected: Any, number: int) -> None:
    if expected is None and path:
        above = _walk(manifest, path[:-1], (number, "path"))[1]
        if isinstance(above, dict) and path[-1] not in above:
            return
    steps, found = _walk(manifest, path, (number, "path"))
    if not is_equal(found, expected):
        says = f"the test fails: '{dotted(steps)}' is {shown(found)}, expected {shown(expected)}"
        raise PatchError(says, (number, "value"))


def is_equal(one: Any, two: Any) -> bool:
    """Tells whether two values are the same JSON: the order of keys has no meaning, and `1` is not `true`."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(is_equal(value, two[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(is_equal(a, b) for a, b in zip(one, two, strict=True))
    return isinstance(one, bool) == isinstance(two, bool) and bool(one == two)


def _size(value: Any, limit: int) -> int:
    """Returns how many values a value holds, counted no further than just past a limit."""
    count, rest = 0, [value]
    while rest and count <= limit:
        count += 1
        item = rest.pop()
        if isinstance(item, dict | list):
            rest.extend(item.values() if isinstance(item, dict) else item)
    return count


def _height(value: Any, limit: int) -> int:
    """Returns how deep a value is nested, level by level and no further than a limit."""
    height, level = 0, [value]
    while level and height <= limit:
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        height += 1
    return height - 1
