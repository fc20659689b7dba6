"""P1, erasure: the base's objects stand in the output as they are, but for entries that are added (docs/rules/proof.md).

What the added entries do with requests is judged by `requests`, by all that is met: here it is what no request can tell, and that
every entry of the base is there, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.problems.problem import Problem
from sandlane.proof.alignment import align, called, entries, is_kept
from sandlane.proof.differences import differences, wrong
from sandlane.proof.literals import OWNED_LABELS, OWNED_PREFIXES, TRACKING, TRACKING_PREFIXES, USER_FIELDS
from sandlane.proof.marks import as_it_is
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.world import World, directory

_LACKS = "run 'sandlane render'"
"""The way out where the output has not what it should have."""

_wrong = partial(wrong, "SL601")


def check(world: World) -> Iterator[Problem]:
    """Yields what the output changes of the base's objects, and which of them it should hold and does not."""
    for resource in world.output.resources:
        ours = world.base.by_id.get(resource.id)
        if ours is None:
            continue
        where = directory(resource)
        if where == "base":
            yield from _unchanged(world, resource, _originals(world, resource.id))
        elif where == "shared" and (resource.id.group, resource.id.kind) == VIRTUAL_SERVICE:
            yield from _route(world, resource, ours)
        else:
            yield _wrong(resource, "is an object of the base, which the output must not write here")
    yield from _ownership(world)


def _originals(world: World, id: ResourceId) -> list[Resource]:
    """Returns the base's objects with an id: several only where the API server generates their names."""
    first = world.base.by_id[id]
    if first.manifest["metadata"].get("name"):
        return [first]
    return [resource for resource in world.base.of(id.group, id.kind) if resource.id == id]


def _unchanged(world: World, resource: Resource, originals: list[Resource]) -> Iterator[Problem]:
    if (resource.id.group, resource.id.kind) == ("", "Secret"):
        yield _wrong(resource, "is a Secret")
    yield from min((_differences(world, resource, ours, is_adopted=False) for ours in originals), key=len)


def _route(world: World, resource: Resource, ours: Resource) -> Iterator[Problem]:
    """Yields what is lost of a VirtualService of the base to which entries were added."""
    before, after = spec_of(ours.manifest), spec_of(resource.manifest)
    routes = ("http", "tls", "tcp")
    others = {field: value for field, value in before.items() if field not in routes}
    spec = {**others, **{field: after[field] for field in routes if field in after}}
    is_adopted = world.claims.environment.output.base == "none"
    adopted = replace(ours, manifest={**ours.manifest, "spec": spec}) if spec else ours
    yield from _differences(world, resource, adopted, is_adopted=is_adopted)
    base = entries(ours.manifest)
    _, missing = align(base, entries(resource.manifest))
    if missing is not None:
        lost = called(base[missing], missing)
        yield _wrong(resource, f"the base's {lost} is missing, changed or out of order", ("spec", "http"))
    for field in ("tls", "tcp"):
        listed = before.get(field) or [], after.get(field) or []
        if len(listed[0]) != len(listed[1]) or not all(is_kept(a, b) for a, b in zip(*listed, strict=True)):
            yield _wrong(resource, f"'spec.{field}' is not the base's", ("spec", field))


def _differences(world: World, resource: Resource, ours: Resource, *, is_adopted: bool) -> list[Problem]:
    """Returns how an object differs from the base's as the output has it."""
    expected: Any = {**ours.manifest, "metadata": _metadata(resource, ours.manifest["metadata"], is_adopted=is_adopted)}
    if "status" not in resource.manifest:
        expected.pop("status", None)
    if directory(resource) == "shared" and world.text_of(resource).has_references:
        expected = as_it_is(expected)
    return [_wrong(resource, what, path) for path, what in differences(expected, resource.manifest, world.is_note)]


def _metadata(resource: Resource, base: Manifest, *, is_adopted: bool) -> Manifest:
    """Returns the metadata of an object of the base as the output may have it.

    An adopted object loses what its old owner knows it by; one of an output of the whole base is handed over as it is.
    """
    written: Manifest = resource.manifest.get("metadata") or {}
    kept: dict[str, Any] = {f: value for f, value in base.items() if value and (f in USER_FIELDS or f in written)}
    # A namespace on an object of a cluster-scoped kind is ignored by the API server, so it may go.
    kept["namespace"] = resource.id.namespace or (written.get("namespace") and base.get("namespace"))
    for field in ("labels", "annotations"):
        after = written.get(field) or {}
        kept[field] = {
            key: value
            for key, value in (base.get(field) or {}).items()
            if key in after or not (_is_owned(field, key, value) if is_adopted else _is_tracking(key))
        }
    return {field: value for field, value in kept.items() if value}


def _is_owned(field: str, key: str, value: str) -> bool:
    return key.startswith(OWNED_PREFIXES) or (field == "labels" and OWNED_LABELS.get(key) == value)


def _is_tracking(key: str) -> bool:
    return key in TRACKING or key.startswith(TRACKING_PREFIXES)


def _ownership(world: World) -> Iterator[Problem]:
    """Yields base objects that the output holds and does not own, or owns and does not hold: by the environment alone."""
    environment = world.claims.environment
    if environment.output.base == "full":
        for resource in world.base.resources:
            if resource.id not in world.output.by_id and (resource.id.group, resource.id.kind) != ("", "Secret"):
                yield _wrong(resource, "is not in the output, which holds the whole base", hint=_LACKS)
        return
    adopted = {ResourceId(VIRTUAL_SERVICE[0], o.kind, o.namespace, o.name) for o in environment.routes.adopt}
    for id in sorted(adopted):
        if id in world.base.by_id and id not in world.output.by_id:
            yield _wrong(world.base.by_id[id], "is adopted and not in the output", hint=_LACKS)
    for resource in world.output.of(*VIRTUAL_SERVICE):
        if resource.id in world.base.by_id and resource.id not in adopted:
            yield _wrong(resource, "is an object of the base that the environment does not adopt")
