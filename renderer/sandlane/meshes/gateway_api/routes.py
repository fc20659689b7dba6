"""Meshes that are routed by the Gateway API: HTTPRoutes and GRPCRoutes attached to Services (GAMMA) and to Gateways.

Routes of one parent are merged by specificity, so nothing of the base is changed: a tenant's rules are objects of its own,
one for each carrier, in the tenant's directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.k8s.hosts import service_of
from sandlane.k8s.ports import number_and_protocol
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.meshes.carriers import header_of
from sandlane.meshes.gateway_api.attached_routes import (
    Route,
    ignored_filter,
    is_service_kind,
    parents_of,
    read_routes,
    route_kinds,
    switched_off,
)
from sandlane.meshes.gateway_api.components import Component, components
from sandlane.meshes.gateway_api.consumers import in_the_way, is_served, routes_at
from sandlane.meshes.gateway_api.copies import copies
from sandlane.meshes.gateway_api.copy_decisions import decide_copies
from sandlane.meshes.gateway_api.defaults import defaults
from sandlane.meshes.gateway_api.dialects import GATEWAY, Dialect
from sandlane.meshes.gateway_api.entry_gateways import entered, inside, passed_on, public_gateways
from sandlane.meshes.gateway_api.grants import grants, ungranted
from sandlane.meshes.gateway_api.limits import exceeded_limits
from sandlane.meshes.gateway_api.policies import policies_of, source_labels
from sandlane.meshes.gateway_api.previews import previews
from sandlane.meshes.gateway_api.tenant_errors import tenant_error
from sandlane.meshes.gateway_api.ties import ties
from sandlane.meshes.gateway_api.unsupported import unsupported_routes
from sandlane.meshes.preview_hosts import gateway_of
from sandlane.meshes.routed import Routed, RoutedBase
from sandlane.meshes.unroutable_traffic import notices
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan, Unroutable
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem


def route(plan: Plan, dialect: Dialect, unroutable: Unroutable) -> Routed:
    """Returns all routes of a mesh that the Gateway API alone routes."""
    copied = route_base(plan, dialect)
    made = route_services(plan, dialect, unroutable, copied.parts)
    inert = (*inert_virtual_services(plan), *source_labels(plan), *_adopted_in_vain(plan), *_previewed_in_vain(plan))
    said = notices(plan, unroutable, copied.entered)
    problems = (*copied.routed.problems, *made.problems, *inert, *said)
    return Routed((*copied.routed.objects, *made.objects), problems, copied.entered)


def route_base(plan: Plan, dialect: Dialect) -> RoutedBase:
    """Returns the copies of the base's routes for every tenant, and what else has to be known of those routes."""
    every = read_routes(plan.base, dialect)
    routes = inside(every, plan.environment.routes.entry)
    previewed = previews(plan, dialect, every)
    parts = components(routes)
    decided = decide_copies(plan, dialect, routes, parts)
    granted = grants(plan.environment, plan.base, every if previewed.copies else routes, plan.services)
    objects: list[Placed] = []
    problems = [
        *decided.problems,
        *_ignored(plan, dialect),
        *_switched_off(plan, dialect),
        *_groupless(plan, dialect),
        *unsupported_routes(plan, dialect, routes),
        *ties(plan.base, dialect, decided.copied),
        *public_gateways(plan.base, decided.copyings),
        *passed_on(plan, dialect, every),
        *previewed.problems,
    ]
    for copying in decided.copyings:
        made = tuple(copies(plan.environment, plan.base, dialect, copying))
        followed = policies_of(plan, copying, made)
        objects += (*made, *followed.objects)
        problems += (*followed.problems, *exceeded_limits(copying, made[0]))
    for copying, placed in previewed.copies:
        followed = policies_of(plan, copying, [placed])
        objects += (placed, *followed.objects)
        problems += (*followed.problems, *exceeded_limits(copying, placed), *ungranted(plan.base, copying))
    return RoutedBase(Routed((*objects, *granted), tuple(problems)), parts, entered(dialect, decided.copyings))


def route_services(
    plan: Plan,
    dialect: Dialect,
    unroutable: Unroutable,
    parts: Sequence[Component],
    elsewhere: frozenset[ResourceId] = frozenset(),
) -> Routed:
    """Returns routes for the ports of cloned Services that have none; `elsewhere` are Services that are routed otherwise."""
    at_service: dict[ResourceId, list[Component]] = {}
    for part in parts:
        at_service.setdefault(part.target, []).append(part)
    objects: list[Placed] = []
    problems: list[Problem] = []
    for tenant in plan.tenants:
        for service in sorted(tenant.services):
            if service in elsewhere:
                continue
            for manifest in _ports(plan, service, unroutable):
                port, routes = manifest["port"], routes_at(dialect, at_service.get(service, ()), manifest)
                if is_served(plan.base, dialect, routes, service):
                    continue
                found = in_the_way(dialect, routes, service, port)
                words = {"service": service, "port": port}
                problems += (
                    tenant_error("SL424", r, tenant, ("spec", "rules"), **words, hint=_way(dialect, r)) for r in found
                )
                objects += defaults(plan.environment, dialect, tenant, service, port)
    return Routed(tuple(objects), tuple(problems))


def _way(dialect: Dialect, route: Route) -> str | None:
    """Returns the way out where a route of a client's namespace is in the way of a default; None for a route of the Service's own."""
    if not dialect.grpc_keeps_off or route.resource.id.kind != "GRPCRoute":
        return None
    form = "names no port" if any(a.is_service and a.parent.port for a in route.parents) else "names the port"
    own = "give the Service an HTTPRoute in its own namespace whose parentRef"
    return f"{own} {form}: with a parentRef equal to the GRPCRoute's it has no effect"


def _ports(plan: Plan, service: ResourceId, unroutable: Unroutable) -> list[Manifest]:
    ports = spec_of(plan.base.by_id[service].manifest).get("ports") or ()
    return [port for port in ports if (service, number_and_protocol(port)) not in unroutable]


def _ignored(plan: Plan, dialect: Dialect) -> Iterator[Problem]:
    """Yields the base's routes that the mesh ignores as a whole."""
    for group, kind in route_kinds(dialect):
        for resource in plan.base.of(group, kind):
            name = ignored_filter(resource, dialect)
            if not any(attached.is_service for attached in parents_of(resource, dialect)):
                continue
            source, path, why = resource.source, ("spec", "rules"), dialect.unconvertible(resource.manifest)
            if name:
                yield report("SL425", source=source, path=path, object=str(resource.id), filter=name)
            elif why:
                yield report("SL475", source=source, path=("spec",), object=str(resource.id), reason=why)
            else:
                yield from _answered_500(resource, dialect)


def _answered_500(resource: Resource, dialect: Dialect) -> Iterator[Problem]:
    """Yields backendRefs with filters that the mesh does not know: it answers what goes there by itself (rule R-L5)."""
    for number, rule in enumerate(spec_of(resource.manifest).get("rules") or ()):
        for place, reference in enumerate(rule.get("backendRefs") or ()):
            types = [item.get("type") for item in reference.get("filters") or ()]
            for name in dict.fromkeys(name for name in types if name in dialect.ignored_filters):
                path: Path = ("spec", "rules", number, "backendRefs", place)
                yield report("SL476", source=resource.source, path=path, object=str(resource.id), filter=name)


def _switched_off(plan: Plan, dialect: Dialect) -> Iterator[Problem]:
    """Yields the HTTPRoutes of the base that a GRPCRoute switches off."""
    for (id, parent), other in switched_off(plan.base, dialect).items():
        source = plan.base.by_id[id].source
        path = ("spec", "parentRefs")
        yield report("SL443", source=source, path=path, object=str(id), other=other, service=parent.target)


def _groupless(plan: Plan, dialect: Dialect) -> Iterator[Problem]:
    """Yields routes whose parentRef names a Service without its group, and so no Service."""
    for group, kind in route_kinds(dialect):
        for resource in plan.base.of(group, kind):
            for number, reference in enumerate(at(resource.manifest, ("spec", "parentRefs")) or ()):
                if is_service_kind(reference.get("kind"), dialect) and reference.get("group") is None:
                    path = ("spec", "parentRefs", number)
                    yield report(
                        "SL429", source=resource.source, path=path, object=str(resource.id), service=reference["name"]
                    )


def _adopted_in_vain(plan: Plan) -> Iterator[Problem]:
    for number, o in enumerate(plan.environment.routes.adopt):
        path = ("spec", "routes", "adopt", number)
        name = f"{o.kind}/{o.namespace}/{o.name}"
        yield report("SL225", source=plan.environment.source, path=path, object=name, mesh=plan.environment.mesh)


def _previewed_in_vain(plan: Plan) -> Iterator[Problem]:
    """Yields options that name no Gateway of the base, or ask of one of the Gateway API what only Istio's own do (rule R-G14)."""
    environment, kind = plan.environment, "Gateway of the Gateway API"
    if environment.preview and gateway_of(plan) is None:
        path: Path = ("spec", "preview", "gateway")
        name = environment.preview.gateway
        yield report("SL454", source=environment.source, path=path, gateway=name, field="preview.gateway", kind=kind)
    headers = ", ".join(dict.fromkeys(header_of(carrier) for carrier in environment.carriers))
    for number, name in enumerate(environment.routes.strip):
        path = ("spec", "routes", "strip", number)
        if plan.base.by_id.get(ResourceId(GATEWAY, "Gateway", *name.split("/", 1))):
            yield report("SL477", source=environment.source, path=path, gateway=name, headers=headers)
        else:
            yield report("SL454", source=environment.source, path=path, gateway=name, field="routes.strip", kind=kind)


def inert_virtual_services(plan: Plan) -> Iterator[Problem]:
    """Yields the VirtualServices of the base that send to cloned Services: a mesh of the Gateway API does not read them."""
    cloned = {(service.namespace, service.name) for service in plan.cloned}
    for vs in plan.base.of("networking.istio.io", "VirtualService"):
        destinations = (
            at(d, ("destination", "host"))
            for entry in at(vs.manifest, ("spec", "http")) or ()
            for d in entry.get("route") or ()
        )
        found = (service_of(host, vs.id.namespace, plan.environment.cluster.domain) for host in destinations)
        if any(service and (service.namespace, service.name) in cloned for service in found):
            yield report("SL428", source=vs.source, object=str(vs.id))
