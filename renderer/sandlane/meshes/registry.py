"""The meshes that sandlane routes for: a row each, made of a dialect of the Gateway API and the module that routes.

Routes of the base are handled as they are, whatever the mesh: `spec.mesh` decides what a Service without routes gets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.k8s.workload_kinds import WorkloadKind
from sandlane.meshes.gateway_api.dialects import AMBIENT, GENERIC, ISTIO, LINKERD, Dialect
from sandlane.meshes.gateway_api.unroutable import unroutable_ports
from sandlane.meshes.gateway_api.waypoints import waypoint_of
from sandlane.meshes.istio.canonical_labels import canonical_labels
from sandlane.meshes.routed import Routed
from sandlane.plan.model import Plan, Unroutable
from sandlane.specs.model import Environment

_GATEWAY_API = "gateway_api.routes"
_NETWORKING = "networking.istio.io"
_READ_ANYWHERE = ("DestinationRule", "VirtualService")
_PodLabels = Callable[[WorkloadKind, Resource, str], Mapping[str, str]]


def _no_labels(_: WorkloadKind, __: Resource, ___: str) -> Mapping[str, str]:
    return {}


@frozen(kw_only=True)
class Mesh:
    """A mesh.

    `routes` names the module below `sandlane.meshes` whose `route(plan, dialect, unroutable)` makes the route objects; it is
    imported when it is called, so that a render for Linkerd loads nothing of Istio unless the base has objects of it. `pod_labels`
    returns the labels that a clone's pods carry for the mesh's sake, from its workload kind, its origin and its tenantID.
    """

    dialect: Dialect
    routes: str = _GATEWAY_API
    pod_labels: _PodLabels = _no_labels

    def unroutable(self, environment: Environment, base: Base) -> Unroutable:
        """Returns the ports of the base's Services that cannot be routed by tenant, with the reasons."""
        return unroutable_ports(environment, base, self.dialect)

    def lacks_waypoint(self, base: Base, service: ResourceId) -> bool:
        """Tells whether nothing in the mesh looks at a Service's requests, since the base shows no waypoint for it."""
        return self.dialect.needs_waypoint and waypoint_of(base, service) is None

    def route(self, plan: Plan, unroutable: Unroutable) -> Routed:
        """Returns the route objects of all tenants; adopted ones also where there are no tenants."""
        routed: Routed = import_module(f"sandlane.meshes.{self.routes}").route(plan, self.dialect, unroutable)
        if self.routes == _GATEWAY_API and any(plan.base.of(_NETWORKING, kind) for kind in _READ_ANYWHERE):
            routed = import_module("sandlane.meshes.istio.beside_gateway_api").with_istios_own(plan, routed)
        if plan.base.of(_NETWORKING, "EnvoyFilter"):
            filters = import_module("sandlane.meshes.istio.envoy_filters").unapplied_filters(plan)
            routed = replace(routed, problems=(*routed.problems, *filters))
        return routed


MESHES: Mapping[str, Mesh] = {
    "gateway-api": Mesh(dialect=GENERIC),
    "istio": Mesh(dialect=ISTIO, routes="istio.routes", pod_labels=canonical_labels),
    "istio-ambient": Mesh(dialect=AMBIENT, routes="istio.ambient_routes", pod_labels=canonical_labels),
    "linkerd": Mesh(dialect=LINKERD),
}
"""Value of `spec.mesh` -> mesh."""
