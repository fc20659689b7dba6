"""Istio's ambient mode: HTTPRoutes at waypoints; where the base has a VirtualService for a Service, it stays with that.

Rule R-I16: the two kinds are never mixed for one Service. DestinationRules are copied as for sidecars.
"""

from __future__ import annotations

from renderer.base import Base
from renderer.meshes.base import Routed, Unroutable
from renderer.meshes.gateway_api import route_base, route_services
from renderer.meshes.gateway_api.dialects import AMBIENT
from renderer.meshes.gateway_api.unroutable import unroutable_ports
from renderer.meshes.istio import pod_labels, route_virtual_services, services_of
from renderer.meshes.istio.beyond import beyond_waypoints, mixed_services
from renderer.meshes.istio.preview import previews
from renderer.meshes.istio.view import make_view
from renderer.meshes.notices import notices
from renderer.model import Environment
from renderer.plan import Plan

__all__ = ["pod_labels", "route", "unroutable"]


def unroutable(environment: Environment, base: Base) -> Unroutable:
    """Returns the ports that Istio cannot route by headers."""
    return unroutable_ports(environment, base, AMBIENT)


def route(plan: Plan, unroutable: Unroutable) -> Routed:
    """Returns the routes of all tenants."""
    view = make_view(plan.base, plan.environment.cluster.domain)
    copied, parts = route_base(plan, AMBIENT)
    made = route_services(plan, AMBIENT, unroutable, parts, frozenset(view.in_mesh))
    written = route_virtual_services(plan, view, {})
    previewed = previews(plan, view)
    return Routed(
        (*previewed.objects, *written.objects, *copied.objects, *made.objects),
        (
            *previewed.problems,
            *written.problems,
            *copied.problems,
            *made.problems,
            *beyond_waypoints(plan, view, services_of(plan)),
            *mixed_services(plan, view, services_of(plan), parts),
            *notices(plan, unroutable),
        ),
    )
