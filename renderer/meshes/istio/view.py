"""The base as Istio's routing sees it: VirtualServices, their hosts and destinations, and the DestinationRules of a Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from renderer.base import Base
from renderer.hosts import ServiceHost, covers, service_of
from renderer.model import Manifest, Resource, ResourceId

NETWORKING = "networking.istio.io"
MESH = "mesh"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The route objects of a base, and how host names are completed in its cluster.

    `in_mesh` holds the VirtualServices that name a Service exactly for clients in the mesh, `wildcards` those with a
    wildcard host there, and `bindings` those of each (gateway, host).
    """

    base: Base
    domain: str
    virtual_services: tuple[Resource, ...]
    in_mesh: Mapping[ResourceId, tuple[Resource, ...]]
    wildcards: tuple[tuple[str, Resource], ...]
    bindings: Mapping[tuple[str, str], tuple[Resource, ...]]
    rules_of: Mapping[ResourceId, tuple[Resource, ...]]
    subsets_with_policy: Mapping[ResourceId, frozenset[str]]

    def service(self, host: str, namespace: str) -> ResourceId | None:
        """Returns the id of the Service that a host means in an object of a namespace."""
        found = service_of(host, namespace, self.domain)
        return ResourceId("", "Service", found.namespace, found.name) if found else None

    def fqdn(self, service: ResourceId) -> str:
        """Returns the full host name of a Service."""
        return ServiceHost(service.namespace, service.name).fqdn(self.domain)

    def caught_by(self, service: ResourceId) -> list[Resource]:
        """Returns the VirtualServices that catch a Service in the mesh by a wildcard host."""
        fqdn = self.fqdn(service)
        return list(dict.fromkeys(vs for pattern, vs in self.wildcards if covers(pattern, fqdn)))


def make_view(base: Base, domain: str) -> View:
    """Indexes the route objects of a base."""
    in_mesh: dict[ResourceId, dict[ResourceId, Resource]] = {}
    wildcards: list[tuple[str, Resource]] = []
    bound: dict[tuple[str, str], list[Resource]] = {}
    virtual_services = base.of(NETWORKING, "VirtualService")
    for vs in virtual_services:
        for binding in bindings(base, vs):
            bound.setdefault(binding, []).append(vs)
        for host in hosts(vs.manifest) if is_mesh(vs.manifest) else ():
            service = service_of(host, vs.id.namespace, domain)
            if service:
                id = ResourceId("", "Service", service.namespace, service.name)
                in_mesh.setdefault(id, {})[vs.id] = vs
            elif host.startswith("*"):
                wildcards.append((host, vs))
    rules, subsets = _destination_rules(base, domain)
    return View(
        base=base,
        domain=domain,
        virtual_services=virtual_services,
        in_mesh={id: tuple(found.values()) for id, found in in_mesh.items()},
        wildcards=tuple(wildcards),
        bindings={key: tuple(found) for key, found in bound.items()},
        rules_of={id: tuple(found) for id, found in rules.items()},
        subsets_with_policy={id: frozenset(found) for id, found in subsets.items()},
    )


def _destination_rules(base: Base, domain: str) -> tuple[dict[ResourceId, list[Resource]], dict[ResourceId, set[str]]]:
    """Returns the DestinationRules of each Service, and which of its subsets have a policy of their own."""
    rules: dict[ResourceId, list[Resource]] = {}
    subsets: dict[ResourceId, set[str]] = {}
    for rule in base.of(NETWORKING, "DestinationRule"):
        spec = rule.manifest.get("spec") or {}
        service = service_of(spec.get("host") or "", rule.id.namespace, domain)
        if service:
            id = ResourceId("", "Service", service.namespace, service.name)
            rules.setdefault(id, []).append(rule)
            subsets.setdefault(id, set()).update(s["name"] for s in spec.get("subsets") or () if s.get("trafficPolicy"))
    return rules, subsets


def bound_gateways(manifest: Manifest) -> set[str]:
    """Returns the gateways of a VirtualService and of its matches, as they are written; `mesh` for the mesh."""
    matches = (match for entry in entries(manifest) for match in entry.get("match") or ())
    return {*gateways(manifest), *(gateway for match in matches for gateway in match.get("gateways") or ())}


def bindings(base: Base, vs: Resource) -> list[tuple[str, str]]:
    """Returns the pairs of place and host at which a VirtualService is bound at gateways, sorted.

    Gateways with one selector and port are one place, whatever their names: Istio merges their hosts. A Gateway that the
    base does not have is a place of its own.
    """
    names = {_gateway_name(g, vs.id.namespace) for g in bound_gateways(vs.manifest) if g != MESH}
    places = {place for name in names for place in _places(base, name)}
    return sorted((place, host) for place in places for host in hosts(vs.manifest))


def _places(base: Base, name: str) -> list[str]:
    namespace, _, own = name.partition("/")
    gateway = base.by_id.get(ResourceId(NETWORKING, "Gateway", namespace, own))
    spec = (gateway.manifest.get("spec") or {}) if gateway else {}
    selector = ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items()))
    ports = [(server.get("port") or {}).get("number") for server in spec.get("servers") or ()]
    return [f"{selector}:{port}" for port in ports] if selector and ports else [name]


def _gateway_name(gateway: str, namespace: str) -> str:
    """Returns a gateway as `namespace/name` (istio: pilot/pkg/model/virtualservice.go, resolveGatewayName)."""
    home, slash, name = gateway.partition("/")
    if slash:
        return f"{namespace if home == '.' else home}/{name}"
    name, dot, rest = gateway.partition(".")
    return f"{rest.partition('.')[0]}/{name}" if dot else f"{namespace}/{name}"


def hosts(manifest: Manifest) -> list[str]:
    """Returns the hosts of a VirtualService; a delegate has none."""
    return (manifest.get("spec") or {}).get("hosts") or []


def gateways(manifest: Manifest) -> list[str]:
    """Returns the gateways of a VirtualService; none stands for the mesh."""
    return (manifest.get("spec") or {}).get("gateways") or [MESH]


def entries(manifest: Manifest) -> list[dict[str, Any]]:
    """Returns the HTTP entries of a VirtualService."""
    return (manifest.get("spec") or {}).get("http") or []


def is_mesh(manifest: Manifest) -> bool:
    """Tells whether a VirtualService, or a match in it, is bound to the mesh's own clients."""
    return MESH in gateways(manifest) or any(
        MESH in (match.get("gateways") or ()) for entry in entries(manifest) for match in entry.get("match") or ()
    )


def live(entry: Manifest) -> list[dict[str, Any]]:
    """Returns the destinations of an entry to which the base sends anything: not those of weight 0 beside others."""
    route = entry.get("route") or []
    return [d for d in route if len(route) == 1 or (d.get("weight") or 0) != 0] or route if route else []


def mirrors(entry: Manifest) -> Iterator[Manifest]:
    """Yields the destinations to which an entry sends copies of requests."""
    if entry.get("mirror"):
        yield entry["mirror"]
    yield from (mirror["destination"] for mirror in entry.get("mirrors") or () if mirror.get("destination"))
