"""Waypoints of Istio's ambient mode: only they look at headers, and only at routes that they heed (rule R-I16).

Istio: pilot/pkg/networking/core/listener_waypoint.go (getVirtualServiceForWaypoint): routes of the Service's namespace and of the
waypoint's own; those of clients have no effect. A waypoint handles requests to Services unless its label says otherwise
(https://istio.io/latest/docs/ambient/usage/waypoint/, "Waypoint traffic types").
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sandlane.base.base import Base
from sandlane.k8s.resource import ResourceId, labels_of
from sandlane.plan.model import Plan, WorkloadClone
from sandlane.plan.problem_at import problem_at
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

USE = "istio.io/use-waypoint"
_USE_NAMESPACE = "istio.io/use-waypoint-namespace"
FOR = "istio.io/waypoint-for"
_NOT_FOR_SERVICES = ("none", "workload")


def waypoint_of(base: Base, service: ResourceId) -> ResourceId | None:
    """Returns the waypoint (a Gateway) that the base shows for a Service, and that does not leave its requests alone."""
    named = _named(base, service)
    return None if named is None or _leaves_services(base, named) else named


def _leaves_services(base: Base, waypoint: ResourceId) -> str | None:
    """Returns what a waypoint is for where it is not for Services, else None."""
    gateway = base.by_id.get(waypoint)
    meant = labels_of(gateway.manifest).get(FOR) if gateway else None
    return meant if meant in _NOT_FOR_SERVICES else None


def _named(base: Base, service: ResourceId) -> ResourceId | None:
    """Returns the waypoint that labels name for a Service; one of the Service goes before its Namespace's."""
    resource = base.by_id.get(service)
    for labels in (labels_of(resource.manifest) if resource else {}, labels_of(base.namespace(service.namespace))):
        name = labels.get(USE)
        if name:
            home = labels.get(_USE_NAMESPACE) or service.namespace
            return None if name == "none" else ResourceId("gateway.networking.k8s.io", "Gateway", home, name)
    return None


def heeded(base: Base, service: ResourceId) -> frozenset[str]:
    """Returns the namespaces whose routes of a Service have effect in ambient mode, for every client."""
    waypoint = waypoint_of(base, service)
    return frozenset({service.namespace, waypoint.namespace} if waypoint else {service.namespace})


def without_waypoint(plan: Plan, entered: Collection[ResourceId]) -> Iterator[Problem]:
    """Yields the cloned Services for which the base shows no waypoint, and sandboxes of which no clone is then reached.

    `entered` are Services to which gateways send by themselves: they need no waypoint for what comes in there.
    """
    cloned = sorted({service for tenant in plan.tenants for service in tenant.services})
    lacking = {service for service in cloned if waypoint_of(plan.base, service) is None}
    for service in sorted(lacking):
        source = plan.base.by_id[service].source
        yield report("SL427", source=source, path=("metadata",), service=service, reason=_why(plan.base, service))
    by_sandbox: dict[str, list[WorkloadClone]] = {}
    for clone in plan.clones:
        by_sandbox.setdefault(clone.sandbox.name, []).append(clone)
    for clones in by_sandbox.values():
        if all(c.services and all(s.id in lacking and s.id not in entered for s in c.services) for c in clones):
            yield from (_unreached(plan.base, clone) for clone in clones)


def _why(base: Base, service: ResourceId) -> str:
    """Returns why a Service has no waypoint."""
    named = _named(base, service)
    if named is None:
        return f"without the label '{USE}' on it or on its namespace nothing is routed"
    return f"'{named}' leaves requests to Services alone ('{FOR}: {_leaves_services(base, named)}')"


def _unreached(base: Base, clone: WorkloadClone) -> Problem:
    services = ", ".join(f"'{service.id}'" for service in clone.services)
    named = next((waypoint for service in clone.services if (waypoint := _named(base, service.id))), None)
    way = f"label '{named}' '{FOR}: service'" if named else f"label the Service or its Namespace '{USE}: <waypoint>'"
    return problem_at(
        clone,
        "SL411",
        object=str(clone.origin.id),
        why_not=f"the base shows no waypoint for {services}",
        hint=f"{way} in the base",
    )
