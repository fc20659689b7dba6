"""Field paths of replacements: `spec.containers.[name=web].image`, `metadata.annotations.[a.b/c]`, `args.0`, `*`.

https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/kyaml/yaml/match.go
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandlane.base.kustomize.field_specs import FieldError
from sandlane.patch.errors import text_of
from sandlane.patch.put import is_same, update
from sandlane.patch.targets import TargetError, pattern

Steps = tuple[str, ...]
_DOT = re.compile(r"(?<!\\)\.")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
MISSING = object()
"""The value at a path that an object does not have."""


def steps_of(path: str) -> Steps:
    """Returns the steps of a path; dots within brackets, and those with a backslash, part nothing."""
    parts = [part.replace("\\.", ".") for part in _DOT.split(path)]
    if len(parts) > 1 and not parts[0]:
        parts = parts[1:]
    steps: list[str] = []
    while parts:
        step = parts.pop(0)
        while step.startswith("[") and not step.endswith("]") and parts:
            step += "." + parts.pop(0)
        steps.append(step.strip("[]") if step.startswith("[") and "=" not in step else step)
    return tuple(steps)


def _condition(step: str) -> tuple[str, str] | None:
    """Returns the field and value of `[field=value]`, or nothing for another step."""
    if not (step.startswith("[") and step.endswith("]") and "=" in step):
        return None
    field, _, value = step[1:-1].partition("=")
    return field, value


def look_up(value: Any, path: Steps) -> Any:
    """Returns what is at a path, or MISSING. Raises FieldError for `*`, which has no one value."""
    for step in path:
        condition = _condition(step)
        if step == "*":
            raise FieldError("'*' cannot be used in the path of a source")
        if isinstance(value, list):
            value = _item(value, step, condition)
        elif isinstance(value, dict) and condition is None:
            value = value.get(step, MISSING)
        else:
            return MISSING
        if value is MISSING:
            return MISSING
    return value


def _item(items: list[Any], step: str, condition: tuple[str, str] | None) -> Any:
    if condition:
        field, wanted = condition
        found = (item for item in items if _field_text(item, field) == wanted)
        return next(found, MISSING)
    if step == "-":
        return items[-1] if items else MISSING
    return items[int(step)] if _NUMBER.fullmatch(step) and int(step) < len(items) else MISSING


def _field_text(item: Any, field: str) -> str | None:
    if not field:
        return None if isinstance(item, dict | list) else text_of(item)
    inner = item.get(field) if isinstance(item, dict) else None
    return None if inner is None or isinstance(inner, dict | list) else text_of(inner)


def replaced(value: Any, path: Steps, change: Callable[[Any], Any], *, create: bool) -> tuple[Any, int]:
    """Returns a value with everything at a path changed, and how many places there are.

    Conditions on list elements are patterns here. `change` gets MISSING for what `create` makes. Raises FieldError.
    """
    if not path:
        changed = change(value)
        return (value if changed is value or is_same(value, changed) else changed), 1
    step, condition = path[0], _condition(path[0])
    if value is MISSING and create:
        value = [] if condition or _NUMBER.fullmatch(step) else {}
    if isinstance(value, list):
        return _in_list(value, step, condition, path, change, create)
    if not isinstance(value, dict) or condition:
        return value, 0
    if step == "*":
        raise FieldError("'*' is looked for in a mapping: it stands for the elements of a list")
    if step not in value and not create:
        return value, 0
    new, count = replaced(value.get(step, MISSING), path[1:], change, create=create)
    if new is MISSING:
        return value, count
    return (value if step in value and new is value[step] else update(value, {step: new})), count


def _in_list(
    items: list[Any],
    step: str,
    condition: tuple[str, str] | None,
    path: Steps,
    change: Callable[[Any], Any],
    create: bool,
) -> tuple[Any, int]:
    chosen = _chosen(items, step, condition, create)
    if condition and not chosen and create:
        field, wanted = condition
        items, chosen = [*items, {field: wanted} if field else wanted], [len(items)]
    elif chosen == [len(items)]:
        items = [*items, MISSING]
    found = {number: replaced(items[number], path[1:], change, create=create) for number in chosen}
    if all(found[number][0] is items[number] for number in chosen) and MISSING not in items:
        return items, sum(count for _, count in found.values())
    new = [found[number][0] if number in found else item for number, item in enumerate(items)]
    return new, sum(count for _, count in found.values())


def _chosen(items: list[Any], step: str, condition: tuple[str, str] | None, create: bool) -> list[int]:
    """Returns the positions in a list that a step means."""
    if step == "*":
        return list(range(len(items)))
    if condition:
        field, wanted = condition
        try:
            compiled = pattern(wanted)
        except TargetError as error:
            raise FieldError(str(error)) from None
        texts = (_field_text(item, field) for item in items)
        return [number for number, text in enumerate(texts) if text is not None and compiled.search(text)]
    if not _NUMBER.fullmatch(step):
        raise FieldError(f"'{step}' is looked for in a list: expected a position, '[field=value]' or '*'")
    number = int(step)
    if number >= len(items) + create:
        raise FieldError(f"there is no position {number} in a list of {len(items)}")
    return [number]
