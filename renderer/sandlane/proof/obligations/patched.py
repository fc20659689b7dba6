"""P3, patched routes: whatever the environment's own patches do with a tenant's requests, they reach no other tenant's clones."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import destinations
from sandlane.proof.claims import Claims
from sandlane.proof.clones import unfit_clone
from sandlane.proof.routes import backend, homes, named_by, rules_of
from sandlane.proof.world import World


def check(world: World) -> Iterator[Problem]:
    """Yields entries and rules of patched objects that send one tenant's requests to another's clones."""
    if not world.claims.environment.routes.patches:
        return
    for id, alignment in world.alignments.items():
        vs = world.output.by_id[id]
        for insertion in alignment.insertions if is_patched(world.claims, vs) else ():
            if insertion.tenant is not None:
                sent = (world.service(str(d.get("host") or ""), id.namespace) for d, _ in destinations(insertion.entry))
                what = f"entry {insertion.number + 1} of '{insertion.tenant}'"
                yield from _crossing(world, vs, insertion.tenant, sent, what, ("spec", "http", insertion.number))
    for added in world.added_routes:
        resource, tenant = added.resource, added.holder.tenant
        home = homes(world.reader, resource.id.namespace, added.parents)[0]
        for number, rule in enumerate(rules_of(resource.manifest) if is_patched(world.claims, resource) else ()):
            named = (backend(reference, home, world.reader) for reference in named_by(rule))
            path: Path = ("spec", "rules", number)
            yield from _crossing(world, resource, tenant, named, f"rule {number + 1} of '{tenant}'", path)


def is_patched(claims: Claims, resource: Resource) -> bool:
    """Tells whether the environment has a patch for an object."""
    id = resource.id
    return any(
        patch.kind == id.kind and patch.name in (None, id.name) and patch.namespace in (None, id.namespace)
        for patch in claims.environment.routes.patches
    )


def _crossing(
    world: World, resource: Resource, tenant: str, sent: Iterator[ResourceId | None], what: str, path: Path
) -> Iterator[Problem]:
    for service in (world.added_service(id) for id in sent):
        why = unfit_clone(world, service, tenant) if service else None
        if why:
            yield report("SL603", source=resource.source, path=path, what=f"'{resource.id}': {what} {why}")
