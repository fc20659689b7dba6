"""What is wrong with a document of our own kinds: the rules of the schema that it breaks, and lines that would be right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source, did_you_mean, dotted
from sandlane.specs.fields import example_of, homes_of
from sandlane.specs.forms import form_of
from sandlane.specs.schema import schema
from sandlane.specs.shapes import flow, reshaped
from sandlane.specs.verdict import in_python
from sandlane.yamlio.value_types import name_of, type_of

_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\$\{.*?\}|\$\(.*?\)")
_UNITS = {"maxItems": "items", "maxProperties": "fields", "maxLength": "characters"}


def explain(kind: str, data: Any, source: Source, sandbox: Source | None = None) -> list[Problem]:
    """Returns a problem for each rule of the schema that a document breaks, with its place and what would be right."""
    from jsonschema import Draft7Validator, validators
    from jsonschema.exceptions import ValidationError

    def pattern(_: Any, rule: str, value: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and not re.search(in_python(rule), value):
            yield ValidationError("pattern")

    checker = validators.extend(Draft7Validator, {"pattern": pattern})(schema(kind))  # type: ignore[no-untyped-call]
    errors = list(checker.iter_errors(data))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    told = (error for error in errors if error.validator == "type" or tuple(error.absolute_path) not in mistyped)
    unknown = [
        (tuple(error.absolute_path), name)
        for error in errors
        if error.validator == "additionalProperties" and isinstance(error.instance, dict)
        for name in error.instance
        if name not in error.schema.get("properties", {})
    ]
    return list(
        dict.fromkeys(problem for error in told for problem in _problems(kind, error, unknown, source, sandbox))
    )


def _problems(
    kind: str, error: Any, unknown: Sequence[tuple[Path, str]], source: Source, sandbox: Source | None
) -> Iterator[Problem]:
    from sandlane.specs.misplaced import is_effect, meant  # for mistakes alone

    path: Path = tuple(error.absolute_path)
    wrong = partial(report, source=source, sandbox=sandbox)
    where = f" in '{dotted(path)}'" if path else ""
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        allowed = error.schema.get("properties", {})
        for name in error.instance:
            if name not in allowed:
                hint = meant(path, name, error.instance) or _allowed(kind, path, name, allowed)
                yield wrong("SL202", path=(*path, name), at_key=True, field=name, where=where, hint=hint)
    elif error.validator == "required" and isinstance(error.instance, dict):
        for name in error.validator_value:
            if name not in error.instance and not is_effect(path, name, error.instance, unknown):
                rule = error.schema.get("properties", {}).get(name, {})
                hint = _line(name, _example(kind, (*path, name), rule), rule)
                yield wrong("SL203", path=path, field=name, where=where, hint=hint)
    elif not is_effect(path, None, error.instance, unknown):
        yield wrong("SL201", path=path, where=where, what=_broken(error), hint=_meant(kind, path, error))


def _allowed(kind: str, path: Path, name: str, allowed: Mapping[str, Any]) -> str:
    listed = f"allowed: {', '.join(sorted(allowed))}"
    homes = [home for home in homes_of(kind, name) if home != dotted(tuple(s for s in path if isinstance(s, str)))]
    guess = did_you_mean(name, allowed)
    if not guess and homes:
        known = [f"'{home}'" if home else "the top" for home in homes]
        guess = f"'{name}' belongs to {' or '.join(known)};"
    return f"{guess} {listed}" if guess else listed


def _broken(error: Any) -> str:
    rule, value = error.validator, error.instance
    if rule == "type":
        return f"expected {_type_name(error.validator_value)}, found {_shown(value)}"
    if rule == "enum":
        allowed = [plain(v) for v in error.validator_value]
        expected = f"one of {', '.join(allowed)}" if len(allowed) > 1 else allowed[0]
        return f"expected {expected}, found {_shown(value)}"
    if rule in ("oneOf", "anyOf"):
        names = [option["required"][0] for option in error.validator_value]
        found = ", ".join(name for name in names if name in value) or "none"
        return f"give {'exactly' if rule == 'oneOf' else 'at least'} one of {', '.join(names)}: found {found}"
    if rule in ("minItems", "minProperties", "minLength") or value == "":
        return "must not be empty"
    if rule in ("maxItems", "maxProperties", "maxLength"):
        return f"has {len(value)} {_UNITS[rule]}, at most {error.validator_value} are allowed"
    if rule in ("minimum", "maximum"):
        return f"{value} is out of range: the {rule} is {error.validator_value}"
    placeholder = _PLACEHOLDER.search(value)
    if placeholder:
        return f"{_shown(value)} has the placeholder '{placeholder[0]}' in it"
    return f"{_shown(value)} {form_of(error.validator_value).broken(value)}"


def _meant(kind: str, path: Path, error: Any) -> str:
    """Returns the line that would be right, made of what was written where that is clear, else of the kind's example."""
    rule, value, part = error.validator, error.instance, error.schema
    name = str(path[-1]) if path and isinstance(path[-1], str) else ""
    example = _example(kind, path, part)
    if rule == "enum":
        allowed = [plain(v) for v in error.validator_value]
        guess = did_you_mean(value, allowed) if isinstance(value, str) and len(allowed) > 1 else ""
        return guess or _line(name, error.validator_value[0] if len(allowed) == 1 else example, part)
    if rule == "type":
        return _retyped(name, value, error.validator_value, part, example)
    if rule == "pattern":
        form = form_of(error.validator_value)
        repaired = None if _PLACEHOLDER.search(value) else form.repaired(value)
        if repaired:
            return f"write '{_pair(name, repaired)}': {form.rule}"
        rule_ = form.rule or str(part.get("description", ""))
        return f"{rule_}, such as '{_pair(name, example)}'" if example else rule_
    if rule in ("maxLength", "maxItems"):
        return str(part.get("description", ""))
    if rule in ("oneOf", "anyOf"):
        return f"such as '{flow(example)}'" if example else ""
    return _line(name, example, part)


def _retyped(name: str, value: Any, types: str | list[str], part: Mapping[str, Any], example: Any) -> str:
    type_ = types if isinstance(types, str) else types[0]
    if len(part.get("enum", ())) == 1:
        return _line(name, example, part)
    if type_ == "string" and isinstance(value, bool | int | float):
        return (
            f"quote it: '{name}: {json.dumps(json.dumps(value))}'"
            if name
            else f"quote it: {json.dumps(json.dumps(value))}"
        )
    if type_ == "string" and isinstance(value, Mapping | list) and name == "patch":
        return "a patch is text: write 'patch: |' and the patch below it, indented"
    made = reshaped(value, type_, part)
    if made is not None and len(flow(made)) <= 120:
        return f"write '{_pair(name, made)}'" if name else f"write '{flow(made)}'"
    return _line(name, example, part)


def _line(name: str, example: Any, rule: Mapping[str, Any]) -> str:
    about = str(rule.get("description", ""))
    if example is None:
        return about
    if not name:
        return f"such as '{flow(example)}'"
    if len(rule.get("enum", ())) == 1 or not about:
        return f"write '{_pair(name, example)}'"
    return f"{about.removesuffix('.')}: '{_pair(name, example)}'"


def _pair(name: str, value: Any) -> str:
    return f"{name}: {flow(value)}" if name else flow(value)


def _example(kind: str, path: Sequence[str | int], rule: Mapping[str, Any]) -> Any:
    if len(rule.get("enum", ())) == 1:
        return rule["enum"][0]
    return example_of(kind, path)


def plain(value: object) -> str:
    """Returns a value as a message shows it: a text without quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def _type_name(type_: str | list[str]) -> str:
    return name_of(_TYPES[type_ if isinstance(type_, str) else type_[0]])


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'" if len(value) <= 80 else f"'{value[:77]}…'"
    if isinstance(value, bool):
        return f"the boolean {json.dumps(value)}"
    return f"the number {value}" if isinstance(value, int | float) else type_of(value)
