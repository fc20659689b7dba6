"""Routes of the Gateway API that the output adds: whose they are, and which base routes they are copies of."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, labels_of
from sandlane.proof.claims import Claim, GroupClaim
from sandlane.proof.literals import ORIGIN, copied_origin
from sandlane.proof.policies import ROUTES, is_of_servers
from sandlane.proof.routes import Parent, parents_of
from sandlane.proof.world import World, directory


@frozen(kw_only=True)
class AddedRoute:
    """A route of a holder's; `origin` is the base route that its label names."""

    resource: Resource
    holder: Claim | GroupClaim
    origin: Resource | None
    parents: tuple[Parent, ...]


def added_routes(world: World) -> Iterator[AddedRoute]:
    """Yields the added routes in directories that are somebody's."""
    found = [r for r in world.added if (r.id.group, r.id.kind) in ROUTES and not is_of_servers(r)]
    if not found:
        return
    origins = {
        (*kind, route.id.namespace, copied_origin(route.id.kind, route.id.name)): route
        for kind in world.reader.kinds
        for route in world.base.of(*kind)
    }
    for resource in found:
        id, holder = resource.id, world.holders.get(directory(resource))
        if holder:
            origin = origins.get((id.group, id.kind, id.namespace, labels_of(resource.manifest).get(ORIGIN, "")))
            yield AddedRoute(resource=resource, holder=holder, origin=origin, parents=parents_of(world, resource))
