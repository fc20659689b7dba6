"""What overrides change: an origin in the form of its clones, with all that the changes may refer to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, at
from sandlane.k8s.workload_kinds import SIDECARS, WorkloadKind
from sandlane.overrides.addresses import Addresses
from sandlane.overrides.changes import Changes
from sandlane.patch.put import put
from sandlane.problems.problem import Path, Problem, Source, did_you_mean

INIT = "initContainers"


@frozen(kw_only=True)
class Subject:
    """What is changed: the origin, in the form of its clones, the spec of the sandbox, and what changes may refer to.

    `marks` are the labels of the tenant's objects, `copies` the names of the sandbox's copies of ConfigMaps.
    """

    base: Base
    spec: Source
    origin: Resource
    row: WorkloadKind
    addresses: Addresses
    marks: Mapping[str, str]
    copies: Mapping[str, str]

    @property
    def pod(self) -> Path:
        """Where the pod spec is."""
        return (*self.row.template, "spec")


def app_containers(manifest: Manifest, row: WorkloadKind) -> list[Manifest]:
    """Returns the containers of a workload's pods, without those that a mesh injects."""
    containers = at(manifest, (*row.template, "spec", "containers")) or ()
    return [container for container in containers if container.get("name") not in SIDECARS]


def each_container(subject: Subject, manifest: Any, change: Callable[[str, Manifest], Manifest]) -> Any:
    """Returns a manifest with each container replaced; `change` is given the field that holds it."""
    for field in ("containers", INIT):
        containers = at(manifest, (*subject.pod, field))
        if containers:
            changed = [c if c["name"] in SIDECARS else change(field, c) for c in containers]
            manifest = put(manifest, (*subject.pod, field), changed)
    return manifest


def unknown(
    subject: Subject, changes: Changes, steps: Path, what: str, name: str, known: list[str], *, at_key: bool = False
) -> Problem:
    """Returns the problem of a name that nothing of the workload has, with the names that there are."""
    hint = did_you_mean(name, known, otherwise=f"known: {', '.join(sorted(known)) or 'none'}")
    values = {"what": what, "name": name, "workload": subject.origin.id, "hint": hint, "at_key": at_key}
    return changes.problem("SL233", *steps, **values)
