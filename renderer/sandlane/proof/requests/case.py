"""The case that is judged: base and output as a mesh reads them, and who reaches which clone.

Gateways that routes name and the base does not hold are applied by others, and requests come in there all the same. Nothing is known
of such a Gateway but what routes say of it: it is taken to serve every host, by pods that serve no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.proof.requests.outcomes import CLONE
from sandlane.proof.requests.scenes import Literals, make_literals
from sandlane.proof.world import World
from sandlane.semantics.istio_matches import MESH
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.objects import GATEWAY_API, ISTIO, GatewayPods, VirtualService

_PORT = 80
"""The port of a Gateway of which no route says any."""

Place = tuple[str | None, int | None]
"""Section and port of a Gateway, as far as a route names them."""


@frozen(kw_only=True)
class Case:
    """What requests are judged by: both networks, the carriers' conditions, and who cloned what.

    `clones`: tenantID -> host of a Service -> host of its clone; `names`: tenantID -> host of a clone -> what stands for it;
    `cloned_by`: host of a Service -> tenantIDs.
    """

    world: World
    before: Network
    after: Network
    literals: Literals
    clones: Mapping[str, Mapping[str, str]]
    names: Mapping[str, Mapping[str, str]]
    cloned_by: Mapping[str, tuple[str, ...]]


def make_case(world: World) -> Case:
    """Indexes who reaches which clone; a clone that is missing is a matter of P4."""
    environment = world.claims.environment
    domain = environment.cluster.domain
    clones: dict[str, dict[str, str]] = {}
    cloned_by: dict[str, list[str]] = {}
    for tenant in sorted(world.clones.reach):
        for service in sorted(world.clones.cloned[tenant]):
            made = (world.clones.services.get((service, member)) for member in sorted(world.clones.reach[tenant]))
            clone = next((c for c in made if c), None)
            if clone:
                host = ServiceHost(service.namespace, service.name).fqdn(domain)
                clones.setdefault(tenant, {})[host] = ServiceHost(clone.id.namespace, clone.id.name).fqdn(domain)
                cloned_by.setdefault(host, []).append(tenant)
    after = make_network(
        overlaid(world.base, world.output.resources),
        mesh=environment.mesh, domain=domain, root=environment.cluster.root_namespace, has_waypoints=True,
    )  # fmt: skip
    namespaces = tuple(sorted({*world.network.source_namespaces, *after.source_namespaces}))
    before, after = _with_gateways(
        *(replace(network, source_namespaces=namespaces) for network in (world.network, after))
    )
    return Case(
        world=world,
        before=before,
        after=after,
        literals=make_literals(environment.carriers, world.clones.reach),
        clones=clones,
        names={t: {clone: f"{CLONE}{host}" for host, clone in own.items()} for t, own in clones.items()},
        cloned_by={host: tuple(tenants) for host, tenants in cloned_by.items()},
    )


def _with_gateways(before: Network, after: Network) -> tuple[Network, Network]:
    """Returns both networks with the Gateways that routes of either name and that are in neither."""
    made = [g for g in (*_istios(before, after), *_of_gateway_api(before, after)) if g.id not in after.base.by_id]
    return (_with(before, made), _with(after, made)) if made else (before, after)


def _with(network: Network, gateways: Sequence[Resource]) -> Network:
    kinds = dict(network.base.by_kind)
    for gateway in gateways:
        key = (gateway.id.group, gateway.id.kind)
        kinds[key] = (*kinds.get(key, ()), gateway)
    alone = {g.id: (GatewayPods(gateways=(g,)),) for g in gateways if g.id.group == ISTIO}
    base = replace(network.base, by_id={**network.base.by_id, **{g.id: g for g in gateways}}, by_kind=kinds)
    return replace(network, base=base, gateway_pods={**network.gateway_pods, **alone})


def _istios(*networks: Network) -> Iterator[Resource]:
    ports: dict[str, set[int]] = {}
    naming: dict[str, VirtualService] = {}
    for vs in (vs for n in networks if n.is_istio for vs in n.virtual_services):
        named = {match["port"] for match in vs.matches if isinstance(match.get("port"), int)}
        for name in sorted(vs.gateways - {MESH}):
            naming.setdefault(name, vs)
            ports.setdefault(name, {_PORT}).update(named)
    for name, vs in naming.items():
        home, _, own = name.partition("/")
        numbers = sorted(ports[name])
        servers = [{"port": {"number": n, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]} for n in numbers]
        yield _made(ResourceId(ISTIO, "Gateway", home, own), vs.resource, {"servers": servers})


def _of_gateway_api(*networks: Network) -> Iterator[Resource]:
    places: dict[ResourceId, dict[Place, Resource]] = {}
    for parent, each in ((parent, each) for n in networks for parent, routes in n.attached.items() for each in routes):
        if (parent.group, parent.kind) == (GATEWAY_API, "Gateway"):
            places.setdefault(parent, {}).setdefault((each.parent.get("sectionName"), each.port), each.route)
    for id, found in places.items():
        yield _made(id, next(iter(found.values())), {"listeners": list(_listeners(found))})


def _listeners(places: Iterable[Place]) -> Iterator[dict[str, Any]]:
    """Yields a listener for each section and each port that routes name: sections of which no port is known have one of their own."""
    sections = {section: port for section, port in places if section}
    named = {(section, port) for section, port in places if section and port}
    bare = {port for section, port in places if port and not section} - {port for _, port in named}
    taken = bare | {port for _, port in named}
    free = (port for port in range(_PORT, 65536) if port not in taken)
    alone = [section for section in sections if section not in {known for known, _ in named}]
    listed = [*named, *((f"port-{port}", port) for port in bare), *((section, next(free)) for section in alone)]
    for section, port in sorted(listed or [("http", _PORT)], key=str):
        allowed = {"namespaces": {"from": "All"}}
        yield {"name": section, "port": port, "protocol": "HTTP", "allowedRoutes": allowed}


def _made(id: ResourceId, route: Resource, spec: Manifest) -> Resource:
    metadata = {"name": id.name, "namespace": id.namespace}
    manifest = {"apiVersion": f"{id.group}/v1", "kind": id.kind, "metadata": metadata, "spec": spec}
    return Resource(id=id, manifest=manifest, source=route.source)
