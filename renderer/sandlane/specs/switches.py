"""Values that are true or false to some readers of YAML only (`yes`, `off`), in fields of our own kinds that are true or false."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sandlane.problems.problem import Path, Problem
from sandlane.specs.schema import Schema, schema

_READING = re.compile(r"the boolean (true|false) to kubectl")


def with_switches(problems: Iterable[Problem], kinds: Sequence[str]) -> list[Problem]:
    """Returns problems of reading a file of one of `kinds`; where a field is true or false, quotes are no way out, and the value is."""
    return [_told(problem, kinds) for problem in problems]


def _told(problem: Problem, kinds: Sequence[str]) -> Problem:
    reading = _READING.search(problem.text) if problem.code == "SL103" else None
    if not reading or not any(_is_switch(schema(kind), problem.path) for kind in kinds):
        return problem
    return replace(problem, hint=f"write '{problem.path[-1]}: {reading[1]}'")


def _is_switch(rule: Schema, path: Path) -> bool:
    for step in path:
        rule = rule.get("items", {}) if isinstance(step, int) else rule.get("properties", {}).get(step, {})
    return rule.get("type") == "boolean"
