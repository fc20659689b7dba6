"""The environment's policy: the images and kinds that sandboxes may have, whoever wrote the output.

A clone's images are its origin's or listed; what a sandbox brings is of listed kinds and has listed images.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping

from sandlane.base.pod_templates import with_template
from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS, workload_kind
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.world import World

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_PLAIN: Mapping[str, str] = {
    **{kind: group for group, kind in WORKLOADS},
    **dict.fromkeys(("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"), ""),
}
"""Kinds that a policy names without their API group, and the group."""


def check(world: World) -> Iterator[Problem]:
    """Yields images and kinds that the environment's policy does not list."""
    policy = world.claims.environment.policy
    for resource in (r for brought in world.resources.values() for r in brought):
        if not is_listed(policy.resource_kinds, resource.id):
            listed = ", ".join(policy.resource_kinds) or "none"
            what = f"'{resource.id}' is of a kind that no sandbox may bring (policy.resourceKinds: {listed})"
            yield report("SL624", source=resource.source, path=("kind",), what=what)
    origins = dict(_origins(world))
    for pods in world.pods:
        known = {image for _, image in _images(origins[pods.resource.id])} if pods.resource.id in origins else set()
        for path, image in _images(pods.resource):
            if image not in known and not any(fnmatch.fnmatchcase(image, pattern) for pattern in policy.images):
                listed = ", ".join(policy.images) or "none"
                what = f"'{pods.resource.id}' has image '{image}', which policy.images does not list ({listed})"
                yield report("SL624", source=pods.resource.source, path=path, what=what)


def is_listed(kinds: tuple[str, ...], id: ResourceId) -> bool:
    """Tells whether a policy lists a kind: by its name where Kubernetes itself has it, or as `Kind.group`."""
    return f"{id.kind}.{id.group}" in kinds or (id.kind in kinds and _PLAIN.get(id.kind, id.group) == id.group)


def _origins(world: World) -> Iterator[tuple[ResourceId, Resource]]:
    for claim in world.claims.sandboxes:
        for id in claim.origins:
            clone, origin = world.clone_of(id, claim.tenant), world.base.by_id.get(id)
            if clone and origin:
                yield clone.resource.id, with_template(world.base, origin)


def _images(resource: Resource) -> Iterator[tuple[Path, str]]:
    """Yields the images of a workload's pods, and where they stand."""
    row = workload_kind(resource.id.group, resource.id.kind)
    pod: Path = (*row.template, "spec") if row else ("spec",)
    for field in _CONTAINERS:
        for number, container in enumerate(at(resource.manifest, (*pod, field)) or ()):
            if container.get("image"):
                yield (*pod, field, number, "image"), str(container["image"])
    for number, volume in enumerate(at(resource.manifest, (*pod, "volumes")) or ()):
        if volume.get("image"):
            yield (*pod, "volumes", number, "image"), str(at(volume, ("image", "reference")))
