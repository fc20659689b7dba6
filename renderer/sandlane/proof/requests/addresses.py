"""Every address for which requests can differ: clients that objects tell apart, the hosts and ports that they call, gateways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.proof.requests.clients import Calling
from sandlane.semantics.network import GATEWAY_API, ISTIO, Network
from sandlane.semantics.request import Address, Client

_LITERAL_PORT = 80


@frozen(kw_only=True)
class Pair:
    """One address in the base and in the output."""

    before: Address
    after: Address
    tenants: frozenset[str] | None = None


def pairs_of(before: Network, after: Network, callings: Sequence[Calling], but: frozenset[str]) -> Iterator[Pair]:
    """Yields the addresses of the base; hosts in `but` are new ones: previews, which the environment asks for, and clones."""
    for host in sorted(before.hosts):
        known = before.hosts[host]
        names = _authorities(before, after, known.resource, host)
        for each in callings:
            for port in sorted(known.ports):
                yield from (_pair(each, host, port, name) for name in names)
    new = {*_literals(before), *_literals(after), *(h for h in after.hosts if h not in before.hosts)}
    for host in sorted(new - {*before.hosts} - but):
        known_ports = after.hosts[host].ports if host in after.hosts else (_LITERAL_PORT,)
        # A literal host may be another name of one that is known: `web.shop`.
        for each in (c for c in callings if before.meant(host, c.before.namespace) not in before.hosts):
            yield from (_pair(each, _shown(host), port, _shown(host)) for port in known_ports)
    yield from (Pair(before=a, after=a) for a in _gateways(before, after, but))


def _pair(calling: Calling, host: str, port: int, authority: str) -> Pair:
    before = Address(client=calling.before, host=host, port=port, authority=authority)
    return Pair(before=before, after=replace(before, client=calling.after), tenants=calling.tenants)


def _authorities(before: Network, after: Network, service: Resource, host: str) -> list[str]:
    """Returns the authorities that matter for a Service: its own name, and those for which its routes ask."""
    found = {host: None}
    if before.mesh == "linkerd":
        for network in (before, after):
            for route, _ in network.attached.get(service.id, ()):
                found |= {_shown(str(n).lower()): None for n in _spec(route).get("hostnames") or ()}
    return list(found)


def _spec(resource: Resource) -> Manifest:
    return spec_of(resource.manifest)


def _shown(pattern: str) -> str:
    """Returns a name that a pattern covers."""
    return f"any.example{pattern[1:]}" if pattern.startswith("*") else pattern


def _literals(network: Network) -> Iterator[str]:
    """Yields the hosts of VirtualServices in the mesh that no registry may know."""
    if network.mesh != "istio":
        return
    for vs in network.base.of(ISTIO, "VirtualService"):
        if "mesh" in (_spec(vs).get("gateways") or ("mesh",)):
            yield from (network.full(str(h), vs.id.namespace).lower() for h in _spec(vs).get("hosts") or ())


def _gateways(before: Network, after: Network, previews: frozenset[str]) -> Iterator[Address]:
    for gateway in before.base.of(ISTIO, "Gateway") if before.is_istio else ():
        ports = {(s.get("port") or {}).get("number") for s in _spec(gateway).get("servers") or ()}
        listed = [str(h).rpartition("/")[2] for s in _spec(gateway).get("servers") or () for h in s.get("hosts") or ()]
        yield from _entered(gateway, ports, {*listed, *_bound(before), *_bound(after)} - previews)
    for gateway in before.base.of(GATEWAY_API, "Gateway"):
        listeners: Sequence[Manifest] = _spec(gateway).get("listeners") or ()
        names = {str(x.get("hostname") or "*") for x in listeners}
        for network in (before, after):
            for route, _ in network.attached.get(gateway.id, ()):
                names |= {str(n) for n in _spec(route).get("hostnames") or ()}
        yield from _entered(gateway, {x.get("port") for x in listeners}, names - previews)


def _bound(network: Network) -> set[str]:
    return {
        network.full(str(host), vs.id.namespace).lower()
        for vs in network.base.of(ISTIO, "VirtualService")
        if any(g != "mesh" for g in _spec(vs).get("gateways") or ())
        for host in _spec(vs).get("hosts") or ()
    }


def _entered(gateway: Resource, ports: Iterable[Any], hosts: Iterable[str]) -> Iterator[Address]:
    client = Client(kind="gateway", namespace=gateway.id.namespace, name=gateway.id.name)
    names = sorted({_shown(host.lower()) for host in hosts})
    for port in sorted(port for port in ports if isinstance(port, int)):
        yield from (Address(client=client, host=name, port=port, authority=name) for name in names)
