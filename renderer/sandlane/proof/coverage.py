"""Where Istio's default route answers for a Service in the base's mesh: proof's own reading of rules R-I8, R-I9 and R-I14.

A sidecar takes the first VirtualService of a host that has an entry for its port and itself. So a new one may be added where there is
none, seen where the Service is and behind any that is seen in fewer namespaces; and entries may stand behind those of the
base's on a port for which no client has an entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandlane.k8s.hosts import ServiceHost, covers
from sandlane.k8s.ports import has_sidecar_listener, is_http, istio_protocol
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.proof.alignment import hosts
from sandlane.proof.literals import is_disabled
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.world import World
from sandlane.semantics.delegates import entries_of
from sandlane.semantics.istio_matches import MESH


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How a Service is served: `by` what (nothing: a new VirtualService may be added), and the ports without an entry for anyone.

    `home` is the VirtualService behind whose entries others for these ports may stand; `lost` are the ports where there is none, so
    that nobody can be sent elsewhere than by Istio's default route.
    """

    service: Resource
    by: Resource | None
    home: Resource | None = None
    ports: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()


def routable(service: Resource) -> list[int]:
    """Returns the ports of a Service that carry HTTP and for which sidecars listen."""
    ports = spec_of(service.manifest).get("ports") or ()
    return [port["port"] for port in ports if is_http(istio_protocol(port)) and has_sidecar_listener(port)]


def served(world: World, service: Resource) -> Served:
    """Returns how a Service is served in the base's mesh."""
    seen = visibility(service)
    exact, wild = naming(world, service.id)
    in_force = [vs for vs in exact if _is_in_force(vs, seen)]
    in_force = in_force or _closest(world, service.id, [vs for vs in wild if _is_in_force(vs, seen)])
    if not in_force:
        # An exact host is closer than a wildcard, so a new VirtualService would take the Service away from one.
        return Served(service=service, by=wild[0] if wild else None)
    missing = tuple(port for port in routable(service) if not any(_applies(world, vs, port) for vs in in_force))
    home = next(
        (vs for vs in in_force if not is_disabled(vs) and _is_alone(world, vs, service.id) and _reaches(vs, seen)), None
    )
    if home is None and not all(is_disabled(vs) for vs in in_force):
        return Served(service=service, by=in_force[0], lost=missing)
    return Served(service=service, by=in_force[0], home=home, ports=missing if home else ())


def _closest(world: World, id: ResourceId, wild: Sequence[Resource]) -> list[Resource]:
    """Returns those of VirtualServices with the longest wildcard that covers a Service: a sidecar takes no others for it."""
    fqdn = ServiceHost(id.namespace, id.name).fqdn(world.claims.environment.cluster.domain)
    lengths = [max(len(h) for h in hosts(vs.manifest) if h.startswith("*") and covers(h, fqdn)) for vs in wild]
    return [vs for vs, length in zip(wild, lengths, strict=True) if length == max(lengths)]


def naming(world: World, id: ResourceId) -> tuple[list[Resource], list[Resource]]:
    """Returns the VirtualServices for the mesh that name a Service, and those with a wildcard that covers it."""
    exact, wild = [], []
    fqdn = ServiceHost(id.namespace, id.name).fqdn(world.claims.environment.cluster.domain)
    for vs in world.base.of(*VIRTUAL_SERVICE):
        spec = spec_of(vs.manifest)
        if MESH not in (spec.get("gateways") or (MESH,)):
            continue
        named = hosts(vs.manifest)
        if any(world.service(host, vs.id.namespace) == id for host in named):
            exact.append(vs)
        elif any(host.startswith("*") and covers(host, fqdn) for host in named):
            wild.append(vs)
    return exact, wild


def _is_in_force(vs: Resource, seen: frozenset[str]) -> bool:
    return "*" in visibility(vs) or ("*" not in seen and not seen.isdisjoint(visibility(vs)))


def _reaches(vs: Resource, seen: frozenset[str]) -> bool:
    return "*" in visibility(vs) or seen <= visibility(vs)


def _is_alone(world: World, vs: Resource, id: ResourceId) -> bool:
    return [world.service(h, vs.id.namespace) for h in hosts(vs.manifest)] == [id]


def _applies(world: World, vs: Resource, port: int) -> bool:
    """Tells whether any client in the mesh has an entry of a VirtualService on a port."""
    return any(
        match.get("port") in (None, port) and MESH in (match.get("gateways") or (MESH,))
        for match in _matches(world, vs)
    )


def _matches(world: World, vs: Resource) -> Iterator[Manifest]:
    everything: Sequence[Manifest] = ({},)
    for entry in entries_of(world.network, vs):
        yield from entry.body.get("match") or everything
