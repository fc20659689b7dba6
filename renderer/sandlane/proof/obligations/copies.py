"""P1, copies of routes: what no request can tell of a tenant's copy of a base route is the base's (rule R-G4).

What rules do with requests is judged by `requests`. A copy is for parents of its route alone, and its metadata, by which meshes and
controllers read it otherwise (timeouts on Linkerd), is its route's. A route for a Service without routes has nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, annotations_of, at, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.additional import AddedRoute, added_routes
from sandlane.proof.alignment import same
from sandlane.proof.literals import (
    MARKS,
    NOTES,
    ORIGIN,
    OWNED_LABELS,
    OWNED_PREFIXES,
    SANDBOX,
    TENANT,
    is_literal,
    quoted,
)
from sandlane.proof.readers import GATEWAY_API, HTTP_ROUTE
from sandlane.proof.routes import parents_of, rules_of
from sandlane.proof.world import World

_PLUGIN = ("spec", "strategy", "canary", "trafficRouting", "plugins", "argoproj-labs/gatewayAPI")
_OURS = "sandlane.dev/"
_CHANGED = ("parentRefs", "rules")
"""Fields of a copy's spec that are not its route's."""


def check(world: World) -> Iterator[Problem]:
    """Yields added routes that are for other parents, or read otherwise, than the base's."""
    for added in added_routes(world):
        yield from _without_method(world, added)
        if added.origin is not None:
            yield from _place(world, added, added.origin)
            yield from _metadata(world, added.resource, added.origin)
        else:
            yield from _first(world, added)


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _first(world: World, added: AddedRoute) -> Iterator[Problem]:
    """Yields why a route is none for one port of a Service that has no routes."""
    resource, spec = added.resource, spec_of(added.resource.manifest)
    parent = added.parents[0] if len(added.parents) == 1 else None
    target = parent.target if parent else None
    is_one = parent is not None and parent.is_service and bool(parent.port) and not parent.section
    if (resource.id.group, resource.id.kind) != HTTP_ROUTE or not is_one or target not in world.base.by_id:
        label = labels_of(resource.manifest).get(ORIGIN)
        what = f"label '{ORIGIN}' is {quoted(label)}, no {resource.id.kind} of the base, and it is not for one port of a Service"
        yield _wrong(resource, what, ("metadata", "labels"))
    if resource.manifest.get("apiVersion") != f"{GATEWAY_API}/v1":
        yield _wrong(resource, f"'apiVersion' is not {GATEWAY_API}/v1", ("apiVersion",))
    for field in sorted(spec.keys() - {*_CHANGED}):
        yield _wrong(resource, f"'spec.{field}' is none of a first route's", ("spec", field))
    for field, found, own in (
        ("annotation", annotations_of(resource.manifest), NOTES),
        ("label", labels_of(resource.manifest), {*MARKS, world.claims.environment.tenant_label}),
    ):
        for key in found:
            if key not in own and not world.is_note(f"{field}s", key):
                yield _wrong(resource, f"{field} '{key}' is none of a first route's", ("metadata", f"{field}s"))


def _without_method(world: World, added: AddedRoute) -> Iterator[Problem]:
    """Yields rules of GRPCRoutes for which Linkerd's proxies would fail every request to a Service (rule R-L1)."""
    linkerd = world.claims.environment.cluster.linkerd
    is_refused = world.reader.is_linkerd and not linkerd.grpc_matches_without_method
    is_refused &= added.resource.id.kind == "GRPCRoute" and any(parent.is_service for parent in added.parents)
    for number, mine in enumerate(rules_of(added.resource.manifest) if is_refused else ()):
        if any(not match.get("method") for match in mine.get("matches") or ()):
            text = f"for rule {number + 1}, which asks for no method, proxies fail every request to the Service"
            yield _wrong(added.resource, text, ("spec", "rules", number, "matches"))


def _place(world: World, added: AddedRoute, base: Resource) -> Iterator[Problem]:
    resource = added.resource
    if resource.manifest.get("apiVersion") != base.manifest.get("apiVersion"):
        yield _wrong(resource, f"'apiVersion' is not that of '{base.id}'", ("apiVersion",))
    known = [parent.form for parent in parents_of(world.reader, base.manifest, base.id.namespace)]
    if not added.parents:
        yield _wrong(resource, "has no parentRefs", ("spec",))
    for number, parent in enumerate(added.parents):
        path: Path = ("spec", "parentRefs", number)
        if parent.form not in known:
            yield _wrong(resource, f"parentRef {number + 1} is none of '{base.id}'", path)
        elif parent.form in [other.form for other in added.parents[:number]]:
            yield _wrong(resource, f"parentRef {number + 1} stands there twice", path)
    mine, spec = spec_of(resource.manifest), spec_of(base.manifest)
    for field in dict.fromkeys((*spec, *mine)):
        # No host names and an empty list of them are the same to the API server.
        if field not in _CHANGED and not same(mine.get(field) or None, spec.get(field) or None):
            yield _wrong(resource, f"'spec.{field}' is not that of '{base.id}'", ("spec", field))


def _metadata(world: World, resource: Resource, base: Resource) -> Iterator[Problem]:
    """Yields annotations and labels that decide otherwise than the base's who reads the copy, and how (timeouts on Linkerd)."""
    found_by = _found_by(world, base)
    marks = {TENANT, SANDBOX, ORIGIN, world.claims.environment.tenant_label, "app.kubernetes.io/managed-by"}
    for field, mine, theirs in (
        ("annotation", annotations_of(resource.manifest), annotations_of(base.manifest)),
        ("label", labels_of(resource.manifest), labels_of(base.manifest)),
    ):
        for key in dict.fromkeys((*theirs, *mine)):
            is_own = key.startswith(_OURS) or key in marks
            is_released = key not in mine and (key.startswith(OWNED_PREFIXES) or _is_tracked(field, key, theirs))
            is_own |= field == "annotation" and key not in theirs and is_literal(resource.manifest, key, mine[key])
            is_released |= field == "label" and key not in mine and key in found_by
            is_note = key not in theirs and world.is_note(f"{field}s", key)
            if not is_own and not is_released and not is_note and mine.get(key) != theirs.get(key):
                yield _wrong(resource, f"{field} '{key}' is not that of '{base.id}'", ("metadata", f"{field}s"))


def _is_tracked(field: str, key: str, values: Manifest) -> Any:
    """Tells whether a label is one by which Helm or Argo CD takes an object for its own."""
    return field == "label" and (key == "app.kubernetes.io/instance" or OWNED_LABELS.get(key) == values.get(key))


def _found_by(world: World, base: Resource) -> frozenset[str]:
    """Returns the labels by which Argo Rollouts' Gateway API plugin finds a route, and its own: copies must not have them."""
    keys = {"rollouts.argoproj.io/gatewayapi-canary"}
    for rollout in world.base.of("argoproj.io", "Rollout"):
        plugin: Any = at(rollout.manifest, _PLUGIN) or {}
        selector = plugin.get(f"{base.id.kind[:4].lower()}RouteSelector") or {}
        if (plugin.get("namespace") or rollout.id.namespace) == base.id.namespace:
            keys |= {requirement.key for requirement in from_label_selector(selector)}
    return frozenset(keys)
