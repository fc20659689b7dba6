"""What forbids a default on a port of a Service: routes of the base there, and what each mesh makes of several namespaces' (rule R-G6).

GEP-1294: routes of a client's namespace replace those of the Service's. Linkerd joins the two (policy-controller/k8s/index/src/
outbound/index.rs), and of rules that rank alike the older wins (grpc/src/outbound.rs), so that a default must do what they do.
A waypoint of Istio heeds routes of the Service's namespace and of its own alone (listener_waypoint.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import re2

from sandlane.k8s.resource import Manifest, ResourceId, annotations_of, spec_of
from sandlane.proof.routes import Parent, Place, backend, homes, rules_of
from sandlane.proof.spelling import spelled_match
from sandlane.proof.world import World
from sandlane.semantics.waypoints import waypoint_home

_TUNING = ("retry.linkerd.io/", "timeout.linkerd.io/")


def forbidding(world: World, service: ResourceId, port: int) -> str | None:
    """Returns which routes of the base forbid a default on a port of a Service, or None."""
    places = [place for place in world.routes.at.get(service, ()) if place[1].port in (None, port)]
    for_all = heeded(world, service)
    own = next((route for route, _ in places if route.resource.id.namespace in for_all), None)
    if own:
        return f"'{own.resource.id}' of the base serves it"
    if world.reader.needs_waypoint or world.reader.replaces_namespaces:
        return None
    by_namespace: dict[str, list[Place]] = {}
    for place in places:
        by_namespace.setdefault(place[0].resource.id.namespace, []).append(place)
    for found in by_namespace.values():
        if not any(
            _answers_all(route.resource.manifest) for route, _ in found if route.resource.id.kind == "HTTPRoute"
        ):
            return f"'{found[0][0].resource.id}' of the base leaves requests of its namespace over"
        rival = next(_rivals(world, found, service, port), None) if world.reader.is_linkerd else None
        if rival:
            return f"'{rival[0].resource.id}' of the base may be younger, and answers otherwise"
    return None


def heeded(world: World, service: ResourceId) -> set[str]:
    """Returns the namespaces whose routes of a Service are for all clients: its own, and that of its waypoint."""
    found = {service.namespace}
    resource = world.base.by_id.get(service)
    home = waypoint_home(world.base, resource) if world.reader.needs_waypoint and resource else None
    return found | ({home} if home else set())


def _answers_all(manifest: Manifest) -> bool:
    """Tells whether a route has a rule for every request; with host names it has not."""
    has_hosts = bool(spec_of(manifest).get("hostnames"))
    everything = {"path": {"type": "PathPrefix", "value": "/"}}
    return not has_hosts and any(match == everything for rule in rules_of(manifest) for match in _spelled(rule))


def _spelled(rule: Manifest) -> list[Manifest]:
    return [spelled_match(match, is_http=True) for match in rule.get("matches") or [{}]]


def _rivals(world: World, places: Sequence[Place], service: ResourceId, port: int) -> Iterator[Place]:
    """Yields routes beside which a default may win or lose by its age alone, and does otherwise; GRPCRoutes switch it off."""
    for route, parent in places:
        manifest = route.resource.manifest
        if route.resource.id.kind != "HTTPRoute":
            yield route, parent
        elif not spec_of(manifest).get("hostnames"):
            is_tuned = any(key.startswith(_TUNING) for key in annotations_of(manifest))
            home = homes(world.reader, route.resource.id.namespace, [parent])[0]
            for rule in rules_of(manifest):
                if _is_least(rule) and (is_tuned or not _forwards(world, rule, home, parent, service, port)):
                    yield route, parent


def _is_least(rule: Manifest) -> bool:
    """Tells whether a match may hold by a path of one character alone; of such only the root is a request's."""
    paths = [match["path"] for match in _spelled(rule) if set(match) == {"path"}]
    return any(_is_root(path["type"], str(path["value"])) for path in paths)


def _is_root(kind: str, value: str) -> bool:
    if kind != "RegularExpression":
        return value.rstrip("/") == ""
    try:
        return re2.fullmatch(value, "/") is not None
    except re2.error:
        return False


def _forwards(world: World, rule: Manifest, home: str, parent: Parent, service: ResourceId, port: int) -> bool:
    """Tells whether a rule forwards to the Service at the port that it is called at, and changes nothing."""
    references = rule.get("backendRefs") or [
        {"name": service.name, "namespace": service.namespace, "port": parent.port or port}
    ]
    is_bare = not [field for field, value in rule.items() if value and field not in ("matches", "backendRefs", "name")]
    return is_bare and all(
        backend(r, home, world.reader) == service
        and r.get("port") == port
        and r.get("weight", 1) != 0
        and not r.get("filters")
        for r in references
    )
