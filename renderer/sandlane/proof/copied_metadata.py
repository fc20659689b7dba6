"""Labels and annotations of copies of routes: those of their routes, but for marks and for what controllers find routes by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, annotations_of, at, labels_of
from sandlane.k8s.selectors import from_label_selector
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.literals import ORIGIN, OWNED_LABELS, OWNED_PREFIXES, SANDBOX, TENANT, is_literal
from sandlane.proof.world import World

_OURS = "sandlane.dev/"
_PLUGIN = ("spec", "strategy", "canary", "trafficRouting", "plugins", "argoproj-labs/gatewayAPI")


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


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=resource.source, path=path, what=f"'{resource.id}': {what}")
