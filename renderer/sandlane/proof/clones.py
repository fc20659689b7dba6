"""Clones of Services as tenants' rules name them."""

from __future__ import annotations

from sandlane.k8s.resource import Resource, ResourceId, labels_of
from sandlane.proof.literals import ORIGIN
from sandlane.proof.world import World, is_headless


def origin_of(service: Resource) -> ResourceId:
    """Returns the base Service that a clone names as its origin."""
    return ResourceId("", "Service", service.id.namespace, labels_of(service.manifest).get(ORIGIN, ""))


def unfit_clone(world: World, service: Resource, tenant: str) -> str | None:
    """Returns why a tenant's rule must not send to an added Service, or None."""
    owner = world.owner(service)
    if owner is None or owner.tenant not in world.clones.reach[tenant]:
        whose = f"tenant '{owner.tenant}'s" if owner else "no sandbox's"
        return f"sends to '{service.id}', which is {whose}"
    return f"sends to '{service.id}', which is headless" if is_headless(service) else None
