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
from sandlane.semantics import gamma
from sandlane.semantics.istio_matches import MESH, Proxy
from sandlane.semantics.istio_rules import destination, rules_of
from sandlane.semantics.network import Network, closeness, most_specific
from sandlane.semantics.objects import Host, VirtualService
from sandlane.semantics.outcomes import L4, Forward, NotFound, Outcome, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.sidecars import Scope, scope_of
from sandlane.semantics.tables import Rule, Table

_LITERAL_PORT = 80
"""The one port on which hosts of VirtualServices that no registry knows are served."""

Rules = tuple[Rule, ...]
"""The rules of one object for a proxy: that which may decide for a host."""


def tables_of(network: Network, address: Address) -> tuple[Table, ...]:
    """Returns the rules of a sidecar for the host and port that a request is addressed to."""
    client = address.client
    scope = scope_of(network, client, address.port)
    visible = [vs for vs in network.in_mesh(client.namespace) if scope.has(vs.namespace, vs.hosts)]
    name, host = _addressed(network, address)
    notes: tuple[str, ...] = (f"{scope.doubt} decides which Sidecar applies",) if scope.doubt else ()
    if host is None or not _is_known(host, scope, name, address):
        return tuple(replace(table, notes=notes) for table in _literal(network, address, name, visible, scope))
    port = host.ports[address.port]
    if not has_sidecar_listener(port) and str(port.get("protocol") or "TCP").upper() == "TCP":
        notes += (f"sidecars do not listen for port {address.port} of '{host.name}'",)
        return (Table(otherwise=scope.strange, origin=scope.origin, notes=notes),)
    if not is_http(istio_protocol(port)):
        return (Table(otherwise=_connection(host, visible, address), notes=notes),)
    if istio_protocol(port) == SNIFFED:
        notes += (f"port {address.port} of '{host.name}' names no protocol: the proxy looks whether it is HTTP",)
    proxy = Proxy(client=client, gateway=MESH, port=address.port, dialled=host.name)
    sources = _sources(network, proxy, host, visible)
    alias = network.hosts.get(name)
    if alias and alias.is_external and address.port in alias.ports:
        # VirtualServices of an ExternalName Service itself go before the default of the Service that it means.
        sources = [*_sources(network, replace(proxy, dialled=name), alias, visible), *sources]
    if sources:
        return tuple(replace(table, notes=notes) for table in _alternatives(sources))
    return (
        Table(otherwise=Forward(destinations=(destination(network, proxy, host.name, address.port),)), notes=notes),
    )


def _alternatives(sources: Sequence[Rules]) -> Iterator[Table]:
    names = " and ".join(f"'{rules[0].group}'" for rules in sources)
    for rules in sources:
        when = f"if '{rules[0].group}' is the oldest of {names}" if len(sources) > 1 else ""
        yield Table(rules=rules, otherwise=NotFound(), origin=rules[0].origin, when=when)


def _addressed(network: Network, address: Address) -> tuple[str, Host | None]:
    """Returns the name and the host that a request is for: by its authority where ports are declared to be HTTP, else by its address.

    An ExternalName Service has no listener of its own: its name resolves to the host that it means, whose virtual host has it as well.
    """
    namespace = address.client.namespace
    dialled = network.dialled(address.host, namespace)
    if dialled and address.port in dialled.ports and istio_protocol(dialled.ports[address.port]) in _BY_ADDRESS:
        return network.meant(address.host, namespace), dialled
    host = network.dialled(address.authority, namespace)
    is_served = host is not None and not host.is_external and address.port in host.ports
    return network.meant(address.authority, namespace), host if is_served else None


_BY_ADDRESS = frozenset({SNIFFED, "https", "mongo", "mysql", "redis", "tcp", "tls", "udp"})


def _is_known(host: Host, scope: Scope, name: str, address: Address) -> bool:
    """Tells whether a client's proxy has a virtual host for a host and a name of it: exported to it, and imported.

    One that is imported as the destination of a VirtualService alone has clusters and no virtual host.
    """
    return host.is_seen(address.client.namespace) and all(
        scope.has(host.resource.id.namespace, (known,)) for known in (host.name, name)
    )


def _literal(
    network: Network, address: Address, name: str, visible: Sequence[VirtualService], scope: Scope
) -> Iterator[Table]:
    """Yields the tables of a host that the proxy does not know for a port: VirtualServices that name it, on port 80 where it listens
    for something else, else nothing is known of it.
    """
    dialled = network.dialled(address.host, address.client.namespace)
    sources = _named_only(network, address, name, visible, scope) if address.port == _LITERAL_PORT else ()
    if sources:
        yield from _alternatives(sources)
    elif dialled and not dialled.is_external and address.port not in dialled.ports:
        yield Table(otherwise=Unknown(f"'{dialled.name}' has no port {address.port}"))
    else:
        yield Table(otherwise=scope.strange, origin=scope.origin)


def _named_only(
    network: Network, address: Address, name: str, visible: Sequence[VirtualService], scope: Scope
) -> list[Rules]:
    """Returns what VirtualServices say of a host that nothing else makes known: also a Service that lacks the listener's port."""
    protocols = {
        host.name: istio_protocol(host.ports[address.port])
        for host in network.hosts.values()
        if address.port in host.ports and _is_known(host, scope, host.name, address)
    }
    known = [other for other, protocol in protocols.items() if is_http(protocol)]
    if all(protocols[other] == SNIFFED for other in known):
        return []
    strange = {host for vs in visible for host in vs.hosts if not any(covers(host, other) for other in known)}
    pattern = most_specific(strange, name)
    proxy = Proxy(client=address.client, gateway=MESH, port=address.port)
    tiers = _tiers([vs for vs in visible if pattern in vs.hosts], address.client.namespace)
    return _having_rules(network, proxy, tiers[0]) if tiers else []


def _sources(network: Network, proxy: Proxy, host: Host, visible: Sequence[VirtualService]) -> list[Rules]:
    """Returns what may decide for a host: the first in scope with rules for the proxy, or all that only their age tells apart."""
    covering = [(vs, pattern) for vs in visible if (pattern := most_specific(vs.hosts, host.name))]
    best = max((closeness(pattern) for _, pattern in covering), default=None)
    named = [vs for vs, pattern in covering if closeness(pattern) == best]
    made = [rules for rules in gamma.candidates(network, proxy, host) if rules]
    for tier in _tiers(named, proxy.client.namespace):
        found = _having_rules(network, proxy, tier)
        if found:
            return [*found, *made] if "*" in tier[0].exported else found
    return made


def _having_rules(network: Network, proxy: Proxy, found: Sequence[VirtualService]) -> list[Rules]:
    return [rules for vs in found if (rules := rules_of(network, vs.resource, proxy))]


def _tiers(found: Sequence[VirtualService], namespace: str) -> list[list[VirtualService]]:
    tiers: list[list[VirtualService]] = [[], [], []]
    for vs in found:
        tiers[2 if "*" in vs.exported else 0 if vs.namespace == namespace else 1].append(vs)
    return [tier for tier in tiers if tier]


def _connection(host: Host, visible: Sequence[VirtualService], address: Address) -> Outcome:
    """Returns what becomes of a connection to a port that carries no HTTP."""
    for vs in visible:
        if (vs.spec.get("tcp") or vs.spec.get("tls")) and most_specific(vs.hosts, host.name):
            return Unknown(f"'{vs.resource.id}' routes connections, which is not modelled")
    return L4(host.name, address.port)
