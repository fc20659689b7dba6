"""Whether a document meets a JSON Schema: each rule as a function, made when it is first met.

Only yes or no, for the keywords that `schemas/*.json` use, at a tenth of what compiling them by a library costs at each start
(fastjsonschema: 150 ms for the three kinds). What is wrong with a document is jsonschema's to say, and tests hold both together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Test = Callable[[Any], bool]

_TYPES: Mapping[str, Test] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}
_ANNOTATIONS = frozenset({"$schema", "$id", "title", "description", "default", "examples"})


def verdict(rule: Mapping[str, Any]) -> Test:
    """Returns the test of a schema whose references are resolved. Raises KeyError where it uses a keyword without a row."""
    tests = [_KEYWORDS[keyword](argument, rule) for keyword, argument in rule.items() if keyword not in _ANNOTATIONS]
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(test(value) for test in tests)


def _type(names: str | list[str], _: Any) -> Test:
    if isinstance(names, str):
        return _TYPES[names]
    tests = [_TYPES[name] for name in names]
    return lambda value: any(test(value) for test in tests)


def _properties(rules: Mapping[str, Any], rule: Mapping[str, Any]) -> Test:
    """The test of `properties` and of `additionalProperties` beside it."""
    others = _others(rule.get("additionalProperties", True))
    known: dict[str, Test] = {}

    def test(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, item in value.items():
            passes = known.get(name)
            if passes is None:
                passes = known[name] = verdict(rules[name]) if name in rules else others
            if not passes(item):
                return False
        return True

    return test


def _others(rule: Any) -> Test:
    return verdict(rule) if isinstance(rule, dict) else lambda _: bool(rule)


def _additional(_: Any, whole: Mapping[str, Any]) -> Test:
    return (lambda _: True) if "properties" in whole else _properties({}, whole)


def _items(rule: Mapping[str, Any], _: Any) -> Test:
    passes: list[Test] = []

    def test(value: Any) -> bool:
        if not isinstance(value, list) or not value:
            return True
        if not passes:
            passes.append(verdict(rule))
        return all(map(passes[0], value))

    return test


def _pattern(text: str, _: Any) -> Test:
    expression = in_python(text)
    return lambda value: not isinstance(value, str) or re.search(expression, value) is not None


def in_python(pattern: str) -> str:
    """Returns a pattern of the schemas as Python means it: theirs end with `$`, which Python also finds before a final newline."""
    return pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern


def _of(kind: type | tuple[type, ...], passes: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Test]:
    """A keyword that says something of the values of a type alone."""
    return lambda argument, _: lambda value: not isinstance(value, kind) or passes(value, argument)


def _numbers(passes: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Test]:
    return lambda argument, _: lambda value: not _TYPES["number"](value) or passes(value, argument)


_KEYWORDS: Mapping[str, Callable[[Any, Mapping[str, Any]], Test]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "pattern": _pattern,
    "enum": lambda values, _: lambda value: any(type(value) is type(item) and value == item for item in values),
    "required": _of(dict, lambda value, names: all(name in value for name in names)),
    "minProperties": _of(dict, lambda value, least: len(value) >= least),
    "maxProperties": _of(dict, lambda value, most: len(value) <= most),
    "minItems": _of(list, lambda value, least: len(value) >= least),
    "maxItems": _of(list, lambda value, most: len(value) <= most),
    "minLength": _of(str, lambda value, least: len(value) >= least),
    "maxLength": _of(str, lambda value, most: len(value) <= most),
    "minimum": _numbers(lambda value, least: value >= least),
    "maximum": _numbers(lambda value, most: value <= most),
    "oneOf": lambda rules, _: lambda value: sum(verdict(rule)(value) for rule in rules) == 1,
    "anyOf": lambda rules, _: lambda value: any(verdict(rule)(value) for rule in rules),
}
