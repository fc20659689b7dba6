"""What a proof is about: how many combinations of tenant, Service and port, and which of them carry no headers."""

from __future__ import annotations

from sandlane.base.base import Base, make_base
from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.proof.claims import Claims
from sandlane.proof.readers import harm
from sandlane.proof.world import make_world


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
    for tenant, id in ((tenant, id) for tenant, ids in sorted(world.clones.cloned.items()) for id in sorted(ids)):
        service = base.by_id[id]
        for port in spec_of(service.manifest).get("ports") or ():
            reason = harm(world.reader, base, service, port)
            if reason is None:
                judged.append((tenant, id, port["port"]))
            else:
                unjudged[(id, port["port"])] = reason
    return Scope(
        len(world.clones.cloned), tuple(judged), tuple((*place, unjudged[place]) for place in sorted(unjudged))
    )
