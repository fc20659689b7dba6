"""Whom the rules of NetworkPolicies let in or through: peers of the base, and peers that the output adds for clones.

An added peer names clones by the origin label and by any tenantID. It is right where every workload of the base with that label
is let through by a peer of the same rule, to pods of the same namespaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.k8s.selectors import Index, Requirement, from_label_selector, matches
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.proof.literals import ORIGIN, TENANT, origin_value
from sandlane.proof.policies import DIRECTIONS, NETWORK_POLICY, canonical, isolates, rules_of

_HOME = "kubernetes.io/metadata.name"
Workload = tuple[str, str, Mapping[str, str]]
"""Namespace, name and labels of the pods of a base workload that may be cloned."""


@frozen(order=True)
class Let:
    """A place where pods are let through: policy, direction, number of the rule, and the namespaces as they are written."""

    policy: ResourceId
    direction: str
    rule: int
    namespaces: str


@frozen
class ClonesPeer:
    """A peer for clones: the origin labels that it names, the namespaces as written, and the names to which these are narrowed."""

    origins: tuple[str, ...]
    namespaces: str
    names: tuple[str, ...] | None


def lets(base: Base) -> Index[Let]:
    """Indexes the peers of the base's NetworkPolicies that name pods, of the directions in which they isolate."""
    return Index(
        (policy.id.namespace if peer.get("namespaceSelector") is None else None, selector, place)
        for policy in base.of(*NETWORK_POLICY)
        for direction in isolates(policy.manifest)
        for number, rule in enumerate(rules_of(policy.manifest, direction))
        for peer in rule.get(DIRECTIONS[direction][1]) or ()
        if (selector := from_label_selector(peer.get("podSelector") or {})) and not _is_needless(peer, rule, direction)
        for place in [Let(policy.id, direction, number, canonical(peer.get("namespaceSelector")))]
    )


def _is_needless(peer: Manifest, rule: Manifest, direction: str) -> bool:
    """Tells whether another peer of a rule lets all pods of the same namespaces through."""
    return any(
        not from_label_selector(other.get("podSelector") or {})
        and other.get("ipBlock") is None
        and other.get("namespaceSelector") == peer.get("namespaceSelector")
        for other in rule.get(DIRECTIONS[direction][1]) or ()
    )


def workloads_by_label(base: Base) -> dict[str, list[Workload]]:
    """Returns the base workloads that may be cloned, by the origin label that their clones have."""
    found: dict[str, list[Workload]] = {}
    for row in WORKLOADS.values():
        for workload in base.of(row.group, row.kind) if row.is_clonable else ():
            labels = pod_labels(row, with_template(base, workload).manifest)
            entry = (workload.id.namespace, workload.id.name, labels)
            found.setdefault(origin_value(row.kind, workload.id.name), []).append(entry)
    return found


def readings(peer: Any) -> list[ClonesPeer]:
    """Reads a peer for clones, none if it is anything else; a last condition on names may be the base's own or narrow it."""
    if not isinstance(peer, Mapping) or not set(peer) <= {"podSelector", "namespaceSelector"}:
        return []
    requirements = from_label_selector(peer.get("podSelector") or {})
    named = [requirement for requirement in requirements if requirement != Requirement(TENANT, "Exists")]
    if len(requirements) != 2 or len(named) != 1 or (named[0].key, named[0].operator) != (ORIGIN, "In"):
        return []
    origins, namespaces = named[0].values, peer.get("namespaceSelector") or {}
    found = [ClonesPeer(origins, canonical(peer.get("namespaceSelector")), None)]
    expressions = namespaces.get("matchExpressions") or ()
    if expressions and (expressions[-1].get("key"), expressions[-1].get("operator")) == (_HOME, "In"):
        bare = {key: value for key, value in namespaces.items() if key != "matchExpressions"}
        kept = {"matchExpressions": list(expressions[:-1])} if len(expressions) > 1 else {}
        found.append(ClonesPeer(origins, canonical({**bare, **kept}), tuple(expressions[-1].get("values") or ())))
    return found


def unfounded(
    policy: Resource, direction: str, rule: Manifest, peer: Any, by_label: Mapping[str, list[Workload]]
) -> str | None:
    """Returns why a peer does not let exactly the clones of those through that a rule of a policy lets through, or None."""
    wrong = [_unfounded(policy, direction, rule, read, by_label) for read in readings(peer)]
    return None if None in wrong else next(iter(wrong), "is none for clones alone")


def _unfounded(
    policy: Resource, direction: str, rule: Manifest, peer: ClonesPeer, by_label: Mapping[str, list[Workload]]
) -> str | None:
    given = rule.get(DIRECTIONS[direction][1]) or ()
    own = [
        from_label_selector(p["podSelector"])
        for p in given
        if p.get("podSelector") is not None and canonical(p.get("namespaceSelector")) == peer.namespaces
    ]
    for origin in peer.origins:
        meant = [workload for workload in by_label.get(origin, ()) if _is_near(policy, peer, workload)]
        if not meant:
            return f"names '{origin}', of which there is no workload"
        for namespace, name, labels in meant:
            if not any(matches(selector, labels) for selector in own):
                return f"lets clones of '{namespace}/{name}' through, which the rule does not let through"
    return None


def _is_near(policy: Resource, peer: ClonesPeer, workload: Workload) -> bool:
    if peer.namespaces == canonical(None):
        return workload[0] == policy.id.namespace
    return peer.names is None or workload[0] in peer.names


def covered(peers: Sequence[Any]) -> Iterator[tuple[str, str, str | None]]:
    """Yields what peers for clones cover: origin label, namespaces as written, and the workload's namespace (None: any)."""
    for read in (read for peer in peers for read in readings(peer)):
        homes: Sequence[str | None] = read.names if read.names is not None else (None,)
        yield from ((origin, read.namespaces, home) for origin in read.origins for home in homes)


def rest_of(rule: Manifest, direction: str) -> str:
    """Returns all that a rule says but for its peers."""
    return canonical({key: value for key, value in rule.items() if key != DIRECTIONS[direction][1]})
