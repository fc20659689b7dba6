"""The contract of our own kinds: documents against `schemas/*.json`, the one truth of their format.

The verdict is `verdict`'s; `explanation` says what is wrong. Defaults are filled
in from the schema, so that the records of `sandlane.k8s.resource` need none.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from sandlane.problems.problem import Problem, Source
from sandlane.specs.typography import typographic_quotes
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
    package = resources.files("sandlane")
    for place in (package / "schemas", package.joinpath("..", "..", "schemas")):
        file = place / f"{KINDS[kind]}.json"
        if file.is_file():
            loaded = json.loads(file.read_text(encoding="utf-8"))
            definitions = loaded.pop("definitions", {})
            resolved: Schema = _resolved(loaded, definitions)
            return resolved
    raise FileNotFoundError(f"schemas/{KINDS[kind]}.json is not part of this installation")


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
    quoted = typographic_quotes(data, source, sandbox)
    if is_valid(kind, data):
        return quoted
    from sandlane.specs.explanation import explain  # only what is wrong needs it

    told = {problem.path for problem in quoted}
    return [*quoted, *(p for p in explain(kind, data, source, sandbox) if p.path not in told)]


def with_defaults(rule: Schema, data: Any) -> Any:
    """Returns a document with the defaults of its schema filled in, at every depth."""
    if isinstance(data, dict) and "properties" in rule:
        given = {
            name: with_defaults(rule["properties"][name], value)
            for name, value in data.items()
            if name in rule["properties"]
        }
        missing = {
            name: with_defaults(part, part["default"])
            for name, part in rule["properties"].items()
            if name not in data and "default" in part
        }
        return {**data, **given, **missing}
    if isinstance(data, list) and "items" in rule:
        return [with_defaults(rule["items"], item) for item in data]
    return data
