"""P6, fields: routes and policies of the output have no fields that their kinds have not, but those that the base's have too.

The model reads nothing in such a field. An API server drops it or refuses the object, and another reader may act on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.k8s import route_fields
from sandlane.k8s.known_fields import Types, unknown
from sandlane.k8s.network_policies import NETWORK_POLICY
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, dotted
from sandlane.proof.readers import DESTINATION_RULE
from sandlane.proof.world import World

_TYPES: Types = {
    **route_fields.TYPES,
    "TrafficPolicy": "connectionPool loadBalancer outlierDetection portLevelSettings:PortTrafficPolicy proxyProtocol "
    "retryBudget tls tunnel",
    "PortTrafficPolicy": "connectionPool loadBalancer outlierDetection port:PortSelector tls",
    "Subset": "labels name trafficPolicy:TrafficPolicy",
    "DestinationRuleSpec": "exportTo host subsets:Subset trafficPolicy:TrafficPolicy workloadSelector:LabelSelector",
    "LabelSelectorRequirement": "key operator values",
    "LabelSelector": "matchExpressions:LabelSelectorRequirement matchLabels",
    "IPBlock": "cidr except",
    "NetworkPolicyPeer": "ipBlock:IPBlock namespaceSelector:LabelSelector podSelector:LabelSelector",
    "NetworkPolicyPort": "endPort port protocol",
    "NetworkPolicyRule": "from:NetworkPolicyPeer ports:NetworkPolicyPort to:NetworkPolicyPeer",
    "NetworkPolicySpec": "egress:NetworkPolicyRule ingress:NetworkPolicyRule podSelector:LabelSelector policyTypes",
}
"""What stands below `connectionPool` and the like is compared with the base's as it is."""

_KINDS: Mapping[GroupKind, str] = {
    **route_fields.KINDS,
    DESTINATION_RULE: "DestinationRuleSpec",
    NETWORK_POLICY: "NetworkPolicySpec",
}


def check(world: World) -> Iterator[Problem]:
    """Yields fields of routes and policies that neither their kind nor the base's of that kind have."""
    for key, spec in _KINDS.items():
        found = [
            (resource, path)
            for resource in world.output.of(*key)
            for path, _ in unknown(_TYPES, spec, resource.manifest.get("spec"), ("spec",))
        ]
        known = {
            _place(path)
            for resource in (world.base.of(*key) if found else ())
            for path, _ in unknown(_TYPES, spec, resource.manifest.get("spec"), ("spec",))
        }
        for resource, path in found:
            if _place(path) not in known:
                what = f"'{resource.id}': '{dotted(path)}' is no field of a {resource.id.kind}"
                yield report("SL623", source=resource.source, path=path, what=what)


def _place(path: Path) -> Path:
    """Returns a path without its places in lists."""
    return tuple(step for step in path if isinstance(step, str))
