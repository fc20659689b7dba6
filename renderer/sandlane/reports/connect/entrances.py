"""Where a tenant's header leads to its clones: hosts at gateways, for requests from outside of the mesh, and addresses in it.

What becomes of a request is what `trace` says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost, covers
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.semantics import istio_gateways
from sandlane.semantics.gateway_api import ROUTES, attached
from sandlane.semantics.gateways import KINDS
from sandlane.semantics.istio_matches import gateway_name
from sandlane.semantics.network import ISTIO, Network
from sandlane.semantics.outcomes import L4, Forward
from sandlane.semantics.request import Client, Request
from sandlane.semantics.tables import Rule, Table
from sandlane.semantics.trace import Answer, Tracer, client_of

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
class Way:
    """A client's requests for a host and port, and what becomes of them.

    `paths`: host to which rules send -> a path for each of these rules.
    """

    request: Request
    tables: tuple[Table, ...]
    paths: Mapping[str, tuple[str, ...]]


@frozen(kw_only=True)
class Door:
    """A host at a server of a gateway, and what becomes of requests for it."""

    gateway: ResourceId
    server: Server
    host: str
    way: Way


@frozen(kw_only=True)
class Doors:
    """All doors of a network, the ways to its Services' ports from their own namespaces, and by what requests are traced."""

    tracer: Tracer
    found: tuple[Door, ...]
    inside: Callable[[ResourceId, int], Way]


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


def doors_of(tracer: Tracer) -> Doors:
    """Returns the doors of all gateways, and ways inside as they are asked for, each compiled once for all tenants."""

    @cache
    def inside(service: ResourceId, port: int) -> Way:
        client = client_of(tracer.network, None, service.namespace)
        return _way(tracer, Request(client=client, host=f"{service.name}.{service.namespace}", port=port))

    return Doors(tracer=tracer, found=tuple(_doors(tracer.network, tracer)), inside=inside)


def _doors(network: Network, tracer: Tracer) -> Iterator[Door]:
    for kind in KINDS:
        for gateway in network.base.of(*kind):
            client = Client(kind="gateway", namespace=gateway.id.namespace, name=gateway.id.name)
            for server in servers_of(gateway):
                for host in dict.fromkeys(_hosts(network, gateway, server)):
                    name = host.replace("*", "any")
                    asked = Request(client=client, host=name, port=server.port, scheme=server.scheme)
                    yield Door(gateway=gateway.id, server=server, host=host, way=_way(tracer, asked))


def _way(tracer: Tracer, request: Request) -> Way:
    tables = tracer.compiled_plain(request)
    return Way(request=request, tables=tables, paths=_paths(rule for table in tables for rule in table.rules))


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
        for vs in network.base.of(ISTIO, "VirtualService"):
            named = spec_of(vs.manifest).get("gateways") or ()
            if any(gateway_name(name, vs.id.namespace) == full for name in named):
                yield from istio_gateways.served_hosts(network, vs, gateway, [server.written])
        return
    (listened,) = server.hosts
    for each in attached(network, ROUTES, gateway.id):
        for host in (str(name).lower() for name in each.hostnames or (listened,)):
            yield from (narrow for wide, narrow in ((listened, host), (host, listened)) if covers(wide, narrow))


def _path(rule: Rule) -> str:
    """Returns a path that a rule's condition on the path holds for, as far as that can be read from it."""
    kinds = ("exact", "prefix", "segments")
    atoms = (atom for atom in rule.predicate if atom.subject == "path" and not atom.is_negated)
    return next((atom.text.value for atom in atoms if atom.text.kind in kinds and atom.text.value), "/")


def entrances(doors: Doors, header: tuple[str, str], services: Iterable[ResourceId]) -> Iterator[Entrance]:
    """Yields, for each door and workloads behind a tenant's own Services, the first URL at which the header makes the difference."""
    hosts = _hosts_of(doors, services)
    lines = ((header[0].lower(), header[1]),)
    for door in doors.found:
        told: set[tuple[str, ...]] = set()
        for path in _paths_to(door.way, hosts):
            with_header = _answering(doors, door.way, path, lines)
            answering = tuple(name for name, host in with_header if host in hosts)
            if answering and answering not in told and with_header != _answering(doors, door.way, path, ()):
                told.add(answering)
                url = door.server.url(door.host, path)
                yield Entrance(gateway=door.gateway, url=url, host=door.host, clones=_named(answering))


def answering_inside(
    doors: Doors, header: tuple[str, str], services: Iterable[ResourceId], service: ResourceId, port: int
) -> tuple[str, ...] | None:
    """Returns which workloads behind a tenant's own Services answer requests with its header at a port of a Service.

    None where nothing looks at requests there. Empty where no rule that can be read so leads to them, such as one for a method.
    """
    hosts = _hosts_of(doors, services)
    way = doors.inside(service, port)
    lines = ((header[0].lower(), header[1]),)
    paths = _paths_to(way, hosts) or ("/",)
    if all(isinstance(_traced(doors, way, path, lines).outcome, L4) for path in paths):
        return None
    found = (pair for path in paths for pair in _answering(doors, way, path, lines))
    return _named(dict.fromkeys(name for name, host in found if host in hosts))


def _hosts_of(doors: Doors, services: Iterable[ResourceId]) -> tuple[str, ...]:
    return tuple(ServiceHost(id.namespace, id.name).fqdn(doors.tracer.network.domain) for id in services)


def _paths_to(way: Way, hosts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for host in hosts for path in way.paths.get(host, ())))


def _named(workloads: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.rpartition("/")[2] for name in workloads)


def _answering(doors: Doors, way: Way, path: str, headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Returns who answers a request, and behind which host."""
    targets = _traced(doors, way, path, headers).targets
    return [(str(workload.id), target.destination.host) for target in targets for workload in target.workloads]


def _traced(doors: Doors, way: Way, path: str, headers: tuple[tuple[str, str], ...]) -> Answer:
    return doors.tracer.trace(replace(way.request, path=path, headers=headers), way.tables).answer
