"""What Istio's ambient mode makes of requests: only a waypoint of the Service looks at them (S14, rule R-I16).

Istio: pilot/pkg/networking/core/listener_waypoint.go. Since 1.29 all VirtualServices for a host in the waypoint's or the Service's
namespace are one list, each up to its first catch-all, without moving any; before, the first one alone was used.
"""

from __future__ import annotations

from dataclasses import replace

from renderer.model import labels_of
from renderer.ports import is_http, istio_protocol
from renderer.proof.compile.addressed import addressed
from renderer.proof.compile.gamma import merged
from renderer.proof.compile.gateway_api import ROUTES, attached
from renderer.proof.compile.istio_matches import MESH, Proxy
from renderer.proof.compile.istio_rules import destination, rules_of
from renderer.proof.compile.network import ISTIO, Host, Network, most_specific
from renderer.proof.compile.outcomes import L4, Forward, NotFound, Unknown
from renderer.proof.compile.request import Address
from renderer.proof.compile.tables import Rule, Table

USE = "istio.io/use-waypoint"
USE_NAMESPACE = "istio.io/use-waypoint-namespace"


def tables_of(network: Network, address: Address) -> tuple[Table, ...]:
    """Returns the rules of the waypoint of the Service that a client connects to."""
    found = addressed(network, address)
    if isinstance(found, Table):
        return (found,)
    host, port = found
    home = _waypoint(network, host)
    if home is None:
        note = f"the manifests show no waypoint for '{host.name}': without the label '{USE}' nothing looks at requests"
        return (Table(otherwise=L4(host.name, address.port), notes=(note,)),)
    if not is_http(istio_protocol(port)):
        return (Table(otherwise=L4(host.name, address.port)),)
    client = replace(address.client, kind="waypoint", namespace=home, labels={})
    proxy = Proxy(client=client, gateway=MESH, port=address.port)
    default = Forward(destinations=(destination(network, proxy, host.name, address.port),))
    rules, notes, doubt = _rules(network, proxy, host, home)
    if doubt:
        return (Table(otherwise=Unknown(doubt), notes=notes),)
    return (Table(rules=rules, otherwise=NotFound() if rules else default, notes=notes),)


def _waypoint(network: Network, host: Host) -> str | None:
    """Returns the namespace of a Service's waypoint, or None where it has none."""
    namespace = network.base.namespace(host.resource.id.namespace)
    for labels in (labels_of(host.resource.manifest), labels_of(namespace)):
        if labels.get(USE):
            return None if labels[USE] == "none" else labels.get(USE_NAMESPACE, host.resource.id.namespace)
    return None


def _rules(network: Network, proxy: Proxy, host: Host, home: str) -> tuple[tuple[Rule, ...], tuple[str, ...], str]:
    homes = {home, host.resource.id.namespace}
    found: list[Rule] = []
    for vs in network.base.of(ISTIO, "VirtualService"):
        spec = vs.manifest.get("spec") or {}
        hosts = [network.full(name, vs.id.namespace).lower() for name in spec.get("hosts") or ()]
        if vs.id.namespace in homes and MESH in (spec.get("gateways") or (MESH,)) and most_specific(hosts, host.name):
            found += rules_of(network, vs, proxy)
    routes = [a for a in attached(network, ROUTES, host.resource.id) if a.port in (None, proxy.port)]
    own = [a for a in routes if a.route.id.namespace in homes]
    notes = [
        f"'{a.route.id}' has no effect: a waypoint takes no routes of clients' namespaces"
        for a in routes
        if a not in own
    ]
    doubt = ""
    if found and own:
        doubt = f"'{found[0].origin}' and '{own[0].route.id}' are for one Service, which Istio does not support"
    return (*found, *merged(network, proxy, own)), tuple(notes), doubt
