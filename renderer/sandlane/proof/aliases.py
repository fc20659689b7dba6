"""What serves other names of a Service (ExternalName) in the base's mesh: proof's own reading.

The virtual host of a Service answers to these names too, unless a VirtualService before it does; Istio's default routes
stand behind all VirtualServices. So a first VirtualService of the Service may take such a name from one of the base's.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import Resource, ResourceId, spec_of
from sandlane.proof.coverage import naming
from sandlane.proof.world import World


def rivals(world: World, service: ResourceId) -> Iterator[str]:
    """Yields what a first VirtualService of a Service might hide, as messages say it."""
    for alias in sorted(_names_of(world, service)):
        exact, wild = naming(world, alias)
        for vs in exact or wild:
            yield f"may take '{alias}', another name of '{service}', from '{vs.id}'"


def _names_of(world: World, service: ResourceId) -> set[ResourceId]:
    found = {service}
    external = [s for s in world.base.of("", "Service") if spec_of(s.manifest).get("type") == "ExternalName"]
    while more := {s.id for s in external if s.id not in found and _means(s) in {_fqdn(world, f) for f in found}}:
        found |= more
    return found - {service}


def _means(service: Resource) -> str:
    return str(spec_of(service.manifest).get("externalName") or "")


def _fqdn(world: World, id: ResourceId) -> str:
    return ServiceHost(id.namespace, id.name).fqdn(world.claims.environment.cluster.domain)
