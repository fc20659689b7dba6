"""What an Istio sidecar makes of requests: which VirtualService applies, and what holds where none does (S5, S6, S10, S11, S13).

Istio: pilot/pkg/networking/core/route/route.go (BuildSidecarVirtualHostWrapper), httproute.go (buildVirtualHost). Of the
VirtualServices for a host the first that has a rule for the proxy is used, and nothing is merged: in the client's namespace
alone, then exported to it, then exported to all; the oldest first, which manifests do not tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sandlane.k8s.hosts import covers
from sandlane.k8s.ports import SNIFFED, has_sidecar_listener, is_http, istio_protocol
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
    if host and not _is_known(host, scope, name, address):
        host = None
    notes: tuple[str, ...] = (f"{scope.doubt} decides which Sidecar applies",) if scope.doubt else ()
    if host is None:
        return tuple(replace(table, notes=notes) for table in _literal(network, address, name, visible, scope))
    port = host.ports[address.port]
    if not has_sidecar_listener(port) and str(port.get("protocol") or "TCP").upper() == "TCP":
        notes += (f"sidecars do not listen for port {address.port} of '{host.name}'",)
        return (Table(otherwise=scope.strange, origin=scope.origin, notes=notes),)
    if not is_http(istio_protocol(port)):
        return (Table(otherwise=_connection(network, host, visible, address), notes=notes),)
    if istio_protocol(port) == SNIFFED:
        notes += (f"port {address.port} of '{host.name}' names no protocol: the proxy looks whether it is HTTP",)
    proxy = Proxy(client=client, gateway=MESH, port=address.port, dialled=host.name)
    default = Forward(destinations=(destination(network, proxy, host.name, address.port),))
    sources = [s for s in (*_own(network, proxy, name, visible), *_sources(network, proxy, host, visible)) if s[1]]
    if not sources:
        return (Table(otherwise=default, notes=notes),)
    return tuple(replace(table, notes=notes) for table in _alternatives(sources))


def _own(network: Network, proxy: Proxy, name: str, visible: Sequence[Resource]) -> list[Source]:
    """Returns the VirtualServices of an ExternalName Service itself: they go before the default of the Service that it means."""
    alias = network.hosts.get(name)
    if alias is None or not alias.is_external or proxy.port not in alias.ports:
        return []
    return _sources(network, replace(proxy, dialled=name), alias, visible)


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
    """Returns the name and the host that a request is for: by its authority where ports are declared to be HTTP, else by its address.

    An ExternalName Service has no listener of its own: its name resolves to the host that it means, whose virtual host has it as well.
    """
    namespace = address.client.namespace
    named = network.meant(address.host, namespace)
    dialled = network.hosts.get(network.concrete(named))
    if dialled and address.port in dialled.ports and istio_protocol(dialled.ports[address.port]) in _BY_ADDRESS:
        return named, dialled
    name = network.meant(address.authority, namespace)
    host = network.hosts.get(network.concrete(name))
    return name, host if host and not host.is_external and address.port in host.ports else None


_BY_ADDRESS = frozenset({SNIFFED, "https", "mongo", "mysql", "redis", "tcp", "tls", "udp"})


def _is_known(host: Host, scope: Scope, name: str, address: Address) -> bool:
    """Tells whether a client's proxy has a virtual host for a host and a name of it: exported to it, and imported.

    One that is imported as the destination of a VirtualService alone has clusters and no virtual host.
    """
    return host.is_seen(address.client.namespace) and all(
        scope.has(host.resource.id.namespace, (known,)) for known in (host.name, name)
    )


def _literal(
    network: Network, address: Address, name: str, visible: Sequence[Resource], scope: Scope
) -> Iterator[Table]:
    """Yields the tables of a host that the proxy does not know for a port: VirtualServices that name it, on port 80 where it listens
    for something else, else nothing is known of it.
    """
    sources: list[Source] = []
    if address.port == _LITERAL_PORT:
        known = _registered(network, address, scope)
        if any(istio_protocol(host.ports[address.port]) != SNIFFED for host in known):
            sources = _named_only(network, address, name, visible, known)
    if sources:
        yield from _alternatives(sources)
        return
    dialled = network.hosts.get(network.concrete(network.meant(address.host, address.client.namespace)))
    if dialled and not dialled.is_external and address.port not in dialled.ports:
        yield Table(otherwise=Unknown(f"'{dialled.name}' has no port {address.port}"))
    else:
        yield Table(otherwise=scope.strange, origin=scope.origin)


def _registered(network: Network, address: Address, scope: Scope) -> list[Host]:
    """Returns the hosts that a proxy knows for an HTTP port."""
    return [
        host
        for host in network.hosts.values()
        if address.port in host.ports
        and is_http(istio_protocol(host.ports[address.port]))
        and _is_known(host, scope, host.name, address)
    ]


def _named_only(
    network: Network, address: Address, name: str, visible: Sequence[Resource], known: Sequence[Host]
) -> list[Source]:
    """Returns what VirtualServices say of a host that nothing else makes known: also a Service that lacks the listener's port."""
    proxy = Proxy(client=address.client, gateway=MESH, port=address.port)
    patterns = {
        host for vs in visible for host in _hosts(network, vs) if not any(covers(host, other.name) for other in known)
    }
    pattern = most_specific(patterns, name)
    named = [vs for vs in visible if pattern in _hosts(network, vs)]
    return [(str(vs.id), rules) for vs in _first_scope(named, address) if (rules := rules_of(network, vs, proxy))]


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
