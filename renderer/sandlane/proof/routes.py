"""Parents of routes of the Gateway API as proof reads them: the Services and Gateways that they name, and how."""

from __future__ import annotations

from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.proof.readers import GATEWAY_API
from sandlane.proof.world import World
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
