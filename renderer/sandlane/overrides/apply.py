"""Application of overrides: a workload with all that specs and standing rules change, before it is cloned.

The result is still the origin, with its own name, labels and selector; everything by which a clone differs from its origin
in any case comes later (`sandlane.clone.workload`), so that no override can undo it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.overrides.changes import Changes
from sandlane.overrides.env import VARIABLES
from sandlane.overrides.registry import FIELDS
from sandlane.overrides.subject import Subject, app_containers
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def override(subject: Subject, listed: tuple[Changes, ...]) -> tuple[Any, list[Problem]]:
    """Returns the origin's manifest with all changes made, in order, and the mistakes in them."""
    manifest: Any = subject.origin.manifest
    problems = list(_reserved(subject))
    for changes in listed:
        for field in FIELDS:
            if field.name in changes.values:
                manifest, wrong = field.apply(changes.values[field.name], manifest, subject, changes)
                problems += wrong
    return manifest, problems


def _reserved(subject: Subject) -> Iterator[Problem]:
    """Yields variables of the base that have the names of those that every clone gets."""
    for container in app_containers(subject.origin.manifest, subject.row):
        for variable in container.get("env") or ():
            if variable.get("name") in VARIABLES:
                yield report(
                    "SL214",
                    source=subject.origin.source,
                    path=(*subject.pod, "containers"),
                    sandbox=subject.spec,
                    variable=variable["name"],
                    where=f"'{subject.origin.id}' in the base",
                )
