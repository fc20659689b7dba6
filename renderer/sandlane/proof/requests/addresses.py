"""Every address for which requests can differ: clients that objects tell apart, the hosts and ports that they call, gateways."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.proof.requests.clients import Calling
from sandlane.semantics.istio_matches import MESH
from sandlane.semantics.network import Network
from sandlane.semantics.objects import GATEWAY_API, ISTIO
from sandlane.semantics.request import Address, Client

_LITERAL_PORT = 80


@frozen(kw_only=True)
class Pair:
    """One address in the base and in the output; `preview` is the tenant whose preview the output's is, of the base's."""

    before: Address
    after: Address
    tenants: frozenset[str] | None = None
    preview: str = ""


@frozen(kw_only=True)
class Entrance:
    """A gateway, with the hosts and ports of requests that come in there."""

    gateway: Resource
    hosts: tuple[str, ...]
    ports: tuple[int, ...]

    def address(self, host: str, port: int) -> Address:
        """Returns the address of requests for a host and port."""
        id = self.gateway.id
        client = Client(kind="gateway", namespace=id.namespace, name=id.name)
        return Address(client=client, host=host, port=port, authority=host)

    def pairs(self) -> Iterator[Pair]:
        """Yields the addresses at which the base and the output have to agree."""
        for address in (self.address(host, port) for port in self.ports for host in self.hosts):
            yield Pair(before=address, after=address)


def pairs_of(before: Network, after: Network, callings: Sequence[Calling], but: frozenset[str]) -> Iterator[Pair]:
    """Yields the addresses of clients in the mesh; hosts in `but` are new ones: those of clones."""
    for_all_ports = {*_for_all_ports(before, after)}
    for host in sorted(before.hosts):
        known = before.hosts[host]
        names = _authorities(before, after, known.resource, host)
        ports = sorted({*known.ports, *([_LITERAL_PORT] if host in for_all_ports else [])})
        for each in callings:
            for port in ports:
                yield from (_pair(each, host, port, name) for name in names)
    new = {*_literals(before), *_literals(after), *(h for h in after.hosts if h not in before.hosts)}
    for host in sorted(new - {*before.hosts} - but):
        known_ports = after.hosts[host].ports if host in after.hosts else (_LITERAL_PORT,)
        # A literal host may be another name of one that is known: `web.shop`.
        for each in (c for c in callings if before.meant(host, c.before.namespace) not in before.hosts):
            yield from (_pair(each, shown(host), port, shown(host)) for port in known_ports)


def _pair(calling: Calling, host: str, port: int, authority: str) -> Pair:
    before = Address(client=calling.before, host=host, port=port, authority=authority)
    return Pair(before=before, after=replace(before, client=calling.after), tenants=calling.tenants)


def _authorities(before: Network, after: Network, service: Resource, host: str) -> list[str]:
    """Returns the authorities that matter for a Service: its own name, and those for which its routes ask."""
    found = {host: None}
    for network in (before, after) if before.mesh == "linkerd" else ():
        for route in network.attached.get(service.id, ()):
            found |= {shown(name): None for name in route.hostnames}
    return list(found)


def shown(pattern: str) -> str:
    """Returns a name that a pattern covers."""
    return f"any.example{pattern[1:]}" if pattern.startswith("*") else pattern


def _literals(network: Network) -> Iterator[str]:
    """Yields the hosts of VirtualServices in the mesh that no registry may know."""
    for vs in network.virtual_services if network.mesh == "istio" else ():
        yield from vs.hosts if MESH in vs.gateways else ()


def gateways_of(before: Network, after: Network, previews: Collection[str], gateway: str) -> Iterator[Entrance]:
    """Yields the gateways; at the one that serves them hosts of previews are left out that the base has not."""
    for each in before.base.of(ISTIO, "Gateway") if before.is_istio else ():
        servers: Sequence[Manifest] = spec_of(each.manifest).get("servers") or ()
        listed = {str(h).rpartition("/")[2].lower() for server in servers for h in server.get("hosts") or ()}
        together = _together(before, each) | _together(after, each)
        known, new = (
            {host for name in together for host in network.bound.get(name, ())} for network in (before, after)
        )
        own = {*previews} if gateway in together else set()
        yield _entrance(each, _ports(servers), listed | known, new - own)
    for each in before.base.of(GATEWAY_API, "Gateway"):
        listeners: Sequence[Manifest] = spec_of(each.manifest).get("listeners") or ()
        listed = {str(x.get("hostname") or "*").lower() for x in listeners}
        known, new = ({*network.named.get(each.id, ())} - {""} for network in (before, after))
        own = {*previews} if gateway == _name(each) else set()
        yield _entrance(each, [x.get("port") for x in listeners], listed | known, new - own)


def _ports(servers: Sequence[Manifest]) -> list[Any]:
    return [(server.get("port") or {}).get("number") for server in servers]


def _name(gateway: Resource) -> str:
    return f"{gateway.id.namespace}/{gateway.id.name}"


def _for_all_ports(before: Network, after: Network) -> Iterator[str]:
    """Yields the hosts of new VirtualServices with entries for all ports: istiod makes these answer on port 80 in any case."""
    for vs in after.virtual_services if before.mesh == "istio" else ():
        entries: Sequence[Manifest] = vs.spec.get("http") or ()
        is_for_all = any(not all((m or {}).get("port") for m in entry.get("match") or [None]) for entry in entries)
        yield from vs.hosts if vs.resource.id not in before.base.by_id and is_for_all else ()


def _together(network: Network, gateway: Resource) -> set[str]:
    """Returns the names of the Gateways that pods of a Gateway serve: the routes of one are those of all."""
    served = (each for pods in network.gateway_pods.get(gateway.id, ()) for each in pods.gateways)
    return {_name(gateway), *(_name(each) for each in served)}


def _entrance(gateway: Resource, ports: Iterable[Any], known: Iterable[str], new: Iterable[str]) -> Entrance:
    return Entrance(
        gateway=gateway,
        hosts=tuple(sorted({shown(host) for host in (*known, *new)})),
        ports=tuple(sorted({port for port in ports if isinstance(port, int)})),
    )
