"""P2, coverage: a port of a cloned Service that has no routes for everyone has the tenant's, with a default (rule R-G6).

Where routes of the base serve it their copies do (`precedence`), and where VirtualServices are written those (`completeness`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.obligations.precedence import called
from sandlane.proof.openings import make_openings
from sandlane.proof.world import World


def check(world: World) -> Iterator[Problem]:
    """Yields ports at which requests of a tenant meet the default route of the base's Service, though it has a clone."""
    found = _found(world)
    openings = make_openings(world)
    closed: dict[tuple[ResourceId, int], bool] = {}
    for holder in world.holders.values():
        for id in sorted(world.cloned.get(holder.tenant, ())):
            if not (world.reader.has_defaults or id in world.routes.at) or not _is_cloned(world, id, holder.tenant):
                continue
            service = world.base.by_id[id]
            for port in spec_of(service.manifest).get("ports") or ():
                key = id, port["port"]
                if key not in closed:
                    closed[key] = openings.closed(service, port["port"]) is not None
                for number, carrier in enumerate(world.claims.environment.carriers) if not closed[key] else ():
                    if not found & {(holder.tenant, id, p, c) for p in (port["port"], None) for c in (number, None)}:
                        what = f"'{holder.name}' has no route for port {port['port']} of '{id}' by {called(carrier)}"
                        yield report("SL604", source=holder.source, what=what)


def _found(world: World) -> frozenset[tuple[str, ResourceId | None, int | None, int | None]]:
    """Returns the holders, Services, ports and carriers of routes that are no copies; what is wrong with them is told elsewhere."""
    return frozenset(
        (added.holder.tenant, parent.target, parent.port, added.carrier)
        for added in world.added_routes
        if not added.is_copy
        for parent in added.parents
    )


def _is_cloned(world: World, service: ResourceId, tenant: str) -> bool:
    """Tells whether the tenant's clone is there; one that is missing is a matter of P4."""
    return any((service, member) in world.clone_services for member in world.reach[tenant])
