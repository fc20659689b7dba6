"""The case that is judged: base and output as a mesh reads them, and who reaches which clone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost
from sandlane.proof.requests.entrances import with_gateways
from sandlane.proof.requests.outcomes import CLONE
from sandlane.proof.requests.scenes import Literals, make_literals
from sandlane.proof.world import World
from sandlane.semantics.network import Network, make_network, overlaid


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
    before, after = with_gateways(
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
