"""P7, wrapping: the routes and policies of the output have the metadata of what they were made of, and marks, and nothing more.

Finalizers, owners, hooks and the annotations by which Argo CD and Flux skip, keep or replace objects would decide otherwise than
their specs what becomes of them. What they say in their specs is judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import Manifest, Resource, at, labels_of
from sandlane.k8s.selectors import from_label_selector
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.differences import IsNote, differences
from sandlane.proof.expected_workloads import KINDS
from sandlane.proof.literals import MANAGED_BY, ORIGIN, SUBSTITUTE, origin_value
from sandlane.proof.marks import kept_metadata, marks_of, notes_of
from sandlane.proof.readers import HTTP_ROUTE, VIRTUAL_SERVICE
from sandlane.proof.world import World, directory

_MADE: Mapping[GroupKind, str] = {VIRTUAL_SERVICE: "networking.istio.io/v1", HTTP_ROUTE: "gateway.networking.k8s.io/v1"}
"""Kinds of which the output has objects that are no copies, and their apiVersion."""
_PLUGIN = ("spec", "strategy", "canary", "trafficRouting", "plugins", "argoproj-labs/gatewayAPI")


def check(world: World) -> Iterator[Problem]:
    """Yields routes and policies with fields, labels or annotations that render never writes."""
    services, gateways = (_labels(world.base.of(*key)) for key in (("", "Service"), ("networking.istio.io", "Gateway")))
    origins = frozenset(origin_value(id.kind, id.name) for claim in world.claims.sandboxes for id in claim.origins)
    for resource in world.added:
        key = (resource.id.group, resource.id.kind)
        if key in KINDS or world.is_brought(resource):
            continue
        label = labels_of(resource.manifest).get(ORIGIN, "")
        found = world.originals(resource)
        # What a sandbox has of Istio's that is no copy is its preview.
        is_preview = key == VIRTUAL_SERVICE and directory(resource) != "shared"
        made = key in _MADE and (resource.id.namespace, label) in (gateways if is_preview else services)
        if not found and not made:
            what = (
                f"'{resource.id}': label '{ORIGIN}' is '{label}', which is nothing of the base that it can be made of"
            )
            yield report("SL623", source=resource.source, path=("metadata", "labels"), what=what)
            continue
        names = [r.id.name for r in found] or [label]
        if not any(_is_named(world, resource, name, origins) for name in names):
            what = f"'{resource.id}': its name is none that an object made of '{names[0]}' has"
            yield report("SL623", source=resource.source, path=("metadata", "name"), what=what)
        wanted = [_wrapping(world, resource, r) for r in found] + ([_wrapping(world, resource, None)] if made else [])
        for path, what in min(([*_differences(one, resource, world.is_note)] for one in wanted), key=len):
            yield report("SL623", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _labels(resources: Iterable[Resource]) -> set[tuple[str, str]]:
    """Returns namespaces and origin labels of what is made of objects of the base, where it is in the same namespace."""
    return {(resource.id.namespace, fit(resource.id.name, LABEL_VALUE_LIMIT)) for resource in resources}


def _is_named(world: World, resource: Resource, origin: str, workloads: frozenset[str]) -> bool:
    """Tells whether an object has a name that its kind gets: its origin's, and behind it whose, and what else, it is for.

    Names that are too long end in a hash, and are not looked at.
    """
    name, holder = resource.id.name, world.holders.get(directory(resource))
    if len(name) >= OBJECT_NAME_LIMIT:
        return True
    if holder is None:
        beginning, _, workload = name.rpartition("-clones-of-")
        return name == f"{origin}-sandlane" or (beginning == origin and workload in workloads)
    head, _, tail = name.rpartition("-")
    is_numbered = tail[:1] in ("h", "b") and not tail[1:].strip("0123456789")
    whose = f"-{holder.tenant}"
    ends = (end for end in (name, *([head] if is_numbered else [])) if end.endswith(whose))
    return name == f"preview{whose}" or any(f"-{origin}-" in f"-{end.removesuffix(whose)}-" for end in ends)


def _wrapping(world: World, resource: Resource, original: Resource | None) -> Manifest:
    """Returns all but the spec of an object as it has to be, made of an object of the base or of a Service alone."""
    key, id = (resource.id.group, resource.id.kind), resource.id
    holder = world.holders.get(directory(resource))
    label = labels_of(resource.manifest).get(ORIGIN, "")
    marks = marks_of(world.claims.environment, holder, None) if holder else {MANAGED_BY: "sandlane"}
    is_copied = original is not None and holder is not None
    given = kept_metadata(original.manifest if is_copied and original else {})
    kept, notes = given["labels"], given["annotations"]
    if original and key in world.reader.kinds:
        kept = {k: v for k, v in kept.items() if k not in _found_by(world, original)}
    if holder:
        notes |= notes_of(holder)
    if SUBSTITUTE not in notes and world.text_of(resource).has_references:
        notes[SUBSTITUTE] = "disabled"
    metadata = {
        "name": id.name,
        "namespace": id.namespace,
        "labels": {**kept, **marks, ORIGIN: label},
        **({"annotations": notes} if notes else {}),
    }
    version = original.manifest["apiVersion"] if original else _MADE[key]
    return {"apiVersion": version, "kind": id.kind, "metadata": metadata}


def _found_by(world: World, route: Resource) -> frozenset[str]:
    """Returns the labels by which Argo Rollouts' Gateway API plugin finds a route, and its own: copies must not have them."""
    keys = {"rollouts.argoproj.io/gatewayapi-canary"}
    for rollout in world.base.of("argoproj.io", "Rollout"):
        plugin: Any = at(rollout.manifest, _PLUGIN) or {}
        selector = plugin.get(f"{route.id.kind[:4].lower()}RouteSelector") or {}
        if (plugin.get("namespace") or rollout.id.namespace) == route.id.namespace:
            keys |= {requirement.key for requirement in from_label_selector(selector)}
    return frozenset(keys)


def _differences(wanted: Manifest, resource: Resource, is_note: IsNote) -> Iterable[tuple[Any, str]]:
    without_spec = {field: value for field, value in resource.manifest.items() if field != "spec"}
    return differences(wanted, without_spec, is_note)
