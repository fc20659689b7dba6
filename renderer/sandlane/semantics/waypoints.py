"""What Istio's ambient mode makes of requests: only a waypoint of the Service looks at them (S14, rule R-I16).

Istio: pilot/pkg/networking/core/listener_waypoint.go. Since 1.29 all VirtualServices for a host in the waypoint's or the Service's
namespace are one list, each up to its first catch-all, without moving any; before, the first one alone was used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations

from sandlane.k8s.ports import is_http, istio_protocol
from sandlane.k8s.resource import Resource, ResourceId, labels_of, spec_of
from sandlane.semantics.gamma import merged
from sandlane.semantics.gateway_api import admits
from sandlane.semantics.istio_matches import MESH, Proxy
from sandlane.semantics.istio_rules import destination, rules_of
from sandlane.semantics.network import Network, most_specific
from sandlane.semantics.objects import GATEWAY_API, ROUTES, Attached, Host
from sandlane.semantics.outcomes import L4, Forward, NotFound, Unknown
from sandlane.semantics.request import Address, Client
from sandlane.semantics.tables import Rule, Table

USE = "istio.io/use-waypoint"
USE_NAMESPACE = "istio.io/use-waypoint-namespace"
FOR = "istio.io/waypoint-for"


def tables_of(network: Network, address: Address, host: Host) -> tuple[Table, ...]:
    """Returns the rules of the waypoint of the Service that a client connects to."""
    home = _home(network, host.resource)
    if home is None:
        note = f"the manifests show no waypoint for '{host.name}': without the label '{USE}' nothing looks at requests"
        return (Table(otherwise=L4(host.name, address.port), notes=(note,)),)
    if not is_http(istio_protocol(host.ports[address.port])):
        return (Table(otherwise=L4(host.name, address.port)),)
    proxy = Proxy(client=waypoint(network, address.client, host), gateway=MESH, port=address.port)
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


def waypoint(network: Network, client: Client, host: Host) -> Client:
    """Returns the waypoint that looks at a client's requests to a host, in place of the client."""
    home = _home(network, host.resource) or host.resource.id.namespace
    return replace(client, kind="waypoint", namespace=home, labels={})


def _home(network: Network, service: Resource) -> str | None:
    """Returns the namespace of a Service's waypoint, or None where it has none, or one that is not for this Service."""
    base, own = network.base, service.id.namespace
    for labels in (labels_of(service.manifest), labels_of(base.namespace(own))):
        if labels.get(USE):
            home = labels.get(USE_NAMESPACE, own)
            gateway = base.by_id.get(ResourceId(GATEWAY_API, "Gateway", home, labels[USE]))
            # Without the label, and with a value that Istio does not know, a waypoint is for Services.
            is_for = labels_of(gateway.manifest).get(FOR, "service") if gateway else "service"
            is_off = labels[USE] == "none" or is_for in ("none", "workload")
            return None if is_off or (gateway and not _takes(network, gateway, own)) else home
    return own if network.has_waypoints else None


def _takes(network: Network, gateway: Resource, namespace: str) -> bool:
    """Tells whether a waypoint takes Services of a namespace: as its listener for HBONE takes routes; what is not known, it does.

    Istio: pilot/pkg/serviceregistry/ambient/waypoints.go (AllowsAttachmentFromNamespace).
    """
    listeners = spec_of(gateway.manifest).get("listeners") or ()
    hbone = (x for x in listeners if x.get("protocol") == "HBONE" and x.get("port") == 15008)
    return admits(network, gateway, next(hbone, {}), namespace) is not False


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
