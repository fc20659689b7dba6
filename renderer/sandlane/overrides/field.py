"""An override field: a property of a workload entry and of standing rules by which a clone differs from its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from sandlane.files.tree import Tree
from sandlane.frozen import frozen
from sandlane.overrides.changes import Changes
from sandlane.overrides.subject import Subject
from sandlane.problems.problem import Path, Problem

Value = TypeVar("Value")

Names = tuple[Path, Sequence[str], Path]
"""Steps from a field to a list in which each name may stand once, the names, and the steps from an item to its name."""


def _nothing(_: Any) -> tuple[()]:
    return ()


@frozen(kw_only=True)
class Field(Generic[Value]):
    """All that sandlane knows about an override field. Each stands in a module of its own and in the registry.

    `name` is its property in the schemas, `none` its value where it changes nothing.
    `read` makes its value of checked data; it may read files, and raises Invalid.
    `apply` returns the manifest with the change made, and what is wrong with it.
    `names` yields the lists in which a name may not stand twice.
    `files` yields the files that unchecked data names, relative to the spec.
    `is_free`: it may change any field of the clone's pods. Proof then compares what the pods of origin and clone may do;
    without it they have to be equal but for images and environment.
    """

    name: str
    none: Value
    read: Callable[[Any, Changes, Tree], Value]
    apply: Callable[[Value, Any, Subject, Changes], tuple[Any, list[Problem]]]
    names: Callable[[Value], Iterable[Names]] = _nothing
    files: Callable[[Any], Iterable[Any]] = _nothing
    is_free: bool = False

    def of(self, changes: Changes) -> Value:
        """Returns the field's value in changes."""
        value: Value = changes.values.get(self.name, self.none)
        return value
