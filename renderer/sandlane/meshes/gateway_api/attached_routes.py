"""The base as the Gateway API sees it: routes, what they are attached to, and where they send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.linkerd_routes import is_service
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.meshes.gateway_api.dialects import GATEWAY, Dialect

SERVICE_GROUPS = ("", "core", None)


@frozen(order=True)
class Parent:
    """What routes are attached to together: a port of a Service (0: all ports), or the hosts of a Gateway's listener."""

    target: ResourceId
    port: int
    listener: str


@frozen(kw_only=True)
class Attached:
    """A parentRef of a route and what it means."""

    reference: Manifest
    parent: Parent

    @property
    def is_service(self) -> bool:
        """Tells whether the parent is a Service."""
        return self.parent.target.kind == "Service"


@frozen(kw_only=True)
class Route:
    """A route of the base that a mesh reads, with its parents."""

    resource: Resource
    parents: tuple[Attached, ...]

    @property
    def rules(self) -> list[Any]:
        """The rules of the route: an HTTPRoute that says nothing of them has one, which matches everything (rule R-L12)."""
        rules = spec_of(self.resource.manifest).get("rules")
        return [{}] if rules is None and self.resource.id.kind == "HTTPRoute" else rules or []


def read_routes(base: Base, dialect: Dialect) -> tuple[Route, ...]:
    """Returns the HTTP and gRPC routes of a base with the Services and Gateways for which they have effect, by id."""
    off = switched_off(base, dialect)
    found = (
        Route(resource=r, parents=tuple(a for a in _read(r, dialect) if (r.id, a.parent) not in off))
        for group, kind in route_kinds(dialect)
        for r in base.of(group, kind)
    )
    return tuple(route for route in found if route.parents)


def switched_off(base: Base, dialect: Dialect) -> Mapping[tuple[ResourceId, Parent], ResourceId]:
    """Returns the HTTPRoutes and Services at which a GRPCRoute with an equal parentRef keeps them off, and that GRPCRoute.

    linkerd2: policy-controller/k8s/status/src/index.rs (parent_has_conflicting_routes), whatever the namespaces of the two.
    """
    taken: dict[Parent, ResourceId] = {}
    for route in base.of(GATEWAY, "GRPCRoute") if dialect.grpc_keeps_off else ():
        for attached in parents_of(route, dialect):
            taken.setdefault(attached.parent, route.id)
    return {
        (route.id, attached.parent): taken[attached.parent]
        for group in dialect.route_groups
        for route in (base.of(group, "HTTPRoute") if taken else ())
        for attached in parents_of(route, dialect)
        if attached.is_service and attached.parent in taken
    }


def route_kinds(dialect: Dialect) -> list[tuple[str, str]]:
    """Returns the (group, kind) of the routes that a mesh reads."""
    return [*((group, "HTTPRoute") for group in dialect.route_groups), (GATEWAY, "GRPCRoute")]


def _read(resource: Resource, dialect: Dialect) -> Iterator[Attached]:
    """Yields the parents for which a route has effect: Gateways are not the mesh's, and read filters of their own."""
    ignored = why_ignored(resource, dialect)
    yield from (attached for attached in parents_of(resource, dialect) if not (attached.is_service and ignored))


def why_ignored(resource: Resource, dialect: Dialect) -> str | None:
    """Returns why a mesh ignores a whole route of Services, or None (rules R-L5 and R-L11)."""
    name = ignored_filter(resource, dialect)
    return f"its filter {name} is not known" if name else dialect.unconvertible(resource.manifest)


def ignored_filter(resource: Resource, dialect: Dialect) -> str | None:
    """Returns the filter of a rule for which a mesh ignores a whole route of Services, if it has one."""
    for rule in spec_of(resource.manifest).get("rules") or ():
        for item in rule.get("filters") or ():
            if item.get("type") in dialect.ignored_filters:
                return str(item["type"])
    return None


def parents_of(resource: Resource, dialect: Dialect) -> Iterator[Attached]:
    """Yields the Services and Gateways to which a route is attached."""
    for reference in spec_of(resource.manifest).get("parentRefs") or ():
        # The API server fills in the Gateway API's own group, which has no Services.
        group = GATEWAY if reference.get("group") is None else reference["group"]
        kind = reference.get("kind") or "Gateway"
        namespace = reference.get("namespace") or resource.id.namespace
        name, port = reference.get("name") or "", reference.get("port") or 0
        if is_service(group, kind) if dialect.ignores_case else (kind == "Service" and group in SERVICE_GROUPS):
            yield Attached(reference=reference, parent=Parent(ResourceId("", "Service", namespace, name), port, ""))
        elif kind == "Gateway" and group == GATEWAY:
            target = ResourceId(GATEWAY, "Gateway", namespace, name)
            yield Attached(reference=reference, parent=Parent(target, port, reference.get("sectionName") or ""))


def is_service_kind(kind: object, dialect: Dialect) -> bool:
    """Tells whether a reference's kind is that of Services, whatever its group."""
    return is_service("", kind) if dialect.ignores_case else kind == "Service"


def homes(route: Route, parents: Sequence[Attached], dialect: Dialect) -> list[str]:
    """Returns the namespaces that a backendRef without one means at parents: the route's, on Linkerd a parent Service's."""
    own = route.resource.id.namespace
    found = (a.parent.target.namespace if a.is_service and dialect.backends_live_with_parent else own for a in parents)
    return list(dict.fromkeys(found))


def backend(reference: Manifest, home: str, dialect: Dialect | None = None) -> ResourceId | None:
    """Returns the Service that a backendRef means in a namespace, or None for any other kind; Gateways have no dialect."""
    group, kind = reference.get("group"), reference.get("kind") or "Service"
    if not (
        is_service(group or "", kind)
        if dialect and dialect.ignores_case
        else group in SERVICE_GROUPS and kind == "Service"
    ):
        return None
    return ResourceId("", "Service", reference.get("namespace") or home, reference.get("name") or "")


def references_of(rule: Manifest) -> Iterator[Manifest]:
    """Yields the backendRefs of a rule to which anything is sent, and those of its mirrors."""
    yield from live(rule.get("backendRefs") or [])
    for place in (rule, *(rule.get("backendRefs") or ())):
        for item in place.get("filters") or ():
            if (item.get("requestMirror") or {}).get("backendRef"):
                yield item["requestMirror"]["backendRef"]


def live(references: Sequence[Manifest]) -> list[Manifest]:
    """Returns the backendRefs to which anything is sent: not those of weight 0 beside others."""
    return [r for r in references if (1 if r.get("weight") is None else r["weight"]) != 0] or list(references)


def parent_services(route: Route) -> list[Attached]:
    """Returns the parents of a route that are Services."""
    return [attached for attached in route.parents if attached.is_service]


def attached_to(routes: Sequence[Route]) -> Mapping[ResourceId, list[Route]]:
    """Returns the routes of each Service and Gateway."""
    found: dict[ResourceId, list[Route]] = {}
    for route in routes:
        for target in dict.fromkeys(attached.parent.target for attached in route.parents):
            found.setdefault(target, []).append(route)
    return found
