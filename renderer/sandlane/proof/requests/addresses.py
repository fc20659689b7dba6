"""Every address for which requests can differ: clients that objects tell apart, the hosts and ports that they call, gateways.

A tenant's preview is a host at a gateway, which has to answer as the base's host does for that tenant (rule R-G15).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sandlane.frozen import frozen
from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Resource, spec_of
from sandlane.proof.requests.case import Case
from sandlane.proof.requests.clients import Calling
from sandlane.semantics import compile_address
from sandlane.semantics.gateways import KINDS
from sandlane.semantics.istio_matches import MESH
from sandlane.semantics.network import Network
from sandlane.semantics.objects import ISTIO
from sandlane.semantics.outcomes import L4
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
    found = (vs for network in (before, after) if network.mesh == "istio" for vs in network.virtual_services)
    literal = {host for vs in found if MESH in vs.gateways for host in vs.hosts}  # no registry may know it
    new = literal | (after.hosts.keys() - before.hosts.keys())
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


def served(gateway: Resource) -> list[tuple[int, str]]:
    """Returns the ports of a gateway, each with patterns of the hosts for which it takes requests there."""
    spec = spec_of(gateway.manifest)
    servers = [((s.get("port") or {}).get("number"), s.get("hosts") or ()) for s in spec.get("servers") or ()]
    listeners = [(x.get("port"), (x.get("hostname") or "*",)) for x in spec.get("listeners") or ()]
    found = [(port, str(host).rpartition("/")[2].lower()) for port, hosts in (*servers, *listeners) for host in hosts]
    return [(port, host) for port, host in found if isinstance(port, int)]


def gateways_of(before: Network, after: Network, previews: Collection[str], gateway: str) -> Iterator[Entrance]:
    """Yields the gateways; at the one that serves them hosts of previews are left out that the base has not."""
    for each in (each for kind in KINDS for each in before.base.of(*kind) if before.is_istio or kind[0] != ISTIO):
        names, at = {_name(each)}, served(each)
        known, new = ({*network.named.get(each.id, ())} - {""} for network in (before, after))
        if each.id.group == ISTIO:
            names = _together(before, each) | _together(after, each)
            known, new = ({h for name in names for h in network.bound.get(name, ())} for network in (before, after))
        hosts = {host for _, host in at} | known | (new - {*(previews if gateway in names else ())})
        ports = tuple(sorted({port for port, _ in at}))
        yield Entrance(gateway=each, hosts=tuple(sorted({shown(host) for host in hosts})), ports=ports)


def _name(gateway: Resource) -> str:
    return f"{gateway.id.namespace}/{gateway.id.name}"


def _for_all_ports(before: Network, after: Network) -> Iterator[str]:
    """Yields the hosts of new VirtualServices with entries for all ports: istiod makes these answer on port 80 in any case."""
    for vs in after.virtual_services if before.mesh == "istio" else ():
        is_for_all = any(not match.get("port") for match in vs.matches)
        yield from vs.hosts if vs.resource.id not in before.base.by_id and is_for_all else ()


def _together(network: Network, gateway: Resource) -> set[str]:
    """Returns the names of the Gateways that pods of a Gateway serve: the routes of one are those of all."""
    served = (each for pods in network.gateway_pods.get(gateway.id, ()) for each in pods.gateways)
    return {_name(gateway), *(_name(each) for each in served)}


def preview_hosts(case: Case) -> Mapping[str, str]:
    """Returns the hosts of the previews that there have to be, with their tenants: a tenant without clones has none."""
    preview, cloned = case.world.claims.environment.preview, case.world.clones.cloned
    if preview is None:
        return {}
    tenants = (holder.tenant for holder in case.world.holders.values() if cloned.get(holder.tenant))
    return {preview.host.replace("{tenantID}", tenant).lower(): tenant for tenant in tenants}


def preview_pairs(case: Case, entrances: list[Entrance], hosts: Mapping[str, str]) -> Iterator[Pair]:
    """Yields the addresses of previews beside that of the base's host that they are of, at ports that serve both, if there are any."""
    preview = case.world.claims.environment.preview
    for entrance in entrances:
        if preview is None or _name(entrance.gateway) != preview.gateway:
            continue
        of = shown(preview.of.lower()) if preview.of else _only_host(case, entrance)
        at = [port for port in entrance.ports if _serves(entrance.gateway, of, port)] or [*entrance.ports]
        for host, tenant in hosts.items():
            own = [port for port in entrance.ports if _serves(entrance.gateway, host, port)]
            for port in [port for port in own if port in at] or own:
                before = entrance.address(of, port if port in at else at[0])
                tables = compile_address(case.before, before)
                # Where connections are passed on unread, nothing looks at what is sent, whatever its host.
                if any(table.rules or not isinstance(table.otherwise, L4) for table in tables):
                    yield Pair(before=before, after=entrance.address(host, port), preview=tenant)


def _serves(gateway: Resource, host: str, port: int) -> bool:
    """Tells whether a gateway takes requests for a host at a port: a certificate of its own, or a port, is for some hosts only."""
    return any(at == port and covers(pattern, host) for at, pattern in served(gateway))


def _only_host(case: Case, entrance: Entrance) -> str:
    """Returns the one host for which the base has routes at a gateway, or ''."""
    addresses = [entrance.address(host, port) for host in entrance.hosts for port in entrance.ports]
    found = {a.host for a in addresses if any(table.rules for table in compile_address(case.before, a))}
    return next(iter(found)) if len(found) == 1 else ""
