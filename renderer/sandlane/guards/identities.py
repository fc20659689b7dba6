"""Annotations by which others find pods, and pods of sandboxes that would be found for those of the base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sandlane.base.pod_templates import with_template
from sandlane.guards.owners import file_of, owners_of
from sandlane.k8s.resource import Manifest, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS, WorkloadKind
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan
from sandlane.problems.problem import Problem

_MESSAGES = "whoever calls or publishes by that name reaches the clone as well as its origin"
IDENTITIES: Mapping[str, str] = {
    "appmesh.k8s.aws/virtualNode": "App Mesh takes the clone for an endpoint of the virtual node",
    "cni.projectcalico.org/ipAddrs": "Calico gives one address to both",
    "cni.projectcalico.org/ipAddrsNoIpam": "Calico gives one address to both",
    "consul.hashicorp.com/connect-service": "Consul registers the clone as an instance of that service",
    "consul.hashicorp.com/service-name": "Consul registers the clone as an instance of that service",
    "dapr.io/app-id": _MESSAGES,
    "external-dns.alpha.kubernetes.io/hostname": "external-dns adds the clone's address to that name",
    "external-dns.alpha.kubernetes.io/internal-hostname": "external-dns adds the clone's address to that name",
    "kuma.io/service-name": "Kuma takes the clone for an endpoint of that service",
    "nsm.nservicemesh.io/service": "the service mesh takes the clone for an endpoint of that service",
    "ovn.kubernetes.io/ip_address": "Kube-OVN gives one address to both",
    "spiffe.io/spiffe-id": "SPIRE gives the identity to the clone as well",
}
"""Annotation of a pod template by which others find its pods -> what becomes of a clone that has it with the same value."""


def taken_identities(plan: Plan, objects: Iterable[Placed]) -> Iterator[Problem]:
    """Yields pods of sandboxes that say that they are what pods of the base are; a clone's own origin is told by `SL326`."""
    objects = tuple(placed for placed in objects if not placed.base)
    known: dict[tuple[str, str], ResourceId] = {}
    for row in WORKLOADS.values():
        for workload in plan.base.of(row.group, row.kind):
            for identity in _of_pods(row, with_template(plan.base, workload).manifest):
                known.setdefault(identity, workload.id)
    origins = {clone.id: set(_of_pods(clone.row, clone.origin.manifest)) for clone in plan.clones}
    owners = owners_of(plan)
    for placed in objects if known else ():
        own = WORKLOADS.get((placed.id.group, placed.id.kind))
        for identity in sorted({*(_of_pods(own, placed.manifest) if own else ())} - origins.get(placed.id, set())):
            if identity in known:
                file = file_of(placed)
                values = {"annotation": identity[0], "value": identity[1], "other": known[identity]}
                way = f"give it another value in '{file}'" if file else "give the clone a value that is nobody's"
                yield owners[placed.directory].problem("SL247", "spec", object=str(placed.id), way=way, **values)


def _of_pods(row: WorkloadKind, manifest: Manifest) -> Iterator[tuple[str, str]]:
    found = at(manifest, (*row.template, "metadata", "annotations")) or {}
    yield from ((key, str(found[key])) for key in IDENTITIES if found.get(key) is not None)
