"""P1, erasure: the base's objects stand in the output as they are, but for tenants' entries (docs/rules/proof.md).

An entry may be inserted where every match of it demands one claimed tenantID, and where it stands before a base entry
whose port, gateways and client conditions its matches repeat. The first makes it invisible to a request without a carrier. The
second keeps Istio's default route: an entry that applied on a port, or to a client, for which the base has none would turn
that into 404. For the same reason nothing may stand behind the last base entry: there is no entry that it could repeat.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.aliases import rivals
from sandlane.proof.alignment import Insertion, called, entries, hosts, same
from sandlane.proof.coverage import served
from sandlane.proof.literals import OWNED_LABELS, OWNED_PREFIXES, TRACKING, TRACKING_PREFIXES, USER_FIELDS, is_literal
from sandlane.proof.obligations.defaults import behind
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.trust import is_stripping
from sandlane.proof.world import World, directory
from sandlane.semantics.istio_matches import MESH


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
    found = [list(_changes(world, ours, resource, skip="", is_adopted=False)) for ours in originals]
    yield from min(found, key=len)


def _route(world: World, resource: Resource, ours: Resource) -> Iterator[Problem]:
    if ours.manifest.get("spec"):
        ours = dataclasses.replace(ours, manifest={**ours.manifest, "spec": world.specs[ours.id]})
    is_adopted = world.claims.environment.output.base == "none"
    yield from _changes(world, ours, resource, skip="http", is_adopted=is_adopted)
    alignment = world.alignments[resource.id]
    for insertion in alignment.insertions:
        if insertion.before is not None and not is_stripping(world, ours, insertion):
            yield from _insertion(resource, insertion)
    if alignment.missing is None:
        yield from _behind(world, resource, [i for i in alignment.insertions if i.before is None])
    if alignment.missing is not None:
        lost = called(entries(ours.manifest)[alignment.missing], alignment.missing)
        yield _wrong(resource, f"the base's {lost} is missing, changed or out of order", ("spec", "http"))


def _insertion(resource: Resource, insertion: Insertion) -> Iterator[Problem]:
    path: Path = ("spec", "http", insertion.number)
    before = insertion.before or {}
    base = called(before, insertion.before_number)
    if insertion.tenant is None:
        yield _wrong(
            resource,
            f"entry {insertion.number + 1} stands before the base's {base} and does not demand one claimed "
            "tenantID in every match",
            path,
        )
        return
    everything: Sequence[Manifest] = ({},)
    matches: Sequence[Manifest] = before.get("match") or everything
    for match in insertion.entry["match"]:
        if not any(_is_within(match, conditions) for conditions in matches):
            yield _wrong(
                resource,
                f"entry {insertion.number + 1} applies on ports or to clients for which the base's {base} does not",
                path,
            )
            return


def _is_within(match: Manifest, base: Manifest) -> bool:
    """Tells whether a match is for ports and clients alone for which the base's is. One that names gateways ignores clients' labels."""
    if base.get("port") not in (None, match.get("port")):
        return False
    gateways, known = match.get("gateways"), base.get("gateways")
    if gateways or known:
        is_narrower = bool(gateways) and (not known or {*(gateways or ())} <= {*known})
        return is_narrower and (bool(known) or not (base.get("sourceLabels") or base.get("sourceNamespace")))
    labels = match.get("sourceLabels") or {}
    is_labelled = all(labels.get(key) == value for key, value in (base.get("sourceLabels") or {}).items())
    return is_labelled and base.get("sourceNamespace") in (None, "", match.get("sourceNamespace"))


def _behind(world: World, resource: Resource, insertions: Sequence[Insertion]) -> Iterator[Problem]:
    """Yields entries behind the base's last that are for more than the ports on which Istio's default route answers."""
    if not insertions:
        return
    first, named = insertions[0], hosts(resource.manifest)
    id = world.service(named[0], resource.id.namespace) if len(named) == 1 else None
    service = world.base.by_id.get(id) if id else None
    how = served(world, service) if service else None
    if (
        VIRTUAL_SERVICE not in world.reader.shared
        or not how
        or not how.home
        or how.home.id != resource.id
        or not how.ports
    ):
        path: Path = ("spec", "http", first.number)
        yield _wrong(resource, f"entry {first.number + 1} stands behind the base's last entry", path)
        return
    for what in rivals(world, how.service.id):
        yield _wrong(resource, f"entry {first.number + 1} {what}", ("spec", "http", first.number))
    bound = spec_of(resource.manifest).get("gateways") or [MESH]
    more: Manifest = {} if bound == [MESH] else {"gateways": [MESH]}
    yield from behind(world, resource, how.service, insertions, how.ports, more)


def _changes(world: World, ours: Resource, resource: Resource, skip: str, *, is_adopted: bool) -> Iterator[Problem]:
    """Yields the fields that differ from the base's, without the field of the spec to skip.

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


def _spec(resource: Resource, base: Manifest, written: Manifest, skip: str) -> Iterator[Problem]:
    for field in dict.fromkeys((*base, *written)):
        if field != skip and (field not in base or field not in written or not same(base[field], written[field])):
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
