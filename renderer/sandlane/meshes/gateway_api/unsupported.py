"""Ways to cloned Services on which no tenant is told from another: said, since their requests stay with the base.

Routes may have parents that are neither Services nor Gateways, tell connections apart instead of requests, or name a Service
by something else than a reference to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.k8s.hosts import ServiceHost, service_of
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.meshes.gateway_api.attached_routes import (
    Attached,
    Route,
    backend,
    homes,
    is_service_kind,
    live,
    parents_of,
    references_of,
    route_kinds,
)
from sandlane.meshes.gateway_api.dialects import GATEWAY, LINKERD_POLICY, Dialect
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

_L4_KINDS = ("TCPRoute", "TLSRoute", "UDPRoute")
_ENTRANCES = ("Gateway", "ListenerSet", "XListenerSet")
_SERVER = (LINKERD_POLICY, "Server")  # its routes are for who may call, and lead nowhere
_Found = tuple[ResourceId | None, str, str]
"""A Service, why its requests stay with the base, and the way out."""


def unsupported_routes(plan: Plan, dialect: Dialect, routes: Sequence[Route]) -> Iterator[Problem]:
    """Yields the base's routes that send requests to cloned Services without regard to tenants; `routes` are those that are read."""
    cloned = plan.cloned
    every = [r for group, kind in route_kinds(dialect) for r in plan.base.of(group, kind)] if cloned else []
    found = [(route, item) for route in every for item in _by_parents(plan, dialect, route)]
    found += [
        (route, item)
        for kind in (_L4_KINDS if cloned else ())
        for route in plan.base.of(GATEWAY, kind)
        for item in _of_connections(plan, dialect, route)
    ]
    found += [
        (route.resource, item) for route in (routes if cloned else ()) for item in _by_other_names(plan, dialect, route)
    ]
    for route, (service, reason, way) in dict.fromkeys((route.id, item) for route, item in found):
        if service in cloned:
            source = plan.base.by_id[route].source
            yield report(
                "SL462",
                source=source,
                path=("spec",),
                object=str(route),
                service=service,
                reason=reason,
                way=way,
            )


def _by_parents(plan: Plan, dialect: Dialect, route: Resource) -> Iterator[_Found]:
    """Yields where a route sends for parents that are neither Services nor Gateways."""
    for reference in _parents(plan, route):
        group = GATEWAY if reference.get("group") is None else reference["group"]
        kind, home = reference.get("kind") or "Gateway", reference.get("namespace") or route.id.namespace
        if is_service_kind(kind, dialect) or (group, kind) in (_SERVER, (GATEWAY, "Gateway")):
            continue
        reason = f"sandlane cannot tell tenants apart at its parent '{kind}/{home}/{reference.get('name')}'"
        for service in _sent(route):
            yield service, reason, "attach the route to a Service or a Gateway to have tenants routed"


def _of_connections(plan: Plan, dialect: Dialect, route: Resource) -> Iterator[_Found]:
    """Yields where a route sends connections, but for the Service that it is attached to: its ports are said themselves."""
    own = {attached.parent.target for attached in parents_of(route, dialect)}
    if any(True for _ in _parents(plan, route)):
        reason = f"a {route.id.kind} tells connections apart, which carry no tenantID"
        for service in _sent(route):
            if service not in own:
                yield service, reason, "use an HTTPRoute to have tenants routed"


def _parents(plan: Plan, route: Resource) -> Iterator[Manifest]:
    """Yields the parentRefs of a route at which tenants may be chosen."""
    is_mesh_only = plan.environment.routes.entry == "mesh"
    for reference in at(route.manifest, ("spec", "parentRefs")) or ():
        if not (is_mesh_only and (reference.get("kind") or "Gateway") in _ENTRANCES):
            yield reference


def _sent(route: Resource) -> Iterator[ResourceId | None]:
    for rule in at(route.manifest, ("spec", "rules")) or ():
        yield from (backend(reference, route.id.namespace) for reference in references_of(rule))


def _by_other_names(plan: Plan, dialect: Dialect, route: Route) -> Iterator[_Found]:
    """Yields the Services to which a route sends by a host name or by the name of another Service."""
    home = homes(route, route.parents, dialect)[0]
    for rule in route.rules:
        sent = live(rule.get("backendRefs") or [])
        named = {backend(reference, home, dialect) for reference in sent}
        for reference in sent:
            host, said = _host(plan, reference, home)
            service = host and ResourceId("", "Service", host.namespace, host.name)
            if service and service not in named and _is_elsewhere(route.parents, service):
                yield service, f"it names the Service by {said}", "name the Service itself in the route's backendRefs"


def _is_elsewhere(parents: Sequence[Attached], service: ResourceId) -> bool:
    """Tells whether a parent is another than the Service: its own tenants are sent to their clone in any case."""
    return any(attached.parent.target != service for attached in parents)


def _host(plan: Plan, reference: Manifest, home: str) -> tuple[ServiceHost | None, str]:
    """Returns the Service that a backendRef means by a full host name, and how it says so."""
    domain, name = plan.environment.cluster.domain, str(reference.get("name") or "")
    if (reference.get("group"), reference.get("kind")) == ("networking.istio.io", "Hostname"):
        return _full(name, domain), f"the Hostname '{name}'"
    alias = plan.base.by_id.get(backend(reference, home) or ResourceId("", "", "", ""))
    spec = spec_of(alias.manifest) if alias else {}
    if alias is None or spec.get("type") != "ExternalName":
        return None, ""
    return _full(str(spec.get("externalName") or ""), domain), f"'{alias.id}', an ExternalName"


def _full(name: str, domain: str) -> ServiceHost | None:
    return service_of(name.rstrip(".").lower(), "", domain) if "." in name else None
