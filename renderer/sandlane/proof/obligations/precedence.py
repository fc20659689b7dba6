"""P2, precedence: routes that compete on a parent are copied for a tenant all together, by every carrier (rule R-G3).

A copy outranks the rule that it is a copy of by one header, and may tie with a rival that has one header more: so where
one route is copied, its rivals are. A route that sends to what a tenant cloned is copied in any case.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import ResourceId
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source
from sandlane.proof.additional import AddedRoute
from sandlane.proof.claims import Claim, GroupClaim
from sandlane.proof.routes import Form, Place, Spot
from sandlane.proof.world import World
from sandlane.specs.model import Carrier

Copied = dict[tuple[ResourceId, Form, int], AddedRoute]


def check(world: World) -> Iterator[Problem]:
    """Yields base routes that are not copied for a tenant where they must be, and those that are copied twice."""
    by_tenant: dict[str, list[AddedRoute]] = {}
    for added in world.added_routes:
        if added.is_copy:
            by_tenant.setdefault(added.holder.tenant, []).append(added)
    for holder in world.holders.values():
        copied: Copied = {}
        for added in by_tenant.get(holder.tenant, ()):
            yield from _twice(copied, added)
        yield from _missing(world, holder, copied)


def _wrong(source: Source, what: str) -> Problem:
    return report("SL604", source=source, what=what)


def _twice(copied: Copied, added: AddedRoute) -> Iterator[Problem]:
    if added.origin is None or added.carrier is None:
        return
    id = added.origin.resource.id
    for parent in added.parents:
        first = copied.setdefault((id, parent.form, added.carrier), added)
        if first is not added:
            text = f"'{added.resource.id}': copies '{id}' where '{first.resource.id}' does"
            yield _wrong(added.resource.source, text)
            return


def _missing(world: World, holder: Claim | GroupClaim, copied: Copied) -> Iterator[Problem]:
    carriers = world.claims.environment.carriers
    needed: dict[tuple[ResourceId, Form], tuple[Place, str]] = {}
    seen: set[Spot] = set()
    for (id, form, _), added in copied.items():
        spot = world.routes.spots.get((id, form))
        for rival in world.routes.rivals[spot] if spot and spot not in seen else ():
            why = f"'{added.resource.id}' is a copy of its rival '{id}'" if rival[0].resource.id != id else "others are"
            needed.setdefault((rival[0].resource.id, rival[1].form), (rival, why))
        seen |= {spot} if spot else set()
    for service in sorted(world.cloned[holder.tenant]):
        for place in world.routes.sending.get(service, ()):
            needed.setdefault((place[0].resource.id, place[1].form), (place, f"it sends to '{service}'"))
    reported: set[tuple[ResourceId, int]] = set()
    for (id, form), ((_, parent), why) in needed.items():
        for number, carrier in enumerate(carriers):
            if (id, form, number) not in copied and (id, number) not in reported:
                reported.add((id, number))
                text = f"'{holder.name}' has no copy of '{id}' at '{parent.target}' by {called(carrier)}, and {why}"
                yield _wrong(holder.source, text)


def called(carrier: Carrier) -> str:
    """Returns how a carrier is called in what proof says."""
    return f"header '{carrier.header}'" if carrier.header else f"baggage '{carrier.baggage}'"
