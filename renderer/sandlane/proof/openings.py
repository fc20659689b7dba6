"""Ports of Services for which a tenant's first route may be, and has to be: those whose requests a mesh's default routes now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Resource, ResourceId, spec_of
from sandlane.proof.consumers import forbidding, heeded
from sandlane.proof.obligations.defaults import Served, mesh_server, served
from sandlane.proof.readers import GATEWAY_API, GRPC_ROUTE, harm
from sandlane.proof.routes import parents_of
from sandlane.proof.world import World

_L4 = ("TCPRoute", "TLSRoute")


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """What stands at the ports of the base's Services: `virtual` are VirtualServices, where the mesh reads them."""

    world: World
    virtual: Served | None
    in_the_way: Mapping[tuple[ResourceId, int], str]

    def closed(self, service: Resource, number: int) -> str | None:
        """Returns why no first route may be for a port of a Service, or None; one number may stand for TCP and for UDP."""
        world, id = self.world, service.id
        other = mesh_server(world, self.virtual, id) if self.virtual else None
        ports = spec_of(service.manifest).get("ports") or ()
        harms = [harm(world.reader, world.base, service, port) for port in ports if port["port"] == number]
        return (
            forbidding(world, id, number)
            or (f"'{other.id}' serves it" if other else None)
            or self.in_the_way.get((id, 0))
            or self.in_the_way.get((id, number))
            or (None if None in harms else next(iter(harms), None))
        )


def make_openings(world: World) -> Openings:
    """Indexes what stands at the ports of the base's Services."""
    needs_waypoint = world.reader.needs_waypoint
    virtual = None
    if world.reader.reads_virtual_services:
        virtual = served(world, lambda id, vs: not needs_waypoint or vs.id.namespace in heeded(world, id))
    return Openings(world=world, virtual=virtual, in_the_way=dict(_in_the_way(world)))


def _in_the_way(world: World) -> Iterator[tuple[tuple[ResourceId, int], str]]:
    """Yields Services and ports (0: all) at which something of the base would be switched off, or makes a mesh heed no route."""
    for kind in _L4:
        for route in world.base.of(GATEWAY_API, kind):
            for parent in parents_of(world.reader, route.manifest, route.id.namespace):
                if parent.target:
                    yield (parent.target, parent.port or 0), f"'{route.id}' of the base serves it"
    for route in world.base.of(*GRPC_ROUTE) if world.reader.is_linkerd else ():
        for parent in parents_of(world.reader, route.manifest, route.id.namespace):
            if (
                parent.target and parent.port
            ):  # whether it has an effect or not, an HTTPRoute of the same parentRef is not accepted
                yield (parent.target, parent.port), f"'{route.id}' of the base is for it"
    for profile in world.base.of("linkerd.io", "ServiceProfile") if world.reader.is_linkerd else ():
        spec = spec_of(profile.manifest)
        host = service_of(profile.id.name, profile.id.namespace, world.claims.environment.cluster.domain)
        # Linkerd looks for the full name of a Service.
        if host and "." in profile.id.name and (spec.get("routes") or spec.get("dstOverrides")):
            service = ResourceId("", "Service", host.namespace, host.name)
            yield (service, 0), f"'{profile.id}' of the base hides its routes"
