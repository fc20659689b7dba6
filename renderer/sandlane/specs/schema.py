"""The contract of our own kinds: documents against `schemas/*.json`, the one truth of their format.

The verdict is `verdict`'s; `explanation` says what is wrong. Defaults are filled in from the schema, so that the records of
`sandlane.specs.model` need none.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import sandlane
from sandlane.problems.problem import Problem, Source
from sandlane.specs.strange_texts import strange_texts
from sandlane.specs.verdict import Test, verdict

API_VERSION = "sandlane.dev/v1alpha1"
KINDS = {"Environment": "environment", "DevelopmentSandbox": "developmentsandbox", "RouteGroup": "routegroup"}
"""Kind -> name of its schema file."""

Schema = Mapping[str, Any]


@functools.cache
def schema(kind: str) -> Schema:
    """Returns the JSON Schema (draft-07) of one of our kinds, from the package or, in a checkout, from beside it.

    Its definitions stand where they are referred to: defaults, explanations and CRDs need not follow references.
    """
    loaded = json.loads(_packaged(f"schemas/{KINDS[kind]}.json"))
    definitions = loaded.pop("definitions", {})
    resolved: Schema = _resolved(loaded, definitions)
    return resolved


def _packaged(file: str) -> bytes:
    """Returns a file of the package by its loader: `importlib.resources` costs more than reading all schemas."""
    loader: Any = sandlane.__loader__
    for place in ("", "../../"):
        with suppress(OSError):
            data: bytes = loader.get_data(f"{sandlane.__path__[0]}/{place}{file}")
            return data
    raise FileNotFoundError(f"{file} is not part of this installation")


def _resolved(rule: Any, definitions: Schema) -> Any:
    if isinstance(rule, dict):
        if "$ref" in rule:
            return _resolved(definitions[rule["$ref"].removeprefix("#/definitions/")], definitions)
        return {key: _resolved(part, definitions) for key, part in rule.items()}
    return [_resolved(part, definitions) for part in rule] if isinstance(rule, list) else rule


@functools.cache
def _verdict(kind: str) -> Test:
    return verdict(schema(kind))


def is_valid(kind: str, data: Any) -> bool:
    """Tells whether a document meets the schema of a kind."""
    return _verdict(kind)(data)


def check(kind: str, data: Any, source: Source, sandbox: Source | None = None) -> list[Problem]:
    """Returns all that is wrong with a document of a kind; nothing when it is valid."""
    strange = strange_texts(data, source, sandbox)
    if is_valid(kind, data):
        return strange
    from sandlane.specs.explanation import explain  # only what is wrong needs it

    told = {problem.path for problem in strange}
    return [*strange, *(p for p in explain(kind, data, source, sandbox) if p.path not in told)]


Full = Callable[[Any], Any]
"""Fills defaults in."""


def with_defaults(kind: str, data: Any) -> Any:
    """Returns a document of a kind with the defaults of its schema filled in, at every depth."""
    return _full(kind)(data)


@functools.cache
def _full(kind: str) -> Full:
    return filling(schema(kind)) or (lambda data: data)


def filling(rule: Schema) -> Full | None:
    """Returns what fills the defaults of a schema in, made once; None where it has none at any depth."""
    if "properties" in rule:
        return _properties(rule["properties"])
    inner = filling(rule["items"]) if "items" in rule else None
    return inner and (lambda data: [inner(item) for item in data] if isinstance(data, list) else data)


def _properties(rules: Mapping[str, Schema]) -> Full | None:
    parts = {name: filling(part) for name, part in rules.items()}
    inner = {name: part for name, part in parts.items() if part}
    missing = {
        name: part(rules[name]["default"]) if part else rules[name]["default"]
        for name, part in parts.items()
        if "default" in rules[name]
    }
    if not inner and not missing:
        return None

    def full(data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = {name: part(data[name]) for name, part in inner.items() if name in data}
        # Given fields come first, those that are missing after them in the order of the schema.
        return {**data, **given, **{name: value for name, value in missing.items() if name not in data}}

    return full
