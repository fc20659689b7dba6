"""What a proof is about: how many combinations of tenant, Service and port, and which of them carry no headers."""

from __future__ import annotations

from sandlane.base.base import Base, make_base
from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.proof.claims import Claims
from sandlane.proof.readers import harm
from sandlane.proof.world import World, make_world


@frozen
class Scope:
    """The tenants' combinations with ports of the Services that they claim; `unjudged` are those of which requests cannot
    be told apart by headers, with the reason.
    """

    tenants: int
    judged: tuple[tuple[str, ResourceId, int], ...]
    unjudged: tuple[tuple[ResourceId, int, str], ...]


def scope_of(base: Base, claims: Claims) -> Scope:
    """Returns the scope of a proof, whatever the output is."""
    world = make_world(base, make_base(()), claims)
    judged: list[tuple[str, ResourceId, int]] = []
    unjudged: dict[tuple[ResourceId, int], str] = {}
    for tenant in sorted(world.clones.cloned):
        for id, number, reason in _ports(world, tenant):
            if reason is None:
                judged.append((tenant, id, number))
            else:
                unjudged[(id, number)] = reason
    return Scope(
        len(world.clones.cloned), tuple(judged), tuple((id, n, unjudged[(id, n)]) for id, n in sorted(unjudged))
    )


def _ports(world: World, tenant: str) -> list[tuple[ResourceId, int, str | None]]:
    found = []
    for id in sorted(world.clones.cloned[tenant]):
        service = world.base.by_id[id]
        for port in spec_of(service.manifest).get("ports") or ():
            found.append((id, port["port"], harm(world.reader, world.base, service, port)))
    return found
