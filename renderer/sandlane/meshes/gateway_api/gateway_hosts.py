"""Hosts at Gateways of the Gateway API: which listeners and routes of the base answer for one (rule R-G15).

Of the listeners of a port those count whose host names are the closest, and of their routes those that name the host most closely
(gateway-api: apis/v1/gateway_types.go, Listener.Hostname; httproute_types.go, Hostnames).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, at, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.meshes.gateway_api.attached_routes import Attached, Route
from sandlane.plan.model import Plan

ANY = "*"
Served = Mapping[int, Sequence[tuple[Route, Attached]]]
"""Port of a Gateway -> the routes that answer for a host there, each with the parentRef by which it does."""


def hosts_of(gateway: Resource, routes: Sequence[Route]) -> dict[str, list[Route]]:
    """Returns the hosts for which a Gateway has routes, as its listeners narrow them down (`*`: any), with the routes."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        own = attached_at(gateway, route)
        names = [str(name).lower() for name in spec_of(route.resource.manifest).get("hostnames") or [ANY]]
        listened = [str(x.get("hostname") or ANY).lower() for a in own for x in listeners_of(gateway, a)]
        for host in dict.fromkeys(h for name in names for known in listened for h in _narrower(name, known)):
            found.setdefault(host, []).append(route)
    return dict(sorted(found.items()))


def attached_at(gateway: Resource, route: Route) -> list[Attached]:
    """Returns the parentRefs by which a route is attached to a Gateway."""
    return [attached for attached in route.parents if attached.parent.target == gateway.id]


def listeners_of(gateway: Resource, attached: Attached) -> list[Manifest]:
    """Returns the listeners of a Gateway that a parentRef means."""
    parent = attached.parent
    return [
        x
        for x in at(gateway.manifest, ("spec", "listeners")) or ()
        if parent.listener in ("", x.get("name")) and parent.port in (0, x.get("port"))
    ]


def _narrower(one: str, other: str) -> Iterator[str]:
    """Yields the host of two of which one covers the other."""
    if covers(other, one):
        yield one
    elif covers(one, other):
        yield other


def routes_for(gateway: Resource, routes: Sequence[Route], of: str) -> Served:
    """Returns the routes, with their parentRefs, that answer for a host of the base at each port of a Gateway."""
    served: dict[int, list[tuple[Route, Attached]]] = {}
    for port in dict.fromkeys(x.get("port") for x in at(gateway.manifest, ("spec", "listeners")) or ()):
        closest = closest_listeners(gateway, port, of)
        found: list[tuple[tuple[int, int], Route, Attached]] = []
        for route, attached in ((r, a) for r in routes for a in attached_at(gateway, r)):
            admitting = [x for x in closest if x in listeners_of(gateway, attached)]
            names = spec_of(route.resource.manifest).get("hostnames") or [x.get("hostname") or ANY for x in admitting]
            ranks = [rank for name in names if (rank := _closeness(str(name).lower(), of)) is not None]
            found += [(max(ranks), route, attached)] if admitting and ranks else []
        best = max((rank for rank, _, _ in found), default=(0, 0))
        served[port] = [(route, attached) for rank, route, attached in found if rank == best]
    return served


def closest_listeners(gateway: Resource, port: int, host: str) -> list[Manifest]:
    """Returns the listeners of a port whose host names are the closest to a host."""
    listeners = [x for x in at(gateway.manifest, ("spec", "listeners")) or () if x.get("port") == port]
    ranked = [
        (rank, x) for x in listeners if (rank := _closeness(str(x.get("hostname") or ANY).lower(), host)) is not None
    ]
    best = max((rank for rank, _ in ranked), default=None)
    return [x for rank, x in ranked if rank == best]


def _closeness(name: str, host: str) -> tuple[int, int] | None:
    """Ranks how closely a host name, which may be a wildcard, names a host; None where it does not."""
    if name == host:
        return 2, len(name)
    return ((0, 0) if name == ANY else (1, len(name))) if covers(name, host) else None


def is_admitted(plan: Plan, gateway: Resource, listener: Manifest, route: Route) -> bool:
    """Tells whether a listener takes routes of a route's namespace and kind, as far as the base shows."""
    allowed = listener.get("allowedRoutes") or {}
    kinds = [kind.get("kind") for kind in allowed.get("kinds") or ()]
    home, namespaces = route.resource.id.namespace, allowed.get("namespaces") or {}
    if kinds and route.resource.id.kind not in kinds:
        return False
    if namespaces.get("from") != "Selector":
        return namespaces.get("from") == "All" or home == gateway.id.namespace
    labels = {"kubernetes.io/metadata.name": home, **labels_of(plan.base.namespace(home))}
    return matches(from_label_selector(namespaces.get("selector") or {}), labels)
