"""`configMaps`: ConfigMaps of which a clone gets a copy with other data. Planning makes the copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.overrides.changes import Changes
from sandlane.overrides.field import Field
from sandlane.overrides.subject import Subject
from sandlane.patch.references import rename
from sandlane.problems.problem import Path, Problem


@frozen(kw_only=True)
class ConfigMapChange:
    """Keys of a ConfigMap that a clone's copy of it has with other values, or with None not at all.

    `steps` lead from the entry of the document to the change.
    """

    steps: Path
    name: str
    data: Mapping[str, str | None]


def _apply(
    listed: tuple[ConfigMapChange, ...], manifest: Any, subject: Subject, changes: Changes
) -> tuple[Any, list[Problem]]:
    """Lets every reference to a ConfigMap lead to the sandbox's copy of it."""
    problems = []
    namespace = subject.origin.id.namespace
    for change in listed:
        if change.name not in subject.copies:
            continue  # told where the copies are planned
        old = ResourceId("", "ConfigMap", namespace, change.name)
        renamed = rename(manifest, old, subject.copies[change.name], namespace=namespace)
        if renamed is manifest and not changes.is_standing:
            values = {"name": change.name, "workload": subject.origin.id}
            problems.append(changes.problem("SL234", *change.steps, "name", **values))
        manifest = renamed
    return manifest, problems


def _read(listed: list[Manifest], *_: object) -> tuple[ConfigMapChange, ...]:
    return tuple(
        ConfigMapChange(steps=("configMaps", number), name=c["name"], data=c["data"]) for number, c in enumerate(listed)
    )


CONFIG_MAPS: Field[tuple[ConfigMapChange, ...]] = Field(
    name="configMaps",
    none=(),
    read=_read,
    apply=_apply,
    names=lambda listed: [((), [change.name for change in listed], ("name",))],
    is_free=True,
)
