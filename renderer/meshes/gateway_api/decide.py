"""Which base routes are copied for which tenant, and how their rules change (rules R-G2, R-G3 and R-G9).

A route is affected for a tenant if it sends to a Service that the tenant cloned; then every route that competes with it is
copied. Where a tenant cloned the Service that a route is attached to and none of the Services that it sends to, the tenant
is sent to the clone of the parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from renderer.catalogue import report
from renderer.meshes.carriers import header_of
from renderer.meshes.gateway_api.components import Component, by_route
from renderer.meshes.gateway_api.copies import MOST_HEADERS, Copying, Substitute, redirects
from renderer.meshes.gateway_api.dialects import Dialect
from renderer.meshes.gateway_api.view import Attached, Route, backend, live, parent_services
from renderer.model import Environment, Manifest, ResourceId
from renderer.plan import Plan, Tenant
from renderer.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The copies to be made, and what stands in the way of others."""

    copyings: tuple[Copying, ...]
    copied: tuple[Component, ...]
    problems: tuple[Problem, ...]


def decide(plan: Plan, dialect: Dialect, routes: Sequence[Route], parts: Sequence[Component]) -> Decided:
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
                problems += _grant_problems(plan, dialect, made)
                problems += _attached(plan, made)
            else:
                problems.append(made)
        for part in by_host.values():
            problems += (
                report(
                    "SL412", source=r.resource.source, path=("spec",), object=str(r.resource.id), service=part.target
                )
                for r, _ in part.pairs
            )
    return Decided(copyings=tuple(copyings), copied=tuple(copied[n] for n in sorted(copied)), problems=tuple(problems))


def _sending(dialect: Dialect, routes: Sequence[Route]) -> Mapping[ResourceId, list[Route]]:
    """Returns the routes that send to each Service: by a backendRef, or by falling to their parent."""
    found: dict[ResourceId, list[Route]] = {}
    for route in routes:
        services: list[ResourceId | None] = []
        for rule in route.rules:
            services += [backend(route, reference, dialect) for reference in live(rule.get("backendRefs") or [])]
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
    if any(part.number in by_host for part in chosen):
        port = _port(plan, parents[0])
        if len({(a.parent.target, a.parent.port) for a in parents}) > 1:
            what, way = "serves several Services or ports of which some are cloned", "give each a route of its own"
            return _unroutable(tenant, route, what, way)
        if port is None:
            return _unroutable(tenant, route, "names no port of a Service with several", "give its parentRef a port")
        return replace(made, everything=Substitute(parents[0].parent.target, port))
    cloned = [a for a in parents if a.is_service and a.parent.target in tenant.services]
    if not cloned or not any(_falls(dialect, rule) for rule in route.rules):
        return made
    port = _port(plan, cloned[0])
    if len({(a.parent.target, a.parent.port) for a in parents}) > 1 or port is None:
        what = "has a rule without backendRefs for several parents or ports"
        return _unroutable(tenant, route, what, "write the rule's backendRefs out")
    return replace(made, parent=Substitute(cloned[0].parent.target, port))


def _port(plan: Plan, attached: Attached) -> int | None:
    """Returns the port of the Service that a parentRef means: its own, or the only one."""
    if attached.parent.port:
        return attached.parent.port
    service = plan.base.by_id.get(attached.parent.target)
    ports = (service.manifest.get("spec") or {}).get("ports") or [] if service else []
    return ports[0]["port"] if len(ports) == 1 else None


def _unroutable(tenant: Tenant, route: Route, what: str, way: str) -> Problem:
    resource = route.resource
    return report(
        "SL402",
        source=resource.source,
        path=("spec",),
        sandbox=tenant.source,
        object=str(resource.id),
        what=what,
        way=way,
    )


def _match_problems(environment: Environment, dialect: Dialect, copying: Copying) -> Iterator[Problem]:
    """Yields matches to which no carrier can be added."""
    resource, tenant = copying.route.resource, copying.tenant
    carriers = {header_of(carrier) for carrier in environment.carriers}
    for number, rule in enumerate(copying.route.rules):
        for place, match in enumerate(rule.get("matches") or [{}]):
            path = ("spec", "rules", number, "matches", place)
            headers = [str(h.get("name", "")).lower() for h in match.get("headers") or ()]
            taken = [h for h in headers if h in carriers]
            if taken:
                yield report(
                    "SL421",
                    source=resource.source,
                    path=path,
                    sandbox=tenant.source,
                    object=str(resource.id),
                    header=taken[0],
                )
            if len(headers) >= MOST_HEADERS:
                yield report(
                    "SL422",
                    source=resource.source,
                    path=path,
                    sandbox=tenant.source,
                    object=str(resource.id),
                    most=MOST_HEADERS,
                )
            if (
                dialect.needs_grpc_method
                and resource.id.kind == "GRPCRoute"
                and not (match.get("method") or {}).get("service")
            ):
                yield report(
                    "SL423",
                    source=resource.source,
                    path=path if rule.get("matches") else path[:3],
                    object=str(resource.id),
                )


def _attached(plan: Plan, copying: Copying) -> Iterator[Problem]:
    """Yields the policies that name a route and not its copy (rule R-G13); a group's copies are its members' too."""
    tenant, id = copying.tenant, copying.route.resource.id
    own = [service for service in tenant.services.values() if service.sandbox.source == tenant.source]
    for policy in plan.policies.get(id, ()) if own else ():
        path = (*own[0].workload.path, "name")
        yield report("SL323", source=tenant.source, path=path, sandbox=tenant.source, object=str(policy.id), target=id)


def _grant_problems(plan: Plan, dialect: Dialect, copying: Copying) -> Iterator[Problem]:
    """Yields clones in other namespaces to which a Gateway's route may not send (rule R-G8)."""
    home = copying.route.resource.id.namespace
    if all(attached.is_service for attached in copying.parents):
        return
    for rule in copying.route.rules:
        for reference in (*live(rule.get("backendRefs") or []), *_mirrored(rule)):
            service = backend(copying.route, reference, dialect)
            is_elsewhere = service is not None and service in copying.tenant.services and service.namespace != home
            if service and is_elsewhere and not _granted(plan, copying.route, service):
                what = f"sends to '{service}' in another namespace, and no ReferenceGrant covers its clone"
                way = "add a ReferenceGrant to all Services of that namespace"
                yield _unroutable(copying.tenant, copying.route, what, way)


def _mirrored(rule: Manifest) -> Iterator[Manifest]:
    for place in (rule, *(rule.get("backendRefs") or ())):
        for item in place.get("filters") or ():
            if (item.get("requestMirror") or {}).get("backendRef"):
                yield item["requestMirror"]["backendRef"]


def _granted(plan: Plan, route: Route, service: ResourceId) -> bool:
    id = route.resource.id
    for grant in plan.base.of("gateway.networking.k8s.io", "ReferenceGrant"):
        spec = grant.manifest.get("spec") or {}
        source = {"group": id.group, "kind": id.kind, "namespace": id.namespace}
        to_all = any(t.get("kind") == "Service" and not t.get("name") for t in spec.get("to") or ())
        if (
            grant.id.namespace == service.namespace
            and to_all
            and any(source.items() <= f.items() for f in spec.get("from") or ())
        ):
            return True
    return False
