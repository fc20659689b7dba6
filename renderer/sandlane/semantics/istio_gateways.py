"""What an Istio gateway makes of requests (S14): all VirtualServices of a host in one list, their catch-alls at its end.

Istio: pilot/pkg/networking/core/gateway.go (buildGatewayHTTPRouteConfig). Virtual hosts are kept by literal host name: Envoy takes
the closest one, and never goes on to another.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.semantics.istio_matches import Proxy, gateway_name
from sandlane.semantics.istio_rules import rules_of
from sandlane.semantics.network import ISTIO, Network, most_specific
from sandlane.semantics.outcomes import L4, NotFound, Origin, Outcome, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Table

GATEWAY = (ISTIO, "Gateway")
_PASSED_ON = frozenset({"AUTO_PASSTHROUGH", "PASSTHROUGH"})


def table_of(network: Network, gateway: Resource, address: Address) -> Table:
    """Returns the rules of a Gateway's proxies for a port and an authority."""
    servers = [s for s in spec_of(gateway.manifest).get("servers") or () if _port(s) == address.port]
    origin = Origin(resource=gateway, path=("spec",))
    if not servers:
        return Table(otherwise=Unknown(f"'{gateway.id}' serves no port {address.port}"), origin=origin)
    strange = _strange(servers[0], address)
    if strange:
        return Table(otherwise=strange, origin=origin)
    found = [
        (vs, set(served(network, vs, gateway, servers)))
        for vs in sorted(network.base.of(ISTIO, "VirtualService"), key=lambda vs: (vs.id.name, vs.id.namespace))
        if _names(vs, gateway) and visibility(vs) & {"*", gateway.id.namespace}
    ]
    name = most_specific({host for _, hosts in found for host in hosts}, address.authority)
    if name is None:
        return Table(otherwise=NotFound(), origin=origin)
    proxy = Proxy(client=address.client, gateway=f"{gateway.id.namespace}/{gateway.id.name}", port=address.port)
    rules = tuple(rule for vs, hosts in found if name in hosts for rule in rules_of(network, vs, proxy))
    notes = _notes(network, gateway)
    return Table(rules=rules, otherwise=NotFound(), origin=rules[0].origin if rules else origin, notes=notes)


def _notes(network: Network, gateway: Resource) -> tuple[str, ...]:
    selector = _spec(gateway).get("selector")
    others = [g for g in network.base.of(*GATEWAY) if g.id != gateway.id and _spec(g).get("selector") == selector]
    if not others:
        return ()
    return (f"the pods of '{gateway.id}' serve '{others[0].id}' too, whose routes are not looked at",)


def _spec(resource: Resource) -> Manifest:
    return spec_of(resource.manifest)


def _port(server: Manifest) -> int | None:
    number: int | None = (server.get("port") or {}).get("number")
    return number


def _strange(server: Manifest, address: Address) -> Outcome | None:
    """Returns what becomes of connections to a server that does not look into them, or None."""
    protocol = str((server.get("port") or {}).get("protocol", "")).upper()
    mode = (server.get("tls") or {}).get("mode")
    if protocol in ("HTTP", "HTTP2", "GRPC", "GRPC-WEB") or (protocol == "HTTPS" and mode not in _PASSED_ON):
        return None
    return L4(address.authority, address.port)


def _names(vs: Resource, gateway: Resource) -> bool:
    full = f"{gateway.id.namespace}/{gateway.id.name}"
    return any(gateway_name(name, vs.id.namespace) == full for name in _spec(vs).get("gateways") or ())


def served(network: Network, vs: Resource, gateway: Resource, servers: list[Manifest]) -> Iterator[str]:
    """Yields the host names of the virtual hosts that a VirtualService takes part in: what it and a server have in common."""
    for written in _spec(vs).get("hosts") or ():
        host = network.full(str(written), vs.id.namespace).lower()
        for server in servers:
            for listed in server.get("hosts") or ():
                home, _, pattern = str(listed).lower().rpartition("/")
                home = gateway.id.namespace if home == "." else home
                if home not in ("", "*", vs.id.namespace):
                    continue
                if covers(pattern, host):
                    yield host
                elif covers(host, pattern):
                    yield pattern
