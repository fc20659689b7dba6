"""Opting out: a base VirtualService or Service with the annotation `sandlane.dev/route: disabled` is not routed by tenant.

Its workloads can be cloned all the same: what else leads to the clones, by other routes or by their own names, does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from sandlane.k8s.resource import Resource, annotations_of
from sandlane.plan.model import Plan
from sandlane.plan.names import DISABLED, ROUTE
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def is_opted_out(resource: Resource) -> bool:
    """Tells whether an object of the base says that it is not to be routed by tenant."""
    return annotations_of(resource.manifest).get(ROUTE) == DISABLED


def routed_plan(plan: Plan) -> Plan:
    """Returns a plan for routes: without the Services that are opted out."""
    if not any(is_opted_out(service) for service in plan.base.of("", "Service")):
        return plan
    tenants = tuple(
        dataclasses.replace(tenant, services={id: s for id, s in tenant.services.items() if not is_opted_out(s.origin)})
        for tenant in plan.tenants
    )
    return dataclasses.replace(plan, tenants=tenants)


def opt_out_notices(plan: Plan) -> Iterator[Problem]:
    """Yields a notice for each cloned Service that opts out, and for routes whose annotation has no effect."""
    for id in sorted(plan.cloned):
        service = plan.base.by_id[id]
        if is_opted_out(service):
            yield _notice(service, "its requests stay with the base")
    for resource in plan.base.resources:
        if resource.id.kind in ("HTTPRoute", "GRPCRoute") and is_opted_out(resource):
            yield _notice(
                resource, "which counts on VirtualServices and Services alone: routes of one parent are copied together"
            )


def _notice(resource: Resource, what: str) -> Problem:
    path = ("metadata", "annotations", ROUTE)
    return report("SL457", source=resource.source, path=path, object=str(resource.id), what=what)
