"""Whom the rules of NetworkPolicies let in or through: peers of the base, and peers that the output adds for clones.

An added peer names clones by the origin label and by any tenantID. It is right where every workload of the base with that label
is let through by a peer of the same rule, to pods of the same namespaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId, labels_of
from sandlane.k8s.selectors import Index, Requirement, from_label_selector
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.proof.differences import canonical
from sandlane.proof.followers import Bound
from sandlane.proof.literals import ORIGIN, TENANT, origin_value
from sandlane.proof.policies import DIRECTIONS, NETWORK_POLICY, isolates, rules_of

_HOME = "kubernetes.io/metadata.name"
_OWN = canonical(None)

Rule = tuple[ResourceId, str, int]
"""A rule of the base: its policy, its direction and its number there."""
Clones = tuple[str, str, str]
"""Clones that a rule lets through: of which namespaces, as these are written, the origin label, and the origin's namespace."""


@frozen(kw_only=True)
class Admission:
    """Whom the base's rules let through.

    `through`: rule -> the clones of whose origins it lets through. `homes`: origin label -> namespace -> name, of the workloads that
    may be cloned. `lost`: rule -> clones that it does not let through by the labels that they have, though their origins. `gained`:
    clones that a policy lets through by these, and not their origins.
    """

    through: Mapping[Rule, set[Clones]]
    homes: Mapping[str, Mapping[str, str]]
    lost: Mapping[Rule, Mapping[Clones, Bound]]
    gained: tuple[tuple[ResourceId, Bound], ...]

    def unfounded(self, rule: Rule, peer: Any) -> str | None:
        """Returns why a peer does not let exactly the clones of those through that a rule lets through, or None."""
        wrong = [sorted(read - self.through.get(rule, set())) for read in self._readings(rule, peer)]
        if not wrong or [] in wrong:
            return None if wrong else "is none for clones alone"
        _, origin, home = wrong[0][0]
        if not home:
            return f"names '{origin}', of which there is no workload"
        return f"lets clones of '{home}/{self.homes[origin][home]}' through, which the rule does not let through"

    def shut(self, rule: Rule, peers: Iterable[Any]) -> list[Bound]:
        """Returns the clones that a rule loses and that no peer of a rule like it lets through."""
        lost = self.lost.get(rule, {})
        covered = {clones for peer in peers for read in self._readings(rule, peer) for clones in read} if lost else ()
        return [bound for clones, bound in lost.items() if clones not in covered]

    def _readings(self, rule: Rule, peer: Any) -> Iterator[set[Clones]]:
        """Yields what a peer for clones lets through, none if it is anything else."""
        for origins, namespaces, names in _readings(peer):
            found = set()
            for origin in origins:
                homes = self.homes.get(origin, {})
                own = {rule[0].namespace} if namespaces == _OWN else homes.keys()
                near = own & homes.keys() & (homes.keys() if names is None else set(names))
                found |= {(namespaces, origin, home) for home in near or ("",)}
            yield found


def read_admission(base: Base, clones: Iterable[Bound]) -> Admission:
    """Reads what the NetworkPolicies of a base let through, of the directions in which they isolate."""
    places = Index(_places(base))
    through: dict[Rule, set[Clones]] = {}
    homes: dict[str, dict[str, str]] = {}
    for row in WORKLOADS.values():
        for workload in base.of(row.group, row.kind) if row.is_clonable else ():
            origin, home = origin_value(row.kind, workload.id.name), workload.id.namespace
            homes.setdefault(origin, {})[home] = workload.id.name
            for rule, namespaces in places.matching(home, pod_labels(row, with_template(base, workload).manifest)):
                through.setdefault(rule, set()).add((namespaces, origin, home))
    lost: dict[Rule, dict[Clones, Bound]] = {}
    gained: list[tuple[ResourceId, Bound]] = []
    for bound in clones:
        home = bound.origin.resource.id.namespace
        before, after = (set(places.matching(home, pods.labels)) for pods in (bound.origin, bound.clone))
        origin = labels_of(bound.clone.resource.manifest).get(ORIGIN, "")
        for rule, namespaces in before - after:
            lost.setdefault(rule, {}).setdefault((namespaces, origin, home), bound)
        gained += [(id, bound) for id in sorted({rule[0] for rule, _ in after - before})]
    return Admission(through=through, homes=homes, lost=lost, gained=tuple(gained))


def _places(base: Base) -> Iterator[tuple[str | None, tuple[Requirement, ...], tuple[Rule, str]]]:
    for policy in base.of(*NETWORK_POLICY):
        for direction in isolates(policy.manifest):
            for number, rule in enumerate(rules_of(policy.manifest, direction)):
                for peer in peers_of(rule, direction):
                    selector, namespaces = (
                        from_label_selector(peer.get("podSelector") or {}),
                        peer.get("namespaceSelector"),
                    )
                    if selector and not _is_needless(namespaces, rule, direction):
                        home = policy.id.namespace if namespaces is None else None
                        yield home, selector, ((policy.id, direction, number), canonical(namespaces))


def _is_needless(namespaces: Any, rule: Manifest, direction: str) -> bool:
    """Tells whether another peer of a rule lets all pods of the same namespaces through."""
    return any(
        not from_label_selector(other.get("podSelector") or {})
        and other.get("ipBlock") is None
        and other.get("namespaceSelector") == namespaces
        for other in peers_of(rule, direction)
    )


def _readings(peer: Any) -> Iterator[tuple[tuple[str, ...], str, tuple[str, ...] | None]]:
    """Yields the origin labels that a peer for clones names, the namespaces as written, and the names to which these are narrowed.

    A last condition on names may be the base's own or narrow its namespaces.
    """
    if not isinstance(peer, Mapping) or not set(peer) <= {"podSelector", "namespaceSelector"}:
        return
    requirements = from_label_selector(peer.get("podSelector") or {})
    named = [requirement for requirement in requirements if requirement != Requirement(TENANT, "Exists")]
    if len(requirements) != 2 or len(named) != 1 or (named[0].key, named[0].operator) != (ORIGIN, "In"):
        return
    yield named[0].values, canonical(peer.get("namespaceSelector")), None
    namespaces: Manifest = peer.get("namespaceSelector") or {}
    listed: list[Manifest] = namespaces.get("matchExpressions") or [{}]
    *others, last = listed
    if (last.get("key"), last.get("operator")) == (_HOME, "In"):
        bare = {key: value for key, value in namespaces.items() if key != "matchExpressions"}
        given = canonical({**bare, **({"matchExpressions": others} if others else {})})
        yield named[0].values, given, tuple(last.get("values") or ())


def peers_of(rule: Manifest, direction: str) -> list[Any]:
    """Returns the peers of a rule."""
    return rule.get(DIRECTIONS[direction][1]) or []


def rest_of(rule: Manifest, direction: str) -> str:
    """Returns all that a rule says but for its peers."""
    return canonical({key: value for key, value in rule.items() if key != DIRECTIONS[direction][1]})


def changed_rules(admission: Admission, copy: Resource, policy: Resource) -> Iterator[str]:
    """Yields how a NetworkPolicy's copy differs: its rules are the policy's, with clones beside those that they let through."""
    directions = isolates(policy.manifest)
    if tuple((copy.manifest.get("spec") or {}).get("policyTypes") or ()) != directions:
        yield f"'policyTypes' are not {', '.join(directions)}, as of '{policy.id}'"
    for direction, (rules, _) in DIRECTIONS.items():
        ours, theirs = rules_of(copy.manifest, direction), rules_of(policy.manifest, direction)
        if len(ours) != len(theirs) or (direction not in directions and canonical(ours) != canonical(theirs)):
            yield f"'{rules}' is not that of '{policy.id}'"
            continue
        for number, (own, given) in enumerate(zip(ours, theirs, strict=True)):
            peers, base = peers_of(own, direction), peers_of(given, direction)
            kept, added = peers[: len(base)], peers[len(base) :]
            if rest_of(own, direction) != rest_of(given, direction) or canonical(kept) != canonical(base):
                yield f"rule {number + 1} of '{rules}' is not that of '{policy.id}'"
            elif added and not base:
                yield f"rule {number + 1} of '{rules}' lets some through, where '{policy.id}' lets all"
            else:
                rule = policy.id, direction, number
                yield from unfounded_peers(admission, rule, added)
                for bound in admission.shut(rule, added)[:1]:
                    yield f"rule {number + 1} of '{rules}' lets '{bound.origin.resource.id}' through and not its clones"


def unfounded_peers(admission: Admission, rule: Rule, peers: Iterable[Any]) -> Iterator[str]:
    """Yields what is wrong with peers that are added to a rule of the base."""
    for what in (admission.unfounded(rule, peer) for peer in peers):
        if what:
            yield f"a peer added to rule {rule[2] + 1} of '{DIRECTIONS[rule[1]][0]}' {what}"
