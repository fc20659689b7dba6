"""P1, copies of routes: what no request can tell of a tenant's copy of a base route is the base's (rule R-G4).

What rules do with requests is judged by `requests`, metadata by `wrapping`. A copy is for objects alone that its route is for. A route
for a Service without routes is for one port of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import Manifest, Resource, ResourceId, labels_of, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.differences import same
from sandlane.proof.literals import ORIGIN, quoted
from sandlane.proof.policies import is_route, kind_of
from sandlane.proof.readers import GATEWAY_API, HTTP_ROUTE
from sandlane.proof.world import World, directory
from sandlane.semantics.gateway_api import rules_of
from sandlane.semantics.objects import parent_of

_CHANGED = ("parentRefs", "rules")
"""Fields of a copy's spec that are not its route's."""
_Parent = tuple[Manifest, ResourceId]
"""What a parentRef says with its defaults written out, and the object that it means."""


def check(world: World) -> Iterator[Problem]:
    """Yields added routes that are for other parents, or read otherwise, than the base's."""
    for route in world.added:
        holder = world.holders.get(directory(route))
        if holder and is_route(route):
            parents = _parents(world, route)
            yield from _without_method(world, route, parents)
            originals = world.originals(route)
            if originals:
                yield from _copied(world, route, holder.tenant, parents, originals[0])
            else:
                yield from _first(world, route, parents)


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _parents(world: World, route: Resource) -> list[_Parent]:
    default = {"group": GATEWAY_API, "kind": "Gateway", "namespace": route.id.namespace}
    references: list[Manifest] = spec_of(route.manifest).get("parentRefs") or []
    said = [{key: value for key, value in reference.items() if value is not None} for reference in references]
    mesh = world.claims.environment.mesh
    return [({**default, **each}, parent_of(each, route.id.namespace, mesh)) for each in said]


def _is_service(id: ResourceId) -> bool:
    return (id.group, id.kind) == ("", "Service")


def _first(world: World, route: Resource, parents: list[_Parent]) -> Iterator[Problem]:
    """Yields why a route is none for one port of a Service that has no routes."""
    is_for_port = [
        _is_service(target) and target in world.base.by_id and "port" in form and "sectionName" not in form
        for form, target in parents
    ]
    if kind_of(route) != HTTP_ROUTE or is_for_port != [True]:
        label = labels_of(route.manifest).get(ORIGIN)
        what = f"label '{ORIGIN}' is {quoted(label)}, no {route.id.kind} of the base, and it is not for one port of a Service"
        yield _wrong(route, what, ("metadata", "labels"))
    for field in sorted(spec_of(route.manifest).keys() - {*_CHANGED}):
        yield _wrong(route, f"'spec.{field}' is none of a first route's", ("spec", field))


def _without_method(world: World, route: Resource, parents: list[_Parent]) -> Iterator[Problem]:
    """Yields rules of GRPCRoutes for which Linkerd's proxies would fail every request to a Service (rule R-L1)."""
    is_taken = not world.reader.is_linkerd or world.claims.environment.cluster.linkerd.grpc_matches_without_method
    is_refused = not is_taken and route.id.kind == "GRPCRoute" and any(_is_service(target) for _, target in parents)
    for number, rule in enumerate(rules_of(route) if is_refused else ()):
        if any(not match.get("method") for match in rule.get("matches") or ()):
            text = f"for rule {number + 1}, which asks for no method, proxies fail every request to the Service"
            yield _wrong(route, text, ("spec", "rules", number, "matches"))


def _copied(world: World, route: Resource, tenant: str, parents: list[_Parent], base: Resource) -> Iterator[Problem]:
    mine, spec, preview = spec_of(route.manifest), spec_of(base.manifest), world.claims.environment.preview
    is_preview = preview is not None and mine.get("hostnames") == [preview.host.replace("{tenantID}", tenant)]
    known = _parents(world, base)
    if not parents:
        yield _wrong(route, "has no parentRefs", ("spec",))
    for number, (form, target) in enumerate(parents):
        path: Path = ("spec", "parentRefs", number)
        if target not in [other for _, other in known] if is_preview else form not in [other for other, _ in known]:
            yield _wrong(route, f"parentRef {number + 1} is none of '{base.id}'", path)
        elif form in [other for other, _ in parents[:number]]:
            yield _wrong(route, f"parentRef {number + 1} stands there twice", path)
    for field in dict.fromkeys((*spec, *mine)):
        # No host names and an empty list of them are the same to the API server.
        is_changed = field in _CHANGED or (is_preview and field == "hostnames")
        if not is_changed and not same(mine.get(field) or None, spec.get(field) or None):
            yield _wrong(route, f"'spec.{field}' is not that of '{base.id}'", ("spec", field))
