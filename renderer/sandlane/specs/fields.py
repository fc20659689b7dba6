"""The fields of our own kinds as people ask for them: `environment.spec.policy`, with type, default, meaning and example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.specs.schema import Schema, schema

_WORDS = {"environment": "Environment", "sandbox": "DevelopmentSandbox", "routegroup": "RouteGroup"}
"""First word of a path -> kind."""
_ALIASES = {"developmentsandbox": "sandbox", "dsb": "sandbox", "group": "routegroup", "rtg": "routegroup"}
_TYPES = {
    "string": "string",
    "integer": "whole number",
    "boolean": "true or false",
    "object": "mapping",
    "null": "null",
}
_TYPICAL = ("defaultNamespace", "owner", "sandboxes", "image", "value")
"""What an example of a whole document has beside what it must have."""
_PLURALS = {"string": "strings", "integer": "whole numbers", "object": "mappings"}


@frozen(kw_only=True)
class Field:
    """One field: its path, what its schema says, and the part of the kind's example that shows it.

    `children` are the paths of the fields directly in it.
    """

    path: str
    type: str
    is_required: bool
    rule: Schema
    example: Mapping[str, Any]
    children: tuple[str, ...]

    @property
    def description(self) -> str:
        """What the field means."""
        return str(self.rule.get("description", ""))


def fields() -> dict[str, Field]:
    """Returns the fields of all kinds by path, parents first; a list and its items are one field."""
    return {field.path: field for word, kind in _WORDS.items() for field in _fields(word, kind)}


def matching(known: Mapping[str, Field], asked: str) -> list[Field]:
    """Returns the fields that a path names, whole or by its last steps; the case of letters and numbers of items do not matter."""
    steps = [step for step in re.sub(r"\[[^]]*\]", "", asked.lower()).split(".") if step]
    if not steps:
        return []
    first = [_ALIASES.get(steps[0], steps[0]), *steps[1:]]
    whole = [field for path, field in known.items() if path.lower().split(".") == first]
    return whole or [f for path, f in known.items() if path.lower().split(".")[-len(steps) :] == steps]


def example_of(kind: str, path: Sequence[str | int]) -> Any:
    """Returns what stands at a path of the example of a kind, or None; of a list of mappings one item, with what all have."""
    steps = tuple(step for step in path if isinstance(step, str))
    data, rule = schema(kind)["examples"][0], schema(kind)
    for step in steps:
        if isinstance(data, list):
            data, rule = (
                next((item for item in data if isinstance(item, Mapping) and step in item), None),
                rule["items"],
            )
        if not isinstance(data, Mapping) or step not in data or step not in rule.get("properties", {}):
            return None
        data, rule = data[step], rule["properties"][step]
    if path and isinstance(path[-1], int) and isinstance(data, list):
        data, rule = data[0], rule["items"]
    return _typical(data, rule) if steps[:1] in (("spec",), ("metadata",)) else None


def homes_of(kind: str, name: str) -> list[str]:
    """Returns the paths of the mappings of a kind that have a field of a name, the nearest to the top first."""
    word = next(word for word, known in _WORDS.items() if known == kind)
    found = [field.path.split(".")[1:-1] for field in _fields(word, kind) if field.path.endswith(f".{name}")]
    least = min(map(len, found), default=0)
    return [".".join(steps) for steps in found if len(steps) == least]


def _fields(word: str, kind: str) -> Iterator[Field]:
    root = schema(kind)
    yield from _walk((word,), root, root["examples"][0], root, is_required=False)


def _walk(
    path: tuple[str, ...], rule: Schema, example: Mapping[str, Any], root: Schema, *, is_required: bool
) -> Iterator[Field]:
    inner = _inner(rule)
    properties: Mapping[str, Any] = inner.get("properties", {})
    yield Field(
        path=".".join(path),
        type=_type(rule),
        is_required=is_required,
        rule=rule,
        example=_typical(example, root, path[1:]) if path[1:] in ((), ("spec",)) else _shown(example, path[1:], root),
        children=tuple(".".join((*path, name)) for name in properties),
    )
    for name, part in properties.items():
        required = name in inner.get("required", ())
        yield from _walk((*path, name), part, example, root, is_required=required)


def _inner(rule: Schema) -> Schema:
    """Returns the schema that has a field's own fields: that of the items of a list."""
    items: Schema = rule.get("items", rule)
    return items


def _type(rule: Schema) -> str:
    given = rule["type"]
    if isinstance(given, list):
        return " or ".join(_TYPES[name] for name in given)
    if given == "array":
        return f"list of {_PLURALS[rule['items']['type']]}"
    if given == "object" and "properties" not in rule:
        return "mapping of names to strings"
    return _TYPES[given]


def _shown(data: Any, steps: tuple[str, ...], rule: Schema, depth: int = 0) -> Any:
    """Returns the part of an example that leads to a field, with what the mappings on the way must have."""
    if not steps:
        return data
    if isinstance(data, list):
        item = next((item for item in data if _has(item, steps)), None)
        return [] if item is None else [_shown(item, steps, rule["items"], depth)]
    part = rule["properties"][steps[0]]
    kept = rule.get("required", ()) if depth > 1 else ()  # what documents and specs must have has pages of its own
    return {
        name: _shown(value, steps[1:], part, depth + 1) if name == steps[0] else value
        for name, value in data.items()
        if name == steps[0] or name in kept
    }


def _typical(data: Any, rule: Schema, only: tuple[str, ...] = ()) -> Any:
    """Returns the part of an example that must be there, and what most have; of a list the first item."""
    if isinstance(data, list):
        return [_typical(data[0], rule["items"])]
    if not isinstance(data, Mapping) or "properties" not in rule:
        return data
    wanted = only or (*rule.get("required", ()), *_TYPICAL)
    kept = [name for name in data if name in wanted] or list(data)[:1]
    return {name: _typical(data[name], rule["properties"][name]) for name in kept}


def _has(data: Any, steps: tuple[str, ...]) -> bool:
    if isinstance(data, list):
        return any(_has(item, steps) for item in data)
    return not steps or (isinstance(data, Mapping) and steps[0] in data and _has(data[steps[0]], steps[1:]))
