"""DestinationRules: which one a client uses for a host, and what it says of a subset and a port (S16).

Istio: pilot/pkg/model/push_context.go (destinationRule), sidecar.go (DestinationRule), destination_rule.go (merging) and
pilot/pkg/networking/util (MergeTrafficPolicy).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.k8s.visibility import visibility
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import Origin, Policy
from sandlane.semantics.request import Client

_FIELDS = ("connectionPool", "loadBalancer", "outlierDetection", "proxyProtocol", "retryBudget", "tls", "tunnel")
_NO_PORTS = ("proxyProtocol", "retryBudget", "tunnel")


def policy_of(network: Network, client: Client, host: str, subset: str, port: int) -> Policy | None:
    """Returns the effective policy of a destination, or None where no DestinationRule applies to it."""
    rules = _found(network, client, host)
    chosen, doubt = _for_client(rules, client) if rules else ([], "")
    return _merged(chosen, subset, port, doubt) if chosen else None


def has_subset(policy: Policy | None, subset: str) -> bool:
    """Tells whether a policy's DestinationRules have a subset."""
    return policy is not None and any(s.get("name") == subset for o in policy.origins for s in _subsets(o.resource))


def _found(network: Network, client: Client, host: str) -> list[Resource]:
    """Returns the DestinationRules of the first level that has any: the client's namespace, the Service's, the root's."""
    known = network.hosts.get(host)
    # In the root namespace only what is not exported is for its own clients alone; the rest comes last, as for all.
    own = () if client.namespace == network.root else (client.namespace,)
    for namespace in (*own, *((known.resource.id.namespace,) if known else ()), network.root):
        by_host = network.destination_rules.get(namespace, {})
        patterns = takewhile(lambda pattern: pattern.startswith("*"), by_host)
        wild = sorted((p for p in patterns if covers(p, host)), key=len, reverse=True)
        for pattern in (host, *wild):
            found = by_host.get(pattern, ())
            visible = [r for r in found if namespace in own or visibility(r) & {"*", client.namespace}]
            if visible:
                return visible
    return []


def _spec(rule: Resource) -> Manifest:
    return spec_of(rule.manifest)


def _subsets(rule: Resource) -> Sequence[Manifest]:
    return _spec(rule).get("subsets") or ()


def _for_client(rules: Sequence[Resource], client: Client) -> tuple[list[Resource], str]:
    """Returns the rules to be merged: those for the client's pods, else those for all; and a doubt where age decides."""
    selectors = [(rule, _spec(rule).get("workloadSelector")) for rule in rules]
    own = [(rule, s) for rule, s in selectors if s is not None and rule.id.namespace == client.namespace]
    selecting = [rule for rule, s in own if matches(from_label_selector(s), client.labels)]
    chosen = selecting or [rule for rule, s in selectors if s is None]
    alike = [rule for rule in chosen if _scope(rule) == _scope(chosen[0])]
    if len(alike) < len(chosen) or sum(bool(_spec(rule).get("trafficPolicy")) for rule in alike) > 1:
        return alike, f"which of {', '.join(repr(str(rule.id)) for rule in chosen)} is the oldest"
    return alike, ""


def _scope(rule: Resource) -> tuple[frozenset[str], str]:
    return visibility(rule), str(_spec(rule).get("workloadSelector"))


def _merged(rules: Sequence[Resource], subset: str, port: int, doubt: str) -> Policy:
    top: Manifest = next((_spec(rule)["trafficPolicy"] for rule in rules if _spec(rule).get("trafficPolicy")), {})
    part: Manifest = next((s for rule in rules for s in _subsets(rule) if subset and s.get("name") == subset), {})
    traffic = _override(_override({}, top, port), part.get("trafficPolicy") or {}, port)
    origins = tuple(Origin(resource=rule, path=("spec",)) for rule in rules)
    return Policy(traffic=traffic, labels=part.get("labels") or {}, origins=origins, doubt=doubt)


def _override(policy: Mapping[str, Any], by: Mapping[str, Any], port: int) -> dict[str, Any]:
    """Returns a policy with the fields of another put over it; its settings of a port replace them all."""
    merged = {**policy, **{field: by[field] for field in _FIELDS if by.get(field) is not None}}
    for settings in by.get("portLevelSettings") or ():
        if (settings.get("port") or {}).get("number") == port:
            own: dict[str, Any] = {field: settings[field] for field in _FIELDS if settings.get(field) is not None}
            return {**{field: merged[field] for field in _NO_PORTS if field in merged}, **own}
    return merged
