"""What previews at both kinds of Gateways are judged by: where they are served, and where they send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.proof.clones import origin_of, unfit_clone
from sandlane.proof.readers import GATEWAY_API
from sandlane.proof.world import World
from sandlane.semantics.network import ISTIO, Network, make_network, overlaid
from sandlane.semantics.outcomes import Destination, Forward


def route_gateway(world: World) -> Resource | None:
    """Returns the Gateway of the Gateway API that serves previews; where Istio reads its own of that name, that one does."""
    preview = world.claims.environment.preview
    home, _, name = preview.gateway.partition("/") if preview else ("", "", "")
    is_istios = world.reader.reads_virtual_services and ResourceId(ISTIO, "Gateway", home, name) in world.base.by_id
    return None if is_istios else world.base.by_id.get(ResourceId(GATEWAY_API, "Gateway", home, name))


def network_after(world: World) -> Network:
    """Returns what the base and the output make together."""
    cluster = world.claims.environment.cluster
    base = overlaid(world.base, world.output.resources)
    return make_network(base, mesh=world.claims.environment.mesh, domain=cluster.domain, root=cluster.root_namespace)


def _are_clones(world: World, ours: Sequence[Destination], mine: Sequence[Destination], tenant: str) -> bool:
    """Tells whether destinations are the base's, each cloned one replaced by the tenant's clone, and fail where those do."""
    cloned = world.clones.cloned[tenant]
    meant = [d for d in ours if _service(world, d) in cloned] or list(ours)
    wanted: dict[tuple[Any, ...], int] = {}
    for d in meant:
        key = (_service(world, d) if _service(world, d) in cloned else d.host, d.port, repr(d.changes), bool(d.failure))
        wanted[key] = wanted.get(key, 0) + d.weight
    found: dict[tuple[Any, ...], int] = {}
    for d in mine:
        service = world.added_service(_service(world, d))
        if service and unfit_clone(world, service, tenant):
            return False
        key = (origin_of(service) if service else d.host, d.port, repr(d.changes), bool(d.failure))
        found[key] = found.get(key, 0) + d.weight
    wholes = sum(wanted.values()), sum(found.values())
    return wanted.keys() == found.keys() and all(wanted[k] * wholes[1] == found[k] * wholes[0] for k in wanted)


def sent_otherwise(world: World, ours: Forward, mine: Forward, tenant: str) -> str:
    """Returns how a preview's rule sends otherwise than the base's, but for clones and for what it changes in requests."""
    if not _are_clones(world, ours.destinations, mine.destinations, tenant):
        return "sends elsewhere than to clones in place of what was cloned"
    bare, base = (replace(each, destinations=(), changes=None, mirrors=()) for each in (mine, ours))
    return "" if bare == base else "does something else with requests"


def _service(world: World, destination: Destination) -> ResourceId | None:
    named = service_of(destination.host, "", world.network.domain)
    return ResourceId("", "Service", named.namespace, named.name) if named else None
