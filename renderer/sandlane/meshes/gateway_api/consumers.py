"""Routes of a Service that are for clients of their own namespace alone, beside a default for all others (rule R-G6).

A default of the Service's namespace must change nothing for those clients. GEP-1294: their own routes replace the Service's, as
in Istio's sidecars, though not every mesh knows such routes. Linkerd (policy-controller/k8s/index/src/outbound/index.rs, grpc/src/
outbound.rs) gives them both, the older first where two rank alike. Ambient's waypoints heed none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.ports import is_http_alone
from sandlane.k8s.resource import Manifest, ResourceId, annotations_of, spec_of
from sandlane.meshes.gateway_api.attached_routes import Route, backend, homes
from sandlane.meshes.gateway_api.components import Component
from sandlane.meshes.gateway_api.copies import with_defaults
from sandlane.meshes.gateway_api.dialects import Dialect
from sandlane.meshes.gateway_api.overlap import is_matched
from sandlane.meshes.gateway_api.waypoints import heeded

_TUNED = ("retry.linkerd.io/", "timeout.linkerd.io/")


def routes_at(dialect: Dialect, parts: Sequence[Component], port: Manifest) -> list[Route]:
    """Returns the routes of components that requests to a port of their Service can meet."""
    found = (route for part in parts for route, attached in part.pairs if attached.parent.port in (0, port["port"]))
    is_without_grpc = dialect.reads_by_protocol and is_http_alone(port)
    read = (route for route in found if not (is_without_grpc and route.resource.id.kind == "GRPCRoute"))
    return list({route.resource.id: route for route in read}.values())


def is_served(base: Base, dialect: Dialect, routes: Sequence[Route], service: ResourceId) -> bool:
    """Tells whether one of the routes is for every client: then the Service needs no default."""
    homes = heeded(base, service) if dialect.needs_waypoint else {service.namespace}
    return any(route.resource.id.namespace in homes for route in routes)


def in_the_way(dialect: Dialect, routes: Sequence[Route], service: ResourceId, port: int) -> Iterator[Route]:
    """Yields a route of each namespace whose clients would notice a default; the Service has none of its own."""
    if dialect.needs_waypoint or dialect.replaces_namespaces:
        return
    by_namespace: dict[str, list[Route]] = {}
    for route in routes:
        by_namespace.setdefault(route.resource.id.namespace, []).append(route)
    for own in by_namespace.values():
        strange = next(_competing(dialect, own, service, port), None) if dialect.merges_namespaces else None
        if strange or not any(_is_exhaustive(route) for route in own):
            yield strange or own[0]


def _competing(dialect: Dialect, routes: Sequence[Route], service: ResourceId, port: int) -> Iterator[Route]:
    """Yields routes with a rule that ranks as a default does, and does otherwise: which is older would decide.

    GRPCRoutes switch HTTPRoutes off, so that the default and the tenant's rule beside it would have no effect.
    """
    for route in routes:
        is_http = route.resource.id.kind == "HTTPRoute"
        is_hosted = bool(spec_of(route.resource.manifest).get("hostnames"))
        if not is_http or (
            not is_hosted
            and any(_ranks_last(rule) and not _is_default(dialect, route, rule, service, port) for rule in route.rules)
        ):
            yield route


def _ranks_last(rule: Manifest) -> bool:
    """Tells whether a match of a rule may rank as low as everything: by a path of one character and by nothing else."""
    matches = (with_defaults(match, is_http=True) for match in rule.get("matches") or [{}])
    return any(_is_bare(m) and _is_shortest(m["path"]) for m in matches)


def _is_bare(match: Mapping[str, Any]) -> bool:
    return not any(match.get(field) for field in ("headers", "queryParams", "method"))


def _is_shortest(path: Mapping[str, str]) -> bool:
    if path["type"] == "RegularExpression":  # its length is that of the request's path
        return is_matched(path["value"], "/")
    return len(path["value"].rstrip("/") or "/") == 1


def _is_default(dialect: Dialect, route: Route, rule: Manifest, service: ResourceId, port: int) -> bool:
    """Tells whether a rule does what a default does: forward to the Service as it is called without any route."""
    backends = rule.get("backendRefs") or []
    home = homes(route, [a for a in route.parents if a.parent.target == service], dialect)[0]
    to_itself = all(
        backend(b, home, dialect) == service and b.get("port") == port and not b.get("filters") for b in backends
    )
    is_plain = set(rule) <= {"matches", "backendRefs", "name"}
    is_tuned = any(key.startswith(_TUNED) for key in annotations_of(route.resource.manifest))
    has_share = all((1 if b.get("weight") is None else b["weight"]) for b in backends)
    return is_plain and not is_tuned and to_itself and has_share


def _is_exhaustive(route: Route) -> bool:
    """Tells whether a route has a rule for every request."""
    if spec_of(route.resource.manifest).get("hostnames") or route.resource.id.kind != "HTTPRoute":
        return False
    matches = (with_defaults(m, is_http=True) for rule in route.rules for m in rule.get("matches") or [{}])
    return any(_is_bare(m) and m["path"] == {"type": "PathPrefix", "value": "/"} for m in matches)
