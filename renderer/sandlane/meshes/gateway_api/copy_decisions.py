"""Which base routes are copied for which tenant, and how their rules change (rules R-G2, R-G3 and R-G9).

A route is affected for a tenant if it sends to a Service that the tenant cloned; then every route that competes with it is
copied. Where a tenant cloned the Service that a route is attached to and none of the Services that it sends to, the tenant
is sent to the clone of the parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, ResourceId, spec_of
from sandlane.meshes.carriers import header_of
from sandlane.meshes.gateway_api.attached_routes import (
    Attached,
    Route,
    backend,
    homes,
    live,
    parent_services,
    references_of,
)
from sandlane.meshes.gateway_api.components import Component, by_route
from sandlane.meshes.gateway_api.copies import MOST_HEADERS, Copying, Substitute, redirects
from sandlane.meshes.gateway_api.dialects import Dialect
from sandlane.meshes.gateway_api.grants import ungranted
from sandlane.meshes.gateway_api.tenant_errors import tenant_error
from sandlane.plan.model import Plan, Tenant
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.specs.model import Environment


@frozen(kw_only=True)
class Decided:
    """The copies to be made, and what stands in the way of others."""

    copyings: tuple[Copying, ...]
    copied: tuple[Component, ...]
    problems: tuple[Problem, ...]


def decide_copies(plan: Plan, dialect: Dialect, routes: Sequence[Route], parts: Sequence[Component]) -> Decided:
    """Decides on the copies of every tenant."""
    parts_of = by_route(parts)
    sending = _sending(dialect, routes)
    at_target: dict[ResourceId, list[Component]] = {}
    for part in parts:
        at_target.setdefault(part.target, []).append(part)
    copyings: list[Copying] = []
    copied: dict[int, Component] = {}
    problems: list[Problem] = []
    for tenant in plan.tenants:
        reached = {p.number: p for s in tenant.services for r in sending.get(s, ()) for p in parts_of[r.resource.id]}
        by_host = {p.number: p for s in tenant.services for p in at_target.get(s, ()) if p.number not in reached}
        copied |= reached | by_host
        for route, chosen in _chosen(reached, by_host):
            made = _copying(plan, dialect, tenant, route, chosen, by_host)
            if isinstance(made, Copying):
                copyings.append(made)
                problems += _match_problems(plan.environment, dialect, made)
                problems += ungranted(plan.base, made)
            else:
                problems.append(made)
        for part in by_host.values():
            problems += (_by_host(route, part.target) for route, _ in part.pairs)
    return Decided(
        copyings=tuple(copyings),
        copied=tuple(copied[n] for n in sorted(copied)),
        problems=tuple(problems),
    )


def _by_host(route: Route, service: ResourceId) -> Problem:
    """Returns what becomes of tenants that cloned a Service to which its own route does not send."""
    source, id = route.resource.source, route.resource.id
    is_sending = any(rule.get("backendRefs") for rule in route.rules)
    code = "SL412" if is_sending else "SL463"
    return report(code, source=source, path=("spec",), object=str(id), service=service)


def _sending(dialect: Dialect, routes: Sequence[Route]) -> Mapping[ResourceId, list[Route]]:
    """Returns the routes that send to each Service: by a backendRef, or by falling to their parent."""
    found: dict[ResourceId, list[Route]] = {}
    for route in routes:
        services: list[ResourceId | None] = []
        for rule in route.rules:
            sent = live(rule.get("backendRefs") or [])
            services += [backend(r, home, dialect) for home in homes(route, route.parents, dialect) for r in sent]
            if _falls(dialect, rule):
                services += [attached.parent.target for attached in parent_services(route)]
        for service in dict.fromkeys(services):
            if service:
                found.setdefault(service, []).append(route)
    return found


def _falls(dialect: Dialect, rule: Manifest) -> bool:
    """Tells whether a rule sends to the parent Service."""
    return dialect.falls_to_parent and not rule.get("backendRefs") and not redirects(rule)


def _chosen(reached: Mapping[int, Component], by_host: Mapping[int, Component]) -> list[tuple[Route, list[Component]]]:
    """Returns the routes of components with those components, by route id."""
    routes: dict[ResourceId, tuple[Route, list[Component]]] = {}
    for number in sorted({**reached, **by_host}):
        part = reached.get(number) or by_host[number]
        for route in {r.resource.id: r for r, _ in part.pairs}.values():
            routes.setdefault(route.resource.id, (route, []))[1].append(part)
    return [routes[id] for id in sorted(routes)]


def _copying(
    plan: Plan,
    dialect: Dialect,
    tenant: Tenant,
    route: Route,
    chosen: Sequence[Component],
    by_host: Mapping[int, Component],
) -> Copying | Problem:
    """Returns how a route is copied for a tenant, or why it cannot be."""
    parents = tuple(a for a in route.parents if any((route, a) in part.pairs for part in chosen))
    made = Copying(route=route, tenant=tenant, parents=parents)
    if len(homes(route, parents, dialect)) > 1 and any(
        _is_homeless(dialect, r) for rule in route.rules for r in references_of(rule)
    ):
        what = "has a backendRef without a namespace, which means another Service at each of its parents"
        return tenant_error("SL402", route, tenant, what=what, way="write the backendRef's namespace out")
    if any(part.number in by_host for part in chosen):
        port = _port(plan, parents[0])
        if len({(a.parent.target, a.parent.port) for a in parents}) > 1:
            what, way = "serves several Services or ports of which some are cloned", "give each a route of its own"
            return tenant_error("SL402", route, tenant, what=what, way=way)
        if port is None:
            what, way = "names no port of a Service with several", "give its parentRef a port"
            return tenant_error("SL402", route, tenant, what=what, way=way)
        return replace(made, everything=Substitute(parents[0].parent.target, port))
    cloned = [a for a in parents if a.is_service and a.parent.target in tenant.services]
    if not cloned or not any(_falls(dialect, rule) for rule in route.rules):
        return made
    port = _port(plan, cloned[0])
    if len({(a.parent.target, a.parent.port) for a in parents}) > 1 or port is None:
        what = "has a rule without backendRefs for several parents or ports"
        return tenant_error("SL402", route, tenant, what=what, way="give each parent and port a route of its own")
    return replace(made, parent=Substitute(cloned[0].parent.target, port))


def _is_homeless(dialect: Dialect, reference: Manifest) -> bool:
    """Tells whether the place of a backendRef decides which Service it means."""
    return not reference.get("namespace") and backend(reference, "", dialect) is not None


def _port(plan: Plan, attached: Attached) -> int | None:
    """Returns the port of the Service that a parentRef means: its own, or the only one."""
    if attached.parent.port:
        return attached.parent.port
    service = plan.base.by_id.get(attached.parent.target)
    ports = spec_of(service.manifest).get("ports") or [] if service else []
    return ports[0]["port"] if len(ports) == 1 else None


def _match_problems(environment: Environment, dialect: Dialect, copying: Copying) -> Iterator[Problem]:
    """Yields matches to which no carrier can be added; for a copy without a method all of the Service's routes would fail (R-L1).

    What a rule without matches takes besides calls no match of a copy takes: that is said (R-L9).
    """
    route, resource = copying.route, copying.route.resource
    carriers = {header_of(carrier) for carrier in environment.carriers}
    is_refused = dialect.needs_grpc_method and not environment.cluster.linkerd.grpc_matches_without_method
    is_proxied = resource.id.kind == "GRPCRoute" and any(attached.is_service for attached in copying.parents)
    needs_method = is_refused and is_proxied  # Gateways read their routes themselves
    for number, rule in enumerate(route.rules):
        for place, match in enumerate(rule.get("matches") or [{}]):
            path = ("spec", "rules", number, "matches", place)
            headers = [str(h.get("name", "")).lower() for h in match.get("headers") or ()]
            taken = [h for h in headers if h in carriers]
            if taken:
                yield tenant_error("SL421", route, copying.tenant, path, header=taken[0])
            if len(headers) >= MOST_HEADERS:
                yield tenant_error("SL422", route, copying.tenant, path, most=MOST_HEADERS)
            if needs_method and not match.get("method"):
                yield tenant_error("SL423", route, copying.tenant, path if rule.get("matches") else path[:3])
        if is_proxied and dialect.needs_grpc_method and not needs_method and not rule.get("matches"):
            source = resource.source
            yield report("SL478", source=source, path=("spec", "rules", number), object=str(resource.id))
