"""Routes of which their age decides, which manifests do not tell (rule R-G10).

Two rules tie where one request meets both and neither ranks above the other. Copies tie exactly where their routes do, and are
told apart by their own ages: so which route answers a tenant may differ from which answers all others, and that is said.

gateway-api: GEP-1294 (routes of clients replace those of the Service, and hostnames do not count there); istio:
pilot/pkg/config/kube/gateway/route_collections.go (one VirtualService for each namespace and form of parentRef, of which a
sidecar uses the oldest); Linkerd takes the older, then the first by name (rule R-L10).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations

from sandlane.base.base import Base
from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.meshes.gateway_api.attached_routes import Attached, Route
from sandlane.meshes.gateway_api.components import Component, Pair, hosts_meet, together
from sandlane.meshes.gateway_api.dialects import Dialect
from sandlane.meshes.gateway_api.overlap import Rank, Ranked, overlap, ranked
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def ties(base: Base, dialect: Dialect, copied: Sequence[Component]) -> Iterator[Problem]:
    """Yields the pairs of routes on one parent between which their age decides."""
    for part in copied:
        codes = dict.fromkeys(_tied(dialect, part.pairs), "SL426")
        codes |= dict.fromkeys(_apart(dialect, part.pairs), "SL442")
        reported: set[tuple[ResourceId, ResourceId]] = set()
        for (first, second), code in sorted(codes.items()):
            one, other = part.pairs[first], part.pairs[second]
            routes = (one[0].resource.id, other[0].resource.id)
            if routes not in reported and routes[0] != routes[1] and _meet(base, dialect, one, other):
                reported.add(routes)
                yield _problem(code, other[0], one[0], part.target)


def _tied(dialect: Dialect, pairs: Sequence[Pair]) -> Iterator[tuple[int, int]]:
    """Yields the numbers of pairs of which a match of one overlaps one of the other.

    Of matches without regular expressions only those for one path can: so a Gateway may have many routes.
    """
    every = [(number, match) for number, (route, _) in enumerate(pairs) for match in ranked(dialect, route)]
    same: dict[tuple[Rank, str | None], list[tuple[int, Ranked]]] = {}
    for number, match in every:
        same.setdefault((match.rank, match.text), []).append((number, match))
    alike = (found for listed in same.values() for found in combinations(listed, 2))
    open_to_all = ((one, other) for one in every if one[1].text is None for other in every)
    for (number, match), (other, rival) in chain(alike, open_to_all):
        if number != other and overlap(match, rival):
            yield min(number, other), max(number, other)


def _apart(dialect: Dialect, pairs: Sequence[Pair]) -> Iterator[tuple[int, int]]:
    """Yields the numbers of pairs that name one Service with a port and without, where that makes a difference."""
    for (number, one), (other, two) in combinations(enumerate(pairs), 2):
        if not dialect.has_port_forms or not one[1].is_service:
            return
        if (one[1].parent.port == 0) != (two[1].parent.port == 0):
            yield number, other


def _problem(code: str, route: Route, other: Route, target: ResourceId) -> Problem:
    resource = route.resource
    path = ("spec", "parentRefs" if code == "SL442" else "rules")
    return report(
        code, source=resource.source, path=path, object=str(resource.id), other=other.resource.id, service=target
    )


def _meet(base: Base, dialect: Dialect, one: Pair, other: Pair) -> bool:
    """Tells whether one request can meet the rules of both routes."""
    (route, attached), (rival, beside) = one, other
    if not together(attached, beside) or route.resource.id.kind != rival.resource.id.kind:
        return False
    if not attached.is_service:
        heard = _listeners(base, attached, beside)
        return any(_names(route, host) & _names(rival, host) for host in heard)
    homes, parent = {route.resource.id.namespace, rival.resource.id.namespace}, attached.parent.target.namespace
    is_seen = len(homes) == 1 or (dialect.merges_namespaces and parent in homes)
    return is_seen and (not dialect.reads_hostnames or bool(_hostnames(route) & _hostnames(rival)))


def _hostnames(route: Route) -> set[str]:
    """Returns a route's host names; a request ranks by the closest, so only routes with a name in common tie."""
    return set(spec_of(route.resource.manifest).get("hostnames") or [""])


def _listeners(base: Base, attached: Attached, beside: Attached) -> set[str]:
    """Returns the host names ('' for any) of the listeners of a Gateway that two routes are attached to."""
    gateway = base.by_id.get(attached.parent.target)
    if gateway is None:
        return {""}
    listeners = spec_of(gateway.manifest).get("listeners") or ()
    parents = (attached.parent, beside.parent)
    meant = (
        x for x in listeners if all(p.listener in ("", x.get("name")) and p.port in (0, x.get("port")) for p in parents)
    )
    return {str(x.get("hostname") or "") for x in meant}


def _names(route: Route, listener: str) -> set[str]:
    """Returns the host names by which a route answers at a listener: the listener's, where it has none of its own."""
    found = _hostnames(route)
    return {listener} if found == {""} else {name for name in found if not listener or hosts_meet(name, listener)}
