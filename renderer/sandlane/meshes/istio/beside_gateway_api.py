"""What Istio makes of its own objects where the environment lets the Gateway API alone route (rules R-G1 and R-G12).

DestinationRules hold for a host whatever routes to it. A VirtualService does not: an HTTPRoute of the same host takes its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.k8s.hosts import ServiceHost, covers
from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.meshes.istio.destination_rules import destination_rules
from sandlane.meshes.istio.route_index import RouteIndex, make_route_index
from sandlane.meshes.istio.virtual_service_fields import entries, is_mesh
from sandlane.meshes.routed import Routed
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan
from sandlane.plan.problem_at import problem_at
from sandlane.problems.problem import Problem


def with_istios_own(plan: Plan, routed: Routed) -> Routed:
    """Returns routes with copies of the base's DestinationRules, and VirtualServices that they would take the place of."""
    view = make_route_index(plan.base, plan.environment.cluster.domain)
    replaced = tuple(_replaced(plan, view, routed.objects)) if plan.environment.mesh == "gateway-api" else ()
    told = {problem.object for problem in replaced}
    rest = tuple(p for p in routed.problems if not (p.code == "SL428" and p.object in told))
    return Routed((*routed.objects, *destination_rules(plan, view)), (*rest, *replaced), routed.entered)


def _replaced(plan: Plan, view: RouteIndex, objects: Sequence[Placed]) -> Iterator[Problem]:
    written = set(_parents(objects))
    by_service: Mapping[ResourceId, list[Resource]] = {id: _routing(view, id) for id in written}
    for made in plan.services:
        for vs in by_service.get(made.origin.id, ()):
            yield problem_at(made, "SL467", object=str(vs.id), service=made.origin.id)


def _parents(objects: Sequence[Placed]) -> Iterator[ResourceId]:
    """Yields the Services to which routes of the output are attached."""
    for placed in objects:
        for reference in at(placed.manifest, ("spec", "parentRefs")) or ():
            if reference.get("kind") == "Service":
                yield ResourceId("", "Service", reference.get("namespace") or placed.id.namespace, reference["name"])


def _routing(view: RouteIndex, service: ResourceId) -> list[Resource]:
    """Returns the VirtualServices that route a Service's requests in the mesh."""
    host = ServiceHost(service.namespace, service.name).fqdn(view.domain)
    wild = [vs for pattern, vs in view.wildcards if covers(pattern, host)]
    found = [*view.in_mesh.get(service, ()), *wild]
    return [vs for vs in dict.fromkeys(found) if is_mesh(vs.manifest) and entries(vs.manifest)]
