"""The base as Istio's routing sees it: VirtualServices, their hosts and destinations, and the DestinationRules of a Service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost, covers, service_of
from sandlane.k8s.resource import Resource, ResourceId, spec_of
from sandlane.meshes.istio.delegates import Roots, roots_of
from sandlane.meshes.istio.gateways import Bindings, bindings_of
from sandlane.meshes.istio.virtual_service_fields import NETWORKING, hosts, is_mesh
from sandlane.plan.model import Tenant

Affected = Mapping[ResourceId, Sequence[Tenant]]
"""Service of the base -> the tenants, by tenantID, that cloned it."""


@frozen(kw_only=True)
class RouteIndex:
    """The route objects of a base, and how host names are completed in its cluster.

    `in_mesh` holds the VirtualServices that name a Service exactly for clients in the mesh, `wildcards` those with a
    wildcard host there, `bindings` those of each virtual host of gateways, and `roots` the entries that delegate to each.
    """

    base: Base
    domain: str
    virtual_services: tuple[Resource, ...]
    in_mesh: Mapping[ResourceId, tuple[Resource, ...]]
    wildcards: tuple[tuple[str, Resource], ...]
    bindings: Bindings
    roots: Roots
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

    def closest(self, service: ResourceId, caught: Sequence[Resource]) -> list[Resource]:
        """Returns those of VirtualServices that catch a Service by the longest pattern: Istio takes no others for it.

        Istio: pilot/pkg/model/sidecar.go, computeWildcardHostVirtualServiceIndex.
        """
        fqdn = self.fqdn(service)
        lengths = [(len(pattern), vs) for pattern, vs in self.wildcards if vs in caught and covers(pattern, fqdn)]
        longest = max((length for length, _ in lengths), default=0)
        return list(dict.fromkeys(vs for length, vs in lengths if length == longest))


def make_route_index(base: Base, domain: str) -> RouteIndex:
    """Indexes the route objects of a base."""
    in_mesh: dict[ResourceId, dict[ResourceId, Resource]] = {}
    wildcards: list[tuple[str, Resource]] = []
    virtual_services = base.of(NETWORKING, "VirtualService")
    for vs in virtual_services:
        for host in hosts(vs.manifest) if is_mesh(vs.manifest) else ():
            service = service_of(host, vs.id.namespace, domain)
            if service:
                id = ResourceId("", "Service", service.namespace, service.name)
                in_mesh.setdefault(id, {})[vs.id] = vs
            elif host.startswith("*"):
                wildcards.append((host, vs))
    rules, subsets = _destination_rules(base, domain)
    return RouteIndex(
        base=base,
        domain=domain,
        virtual_services=virtual_services,
        in_mesh={id: tuple(found.values()) for id, found in in_mesh.items()},
        wildcards=tuple(wildcards),
        bindings=bindings_of(base, domain),
        roots=roots_of(base),
        rules_of={id: tuple(found) for id, found in rules.items()},
        subsets_with_policy={id: frozenset(found) for id, found in subsets.items()},
    )


def _destination_rules(base: Base, domain: str) -> tuple[dict[ResourceId, list[Resource]], dict[ResourceId, set[str]]]:
    """Returns the DestinationRules of each Service, and which of its subsets have a policy of their own."""
    rules: dict[ResourceId, list[Resource]] = {}
    subsets: dict[ResourceId, set[str]] = {}
    for rule in base.of(NETWORKING, "DestinationRule"):
        spec = spec_of(rule.manifest)
        service = service_of(spec.get("host") or "", rule.id.namespace, domain)
        if service:
            id = ResourceId("", "Service", service.namespace, service.name)
            rules.setdefault(id, []).append(rule)
            subsets.setdefault(id, set()).update(s["name"] for s in spec.get("subsets") or () if s.get("trafficPolicy"))
    return rules, subsets
