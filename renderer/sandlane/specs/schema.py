"""The contract of our own kinds: documents against `schemas/*.json`, the one truth of their format.

The verdict is our own, since it stands on every run's way; jsonschema is imported only to explain what is wrong. Defaults are filled
in from the schema, so that the records of `sandlane.k8s.resource` need none.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import resources
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source, did_you_mean, dotted
from sandlane.specs.verdict import Test, verdict
from sandlane.yamlio.value_types import name_of, type_of

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
    return [] if is_valid(kind, data) else explain(kind, data, source, sandbox)


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


def explain(kind: str, data: Any, source: Source, sandbox: Source | None = None) -> list[Problem]:
    """Returns a problem for each rule of the schema that a document breaks, with its place and what would be right."""
    import re

    from jsonschema import Draft7Validator, validators
    from jsonschema.exceptions import ValidationError

    def pattern(_: Any, rule: str, value: Any, __: Any) -> Iterator[ValidationError]:
        # Python's `$` also stands before a final newline; the schema's means the end, as in JavaScript and Go.
        if isinstance(value, str) and not re.search(
            rule.removesuffix("$") + (r"\Z" if rule.endswith("$") else ""), value
        ):
            yield ValidationError("pattern")

    checker = validators.extend(Draft7Validator, {"pattern": pattern})(schema(kind))  # type: ignore[no-untyped-call]
    errors = list(checker.iter_errors(data))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    told = (error for error in errors if error.validator == "type" or tuple(error.absolute_path) not in mistyped)
    return list(dict.fromkeys(problem for error in told for problem in _problems(error, source, sandbox)))


def _problems(error: Any, source: Source, sandbox: Source | None) -> Iterator[Problem]:
    path: Path = tuple(error.absolute_path)
    wrong = partial(report, source=source, sandbox=sandbox)
    where = f" in '{dotted(path)}'" if path else ""
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = error.schema.get("properties", {})
        for name in error.instance:
            if name not in allowed:
                yield wrong(
                    "SL202", path=(*path, name), at_key=True, field=name, where=where, hint=_allowed(name, allowed)
                )
    elif error.validator == "required" and isinstance(error.instance, dict):
        for name in error.validator_value:
            if name not in error.instance:
                about = error.schema.get("properties", {}).get(name, {}).get("description", "")
                yield wrong("SL203", path=path, field=name, where=where, hint=f"{name}: {about}" if about else "")
    else:
        yield wrong("SL201", path=path, where=where, what=_broken(error), hint=_meant(error))


def _allowed(name: str, allowed: Mapping[str, Any]) -> str:
    listed = f"allowed: {', '.join(sorted(allowed))}"
    guess = did_you_mean(name, allowed)
    return f"{guess} {listed}" if guess else listed


_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def _broken(error: Any) -> str:
    rule, value = error.validator, error.instance
    if rule == "type":
        return f"expected {_type_name(error.validator_value)}, found {_shown(value)}"
    if rule == "enum":
        return f"expected one of {', '.join(_plain(v) for v in error.validator_value)}, found {_shown(value)}"
    if rule in ("oneOf", "anyOf"):
        names = [option["required"][0] for option in error.validator_value]
        return f"give {'exactly' if rule == 'oneOf' else 'at least'} one of {', '.join(names)}"
    if rule in ("minItems", "minProperties", "minLength"):
        return "must not be empty"
    if rule in ("maxItems", "maxProperties", "maxLength"):
        return f"has {len(value)} {_UNITS[rule]}, at most {error.validator_value} are allowed"
    if rule in ("minimum", "maximum"):
        return f"{value} is out of range: the {rule} is {error.validator_value}"
    return f"{_shown(value)} does not have the form that is expected"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _type_name(type_: str | list[str]) -> str:
    return name_of(_TYPES[type_ if isinstance(type_, str) else type_[0]])


_UNITS = {"maxItems": "items", "maxProperties": "fields", "maxLength": "characters"}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 80 else f"'{value[:77]}…'"
    if isinstance(value, bool):
        return f"the boolean {json.dumps(value)}"
    return f"the number {value}" if isinstance(value, int | float) else type_of(value)


def _meant(error: Any) -> str:
    if error.validator == "type" and "string" in error.validator_value and isinstance(error.instance, int | float):
        return f"quote it: '{json.dumps(error.instance)}'"
    return str(error.schema.get("description", ""))
