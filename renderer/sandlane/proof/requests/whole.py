"""Hosts whose routes send to nothing that a tenant cloned, while it cloned the Service of that name: all goes to its clone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sandlane.semantics.delegates import entries_of
from sandlane.semantics.gateway_api import attached, plain
from sandlane.semantics.istio_matches import MESH, Proxy
from sandlane.semantics.istio_rules import destination
from sandlane.semantics.linkerd import KINDS
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import Destination, Forward
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Table
from sandlane.semantics.waypoints import waypoint_home


def whole_of(network: Network, address: Address, table: Table, clones: Mapping[str, str]) -> Destination | None:
    """Returns the clone that takes every request of an address which the base sends elsewhere, or None."""
    host = address.host
    if address.client.kind == "gateway" or host not in clones or not table.rules:
        return None
    if any(sent in clones for sent in _sent(network, table, address)):
        return None
    known = network.hosts[host]
    if network.mesh in ("linkerd", "gateway-api"):
        made = plain(network)(host, address.port, 1, None)
    else:
        client = address.client
        if network.mesh == "istio-ambient":
            home = waypoint_home(network.base, known.resource) or known.resource.id.namespace
            client = replace(client, kind="waypoint", namespace=home, labels={})
        proxy = Proxy(client=client, gateway=MESH, port=address.port, dialled=host)
        made = destination(network, proxy, host, _port(table, address, known.ports))
    return replace(made, host=clones[host], subset="", failure="")


def _port(table: Table, address: Address, ports: Mapping[int, object]) -> int:
    outcomes = [rule.outcome for rule in table.rules if isinstance(rule.outcome, Forward)]
    found = next((d.port for outcome in outcomes for d in outcome.destinations), address.port)
    return found if found in ports else address.port


def _sent(network: Network, table: Table, address: Address) -> Iterator[str]:
    """Yields the hosts to which the objects send that have rules in a table, whatever their clients and ports."""
    resources = {rule.origin.resource.id: rule.origin.resource for rule in table.rules}
    names = {rule.group for rule in table.rules}
    for vs in network.base.of("networking.istio.io", "VirtualService"):
        if str(vs.id) in names or vs.id in resources:
            for entry in entries_of(network, vs):
                route = entry.body.get("route") or ()
                live = [item for item in route if len(route) == 1 or item.get("weight")]
                yield from (str(item["destination"].get("host")) for item in live if item.get("destination"))
    for rule in table.rules:
        if isinstance(rule.outcome, Forward):
            yield from (d.host for d in rule.outcome.destinations)
    parent = network.hosts[address.host].resource.id
    for found in attached(network, KINDS, parent):
        for rule in (found.route.manifest.get("spec") or {}).get("rules") or ():
            for backend in rule.get("backendRefs") or ():
                home = backend.get("namespace") or found.route.id.namespace
                yield f"{backend.get('name')}.{home}.svc.{network.domain}"
