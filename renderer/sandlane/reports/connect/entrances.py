"""Where a tenant's requests come in from outside of the mesh: hosts at gateways at which its header leads to its clones.

What becomes of a request is what `trace --gateway` says of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_pods
from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost, covers
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.plan.model import Plan
from sandlane.semantics import istio_gateways
from sandlane.semantics.gateways import KINDS
from sandlane.semantics.network import Network
from sandlane.semantics.objects import ROUTES
from sandlane.semantics.outcomes import Forward
from sandlane.semantics.request import Client, Request
from sandlane.semantics.tables import Rule, Table
from sandlane.semantics.trace import Tracer, client_of

_PORTS = {"http": 80, "https": 443}


@frozen(kw_only=True)
class Server:
    """A server or listener of a gateway that looks into requests; `hosts` are patterns."""

    scheme: str
    port: int
    hosts: tuple[str, ...]
    written: Manifest

    def url(self, host: str, path: str = "/") -> str:
        """Returns the URL of a host at it."""
        return f"{self.scheme}://{host}{'' if self.port == _PORTS[self.scheme] else f':{self.port}'}{path}"


@frozen(kw_only=True)
class Door:
    """A host at a server of a gateway, and what becomes of requests for it.

    `paths`: host to which rules send -> a path for each of these rules.
    """

    gateway: ResourceId
    server: Server
    host: str
    request: Request
    tables: tuple[Table, ...]
    paths: Mapping[str, tuple[str, ...]]


@frozen(kw_only=True)
class Doors:
    """All doors of a network, and by what its requests are traced.

    `sent`: cloned Service and number of a port -> hosts of its tenants' clones to which rules of the mesh send requests of its name.
    """

    tracer: Tracer
    found: tuple[Door, ...]
    sent: Mapping[tuple[ResourceId, int], frozenset[str]]

    def leads(self, service: ResourceId, port: int, clone: ResourceId) -> bool:
        """Tells whether rules of the mesh send requests for a Service's name to the Service of a clone, be it of another origin."""
        return host_of(self.tracer, clone) in self.sent.get((service, port), ())


@frozen(kw_only=True)
class Entrance:
    """A URL at a gateway at which a tenant's header leads to its clones; its host may be a pattern."""

    gateway: ResourceId
    url: str
    host: str
    clones: tuple[str, ...]


def servers_of(gateway: Resource) -> Iterator[Server]:
    """Yields the servers of Istio's Gateways, and the listeners of those of the Gateway API, that answer HTTP themselves."""
    spec = spec_of(gateway.manifest)
    for server in spec.get("servers") or ():
        scheme = istio_gateways.scheme_of(server)
        if scheme and not (server.get("tls") or {}).get("httpsRedirect"):
            hosts = tuple(str(host).lower().rpartition("/")[2] for host in server.get("hosts") or ())
            yield Server(scheme=scheme, port=server["port"]["number"], hosts=hosts, written=server)
    for listener in spec.get("listeners") or ():
        scheme = istio_gateways.SCHEMES.get(str(listener.get("protocol")).upper())
        if scheme:
            host = str(listener.get("hostname") or "*").lower()
            yield Server(scheme=scheme, port=listener["port"], hosts=(host,), written=listener)


def preview_url(base: Base, gateway: str, host: str) -> str | None:
    """Returns the URL of a preview: HTTPS where its gateway serves it; None where the gateway does not serve the host."""
    namespace, _, name = gateway.partition("/")
    for kind in KINDS:
        found = base.by_id.get(ResourceId(*kind, namespace, name))
        servers = [s for s in servers_of(found) if any(covers(known, host) for known in s.hosts)] if found else []
        if servers:
            return max(servers, key=lambda server: server.scheme).url(host)
    return None


def doors_of(tracer: Tracer, plan: Plan) -> Doors:
    """Returns the doors of all gateways and what the mesh does for cloned Services, each compiled once for all tenants."""
    own: dict[ResourceId, set[str]] = {}
    of_tenants: dict[ResourceId, set[str]] = {}
    for tenant in plan.tenants:
        hosts = {host_of(tracer, service.id) for service in tenant.services.values()}
        for service in tenant.services.values():
            own.setdefault(service.origin.id, set()).add(host_of(tracer, service.id))
            of_tenants.setdefault(service.origin.id, set()).update(hosts)
    sent = {
        (id, port["port"]): sent_hosts(tracer, id, port["port"], own[id], hosts)
        for id, hosts in of_tenants.items()
        for port in spec_of(plan.base.by_id[id].manifest).get("ports") or ()
    }
    return Doors(tracer=tracer, found=tuple(_doors(tracer.network, tracer)), sent=sent)


def host_of(tracer: Tracer, service: ResourceId) -> str:
    """Returns the full host name of a Service."""
    return ServiceHost(service.namespace, service.name).fqdn(tracer.network.domain)


def sent_hosts(
    tracer: Tracer, service: ResourceId, port: int, wanted: Collection[str], others: Collection[str] = ()
) -> frozenset[str]:
    """Returns to which of some hosts rules send what names a Service.

    Rules for any client are looked at, and those for each where a wanted host is missing: they may be for clients of some labels or
    namespaces alone, and a route for one of them is one. They may send to `others` instead, such as the Services of versions.
    """
    network = tracer.network
    plain = client_of(network, None, service.namespace)
    found: set[str] = set()
    for client in chain(
        (plain,), (client_of(network, workload, service.namespace) for workload in with_pods(network.base))
    ):
        host = f"{service.name}.{service.namespace}"
        asked = Request(client=client, host=host, port=port)
        found |= {
            destination.host
            for table in tracer.compiled_plain(asked)
            for outcome in (table.otherwise, *(rule.outcome for rule in table.rules))
            for destination in (outcome.destinations if isinstance(outcome, Forward) else ())
        }
        if found.issuperset(wanted):
            break
    return frozenset(found & {*wanted, *others})


def _doors(network: Network, tracer: Tracer) -> Iterator[Door]:
    for kind in KINDS:
        for gateway in network.base.of(*kind):
            client = Client(kind="gateway", namespace=gateway.id.namespace, name=gateway.id.name)
            for server in servers_of(gateway):
                for host in dict.fromkeys(_hosts(network, gateway, server)):
                    name = host.replace("*", "any")
                    asked = Request(client=client, host=name, port=server.port, scheme=server.scheme)
                    tables = tracer.compiled_plain(asked)
                    yield Door(
                        gateway=gateway.id,
                        server=server,
                        host=host,
                        request=asked,
                        tables=tables,
                        paths=_paths(rule for table in tables for rule in table.rules),
                    )


def _paths(rules: Iterable[Rule]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for rule in rules:
        for destination in rule.outcome.destinations if isinstance(rule.outcome, Forward) else ():
            found.setdefault(destination.host, {})[_path(rule)] = None
    return {host: tuple(paths) for host, paths in found.items()}


def _hosts(network: Network, gateway: Resource, server: Server) -> Iterator[str]:
    """Yields the hosts that routes have at a server."""
    if (gateway.id.group, gateway.id.kind) == istio_gateways.GATEWAY:
        full = f"{gateway.id.namespace}/{gateway.id.name}"
        for vs in network.virtual_services:
            yield from istio_gateways.served_hosts(vs, gateway, [server.written]) if full in vs.gateways else ()
        return
    (listened,) = server.hosts
    for each in network.routes(ROUTES, gateway.id):
        for host in each.hostnames or (listened,):
            yield from (narrow for wide, narrow in ((listened, host), (host, listened)) if covers(wide, narrow))


def _path(rule: Rule) -> str:
    """Returns a path that a rule's condition on the path holds for, as far as that can be read from it."""
    kinds = ("exact", "prefix", "segments")
    atoms = (atom for atom in rule.predicate if atom.subject == "path" and not atom.is_negated)
    return next((atom.text.value for atom in atoms if atom.text.kind in kinds and atom.text.value), "/")


def entrances(doors: Doors, header: tuple[str, str], services: Iterable[ResourceId]) -> Iterator[Entrance]:
    """Yields, for each door and workloads behind a tenant's own Services, the first URL at which the header makes the difference."""
    hosts = [host_of(doors.tracer, id) for id in services]
    lines = ((header[0].lower(), header[1]),)
    for door in doors.found:
        told: set[tuple[str, ...]] = set()
        for path in dict.fromkeys(path for host in hosts for path in door.paths.get(host, ())):
            with_header = _answering(doors, door, path, lines)
            answering = tuple(name for name, host in with_header if host in hosts)
            if answering and answering not in told and with_header != _answering(doors, door, path, ()):
                told.add(answering)
                listed = tuple(name.rpartition("/")[2] for name in answering)
                url = door.server.url(door.host, path)
                yield Entrance(gateway=door.gateway, url=url, host=door.host, clones=listed)


def _answering(doors: Doors, door: Door, path: str, headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Returns who answers a request, and behind which host."""
    targets = doors.tracer.trace(replace(door.request, path=path, headers=headers), door.tables).answer.targets
    return [(str(workload.id), target.destination.host) for target in targets for workload in target.workloads]
