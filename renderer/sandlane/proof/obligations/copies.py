"""P1, copies of routes: what no request can tell of a tenant's copy of a base route is the base's (rule R-G4).

What rules do with requests is judged by `requests`, metadata by `wrapping`. A copy is for objects alone that its route is for. A route
for a Service without routes is for one port of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import Resource, labels_of, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import same
from sandlane.proof.literals import ORIGIN, quoted
from sandlane.proof.readers import HTTP_ROUTE
from sandlane.proof.routes import AddedRoute, added_routes, parents_of
from sandlane.proof.world import World
from sandlane.semantics.gateway_api import rules_of

_CHANGED = ("parentRefs", "rules")
"""Fields of a copy's spec that are not its route's."""


def check(world: World) -> Iterator[Problem]:
    """Yields added routes that are for other parents, or read otherwise, than the base's."""
    for added in added_routes(world):
        yield from _without_method(world, added)
        yield from _copied(world, added, added.origin) if added.origin else _first(world, added)


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _first(world: World, added: AddedRoute) -> Iterator[Problem]:
    """Yields why a route is none for one port of a Service that has no routes."""
    resource, spec = added.resource, spec_of(added.resource.manifest)
    parent = added.parents[0] if len(added.parents) == 1 else None
    is_one = parent is not None and parent.is_service and "port" in parent.form and "sectionName" not in parent.form
    target = parent.target if parent else None
    if (resource.id.group, resource.id.kind) != HTTP_ROUTE or not is_one or target not in world.base.by_id:
        label = labels_of(resource.manifest).get(ORIGIN)
        what = f"label '{ORIGIN}' is {quoted(label)}, no {resource.id.kind} of the base, and it is not for one port of a Service"
        yield _wrong(resource, what, ("metadata", "labels"))
    for field in sorted(spec.keys() - {*_CHANGED}):
        yield _wrong(resource, f"'spec.{field}' is none of a first route's", ("spec", field))


def _without_method(world: World, added: AddedRoute) -> Iterator[Problem]:
    """Yields rules of GRPCRoutes for which Linkerd's proxies would fail every request to a Service (rule R-L1)."""
    linkerd = world.claims.environment.cluster.linkerd
    is_refused = world.reader.is_linkerd and not linkerd.grpc_matches_without_method
    is_refused &= added.resource.id.kind == "GRPCRoute" and any(parent.is_service for parent in added.parents)
    for number, mine in enumerate(rules_of(added.resource) if is_refused else ()):
        if any(not match.get("method") for match in mine.get("matches") or ()):
            text = f"for rule {number + 1}, which asks for no method, proxies fail every request to the Service"
            yield _wrong(added.resource, text, ("spec", "rules", number, "matches"))


def _copied(world: World, added: AddedRoute, base: Resource) -> Iterator[Problem]:
    resource, mine, spec = added.resource, spec_of(added.resource.manifest), spec_of(base.manifest)
    preview = world.claims.environment.preview
    host = preview.host.replace("{tenantID}", added.holder.tenant) if preview else None
    is_preview = host is not None and mine.get("hostnames") == [host]
    parents = parents_of(world, base)
    known = [parent.target if is_preview else parent.form for parent in parents]
    if not added.parents:
        yield _wrong(resource, "has no parentRefs", ("spec",))
    for number, parent in enumerate(added.parents):
        path: Path = ("spec", "parentRefs", number)
        if (parent.target if is_preview else parent.form) not in known:
            yield _wrong(resource, f"parentRef {number + 1} is none of '{base.id}'", path)
        elif parent.form in [other.form for other in added.parents[:number]]:
            yield _wrong(resource, f"parentRef {number + 1} stands there twice", path)
    for field in dict.fromkeys((*spec, *mine)):
        # No host names and an empty list of them are the same to the API server.
        is_changed = field in _CHANGED or (is_preview and field == "hostnames")
        if not is_changed and not same(mine.get(field) or None, spec.get(field) or None):
            yield _wrong(resource, f"'spec.{field}' is not that of '{base.id}'", ("spec", field))
