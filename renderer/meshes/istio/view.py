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


@dataclass(frozen=True, slots=True)
class View:
    """The route objects of a base, and how host names are completed in its cluster."""

    base: Base
    domain: str
    virtual_services: tuple[Resource, ...]
    rules_of: Mapping[ResourceId, tuple[Resource, ...]]
    subsets_with_policy: Mapping[ResourceId, frozenset[str]]

    def service(self, host: str, namespace: str) -> ResourceId | None:
        """Returns the id of the Service that a host means in an object of a namespace."""
        found = service_of(host, namespace, self.domain)
        return ResourceId("", "Service", found.namespace, found.name) if found else None

    def fqdn(self, service: ResourceId) -> str:
        """Returns the full host name of a Service."""
        return ServiceHost(service.namespace, service.name).fqdn(self.domain)

    def in_mesh(self, service: ResourceId) -> list[Resource]:
        """Returns the VirtualServices whose hosts name a Service exactly for clients in the mesh."""
        return [
            vs
            for vs in self.virtual_services
            if is_mesh(vs.manifest)
            and any(self.service(host, vs.id.namespace) == service for host in hosts(vs.manifest))
        ]

    def wildcards(self, service: ResourceId) -> list[Resource]:
        """Returns the VirtualServices that catch a Service in the mesh by a wildcard host."""
        fqdn = self.fqdn(service)
        return [
            vs
            for vs in self.virtual_services
            if is_mesh(vs.manifest) and any(host.startswith("*") and covers(host, fqdn) for host in hosts(vs.manifest))
        ]


def make_view(base: Base, domain: str) -> View:
    """Indexes the route objects of a base."""
    rules: dict[ResourceId, list[Resource]] = {}
    subsets: dict[ResourceId, set[str]] = {}
    for rule in base.of(NETWORKING, "DestinationRule"):
        spec = rule.manifest.get("spec") or {}
        service = service_of(spec.get("host") or "", rule.id.namespace, domain)
        if service:
            id = ResourceId("", "Service", service.namespace, service.name)
            rules.setdefault(id, []).append(rule)
            subsets.setdefault(id, set()).update(s["name"] for s in spec.get("subsets") or () if s.get("trafficPolicy"))
    return View(
        base=base,
        domain=domain,
        virtual_services=base.of(NETWORKING, "VirtualService"),
        rules_of={id: tuple(found) for id, found in rules.items()},
        subsets_with_policy={id: frozenset(found) for id, found in subsets.items()},
    )


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
    return [d for d in route if len(route) == 1 or d.get("weight", 0) != 0] or route if route else []


def mirrors(entry: Manifest) -> Iterator[Manifest]:
    """Yields the destinations to which an entry sends copies of requests."""
    if entry.get("mirror"):
        yield entry["mirror"]
    yield from (mirror["destination"] for mirror in entry.get("mirrors") or () if mirror.get("destination"))
