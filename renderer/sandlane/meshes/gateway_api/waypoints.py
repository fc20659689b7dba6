"""Waypoints of Istio's ambient mode: only they look at headers, and only at routes that they heed (rule R-I16).

Istio: pilot/pkg/networking/core/listener_waypoint.go (getVirtualServiceForWaypoint): routes of the Service's namespace and of the
waypoint's own; those of clients have no effect. A waypoint handles requests to Services unless its label says otherwise
(https://istio.io/latest/docs/ambient/usage/waypoint/, "Waypoint traffic types").
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId, at, labels_of
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.plan.model import Plan, WorkloadClone
from sandlane.plan.problem_at import problem_at
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

USE = "istio.io/use-waypoint"
_USE_NAMESPACE = "istio.io/use-waypoint-namespace"
FOR = "istio.io/waypoint-for"
_NOT_FOR_SERVICES = ("none", "workload")


def waypoint_of(base: Base, service: ResourceId) -> ResourceId | None:
    """Returns the waypoint (a Gateway) that is named for a Service, and that does not leave its requests alone."""
    named = _named(base, service)
    return None if named is None or _refusal(base, named, service) else named


def _refusal(base: Base, waypoint: ResourceId, service: ResourceId) -> str | None:
    """Returns why a waypoint does not look at a Service's requests, or None."""
    gateway = base.by_id.get(waypoint)
    meant = labels_of(gateway.manifest).get(FOR) if gateway else None
    if meant in _NOT_FOR_SERVICES:
        return f"leaves requests to Services alone ('{FOR}: {meant}')"
    if _admits(base, waypoint, service.namespace) is False:
        return f"does not admit Services of namespace '{service.namespace}' ('allowedRoutes' of its HBONE listener)"
    return None


def _admits(base: Base, waypoint: ResourceId, namespace: str) -> bool | None:
    """Tells whether a waypoint serves Services of a namespace; None where the base does not say.

    Istio: pilot/pkg/serviceregistry/ambient/waypoints.go (makeAllowedRoutes): as its listener for HBONE has it, `Same` by default.
    """
    if waypoint.namespace == namespace and waypoint not in base.by_id:
        return True
    if waypoint not in base.by_id:
        return None
    listeners = at(base.by_id[waypoint].manifest, ("spec", "listeners")) or ()
    own: Manifest = next((x for x in listeners if (x.get("protocol"), x.get("port")) == ("HBONE", 15008)), {})
    allowed = at(own, ("allowedRoutes", "namespaces")) or {}
    if allowed.get("from") == "Selector":
        known = base.by_id.get(ResourceId("", "Namespace", "", namespace))
        return matches(from_label_selector(allowed.get("selector") or {}), labels_of(known.manifest)) if known else None
    return allowed.get("from") == "All" or (allowed.get("from") != "None" and waypoint.namespace == namespace)


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

    `entered` are Services to which gateways send by themselves: they need no waypoint for what comes in there. A Namespace that the
    base does not hold may name a waypoint, so there nothing is known to be lost.
    """
    cloned = sorted(plan.cloned)
    missing = {service for service in cloned if waypoint_of(plan.base, service) is None}
    lacking = {service for service in missing if not _is_unknown(plan.base, service)}
    for service in cloned:
        source = plan.base.by_id[service].source
        if service in missing:
            yield report("SL427", source=source, path=("metadata",), service=service, reason=_why(plan.base, service))
        elif (named := _named(plan.base, service)) and _admits(plan.base, named, service.namespace) is None:
            yield report("SL469", source=source, path=("metadata",), service=service, waypoint=named)
    by_sandbox: dict[str, list[WorkloadClone]] = {}
    for clone in plan.clones:
        by_sandbox.setdefault(clone.sandbox.name, []).append(clone)
    for clones in by_sandbox.values():
        if all(c.services and all(s.id in lacking and s.id not in entered for s in c.services) for c in clones):
            yield from (_unreached(plan.base, clone) for clone in clones)


def _is_unknown(base: Base, service: ResourceId) -> bool:
    """Tells whether a Namespace that the base does not hold may name a waypoint for a Service."""
    labels = labels_of(base.by_id[service].manifest)
    return USE not in labels and ResourceId("", "Namespace", "", service.namespace) not in base.by_id


def _why(base: Base, service: ResourceId) -> str:
    """Returns why a Service has no waypoint."""
    named = _named(base, service)
    if named:
        return f"'{named}' {_refusal(base, named, service)}"
    if _is_unknown(base, service):
        return (
            f"the base does not hold Namespace '{service.namespace}', which may name one: say it by 'cluster.waypoint'"
        )
    return f"without the label '{USE}' on it or on its namespace nothing is routed"


def _unreached(base: Base, clone: WorkloadClone) -> Problem:
    services = ", ".join(f"'{service.id}'" for service in clone.services)
    return problem_at(
        clone,
        "SL411",
        object=str(clone.origin.id),
        why_not=f"the base shows no waypoint for {services}",
        hint=f"{_way(base, clone)} in the base",
    )


def _way(base: Base, clone: WorkloadClone) -> str:
    for service in clone.services:
        named = _named(base, service.id)
        if named and _admits(base, named, service.id.namespace) is False:
            return f"admit namespace '{service.id.namespace}' in the HBONE listener's 'allowedRoutes' of '{named}'"
        if named:
            return f"label '{named}' '{FOR}: service'"
    return f"label the Service or its Namespace '{USE}: <waypoint>'"
