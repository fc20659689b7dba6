"""The environment's policy: the kinds of what sandboxes bring, whoever wrote the output. Images are judged by `protection`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.k8s.resource import ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.world import World

_PLAIN: Mapping[str, str] = {
    **{kind: group for group, kind in WORKLOADS},
    **dict.fromkeys(("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"), ""),
}
"""Kinds that a policy names without their API group, and the group."""


def check(world: World) -> Iterator[Problem]:
    """Yields kinds that the environment's policy does not list."""
    policy = world.claims.environment.policy
    for resource in (r for brought in world.resources.values() for r in brought):
        if not is_listed(policy.resource_kinds, resource.id):
            listed = ", ".join(policy.resource_kinds) or "none"
            what = f"'{resource.id}' is of a kind that no sandbox may bring (policy.resourceKinds: {listed})"
            yield report("SL624", source=resource.source, path=("kind",), what=what)


def is_listed(kinds: tuple[str, ...], id: ResourceId) -> bool:
    """Tells whether a policy lists a kind: by its name where Kubernetes itself has it, or as `Kind.group`."""
    return f"{id.kind}.{id.group}" in kinds or (id.kind in kinds and _PLAIN.get(id.kind, id.group) == id.group)
