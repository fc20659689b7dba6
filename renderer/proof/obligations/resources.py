"""P7 and P8, resources: further manifests of a sandbox are of harmless kinds, stay beside its clones and reach only its own pods."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.catalogue import report
from renderer.kinds import at, workload_kind
from renderer.model import Resource, labels_of
from renderer.problems import Problem
from renderer.proof.claims import Claim
from renderer.proof.literals import ORIGIN, SERVICE, TENANT
from renderer.proof.world import World

_HARMFUL = (
    ".istio.io", "gateway.networking.k8s.io", "linkerd.io", "networking.k8s.io", "admissionregistration.k8s.io", "discovery.k8s.io",
)  # fmt: skip
"""Ends of API groups whose objects act on others by selectors, hosts or rules."""

_REFUSED = ("Secret", "Pod", "DaemonSet", "ReplicaSet", "ReplicationController", "Endpoints", "PodDisruptionBudget",
            "HorizontalPodAutoscaler")  # fmt: skip


def check(world: World) -> Iterator[Problem]:
    """Yields resources that could act on more than their tenant."""
    for claim in world.claims.sandboxes:
        homes = {id.namespace for id in claim.origins} | {world.claims.environment.default_namespace}
        for resource in world.resources.get(claim.name, ()):
            id = resource.id
            if id.group.endswith(_HARMFUL) or (
                id.kind in _REFUSED and id.group in ("", "apps", "autoscaling", "policy")
            ):
                yield _wrong(resource, f"no sandbox may bring a {id.kind}")
            if id.namespace not in homes:
                yield _wrong(resource, f"its sandbox has nothing in namespace '{id.namespace}'")
            yield from _labels(resource)
            yield from _selector(resource, claim)


def _wrong(resource: Resource, what: str) -> Problem:
    return report("SL607", source=resource.source, what=f"'{resource.id}': {what}")


def _labels(resource: Resource) -> Iterator[Problem]:
    """Yields labels by which a resource, or its pods, would be taken for a clone."""
    row = workload_kind(resource.id.group, resource.id.kind)
    pods = at(resource.manifest, (*row.template, "metadata", "labels")) or {} if row else {}
    for key in (*labels_of(resource.manifest), *pods):
        if key == ORIGIN or key.startswith(SERVICE):
            yield _wrong(resource, f"carries '{key}', which is for clones")


def _selector(resource: Resource, claim: Claim) -> Iterator[Problem]:
    """Yields selectors that could select what is not the tenant's."""
    row = workload_kind(resource.id.group, resource.id.kind)
    spec = resource.manifest.get("spec") or {}
    if (resource.id.group, resource.id.kind) == ("", "Service"):
        selector = spec.get("selector") or {}
        if selector and selector.get(TENANT) != claim.tenant:
            yield _wrong(resource, f"does not select by '{TENANT}: {claim.tenant}'")
        if spec.get("type") not in (None, "ClusterIP") or spec.get("externalIPs") or spec.get("externalName"):
            yield _wrong(resource, "can be reached from outside, or takes an address of others")
    elif row and row.selector and at(spec, ("selector", "matchLabels", TENANT)) != claim.tenant:
        yield _wrong(resource, f"does not select by '{TENANT}: {claim.tenant}'")
