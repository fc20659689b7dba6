"""What an Istio sidecar makes of requests: which VirtualService applies, and what holds where none does (S5, S6, S10, S11, S13).

Istio: pilot/pkg/networking/core/route/route.go (BuildSidecarVirtualHostWrapper), httproute.go (buildVirtualHost). Of the
VirtualServices for a host the first that has a rule for the proxy is used, and nothing is merged: in the client's namespace
alone, then exported to it, then exported to all; the oldest first, which manifests do not tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sandlane.k8s.ports import SNIFFED, is_http, istio_protocol
from sandlane.k8s.resource import Resource, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.semantics import gamma
from sandlane.semantics.istio_matches import MESH, Proxy
from sandlane.semantics.istio_rules import destination, rules_of
from sandlane.semantics.network import ISTIO, Host, Network, closeness, most_specific
from sandlane.semantics.outcomes import L4, Forward, NotFound, Outcome, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.sidecars import Scope, scope_of
from sandlane.semantics.tables import Rule, Table

_LITERAL_PORT = 80
"""The one port on which hosts of VirtualServices that no registry knows are served."""

Source = tuple[str, tuple[Rule, ...]]
"""What decides, and its rules for a proxy."""


def tables_of(network: Network, address: Address) -> tuple[Table, ...]:
    """Returns the rules of a sidecar for the host and port that a request is addressed to."""
    client = address.client
    scope = scope_of(network, client, address.port)
    visible = [vs for vs in _mesh(network, client.namespace) if scope.has(vs.id.namespace, _hosts(network, vs))]
    name, host = _addressed(network, address)
    if host and not _is_known(network, host, scope, visible, address):
        host = None
    notes: tuple[str, ...] = (f"{scope.doubt} decides which Sidecar applies",) if scope.doubt else ()
    if host is None:
        return tuple(replace(table, notes=notes) for table in _literal(network, address, name, visible, scope))
    port = host.ports[address.port]
    if not is_http(istio_protocol(port)):
        return (Table(otherwise=_connection(network, host, visible, address), notes=notes),)
    if istio_protocol(port) == SNIFFED:
        notes += (f"port {address.port} of '{host.name}' names no protocol: the proxy looks whether it is HTTP",)
    proxy = Proxy(client=client, gateway=MESH, port=address.port, dialled=host.name)
    default = Forward(destinations=(destination(network, proxy, host.name, address.port),))
    sources = [s for s in _sources(network, proxy, host, visible) if s[1]]
    if not sources:
        return (Table(otherwise=default, notes=notes),)
    return tuple(replace(table, notes=notes) for table in _alternatives(sources))


def _alternatives(sources: Sequence[Source]) -> Iterator[Table]:
    names = " and ".join(f"'{name}'" for name, _ in sources)
    for name, rules in sources:
        when = f"if '{name}' is the oldest of {names}" if len(sources) > 1 else ""
        yield Table(rules=rules, otherwise=NotFound(), origin=rules[0].origin, when=when)


def _mesh(network: Network, namespace: str) -> list[Resource]:
    """Returns the VirtualServices for sidecars that a namespace sees."""
    return [
        vs
        for vs in network.base.of(ISTIO, "VirtualService")
        if MESH in (spec_of(vs.manifest).get("gateways") or (MESH,)) and visibility(vs) & {"*", namespace}
    ]


def _hosts(network: Network, vs: Resource) -> list[str]:
    return [network.full(host, vs.id.namespace).lower() for host in spec_of(vs.manifest).get("hosts") or ()]


def _addressed(network: Network, address: Address) -> tuple[str, Host | None]:
    """Returns the host that a request is for: by its authority where ports are declared to be HTTP, else by its address."""
    namespace = address.client.namespace
    dialled = network.hosts.get(network.meant(address.host, namespace))
    if dialled and address.port in dialled.ports and istio_protocol(dialled.ports[address.port]) in _BY_ADDRESS:
        return dialled.name, dialled
    name = network.meant(address.authority, namespace)
    named = network.hosts.get(name)
    return name, named if named and address.port in named.ports else None


_BY_ADDRESS = frozenset({SNIFFED, "https", "mongo", "mysql", "redis", "tcp", "tls", "udp"})


def _is_known(network: Network, host: Host, scope: Scope, visible: Sequence[Resource], address: Address) -> bool:
    """Tells whether a client's proxy knows a host: exported to it, and imported, or a destination of what is imported."""
    if not host.is_seen(address.client.namespace):
        return False
    if scope.has(host.resource.id.namespace, (host.name,)):
        return True
    return any(
        network.full(str((item.get("destination") or {}).get("host")), vs.id.namespace) == host.name
        for vs in visible
        for entry in spec_of(vs.manifest).get("http") or ()
        for item in entry.get("route") or ()
    )


def _literal(
    network: Network, address: Address, name: str, visible: Sequence[Resource], scope: Scope
) -> Iterator[Table]:
    """Yields the tables of a host that is no Service: VirtualServices that name it, on port 80, else nothing is known of it."""
    proxy = Proxy(client=address.client, gateway=MESH, port=address.port)
    patterns = {host for vs in visible for host in _hosts(network, vs) if host not in network.hosts}
    pattern = most_specific(patterns, name) if address.port == _LITERAL_PORT else None
    named = [vs for vs in visible if pattern in _hosts(network, vs)]
    sources = [(str(vs.id), rules) for vs in _first_scope(named, address) if (rules := rules_of(network, vs, proxy))]
    if sources:
        yield from _alternatives(sources)
        return
    dialled = network.hosts.get(network.meant(address.host, address.client.namespace))
    if dialled and address.port not in dialled.ports:
        yield Table(otherwise=Unknown(f"'{dialled.name}' has no port {address.port}"))
    else:
        yield Table(otherwise=scope.strange, origin=scope.origin)


def _sources(network: Network, proxy: Proxy, host: Host, visible: Sequence[Resource]) -> list[Source]:
    """Returns what may decide for a host: the first in scope with rules for the proxy, or all that only their age tells apart."""
    covering = [(vs, pattern) for vs in visible if (pattern := most_specific(_hosts(network, vs), host.name))]
    best = max((closeness(pattern) for _, pattern in covering), default=None)
    named = [vs for vs, pattern in covering if closeness(pattern) == best]
    for tier in _tiers(named, proxy.client.namespace):
        found = [(str(vs.id), rules) for vs in tier if (rules := rules_of(network, vs, proxy))]
        if found and not _is_public(tier[0]):
            return found
        if found:
            return [*found, *_made(network, proxy, host)]
    return list(_made(network, proxy, host))


def _made(network: Network, proxy: Proxy, host: Host) -> Iterator[Source]:
    for rules in gamma.candidates(network, proxy, host):
        if rules:
            yield rules[0].group, rules


def _tiers(found: Sequence[Resource], namespace: str) -> list[list[Resource]]:
    tiers: list[list[Resource]] = [[], [], []]
    for vs in found:
        names = visibility(vs)
        tier = 2 if "*" in names else 0 if vs.id.namespace == namespace else 1
        tiers[tier].append(vs)
    return [tier for tier in tiers if tier]


def _is_public(vs: Resource) -> bool:
    return "*" in visibility(vs)


def _first_scope(found: Sequence[Resource], address: Address) -> list[Resource]:
    tiers = _tiers(found, address.client.namespace)
    return tiers[0] if tiers else []


def _connection(network: Network, host: Host, visible: Sequence[Resource], address: Address) -> Outcome:
    """Returns what becomes of a connection to a port that carries no HTTP."""
    for vs in visible:
        if (spec_of(vs.manifest).get("tcp") or spec_of(vs.manifest).get("tls")) and most_specific(
            _hosts(network, vs), host.name
        ):
            return Unknown(f"'{vs.id}' routes connections, which is not modelled")
    return L4(host.name, address.port)
