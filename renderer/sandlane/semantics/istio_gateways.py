"""What an Istio gateway makes of requests (S14): all VirtualServices of a host in one list, their catch-alls at its end.

The list is that of the pods: they serve every Gateway that selects them.

Istio: pilot/pkg/networking/core/gateway.go (buildGatewayHTTPRouteConfig). Virtual hosts are kept by literal host name: Envoy takes
the closest one, and never goes on to another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.semantics.istio_matches import Proxy
from sandlane.semantics.istio_rules import rules_of
from sandlane.semantics.network import Network, most_specific, patterns_of
from sandlane.semantics.objects import ISTIO, GatewayPods, VirtualService
from sandlane.semantics.outcomes import L4, NotFound, Origin, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Table

GATEWAY = (ISTIO, "Gateway")
_Server = tuple[Resource, Manifest]
"""A Gateway, and a server of it."""
_PASSED_ON = frozenset({"AUTO_PASSTHROUGH", "PASSTHROUGH"})
SCHEMES = {"HTTP": "http", "HTTP2": "http", "GRPC": "http", "GRPC-WEB": "http", "HTTPS": "https"}
"""Protocol of a server or listener that looks into requests -> their scheme."""


def tables_of(network: Network, gateway: Resource, address: Address) -> tuple[Table, ...]:
    """Returns the rules of a Gateway's proxies for a port and an authority: one table, or one for each set of pods that serves it."""
    every = network.gateway_pods.get(gateway.id) or (GatewayPods(gateways=(gateway,)),)
    distinct = {
        (tuple(g.id for g in pods.gateways), namespace): replace(pods, namespace=namespace)
        for pods in every
        # Pods that the base lacks may be in any of the namespaces that routes tell apart.
        for namespace in ([pods.namespace] if pods.namespace else [gateway.id.namespace, *network.source_namespaces])
    }
    if len(distinct) == 1:
        return (_table(network, gateway, next(iter(distinct.values())), address),)
    return tuple(
        replace(_table(network, gateway, pods, address), when=f"at the pods of {_named(gateway, pods)}")
        for pods in distinct.values()
    )


def _named(gateway: Resource, pods: GatewayPods) -> str:
    if pods.workload:
        return f"'{pods.workload}'"
    together = " and ".join(f"'{each.id}'" for each in pods.gateways) + (" together" if len(pods.gateways) > 1 else "")
    return together if pods.namespace == gateway.id.namespace else f"{together} in namespace '{pods.namespace}'"


def _table(network: Network, gateway: Resource, pods: GatewayPods, address: Address) -> Table:
    origin = Origin(resource=gateway, path=("spec",))
    servers = [(g, server) for g in pods.gateways for server in spec_of(g.manifest).get("servers") or ()]
    served = [(g, server) for g, server in servers if (server.get("port") or {}).get("number") == address.port]
    if not any(g.id == gateway.id for g, _ in served):
        return Table(otherwise=Unknown(f"'{gateway.id}' serves no port {address.port}"), origin=origin)
    scheme = scheme_of(served[0][1])
    if scheme is None:
        return Table(otherwise=L4(address.authority, address.port), origin=origin)
    if scheme == "https":
        served = _by_name(served, address.authority)
    client = replace(address.client, namespace=pods.namespace)
    found = [
        (full, vs, {*served_hosts(vs, each, [server for owner, server in served if owner.id == each.id])})
        for each in pods.gateways
        for full in (f"{each.id.namespace}/{each.id.name}",)
        for vs in _bound(network, full, address.authority)
        if vs.is_seen(client.namespace)
    ]
    name = most_specific({host for _, _, hosts in found for host in hosts}, address.authority)
    if name is None:
        return Table(otherwise=NotFound(), origin=origin)
    rules = tuple(
        rule
        for full, vs, hosts in found
        if name in hosts
        for rule in rules_of(network, vs.resource, Proxy(client=client, gateway=full, port=address.port))
    )
    return Table(
        rules=rules, otherwise=NotFound(), origin=rules[0].origin if rules else origin, notes=_notes(pods, served)
    )


def _by_name(served: Sequence[_Server], authority: str) -> list[_Server]:
    """Returns the TLS server whose hosts cover the name that a client asks for most closely: each has a route table of its own."""
    patterns = {str(host).lower().rpartition("/")[2] for _, server in served for host in server.get("hosts") or ()}
    best = most_specific(patterns, authority)
    return [s for s in served if best in [str(h).lower().rpartition("/")[2] for h in s[1].get("hosts") or ()]][:1]


def _bound(network: Network, gateway: str, authority: str) -> list[VirtualService]:
    """Returns the VirtualServices of a Gateway with a host that covers an authority: others have no virtual host for it."""
    by_host = network.bound.get(gateway, {})
    found = {vs.resource.id: vs for pattern in patterns_of(authority) for vs in by_host.get(pattern, ())}
    return sorted(found.values(), key=lambda vs: (vs.resource.id.name, vs.namespace))


def _notes(pods: GatewayPods, served: Sequence[_Server]) -> tuple[str, ...]:
    others = dict.fromkeys(str(gateway.id) for gateway, _ in served)
    if len(others) < 2:
        return ()
    what = "serves" if pods.workload else "may serve"
    names = ", ".join(f"'{name}'" for name in others)
    return (f"one set of pods {what} {names}: their routes of a host are one list",)


def scheme_of(server: Manifest) -> str | None:
    """Returns the scheme of the requests that a server looks into, or None where it passes connections on."""
    scheme = SCHEMES.get(str((server.get("port") or {}).get("protocol", "")).upper())
    return None if scheme == "https" and (server.get("tls") or {}).get("mode") in _PASSED_ON else scheme


def served_hosts(vs: VirtualService, gateway: Resource, servers: Sequence[Manifest]) -> Iterator[str]:
    """Yields the host names of the virtual hosts that a VirtualService takes part in: what it and a server have in common."""
    for host, listed in product(vs.hosts, (listed for server in servers for listed in server.get("hosts") or ())):
        home, _, pattern = str(listed).lower().rpartition("/")
        if (gateway.id.namespace if home == "." else home) in ("", "*", vs.namespace):
            if covers(pattern, host):
                yield host
            elif covers(host, pattern):
                yield pattern
