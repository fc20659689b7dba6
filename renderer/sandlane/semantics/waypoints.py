"""What Istio's ambient mode makes of requests: only a waypoint of the Service looks at them (S14, rule R-I16).

Istio: pilot/pkg/networking/core/listener_waypoint.go. Since 1.29 all VirtualServices for a host in the waypoint's or the Service's
namespace are one list, each up to its first catch-all, without moving any; before, the first one alone was used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

from sandlane.base.base import Base
from sandlane.k8s.ports import is_http, istio_protocol
from sandlane.k8s.resource import Manifest, Resource, ResourceId, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.semantics.gamma import merged
from sandlane.semantics.gateway_api import ROUTES, addressed
from sandlane.semantics.istio_matches import MESH, Proxy
from sandlane.semantics.istio_rules import destination, rules_of
from sandlane.semantics.network import Network, most_specific
from sandlane.semantics.objects import GATEWAY_API, Attached, Host
from sandlane.semantics.outcomes import L4, Forward, NotFound, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Rule, Table

USE = "istio.io/use-waypoint"
USE_NAMESPACE = "istio.io/use-waypoint-namespace"
FOR = "istio.io/waypoint-for"


def tables_of(network: Network, address: Address) -> tuple[Table, ...]:
    """Returns the rules of the waypoint of the Service that a client connects to."""
    found = addressed(network, address)
    if isinstance(found, Table):
        return (found,)
    host, port = found
    home = waypoint_home(network.base, host.resource)
    if home is None and network.has_waypoints and not _names_waypoint(network.base, host.resource):
        home = host.resource.id.namespace
    if home is None:
        note = f"the manifests show no waypoint for '{host.name}': without the label '{USE}' nothing looks at requests"
        return (Table(otherwise=L4(host.name, address.port), notes=(note,)),)
    if not is_http(istio_protocol(port)):
        return (Table(otherwise=L4(host.name, address.port)),)
    client = replace(address.client, kind="waypoint", namespace=home, labels={})
    proxy = Proxy(client=client, gateway=MESH, port=address.port)
    default = Forward(destinations=(destination(network, proxy, host.name, address.port),))
    homes = {home, host.resource.id.namespace}
    virtual = _virtual(network, proxy, host, homes)
    routes = network.routes(ROUTES, host.resource.id, proxy.port)
    own = [a for a in routes if a.namespace in homes]
    unheeded = [a.route.id for a in routes if a.namespace not in homes]
    notes = tuple(f"'{id}' has no effect: a waypoint takes no routes of clients' namespaces" for id in unheeded)
    if virtual and own:
        doubt = f"'{virtual[0].origin}' and '{own[0].route.id}' are for one Service, which Istio does not support"
        return (Table(otherwise=Unknown(doubt), notes=notes),)
    if not own:
        return (Table(rules=virtual, otherwise=NotFound() if virtual else default, notes=notes),)
    return tuple(replace(table, notes=notes) for table in _orders(network, proxy, own))


def _names_waypoint(base: Base, service: Resource) -> bool:
    return any(labels_of(m).get(USE) for m in (service.manifest, base.namespace(service.id.namespace)))


def waypoint_home(base: Base, service: Resource) -> str | None:
    """Returns the namespace of a Service's waypoint, or None where it has none, or one that is not for this Service."""
    for labels in (labels_of(service.manifest), labels_of(base.namespace(service.id.namespace))):
        if labels.get(USE):
            home = labels.get(USE_NAMESPACE, service.id.namespace)
            gateway = base.by_id.get(ResourceId(GATEWAY_API, "Gateway", home, labels[USE]))
            # Without the label, and with a value that Istio does not know, a waypoint is for Services.
            is_for = labels_of(gateway.manifest).get(FOR, "service") if gateway else "service"
            is_off = labels[USE] == "none" or is_for in ("none", "workload")
            return None if is_off or (gateway and not _takes(base, gateway, service.id.namespace)) else home
    return None


def _takes(base: Base, waypoint: Resource, namespace: str) -> bool:
    """Tells whether a waypoint takes Services of a namespace: as its listener for HBONE takes routes; what is not known, it does.

    Istio: pilot/pkg/serviceregistry/ambient/waypoints.go (AllowsAttachmentFromNamespace).
    """
    allowed: Manifest = {}
    for listener in spec_of(waypoint.manifest).get("listeners") or ():
        if listener.get("protocol") == "HBONE" and listener.get("port") == 15008:
            allowed = (listener.get("allowedRoutes") or {}).get("namespaces") or {}
            break
    if (scope := allowed.get("from") or "Same") != "Selector":
        return scope == "All" or (scope == "Same" and namespace == waypoint.id.namespace)
    known = base.by_id.get(ResourceId("", "Namespace", "", namespace))
    return known is None or matches(from_label_selector(allowed.get("selector") or {}), labels_of(known.manifest))


def _virtual(network: Network, proxy: Proxy, host: Host, homes: set[str]) -> tuple[Rule, ...]:
    """Returns the rules of the VirtualServices of a host in some namespaces."""
    found = (vs for vs in network.virtual_services if vs.namespace in homes and MESH in vs.gateways)
    return tuple(
        rule for vs in found if most_specific(vs.hosts, host.name) for rule in rules_of(network, vs.resource, proxy)
    )


def _orders(network: Network, proxy: Proxy, found: Sequence[Attached]) -> Iterator[Table]:
    """Yields the tables of routes in every order of the VirtualServices that Istio makes of them.

    It makes one for each namespace and form of parentRef; of several the one with the oldest route is looked at first.
    """
    keys = list(dict.fromkeys((a.namespace, a.port) for a in found))
    for order in permutations(keys):
        rules = [
            rule
            for place, key in enumerate(order)
            for rule in merged(network, proxy, [a for a in found if (a.namespace, a.port) == key], (len(keys) - place,))
        ]
        first = next(a.route.id for a in found if (a.namespace, a.port) == order[0])
        when = f"if '{first}' is older than those with another form of parentRef" if len(keys) > 1 else ""
        yield Table(rules=tuple(rules), otherwise=NotFound(), when=when)
