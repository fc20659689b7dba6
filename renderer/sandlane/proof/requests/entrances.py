"""Gateways that routes name and the base does not hold: others apply them, and requests come in there all the same.

Nothing is known of such a Gateway but what routes say of it. It is taken to serve every host, by pods that serve no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.semantics.gateway_pods import GatewayPods
from sandlane.semantics.istio_matches import MESH
from sandlane.semantics.network import Network
from sandlane.semantics.objects import GATEWAY_API, ISTIO, VirtualService

_PORT = 80
"""The port of a Gateway of which no route says any."""

Place = tuple[str | None, int | None]
"""Section and port of a Gateway, as far as a route names them."""


def with_gateways(before: Network, after: Network) -> tuple[Network, Network]:
    """Returns both networks with the Gateways that routes of either name and that are in neither."""
    made = [g for g in (*_istios(before, after), *_of_gateway_api(before, after)) if g.id not in after.base.by_id]
    return (_with(before, made), _with(after, made)) if made else (before, after)


def _with(network: Network, gateways: Sequence[Resource]) -> Network:
    base: Base = network.base
    kinds = dict(base.by_kind)
    for gateway in gateways:
        key = (gateway.id.group, gateway.id.kind)
        kinds[key] = (*kinds.get(key, ()), gateway)
    alone = {g.id: (GatewayPods(gateways=(g,)),) for g in gateways if g.id.group == ISTIO}
    base = replace(base, by_id={**base.by_id, **{g.id: g for g in gateways}}, by_kind=kinds)
    return replace(network, base=base, gateway_pods={**network.gateway_pods, **alone})


def _istios(*networks: Network) -> Iterator[Resource]:
    ports: dict[str, set[int]] = {}
    naming: dict[str, VirtualService] = {}
    for vs in (vs for n in networks if n.is_istio for vs in n.virtual_services):
        matches = [match or {} for entry in vs.spec.get("http") or () for match in entry.get("match") or ()]
        for name in sorted(vs.gateways - {MESH}):
            naming.setdefault(name, vs)
            ports.setdefault(name, {_PORT}).update(m["port"] for m in matches if isinstance(m.get("port"), int))
    for name, vs in naming.items():
        home, _, own = name.partition("/")
        servers = [
            {"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
            for port in sorted(ports[name])
        ]
        yield _made(ResourceId(ISTIO, "Gateway", home, own), vs.resource, {"servers": servers})


def _of_gateway_api(*networks: Network) -> Iterator[Resource]:
    places: dict[ResourceId, dict[Place, Resource]] = {}
    for parent, routes in ((p, r) for n in networks for p, r in n.attached.items() if _is_gateway(p)):
        for each in routes:
            places.setdefault(parent, {}).setdefault((each.parent.get("sectionName"), each.port), each.route)
    for id, found in places.items():
        yield _made(id, next(iter(found.values())), {"listeners": list(_listeners(found))})


def _is_gateway(parent: ResourceId) -> bool:
    return (parent.group, parent.kind) == (GATEWAY_API, "Gateway")


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
    version = f"{id.group}/v1"
    manifest = {
        "apiVersion": version,
        "kind": id.kind,
        "metadata": {"name": id.name, "namespace": id.namespace},
        "spec": spec,
    }
    return Resource(id=id, manifest=manifest, source=route.source)
