"""Routes of the Gateway API as proof reads them: their parents, and of those that the output adds whose they are and copies of what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.proof.claims import Claim, GroupClaim
from sandlane.proof.policies import ROUTES, is_of_servers, kind_of
from sandlane.proof.readers import GATEWAY_API
from sandlane.proof.world import World, directory
from sandlane.semantics.objects import parent_of


@frozen(kw_only=True)
class Parent:
    """A parentRef: what it says with its defaults written out, and the object that it means."""

    form: Manifest
    target: ResourceId

    @property
    def is_service(self) -> bool:
        """Tells whether the parent is a Service."""
        return (self.target.group, self.target.kind) == ("", "Service")


def parents_of(world: World, route: Resource) -> tuple[Parent, ...]:
    """Returns the parents of a route."""
    references: Any = spec_of(route.manifest).get("parentRefs") or ()
    default = {"group": GATEWAY_API, "kind": "Gateway", "namespace": route.id.namespace}
    said = ({key: value for key, value in reference.items() if value is not None} for reference in references)
    mesh = world.claims.environment.mesh
    return tuple(Parent(form={**default, **each}, target=parent_of(each, route.id.namespace, mesh)) for each in said)


@frozen(kw_only=True)
class AddedRoute:
    """A route of a holder's; `origin` is the base route that its label names."""

    resource: Resource
    holder: Claim | GroupClaim
    origin: Resource | None
    parents: tuple[Parent, ...]


def added_routes(world: World) -> Iterator[AddedRoute]:
    """Yields the added routes in directories that are somebody's."""
    for resource in world.added:
        holder = world.holders.get(directory(resource))
        if holder and kind_of(resource) in ROUTES and not is_of_servers(resource):
            is_read = kind_of(resource) in world.reader.kinds
            origin = next(iter(world.originals(resource)), None) if is_read else None
            yield AddedRoute(resource=resource, holder=holder, origin=origin, parents=parents_of(world, resource))
