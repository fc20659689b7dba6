"""Istio's ambient mode: HTTPRoutes at waypoints; where the base has a VirtualService for a Service, it stays with that.

Rule R-I16: the two kinds are never mixed for one Service. DestinationRules are copied as for sidecars.
"""

from __future__ import annotations

from renderer.base import Base
from renderer.meshes.base import Routed, Unroutable
from renderer.meshes.gateway_api import route_base, route_services
from renderer.meshes.gateway_api.dialects import AMBIENT
from renderer.meshes.gateway_api.unroutable import unroutable_ports
from renderer.meshes.gateway_api.waypoints import heeded, without_waypoint
from renderer.meshes.istio import pod_labels, route_virtual_services, services_of
from renderer.meshes.istio.beyond import beyond_waypoints, mixed_services
from renderer.meshes.istio.preview import previews
from renderer.meshes.istio.trust import entered
from renderer.meshes.istio.view import View, make_view
from renderer.meshes.notices import notices
from renderer.model import Environment, ResourceId
from renderer.plan import Plan

__all__ = ["pod_labels", "route", "unroutable"]


def unroutable(environment: Environment, base: Base) -> Unroutable:
    """Returns the ports that Istio cannot route by headers."""
    return unroutable_ports(environment, base, AMBIENT)


def route(plan: Plan, unroutable: Unroutable) -> Routed:
    """Returns the routes of all tenants."""
    view = make_view(plan.base, plan.environment.cluster.domain)
    copied = route_base(plan, AMBIENT)
    made = route_services(plan, AMBIENT, unroutable, copied.parts, _served(view))
    written = route_virtual_services(plan, view, {})
    previewed = previews(plan, view)
    reached = copied.entered | entered(plan.environment, view)
    return Routed(
        (*previewed.objects, *written.objects, *copied.routed.objects, *made.objects),
        (
            *previewed.problems,
            *written.problems,
            *copied.routed.problems,
            *made.problems,
            *beyond_waypoints(plan, view, services_of(plan)),
            *without_waypoint(plan, reached),
            *mixed_services(plan, view, services_of(plan), copied.parts),
            *notices(plan, unroutable, reached),
        ),
        reached,
    )


def _served(view: View) -> frozenset[ResourceId]:
    """Returns the Services that have VirtualServices which their waypoints heed: those of clients' namespaces have no effect."""
    return frozenset(
        id for id, found in view.in_mesh.items() if any(vs.id.namespace in heeded(view.base, id) for vs in found)
    )
