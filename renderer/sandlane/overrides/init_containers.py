"""`initContainers`: those of the origin that its clone runs without."""

from __future__ import annotations

from typing import Any

from sandlane.k8s.resource import at
from sandlane.overrides.changes import Changes
from sandlane.overrides.field import Field
from sandlane.overrides.subject import INIT, Subject, unknown
from sandlane.patch.put import put, remove
from sandlane.problems.problem import Problem


def _apply(dropped: tuple[str, ...], manifest: Any, subject: Subject, changes: Changes) -> tuple[Any, list[Problem]]:
    path = (*subject.pod, INIT)
    containers = at(manifest, path) or []
    names = [str(container["name"]) for container in containers]
    problems = [
        unknown(subject, changes, (INIT, "drop", number), "init container", name, names)
        for number, name in enumerate(dropped)
        if name not in names and not changes.is_standing
    ]
    kept = [container for container in containers if container["name"] not in dropped]
    if len(kept) == len(containers):
        return manifest, problems
    return put(manifest, path, kept) if kept else remove(manifest, path), problems


INIT_CONTAINERS: Field[tuple[str, ...]] = Field(
    name=INIT,
    none=(),
    read=lambda data, *_: tuple(data["drop"]),
    apply=_apply,
    names=lambda dropped: [(("drop",), dropped, ())],
    is_free=True,
)
