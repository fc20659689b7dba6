"""Istio's ambient mode: HTTPRoutes at waypoints; where the base has a VirtualService for a Service, it stays with that.

Rule R-I16: the two kinds are never mixed for one Service. DestinationRules are copied as for sidecars.
"""

from __future__ import annotations

from sandlane.k8s.resource import ResourceId
from sandlane.meshes.gateway_api.dialects import Dialect
from sandlane.meshes.gateway_api.routes import route_base, route_services
from sandlane.meshes.gateway_api.waypoints import heeded, without_waypoint
from sandlane.meshes.istio.preview import previews
from sandlane.meshes.istio.route_index import RouteIndex, make_route_index
from sandlane.meshes.istio.routes import route_virtual_services, services_of
from sandlane.meshes.istio.trust import entered
from sandlane.meshes.istio.unsupported import mixed_services, unsupported_by_waypoints
from sandlane.meshes.routed import Routed
from sandlane.meshes.unroutable_traffic import notices
from sandlane.plan.model import Plan, Unroutable


def route(plan: Plan, dialect: Dialect, unroutable: Unroutable) -> Routed:
    """Returns the routes of all tenants."""
    view = make_route_index(plan.base, plan.environment.cluster.domain)
    copied = route_base(plan, dialect)
    made = route_services(plan, dialect, unroutable, copied.parts, _served(view))
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
            *unsupported_by_waypoints(plan, view, services_of(plan)),
            *without_waypoint(plan, reached),
            *mixed_services(view, services_of(plan), copied.parts),
            *notices(plan, unroutable, reached),
        ),
        reached,
    )


def _served(view: RouteIndex) -> frozenset[ResourceId]:
    """Returns the Services that have VirtualServices which their waypoints heed: those of clients' namespaces have no effect."""
    return frozenset(
        id for id, found in view.in_mesh.items() if any(vs.id.namespace in heeded(view.base, id) for vs in found)
    )
