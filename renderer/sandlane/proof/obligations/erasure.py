"""P1, erasure: the base's objects stand in the output as they are, but for entries that are added (docs/rules/proof.md).

What the added entries do with requests is judged by `requests`, by all that is met: here it is what no request can tell, and that
every entry of the base is there, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import align, called, entries, is_kept, same
from sandlane.proof.literals import OWNED_LABELS, OWNED_PREFIXES, TRACKING, TRACKING_PREFIXES, USER_FIELDS, is_literal
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.world import World, directory


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


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _originals(world: World, id: ResourceId) -> list[Resource]:
    """Returns the base's objects with an id: several only where the API server generates their names."""
    first = world.base.by_id[id]
    if first.manifest["metadata"].get("name"):
        return [first]
    return [resource for resource in world.base.of(id.group, id.kind) if resource.id == id]


def _unchanged(world: World, resource: Resource, originals: list[Resource]) -> Iterator[Problem]:
    if (resource.id.group, resource.id.kind) == ("", "Secret"):
        yield _wrong(resource, "is a Secret")
    found = [list(_changes(world, ours, resource, skip=(), is_adopted=False)) for ours in originals]
    yield from min(found, key=len)


def _route(world: World, resource: Resource, ours: Resource) -> Iterator[Problem]:
    is_adopted = world.claims.environment.output.base == "none"
    yield from _changes(world, ours, resource, skip=("http", "tls", "tcp"), is_adopted=is_adopted)
    base = entries(ours.manifest)
    missing = align(base, entries(resource.manifest)).missing
    if missing is not None:
        lost = called(base[missing], missing)
        yield _wrong(resource, f"the base's {lost} is missing, changed or out of order", ("spec", "http"))
    for field in ("tls", "tcp"):
        before, after = (spec_of(r.manifest).get(field) or [] for r in (ours, resource))
        if len(before) != len(after) or not all(is_kept(a, b) for a, b in zip(before, after, strict=True)):
            yield _wrong(resource, f"'spec.{field}' is not the base's", ("spec", field))


def _changes(
    world: World, ours: Resource, resource: Resource, skip: tuple[str, ...], *, is_adopted: bool
) -> Iterator[Problem]:
    """Yields the fields that differ from the base's, without the fields of the spec to skip.

    An adopted object loses what its old owner knows it by; one of an output of the whole base is handed over as it is.
    """
    base, written = ours.manifest, resource.manifest
    metadata = base["metadata"], written.get("metadata") or {}
    yield from _metadata(world, resource, *metadata, is_adopted=is_adopted)
    for field in dict.fromkeys((*base, *written)):
        if field == "metadata" or (field == "status" and field not in written):
            continue
        if field == "spec" and skip and isinstance(written.get(field), Mapping):
            yield from _spec(resource, base.get(field) or {}, written[field], skip)
        elif field not in base or field not in written or not same(base[field], written[field]):
            yield _wrong(resource, f"'{field}' is not the base's", (field,))


def _spec(resource: Resource, base: Manifest, written: Manifest, skip: tuple[str, ...]) -> Iterator[Problem]:
    for field in dict.fromkeys((*base, *written)):
        if field not in skip and (field not in base or field not in written or not same(base[field], written[field])):
            yield _wrong(resource, f"'spec.{field}' is not the base's", ("spec", field))


def _metadata(
    world: World, resource: Resource, base: Manifest, written: Manifest, *, is_adopted: bool
) -> Iterator[Problem]:
    # A namespace on an object of a cluster-scoped kind is ignored by the API server, so it may go.
    namespace = resource.id.namespace or (written.get("namespace") and base.get("namespace"))
    expected = {**base, "namespace": namespace}
    for field in dict.fromkeys((*USER_FIELDS, *written)):
        # No finalizers and an empty list of them are the same to the API server.
        if field not in ("labels", "annotations") and not same(expected.get(field) or None, written.get(field) or None):
            yield _wrong(resource, f"'metadata.{field}' is not the base's", ("metadata", field))
    for field in ("labels", "annotations"):
        before, after = base.get(field) or {}, written.get(field) or {}
        for key in dict.fromkeys((*before, *after)):
            is_released = key not in after and (_is_owned(field, key, before[key]) if is_adopted else _is_tracking(key))
            is_note = key not in before and world.is_note(field, key)
            is_literal_mark = directory(resource) == "shared" and key not in before
            is_literal_mark = is_literal_mark and is_literal(resource.manifest, key, after[key])
            if not (is_released or is_note or is_literal_mark) and before.get(key) != after.get(key):
                yield _wrong(resource, f"{field[:-1]} '{key}' is not the base's", ("metadata", field))


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
                yield _wrong(resource, "is not in the output, which holds the whole base")
        return
    adopted = {ResourceId(VIRTUAL_SERVICE[0], o.kind, o.namespace, o.name) for o in environment.routes.adopt}
    for id in sorted(adopted):
        if id in world.base.by_id and id not in world.output.by_id:
            yield _wrong(world.base.by_id[id], "is adopted and not in the output")
    for resource in world.output.of(*VIRTUAL_SERVICE):
        if resource.id in world.base.by_id and resource.id not in adopted:
            yield _wrong(resource, "is an object of the base that the environment does not adopt")
