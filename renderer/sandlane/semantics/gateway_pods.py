"""Which Istio Gateways the same pods serve: a proxy merges all whose selectors its labels meet (S14, rule R-I12).

Istio: pilot/pkg/model/push_context.go (mergeGateways). A Gateway's pods may be of any namespace, and VirtualServices, Services and
DestinationRules are looked at from there. Where the base has no pods of a Gateway, those with both labels of two Gateways may exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandlane.base.base import Base
from sandlane.base.pod_templates import labels_of_pods, with_pods
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.selectors import from_map, matches

_GATEWAY = ("networking.istio.io", "Gateway")


@frozen(kw_only=True)
class GatewayPods:
    """Pods that serve Gateways: all that they serve, in the order in which Istio reads those of one age.

    `workload` is what runs them; None where the base does not have them. `namespace` is theirs; where it is not known, '' .
    """

    gateways: tuple[Resource, ...]
    workload: ResourceId | None = None
    namespace: str = ""


def gateway_pods(base: Base) -> dict[ResourceId, tuple[GatewayPods, ...]]:
    """Returns the pods that serve each Gateway: one for every workload that does, else those that may exist."""
    gateways = sorted(base.of(*_GATEWAY), key=lambda gateway: (gateway.id.name, gateway.id.namespace))
    selectors: dict[ResourceId, Manifest] = {g.id: spec_of(g.manifest).get("selector") or {} for g in gateways}
    found: dict[ResourceId, list[GatewayPods]] = {gateway.id: [] for gateway in gateways}
    for workload in with_pods(base) if gateways else ():
        labels = labels_of_pods(workload)
        named = [g for g in gateways if selectors[g.id] and matches(from_map(selectors[g.id]), labels)]
        served = [gateway for gateway in gateways if gateway in named or not selectors[gateway.id]] if named else []
        for gateway in served:
            pods = GatewayPods(gateways=tuple(served), workload=workload.id, namespace=workload.id.namespace)
            found[gateway.id].append(pods)
    missing = [gateway for gateway in gateways if not found[gateway.id]]
    for group in _compatible([selectors[gateway.id] for gateway in missing]):
        served = [missing[number] for number in group]
        for gateway in served:
            found[gateway.id].append(GatewayPods(gateways=tuple(served)))
    return {id: tuple(pods) for id, pods in found.items()}


def _compatible(selectors: Sequence[Mapping[str, str]]) -> list[tuple[int, ...]]:
    """Returns the largest sets of selectors (as numbers) that one pod can meet: no two of them ask for different values of a key."""
    found: set[tuple[int, ...]] = {()}
    for number, selector in enumerate(selectors):
        for group in list(found):
            fitting = tuple(n for n in group if _agree(selectors[n], selector))
            if fitting == group:
                found.discard(group)
            found.add((*fitting, number))
    return sorted(group for group in found if group and not any(set(group) < set(other) for other in found))


def _agree(one: Mapping[str, str], two: Mapping[str, str]) -> bool:
    return all(two.get(key, value) == value for key, value in one.items())
