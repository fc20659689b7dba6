"""Meshes that are routed by the Gateway API: HTTPRoutes and GRPCRoutes attached to Services (GAMMA) and to Gateways.

Routes of one parent are merged by specificity, so nothing of the base is changed: a tenant's rules are objects of its own,
one for each carrier, in the tenant's directory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from renderer.catalogue import report
from renderer.emit import Placed
from renderer.hosts import service_of
from renderer.kinds import at
from renderer.meshes.base import Routed, Unroutable
from renderer.meshes.gateway_api.components import Component, components
from renderer.meshes.gateway_api.copies import copies, with_defaults
from renderer.meshes.gateway_api.decide import decide
from renderer.meshes.gateway_api.defaults import defaults
from renderer.meshes.gateway_api.dialects import Dialect
from renderer.meshes.gateway_api.view import Attached, Route, ignored_filter, parents_of, read_routes, route_kinds
from renderer.meshes.notices import notices
from renderer.model import ResourceId, labels_of
from renderer.plan import Plan, Tenant
from renderer.ports import number_and_protocol
from renderer.problems import Path, Problem


def route_all(plan: Plan, dialect: Dialect, unroutable: Unroutable) -> Routed:
    """Returns all routes of a mesh that the Gateway API alone routes."""
    copied, parts = route_base(plan, dialect)
    made = route_services(plan, dialect, unroutable, parts)
    inert = (*inert_virtual_services(plan), *_adopted_in_vain(plan), *_previewed_in_vain(plan))
    problems = (*copied.problems, *made.problems, *inert, *notices(plan, unroutable))
    return Routed((*copied.objects, *made.objects), problems)


def route_base(plan: Plan, dialect: Dialect) -> tuple[Routed, tuple[Component, ...]]:
    """Returns the copies of the base's routes for every tenant, and the components that those routes form."""
    routes = entered(read_routes(plan.base, dialect), plan.environment.routes.entry)
    parts = components(routes)
    decided = decide(plan, dialect, routes, parts)
    objects = tuple(placed for copying in decided.copyings for placed in copies(plan.environment, dialect, copying))
    problems = [*decided.problems, *_ignored(plan, dialect), *_groupless(plan, dialect), *_ties(decided.copied)]
    problems += _open_gateways(plan, [attached for copying in decided.copyings for attached in copying.parents])
    return Routed(objects, tuple(problems)), parts


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
            for port in _ports(plan, service, unroutable):
                serving = [part for part in at_service.get(service, ()) if part.covers(port)]
                if _has_producer(serving, service):
                    continue
                problems += _inexhaustive(dialect, tenant, serving, service, port)
                objects += defaults(plan.environment, dialect, tenant, service, port)
    if dialect.needs_waypoint:
        problems += _without_waypoint(plan)
    return Routed(tuple(objects), tuple(problems))


def entered(routes: Sequence[Route], entry: str) -> tuple[Route, ...]:
    """Returns routes with the parents at which tenants may be chosen: with `entry: mesh` not with Gateways (rule R-G14)."""
    if entry == "any":
        return tuple(routes)
    inside = (dataclasses.replace(r, parents=tuple(a for a in r.parents if a.is_service)) for r in routes)
    return tuple(route for route in inside if route.parents)


def _open_gateways(plan: Plan, parents: Sequence[Attached]) -> Iterator[Problem]:
    """Yields the Gateways at which tenants can be chosen."""
    for id in sorted({attached.parent.target for attached in parents if not attached.is_service}):
        gateway = plan.base.by_id.get(id)
        source = gateway.source if gateway else None
        yield report("SL450", source=source, path=("spec",), gateway=f"{id.namespace}/{id.name}")


def _ports(plan: Plan, service: ResourceId, unroutable: Unroutable) -> list[int]:
    ports = (plan.base.by_id[service].manifest.get("spec") or {}).get("ports") or ()
    return [port["port"] for port in ports if (service, number_and_protocol(port)) not in unroutable]


def _has_producer(serving: Sequence[Component], service: ResourceId) -> bool:
    """Tells whether a route of the Service's own namespace serves it, which every client meets."""
    return any(route.resource.id.namespace == service.namespace for part in serving for route, _ in part.pairs)


def _inexhaustive(
    dialect: Dialect, tenant: Tenant, serving: Sequence[Component], service: ResourceId, port: int
) -> Iterator[Problem]:
    """Yields routes of other namespaces that a default for the other clients would compete with (rule R-G6).

    Where a mesh merges the routes of both namespaces, it always would; else where they leave requests without a rule.
    """
    by_namespace: dict[str, list[Route]] = {}
    for route in {r.resource.id: r for part in serving for r, _ in part.pairs}.values():
        by_namespace.setdefault(route.resource.id.namespace, []).append(route)
    for routes in by_namespace.values():
        if dialect.merges_namespaces or not any(_is_exhaustive(route) for route in routes):
            resource = routes[0].resource
            path = ("spec", "rules")
            yield report(
                "SL424",
                source=resource.source,
                path=path,
                sandbox=tenant.source,
                object=str(resource.id),
                service=service,
                port=port,
            )


def _is_exhaustive(route: Route) -> bool:
    """Tells whether a route has a rule for every request."""
    if (route.resource.manifest.get("spec") or {}).get("hostnames"):
        return False
    return any(_is_catch_all(match) for rule in route.rules for match in rule.get("matches") or [{}])


def _is_catch_all(match: Mapping[str, object]) -> bool:
    path = match.get("path") or {}
    is_root = (
        isinstance(path, Mapping) and path.get("type", "PathPrefix") == "PathPrefix" and path.get("value", "/") == "/"
    )
    return is_root and not any(match.get(field) for field in ("headers", "queryParams", "method"))


def _ignored(plan: Plan, dialect: Dialect) -> Iterator[Problem]:
    """Yields the base's routes that the mesh ignores as a whole."""
    for group, kind in route_kinds(dialect):
        for resource in plan.base.of(group, kind):
            name = ignored_filter(resource, dialect)
            if name and any(attached.is_service for attached in parents_of(resource)):
                yield report(
                    "SL425", source=resource.source, path=("spec", "rules"), object=str(resource.id), filter=name
                )


def _groupless(plan: Plan, dialect: Dialect) -> Iterator[Problem]:
    """Yields routes whose parentRef names a Service without its group, and so no Service."""
    for group, kind in route_kinds(dialect):
        for resource in plan.base.of(group, kind):
            for number, reference in enumerate(at(resource.manifest, ("spec", "parentRefs")) or ()):
                if reference.get("kind") == "Service" and reference.get("group") is None:
                    path = ("spec", "parentRefs", number)
                    yield report(
                        "SL429", source=resource.source, path=path, object=str(resource.id), service=reference["name"]
                    )


def _ties(copied: Sequence[Component]) -> Iterator[Problem]:
    """Yields pairs of routes with equal matches on one parent: the older wins, which manifests do not tell (rule R-G10)."""
    for part in copied:
        seen: dict[str, Route] = {}
        for route in {r.resource.id: r for r, _ in part.pairs}.values():
            is_http = route.resource.id.kind == "HTTPRoute"
            written = {
                repr(sorted(with_defaults(match, is_http).items()))
                for rule in route.rules
                for match in rule.get("matches") or [{}]
            }
            for match in sorted(written):
                other = seen.setdefault(match, route)
                if other is not route:
                    yield report(
                        "SL426",
                        source=route.resource.source,
                        path=("spec", "rules"),
                        object=str(route.resource.id),
                        other=other.resource.id,
                        service=part.target,
                    )


def _without_waypoint(plan: Plan) -> Iterator[Problem]:
    """Yields cloned Services for which the base shows no waypoint: without one nothing is routed (rule R-I16)."""
    label = "istio.io/use-waypoint"
    for service in sorted({s for tenant in plan.tenants for s in tenant.services}):
        resource = plan.base.by_id[service]
        namespace = plan.base.by_id.get(ResourceId("", "Namespace", "", service.namespace))
        wanted = labels_of(resource.manifest).get(label) or (
            labels_of(namespace.manifest).get(label) if namespace else None
        )
        if not wanted or wanted == "none":
            yield report("SL427", source=resource.source, path=("metadata",), service=service, label=label)


def _adopted_in_vain(plan: Plan) -> Iterator[Problem]:
    for number, o in enumerate(plan.environment.routes.adopt):
        path = ("spec", "routes", "adopt", number)
        name = f"{o.kind}/{o.namespace}/{o.name}"
        yield report("SL225", source=plan.environment.source, path=path, object=name, mesh=plan.environment.mesh)


def _previewed_in_vain(plan: Plan) -> Iterator[Problem]:
    """Yields options that are for Istio's Gateways alone."""
    environment = plan.environment
    if environment.preview:
        path: Path = ("spec", "preview", "gateway")
        name = environment.preview.gateway
        yield report("SL454", source=environment.source, path=path, gateway=name, field="preview.gateway")
    for number, name in enumerate(environment.routes.strip):
        path = ("spec", "routes", "strip", number)
        yield report("SL454", source=environment.source, path=path, gateway=name, field="routes.strip")


def inert_virtual_services(plan: Plan) -> Iterator[Problem]:
    """Yields the VirtualServices of the base that send to cloned Services: a mesh of the Gateway API does not read them."""
    cloned = {(service.namespace, service.name) for tenant in plan.tenants for service in tenant.services}
    for vs in plan.base.of("networking.istio.io", "VirtualService"):
        destinations = (
            at(d, ("destination", "host"))
            for entry in at(vs.manifest, ("spec", "http")) or ()
            for d in entry.get("route") or ()
        )
        found = (service_of(host, vs.id.namespace, plan.environment.cluster.domain) for host in destinations)
        if any(service and (service.namespace, service.name) in cloned for service in found):
            yield report("SL428", source=vs.source, object=str(vs.id))
