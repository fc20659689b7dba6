"""P4, whole clones: a clone is its origin with what its spec says and what every clone gets, and nothing more.

Workloads, copies of ConfigMaps and Services are compared with what they have to be, node by node: nobody can list every
field by which a pod or a Service gains something.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from sandlane.k8s.limits import OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.claims import Claim
from sandlane.proof.differences import differences, told
from sandlane.proof.expected_services import expected_services
from sandlane.proof.expected_workloads import KINDS, changed_config_maps, data_of, expected_workloads
from sandlane.proof.marks import as_it_is, kept_metadata, metadata_of
from sandlane.proof.world import World, directory

_TOLD = 5
"""How many differences of one object are told."""

_wrong = partial(told, "SL622")


def check(world: World) -> Iterator[Problem]:
    """Yields clones that differ from what they have to be, and objects that are no clone of what a sandbox claims."""
    by_directory: dict[str, list[Resource]] = {}
    for resource in world.added:
        if (resource.id.group, resource.id.kind) in KINDS and not world.is_brought(resource):
            by_directory.setdefault(directory(resource), []).append(resource)
    for claim in world.claims.sandboxes:
        expected = expected_objects(world, claim)
        for resource in by_directory.get(f"sandboxes/{claim.name}", ()):
            yield from _compared(world, claim, resource, expected.pop(resource.id, None))
        if claim.brought is not None:
            expected |= claim.brought
            for resource in world.resources.get(claim.name, ()):
                yield from _compared(world, claim, resource, expected.pop(resource.id, None))
        for id in (*sorted(expected), *(id for id in claim.origins if id not in world.base.by_id)):
            what = f"sandbox '{claim.name}' has no '{id}', which its spec asks for"
            yield report("SL622", source=claim.source, what=what)


def _compared(world: World, claim: Claim, resource: Resource, expected: Manifest | None) -> Iterator[Problem]:
    if expected is None:
        yield _wrong(resource, f"'{resource.id}' is nothing that the spec of sandbox '{claim.name}' asks for")
        return
    found = list(differences(expected, resource.manifest, world.is_note))
    if found or world.text_of(resource).has_references:
        found = list(differences(as_it_is(expected), resource.manifest, world.is_note))
    for path, what in found[:_TOLD]:
        yield _wrong(resource, f"'{resource.id}': {what}", path)
    if len(found) > _TOLD:
        yield _wrong(resource, f"'{resource.id}' differs in {len(found) - _TOLD} more places")


def expected_objects(world: World, claim: Claim) -> dict[ResourceId, Manifest]:
    """Returns the workloads, copies of ConfigMaps and Services that a sandbox has to have."""
    found = expected_workloads(world, claim) | expected_services(world, claim)
    for copied, data in changed_config_maps(world, claim).items():
        origin = world.base.by_id[copied].manifest
        id = replace(copied, name=fit(f"{copied.name}-{claim.tenant}", OBJECT_NAME_LIMIT))
        metadata = metadata_of(world.claims.environment, claim, id, copied.name, kept_metadata(origin))
        found[id] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **data_of(origin, data)}
    return found
