"""Hosts whose routes send to nothing that a tenant cloned, while it cloned the Service of that name: all goes to its clone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.linkerd_routes import is_service
from sandlane.k8s.resource import Manifest, ResourceId, spec_of
from sandlane.proof.literals import is_disabled
from sandlane.semantics.delegates import entries_of
from sandlane.semantics.gateway_api import plain, rules_of
from sandlane.semantics.istio_matches import MESH, Proxy
from sandlane.semantics.istio_rules import destination
from sandlane.semantics.linkerd import unheeded
from sandlane.semantics.network import Network
from sandlane.semantics.objects import GRPC_ROUTE, L4_ROUTES, LINKERD_ROUTES, ROUTES, Attached, Host, VirtualService
from sandlane.semantics.outcomes import Destination, Forward
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Table
from sandlane.semantics.waypoints import waypoint


def whole_of(network: Network, address: Address, table: Table, clones: Mapping[str, str]) -> dict[int, Destination]:
    """Returns the clone that takes every request of an address which the base sends elsewhere, by the ports that rules name.

    What only a wildcard of a VirtualService takes elsewhere does not reach the Service in the base either (rule R-I14).
    """
    host = network.hosts.get(network.concrete(address.host))
    if address.client.kind == "gateway" or host is None or host.name not in clones or not table.rules:
        return {}
    is_route = table.rules[0].origin.resource.id.kind.endswith("Route")
    sent = _by_routes(network, address, host) if is_route else _by_virtual_services(network, table)
    is_named = is_route or any(host.name in vs.hosts for vs in _having_rules(network, table))
    if not is_named or any(name in clones for name in sent):
        return {}
    client = waypoint(network, address.client, host) if network.mesh == "istio-ambient" else address.client
    proxy = Proxy(client=client, gateway=MESH, port=address.port, dialled=host.name)
    send = partial(destination, network, proxy) if network.is_istio else partial(plain, network)
    ports = (address.port, *(() if is_route else host.ports))
    return {port: replace(send(host.name, port), host=clones[host.name], subset="", failure="") for port in ports}


def _having_rules(network: Network, table: Table) -> list[VirtualService]:
    """Returns the VirtualServices that have rules in a table, be it through another or by another's entries."""
    own = {str(rule.origin.resource.id) for rule in table.rules} | {rule.group for rule in table.rules}
    return [vs for vs in network.virtual_services if str(vs.resource.id) in own]


def _by_virtual_services(network: Network, table: Table) -> Iterator[str]:
    """Yields the hosts to which the VirtualServices send that have rules in a table, whatever their clients and ports."""
    for vs in _having_rules(network, table):
        for entry in entries_of(network, vs.resource):
            route = entry.body.get("route") or ()
            live = [item for item in route if len(route) == 1 or item.get("weight")]
            yield from (str(item["destination"].get("host")) for item in live if item.get("destination"))
    for rule in table.rules:
        if isinstance(rule.outcome, Forward):
            yield from (d.host for d in rule.outcome.destinations)


def _by_routes(network: Network, address: Address, host: Host) -> Iterator[str]:
    """Yields the hosts to which the routes send that compete with those of a port, which are copied all together (rule R-G3)."""
    places = _heeded(network, host.resource.id)
    part = [a for a in places if a.port in (None, address.port)]
    for one in part:  # grows while it is walked
        part += [a for a in places if a not in part and (a.port is None or one.port in (None, a.port))]
    for each in part:
        yield from _sent(network, each)


def _heeded(network: Network, service: ResourceId) -> list[Attached]:
    """Returns the routes of a Service that its mesh heeds for some client."""
    if network.mesh != "linkerd":
        return network.routes(ROUTES, service)
    found = network.routes(LINKERD_ROUTES, service)
    called = {a.port for a in found if a.kind == GRPC_ROUTE}
    return [a for a in found if not (a.route.id.kind == "HTTPRoute" and a.port in called) and not unheeded(a.route)]


def _sent(network: Network, found: Attached) -> Iterator[str]:
    is_linkerd, route = network.mesh == "linkerd", found.route
    references: Sequence[Manifest] = spec_of(route.manifest).get("parentRefs") or ()
    parents = [p for p in references if is_service(p.get("group"), p.get("kind"))]
    for rule in rules_of(route):
        listed = rule.get("backendRefs") or ()
        live = [b for b in listed if b.get("weight", 1)] or listed
        home = (found.parent.get("namespace") if is_linkerd else None) or route.id.namespace
        is_redirect = any(item.get("type") == "RequestRedirect" for item in rule.get("filters") or ())
        if is_linkerd and not listed and not is_redirect:
            live, home = parents, route.id.namespace
        for named in live:
            yield ServiceHost(named.get("namespace") or home, str(named.get("name"))).fqdn(network.domain)


def is_closed(network: Network, address: Address, table: Table) -> bool:
    """Tells whether a mesh leaves no way to route an address that has no rules: routes would have no effect, or do harm."""
    host = network.hosts.get(network.concrete(address.host))
    if host is None or not host.is_service or (host.is_external and network.mesh != "istio"):
        return True
    if network.mesh == "istio":
        # Whether the VirtualServices that name it in the mesh are all kept out of what tenants change.
        named = [vs.resource for vs in network.virtual_services if MESH in vs.gateways and host.name in vs.hosts]
        return bool(named) and all(is_disabled(vs) for vs in named)
    is_told = network.mesh == "linkerd" and bool(host.ports.get(address.port, {}).get("appProtocol"))
    if not is_told and network.routes(L4_ROUTES, host.resource.id, address.port):
        return True  # an HTTPRoute would switch it off (GEP-1294)
    if network.mesh == "linkerd":
        has_calls = any(a.port == address.port for a in network.routes((GRPC_ROUTE,), host.resource.id))
        return host.is_headless or bool(table.origin) or has_calls or _is_split(network, host)
    return not network.is_istio and host.is_headless


def _is_split(network: Network, host: Host) -> bool:
    """Tells whether a TrafficSplit is for a Service: linkerd-smi makes a ServiceProfile of it, which overrides all routes."""
    return any(
        network.full(str(spec_of(split.manifest).get("service") or ""), split.id.namespace).lower() == host.name
        for split in network.base.of("split.smi-spec.io", "TrafficSplit")
    )
