"""P4, discovery: nobody who finds pods by what they say of themselves finds a tenant's where they look for another's of the base."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.base.pod_templates import with_template
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.world import World

_SAYING_WHO = (
    "dapr.io/app-id", "consul.hashicorp.com/connect-service", "consul.hashicorp.com/service-name", "kuma.io/service-name",
    "nsm.nservicemesh.io/service", "appmesh.k8s.aws/virtualNode", "external-dns.alpha.kubernetes.io/hostname",
    "external-dns.alpha.kubernetes.io/internal-hostname", "cni.projectcalico.org/ipAddrs", "cni.projectcalico.org/ipAddrsNoIpam",
    "ovn.kubernetes.io/ip_address", "spiffe.io/spiffe-id",
)  # fmt: skip


def check(world: World) -> Iterator[Problem]:
    """Yields pods of the output that say that they are what pods of the base say, but for those of a clone's own origin."""
    said: dict[tuple[str, str], list[ResourceId]] = {}
    for row in WORKLOADS.values():
        for workload in world.base.of(row.group, row.kind):
            for who in _says(with_template(world.base, workload)):
                said.setdefault(who, []).append(workload.id)
    origins: dict[ResourceId, ResourceId] = {}
    for claim in world.claims.sandboxes if said else ():
        for origin in claim.origins:
            clone = world.clone_of(origin, claim.tenant)
            origins |= {clone.resource.id: origin} if clone else {}
    for pods in world.pods if said else ():
        for key, value in _says(pods.resource):
            others = said.get((key, value), [])
            if others and origins.get(pods.resource.id) not in others:
                what = f"pods of '{pods.resource.id}' are found by '{key}: {value}' for those of '{others[0]}'"
                yield report("SL607", source=pods.resource.source, what=what)


def _says(workload: Resource) -> Iterator[tuple[str, str]]:
    row = WORKLOADS.get((workload.id.group, workload.id.kind))
    annotations: Manifest = (at(workload.manifest, (*row.template, "metadata", "annotations")) or {}) if row else {}
    yield from ((key, str(annotations[key])) for key in _SAYING_WHO if annotations.get(key) is not None)
