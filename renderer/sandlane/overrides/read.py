"""Reading of changes, from a workload entry of a sandbox or from a standing rule of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandlane.files.tree import Tree
from sandlane.overrides.changes import Changes
from sandlane.overrides.registry import FIELDS
from sandlane.problems.problem import Invalid, Path, Problem, Source


def read_changes(
    tree: Tree, data: Mapping[str, Any], source: Source, path: Path, *, is_standing: bool
) -> tuple[Changes, list[Problem]]:
    """Returns the changes of an entry of a document, and what the schema cannot say is wrong with them."""
    changes = Changes(source=source, path=path, is_standing=is_standing)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in FIELDS:
        try:
            value = field.read(data[field.name], changes, tree) if field.name in data else field.none
        except Invalid as invalid:
            problems += invalid.problems
            continue
        if value != field.none:
            values[field.name] = value
        for steps, names, to_name in field.names(value):
            where = (field.name, *steps)
            for number, name in repeated(names):
                problems.append(changes.problem("SL207", *where, number, *to_name, what=name, where=str(where[-1])))
    return replace(changes, values=values), problems


def repeated(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yields the names of a list that stand in it already, with their places."""
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            yield number, name
        seen.add(name)
