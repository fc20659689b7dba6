"""Which routes have to be copied together for a tenant (rule R-G3).

Routes of one parent compete by specificity, so a copy of one needs copies of all: a rule that is not copied would tie with
another's copy. Parents overlap where one names a port or listener and the other all of them, and routes of a Gateway compete
only where their host names meet. The parts that are connected so are found once, for all tenants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandlane.frozen import frozen
from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.meshes.gateway_api.attached_routes import Attached, Route, attached_to

Pair = tuple[Route, Attached]


@frozen(kw_only=True)
class Component:
    """Pairs of a route and one of its parents that compete with each other; `number` tells components apart."""

    number: int
    target: ResourceId
    pairs: tuple[Pair, ...]

    def covers(self, port: int) -> bool:
        """Tells whether requests to a port of the target Service meet one of the routes."""
        return any(attached.parent.port in (0, port) for _, attached in self.pairs)


def components(routes: Sequence[Route]) -> tuple[Component, ...]:
    """Returns the components of all routes, by target."""
    found: list[Component] = []
    for target, attached in sorted(attached_to(routes).items()):
        left = [(route, a) for route in attached for a in route.parents if a.parent.target == target]
        while left:
            part = [left.pop(0)]
            for pair in part:  # grows while it is walked
                near = [other for other in left if _compete(pair, other)]
                part += near
                left = [other for other in left if other not in near]
            found.append(Component(number=len(found), target=target, pairs=tuple(part)))
    return tuple(found)


def by_route(parts: Sequence[Component]) -> Mapping[ResourceId, list[Component]]:
    """Returns the components of each route."""
    found: dict[ResourceId, list[Component]] = {}
    for part in parts:
        for id in dict.fromkeys(route.resource.id for route, _ in part.pairs):
            found.setdefault(id, []).append(part)
    return found


def together(one: Attached, other: Attached) -> bool:
    """Tells whether one request can be to both of two parents of one target: their ports and listeners say no other."""
    a, b = one.parent, other.parent
    ports = a.port == b.port or 0 in (a.port, b.port)
    return ports and (a.listener == b.listener or "" in (a.listener, b.listener))


def _compete(one: Pair, two: Pair) -> bool:
    (route, attached), (other_route, other) = one, two
    # A mesh need not look at the host names of a Service's routes (GEP-1294), so there they always compete.
    return together(attached, other) and (attached.is_service or _routes_meet(route, other_route))


def _routes_meet(one: Route, two: Route) -> bool:
    hosts, others = ((spec_of(r.resource.manifest).get("hostnames") or ["*"]) for r in (one, two))
    return any(hosts_meet(a, b) for a in hosts for b in others)


def hosts_meet(one: str, two: str) -> bool:
    """Tells whether two host names, which may begin with a wildcard, have one in common."""
    return covers(one, two) or covers(two, one)
