"""The Services that a sandbox has to have: clones of the base's, of which they keep a list of fields and no others (rule R-I17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.k8s.limits import SERVICE_NAME_LIMIT, fit
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.proof.claims import Claim
from sandlane.proof.literals import SERVICE
from sandlane.proof.marks import metadata_of
from sandlane.proof.world import World

KEPT = frozenset({
    "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "ports", "publishNotReadyAddresses", "sessionAffinity",
    "sessionAffinityConfig", "trafficDistribution",
})  # fmt: skip
"""Fields of a Service that its clone has as well; all else is its address, or lets others in."""
ROUTING = (
    "balancer.linkerd.io/", "config.linkerd.io/opaque-ports", "istio.io/ingress-use-waypoint", "istio.io/persistent-session",
    "istio.io/use-waypoint", "networking.istio.io/exportTo", "networking.istio.io/traffic-distribution", "retry.linkerd.io/",
    "service.kubernetes.io/topology-mode", "timeout.linkerd.io/",
)  # fmt: skip
"""Beginnings of the labels and annotations of a Service that its clone has as well: they change how it is called."""


def expected_services(world: World, claim: Claim) -> dict[ResourceId, Manifest]:
    """Returns the clones of Services that a sandbox has to have, by their ids."""
    found: dict[ResourceId, Manifest] = {}
    for origin in claim.origins:
        for service in world.services_of(origin):
            found |= _clone(world, claim, service, {f"{SERVICE}{service.id.name}": claim.tenant})
    for replaced, used in claim.uses.items():
        for service in world.services_of(replaced) if used in world.base.by_id else ():
            found |= _clone(world, claim, service, _match_labels(world.base.by_id[used]))
    return found


def _match_labels(workload: Resource) -> Mapping[str, str]:
    row = WORKLOADS.get((workload.id.group, workload.id.kind))
    selector = at(workload.manifest, row.selector) if row and row.selector else None
    return (selector or {}).get("matchLabels") or {}


def _clone(world: World, claim: Claim, service: Resource, selector: Mapping[str, str]) -> dict[ResourceId, Manifest]:
    spec = spec_of(service.manifest)
    kept = {field: value for field, value in spec.items() if field in KEPT and value}
    if kept.get("internalTrafficPolicy") == "Local":
        del kept["internalTrafficPolicy"]  # a clone has one pod, which other nodes have to reach
    id = ResourceId("", "Service", service.id.namespace, fit(f"{service.id.name}-{claim.tenant}", SERVICE_NAME_LIMIT))
    routing = {
        field: {key: value for key, value in (given or {}).items() if key.startswith(ROUTING)}
        for field, given in service.manifest["metadata"].items()
        if field in ("labels", "annotations")
    }
    body = {"type": "ClusterIP", "selector": dict(selector), **kept, "ports": ports_of(spec)}
    metadata = metadata_of(world.claims.environment, claim, id, service.id.name, routing)
    return {id: {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body}}


def ports_of(spec: Manifest) -> list[dict[str, Any]]:
    """Returns the ports of a Service for its clone: a port of every node can be one Service's alone."""
    return [{key: value for key, value in port.items() if key != "nodePort"} for port in spec.get("ports") or ()]
