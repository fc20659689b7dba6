"""NetworkPolicies: the directions in which they isolate pods, and the peers that their rules admit by labels.

Semantics are those of https://kubernetes.io/docs/concepts/services-networking/network-policies/. Policies are unions: another
one can only let more through to pods that are isolated already, and isolates those that were not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.network_policies import NETWORK_POLICY, isolates, peers_of, rules_of
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.k8s.selectors import Index, Selector, from_label_selector
from sandlane.plan.names import ORIGIN, TENANT

Place = tuple[ResourceId, str, int, int]
"""The position of a peer: policy, direction, index of the rule, and index of the peer in it."""

Scope = tuple[ResourceId, str, int, str]


@frozen(kw_only=True)
class Peer:
    """A peer with a podSelector: its position, its podSelector, and its namespaceSelector if it has one."""

    policy: Resource
    direction: str
    rule: int
    number: int
    selector: Selector
    namespaces: Manifest | None

    @property
    def place(self) -> Place:
        """The position of the peer."""
        return self.policy.id, self.direction, self.rule, self.number


def peers(policy: Resource) -> Iterator[Peer]:
    """Yields the peers of a policy that name pods by their labels, of the directions in which it isolates.

    Those are left out beside which another peer of the rule means all pods of the same namespaces.
    """
    for direction in isolates(policy.manifest):
        for rule, body in enumerate(rules_of(policy.manifest, direction)):
            listed = peers_of(body, direction)
            all_of = [
                p.get("namespaceSelector")
                for p in listed
                if p.get("ipBlock") is None and not from_label_selector(p.get("podSelector") or {})
            ]
            for number, peer in enumerate(listed):
                selector = from_label_selector(peer.get("podSelector") or {})
                if selector and peer.get("namespaceSelector") not in all_of:
                    yield Peer(
                        policy=policy,
                        direction=direction,
                        rule=rule,
                        number=number,
                        selector=selector,
                        namespaces=peer.get("namespaceSelector"),
                    )


def index_peers(base: Base) -> Index[Peer]:
    """Indexes the peers of a base: without a namespaceSelector they mean pods of the policy's own namespace."""
    return Index(
        (policy.id.namespace if peer.namespaces is None else None, peer.selector, peer)
        for policy in base.of(*NETWORK_POLICY)
        for peer in peers(policy)
    )


def scope(peer: Peer) -> Scope:
    """Returns the key that peers of one rule share if they admit pods of the same namespaces to the same ports."""
    return peer.policy.id, peer.direction, peer.rule, json.dumps(peer.namespaces, sort_keys=True)


@frozen
class Admitted:
    """The workloads that the base's peers match, `by_peer` by position; `namespaces` are those of each origin label."""

    by_peer: Mapping[Place, tuple[tuple[str, str], ...]]
    namespaces: Mapping[str, frozenset[str]]


def admitted(index: Index[Peer], workloads: Iterable[tuple[str, str, Mapping[str, str]]]) -> Admitted:
    """Looks up the peers that match workloads, given as namespaces, origin labels and pod labels."""
    found: dict[Place, list[tuple[str, str]]] = {}
    namespaces: dict[str, set[str]] = {}
    for namespace, origin, labels in workloads:
        namespaces.setdefault(origin, set()).add(namespace)
        for peer in index.matching(namespace, labels):
            found.setdefault(peer.place, []).append((namespace, origin))
    return Admitted(
        {place: tuple(means) for place, means in found.items()},
        {origin: frozenset(homes) for origin, homes in namespaces.items()},
    )


def clones_of(peer: Peer, admitted: Admitted, origins: Sequence[str]) -> list[dict[str, Any]]:
    """Returns the peers that let the clones of some workloads through where a peer lets the workloads.

    The namespaces stay the peer's; they are narrowed where a workload of the same name elsewhere is not meant.
    """
    homes: dict[tuple[str, ...], list[str]] = {}
    for origin in origins:
        meant = {namespace for namespace, name in admitted.by_peer.get(peer.place, ()) if name == origin}
        is_narrow = peer.namespaces is not None and meant != admitted.namespaces[origin]
        homes.setdefault(tuple(sorted(meant)) if is_narrow else (), []).append(origin)
    return [_clones_peer(peer, names, namespaces) for namespaces, names in sorted(homes.items())]


def _clones_peer(peer: Peer, origins: Sequence[str], namespaces: Sequence[str]) -> dict[str, Any]:
    marked = [{"key": TENANT, "operator": "Exists"}]
    if len(origins) == 1:
        selector: dict[str, Any] = {"matchLabels": {ORIGIN: origins[0]}, "matchExpressions": marked}
    else:
        named = {"key": ORIGIN, "operator": "In", "values": sorted(origins)}
        selector = {"matchExpressions": [named, *marked]}
    found: dict[str, Any] = {"podSelector": selector}
    if peer.namespaces is not None:
        found["namespaceSelector"] = peer.namespaces
    if namespaces:
        # The API server sets this label on every namespace (KEP-2161).
        named = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
        expressions = [*((peer.namespaces or {}).get("matchExpressions") or ()), named]
        found["namespaceSelector"] = {**(peer.namespaces or {}), "matchExpressions": expressions}
    return found
