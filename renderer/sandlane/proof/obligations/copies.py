"""P1, copies of routes: a tenant's copy of a base route answers no request that does not carry the tenantID (rule R-G4).

A route stands beside the base's, which are not changed. It must be for the same parents and host names: a wider one would
take requests from a default route or from a wildcard host. Every match of every rule must demand the tenantID.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, annotations_of, at, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.additional import AddedRoute
from sandlane.proof.alignment import same
from sandlane.proof.literals import ORIGIN, OWNED_LABELS, OWNED_PREFIXES, SANDBOX, TENANT, is_literal, quoted
from sandlane.proof.routes import Route, rules_of
from sandlane.proof.world import World

_PLUGIN = ("spec", "strategy", "canary", "trafficRouting", "plugins", "argoproj-labs/gatewayAPI")
_OURS = "sandlane.dev/"
_CHANGED = ("parentRefs", "rules")
"""Fields of a copy's spec that are not its route's; parentRefs and rules have checks of their own."""


def check(world: World) -> Iterator[Problem]:
    """Yields added routes that could answer, or be in the way of, a request without their tenantID."""
    for added in world.added_routes:
        if added.is_default:
            continue
        yield from _demands(world, added)
        if added.origin is None:
            label = labels_of(added.resource.manifest).get(ORIGIN)
            kind = f"no {added.resource.id.kind} of the base that the mesh reads"
            what = f"label '{ORIGIN}' is {quoted(label)}, {kind}, and no rule is a default"
            yield _wrong(added.resource, what, ("metadata", "labels"))
            continue
        yield from _place(added, added.origin)
        yield from other_metadata(world, added.resource, added.origin.resource)


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _demands(world: World, added: AddedRoute) -> Iterator[Problem]:
    """Yields rules that a request can meet without the tenantID, and carriers other than the object's one (rule R-G5)."""
    for number in added.free:
        text = f"rule {number + 1} does not demand tenantID '{added.holder.tenant}' in every match"
        yield _wrong(added.resource, text, ("spec", "rules", number))
    linkerd = world.claims.environment.cluster.linkerd
    is_refused = world.reader.is_linkerd and not linkerd.grpc_matches_without_method
    is_refused &= added.resource.id.kind == "GRPCRoute" and any(parent.is_service for parent in added.parents)
    for number, mine in enumerate(rules_of(added.resource.manifest) if is_refused else ()):
        if any(not match.get("method") for match in mine.get("matches") or ()):  # rule R-L1
            text = f"for rule {number + 1}, which asks for no method, proxies fail every request to the Service"
            yield _wrong(added.resource, text, ("spec", "rules", number, "matches"))
    for number, rule in enumerate(added.demands):
        if any(carrier not in (None, added.carrier) for carrier in rule):
            yield _wrong(
                added.resource,
                f"rule {number + 1} demands another carrier than those before it",
                ("spec", "rules", number),
            )


def _place(added: AddedRoute, origin: Route) -> Iterator[Problem]:
    resource, base = added.resource, origin.resource
    if resource.manifest.get("apiVersion") != base.manifest.get("apiVersion"):
        yield _wrong(resource, f"'apiVersion' is not that of '{base.id}'", ("apiVersion",))
    known = [parent.form for parent in origin.parents]
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


def other_metadata(world: World, resource: Resource, base: Resource) -> Iterator[Problem]:
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
