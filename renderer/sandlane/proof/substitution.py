"""Where a tenant's entry of a VirtualService has to send: the base's destinations with clones in place of what was cloned (R-I5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandlane.k8s.hosts import ServiceHost, renamed
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.proof.alignment import same
from sandlane.proof.readers import DESTINATION_RULE
from sandlane.proof.world import World

ROUTING = ("route", "mirror", "mirrors")
"""Fields of an entry that name destinations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clones:
    """Who reaches which clone: by base Service the tenantIDs, sorted, with the clone's name; and subsets with a policy."""

    world: World
    tenants: Mapping[ResourceId, Mapping[str, str]]
    policies: Mapping[ResourceId, frozenset[str]]

    def name(self, service: ResourceId | None, tenant: str) -> str | None:
        """Returns the name of the clone that a tenant reaches in a Service's place, or None."""
        return self.tenants.get(service, {}).get(tenant) if service else None

    def sent(self, entry: Manifest, namespace: str) -> list[ResourceId]:
        """Returns the cloned Services to which the base's entry sends requests, in order."""
        found = (self.world.service(_host(item), namespace) for item in live(entry))
        return list(dict.fromkeys(service for service in found if service and service in self.tenants))

    def routed(self, entry: Manifest, namespace: str, tenant: str) -> dict[str, Any]:
        """Returns the fields of a base entry that name destinations, with a tenant's clones; `route` has nothing but clones."""
        result: dict[str, Any] = {}
        route: list[dict[str, Any]] = []
        for item in live(entry):
            if self.name(self.world.service(_host(item), namespace), tenant):
                _merge(route, {**item, "destination": self._replaced(item["destination"], namespace, tenant)})
        if len(route) == 1:
            route[0].pop("weight", None)
        result["route"] = route
        if "mirror" in entry:
            result["mirror"] = (
                self._replaced(entry["mirror"], namespace, tenant) if entry["mirror"] else entry["mirror"]
            )
        if "mirrors" in entry:
            result["mirrors"] = entry["mirrors"] and [
                {**m, "destination": self._replaced(m["destination"], namespace, tenant)} if m.get("destination") else m
                for m in entry["mirrors"]
            ]
        return result

    def by_host(self, entry: Manifest, service: ResourceId, tenant: str) -> list[dict[str, Any]]:
        """Returns the route of an entry that sends elsewhere than to the cloned Service whose host it serves."""
        origin = self.world.base.by_id[service]
        numbers = [port.get("port") for port in spec_of(origin.manifest).get("ports") or ()]
        port = next((item["destination"].get("port") for item in live(entry)), None)
        kept = {"port": port} if port and port.get("number") in numbers else {}
        name = ServiceHost(service.namespace, self.tenants[service][tenant])
        return [{"destination": {"host": name.fqdn(self.world.claims.environment.cluster.domain), **kept}}]

    def _replaced(self, destination: Manifest, namespace: str, tenant: str) -> dict[str, Any]:
        host = str(destination.get("host") or "")
        service = self.world.service(host, namespace)
        name = self.name(service, tenant)
        if name is None or service is None:
            return dict(destination)
        is_kept = destination.get("subset") in self.policies.get(service, ())
        kept = {field: value for field, value in destination.items() if field != "subset" or is_kept}
        return {**kept, "host": renamed(host, name)}


def make_clones(world: World) -> Clones:
    """Indexes the clones that are there; one that is missing is a matter of P4."""
    tenants: dict[ResourceId, dict[str, str]] = {}
    for tenant in sorted(world.reach):
        for service in world.cloned[tenant]:
            found = (world.clone_services.get((service, member)) for member in sorted(world.reach[tenant]))
            clone = next((clone for clone in found if clone), None)
            if clone:
                tenants.setdefault(service, {})[tenant] = clone.id.name
    policies: dict[ResourceId, set[str]] = {}
    for service, rule in rules_of(world):
        subsets = spec_of(rule.manifest).get("subsets") or ()
        policies.setdefault(service, set()).update(str(s.get("name")) for s in subsets if s.get("trafficPolicy"))
    return Clones(world=world, tenants=tenants, policies={id: frozenset(names) for id, names in policies.items()})


def rules_of(world: World) -> Iterator[tuple[ResourceId, Resource]]:
    """Yields the base's DestinationRules whose host is exactly one Service, with the Service."""
    for rule in world.base.of(*DESTINATION_RULE):
        service = world.service(str(spec_of(rule.manifest).get("host") or ""), rule.id.namespace)
        if service:
            yield service, rule


def live(entry: Manifest) -> Sequence[Manifest]:
    """Returns the items of a base route to which it sends anything."""
    route = entry.get("route") or ()
    return [item for item in route if len(route) == 1 or item.get("weight")]


def routed_hosts(world: World, vs: Resource, *entries: Manifest) -> frozenset[ResourceId]:
    """Returns the Services to which entries of a VirtualService send requests."""
    found = (world.service(_host(item), vs.id.namespace) for entry in entries for item in live(entry))
    return frozenset(service for service in found if service)


def _host(item: Manifest) -> str:
    return str((item.get("destination") or {}).get("host") or "")


def _merge(route: list[dict[str, Any]], item: dict[str, Any]) -> None:
    """Adds a destination, or its weight to that of its equal."""
    equal = next((o for o in route if same({**o, "weight": 0}, {**item, "weight": 0})), None)
    if equal is None:
        route.append(item)
    else:
        equal["weight"] = (equal.get("weight") or 0) + (item.get("weight") or 0)
