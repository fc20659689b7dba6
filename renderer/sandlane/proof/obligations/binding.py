"""P8, binding: the policies that bind a clone are its origin's, and what lets its origin through lets it (rules R-C4 and R-C5).

What the output adds acts on clones alone (`followers`), so it is decided here whether it is complete: of each policy that binds an
origin by labels that its clone has lost there is a copy; of each rule of a NetworkPolicy, in the base and in its copies, that
lets an origin through there is a peer for its clones; and what names a Service, a route or a policy names their copies too.
What a spec accepts with a reason may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, ResourceId, at, labels_of
from sandlane.k8s.selectors import Index
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.admission import Let, covered, lets, rest_of
from sandlane.proof.followers import Bound, Followers, clones_of_claims, read_followers
from sandlane.proof.literals import ORIGIN
from sandlane.proof.policies import (
    BINDING,
    DIRECTIONS,
    NETWORK_POLICY,
    SERVER,
    bindings,
    canonical,
    isolates,
    kind_of,
    rules_of,
)
from sandlane.proof.world import World
from sandlane.semantics.inbound import compete

_Covered = set[tuple[str, str, str | None]]


@frozen
class _Lost:
    """A place that lets an origin through and not its clone: the origin's label and namespace."""

    place: Let
    origin: str
    namespace: str


def check(world: World) -> Iterator[Problem]:
    """Yields policies that bind an origin and not its clone, or let it through and not its clone, and the reverse."""
    clones = clones_of_claims(world)
    followers = read_followers(world)
    index = bindings(world.base, world.claims.environment.cluster.root_namespace)
    copied = {
        (policy.id, bound.clone.resource.id)
        for copy, originals, bound in followers.selecting
        for policy in originals
        # A rule for another host, a clone's, is beside the copy and not in place of it.
        if at(copy.manifest, ("spec", "host")) == at(policy.manifest, ("spec", "host"))
    }
    for bound in clones:
        yield from _bound(index, copied, bound)
    yield from _let_through(world, followers, clones)


def _wrong(clone: Resource, what: str) -> Problem:
    return report("SL608", source=clone.source, what=what)


def _bound(index: Index[Resource], copied: set[tuple[ResourceId, ResourceId]], bound: Bound) -> Iterator[Problem]:
    origin, clone, accepted = bound.origin.resource, bound.clone.resource, bound.owner.accepted
    policies = index.matching(origin.id.namespace, bound.origin.labels)
    after = {policy.id for policy in index.matching(origin.id.namespace, bound.clone.labels)}
    before = {policy.id for policy in policies}
    for policy in policies:
        if policy.id in after:
            continue
        alone = [other for other in policies if _is_rival(bound, policy, other) and BINDING[kind_of(policy)][3]]
        if ("SL320", str(policy.id)) in accepted:
            continue
        if (policy.id, clone.id) not in copied:
            yield _wrong(clone, f"'{policy.id}' binds '{origin.id}' and not '{clone.id}'")
        elif len(alone) > 1:
            yield _wrong(
                clone, f"'{policy.id}' is one of {len(alone)} that bind '{origin.id}', of which one is in force"
            )
    for id in sorted(after - before):
        if ("SL322", str(id)) not in accepted:
            yield _wrong(clone, f"'{id}' binds '{clone.id}' and not '{origin.id}'")


def _is_rival(bound: Bound, policy: Resource, other: Resource) -> bool:
    """Tells whether two policies of a kind, or one and itself, are for one pod: Linkerd's Servers for one port (rule R-L2)."""
    if kind_of(policy) != SERVER or policy is other:
        return kind_of(other) == kind_of(policy)
    row = WORKLOADS.get(kind_of(bound.origin.resource))
    pod = at(bound.origin.resource.manifest, (*row.template, "spec")) if row else None
    return kind_of(other) == SERVER and compete(policy.manifest, other.manifest, pod or {})


def _let_through(world: World, followers: Followers, clones: Sequence[Bound]) -> Iterator[Problem]:
    """Yields what lets an origin in or through and not its clone, in the base and in copies, and the reverse."""
    index = lets(world.base)
    lost: dict[_Lost, Bound] = {}
    for bound in clones:
        namespace = bound.origin.resource.id.namespace
        before = set(index.matching(namespace, bound.origin.labels))
        after = set(index.matching(namespace, bound.clone.labels))
        label = labels_of(bound.clone.resource.manifest).get(ORIGIN, "")
        for place in sorted(before - after):
            lost.setdefault(_Lost(place, label, namespace), bound)
        for id in sorted({place.policy for place in after - before}):
            if ("SL325", str(id)) not in bound.owner.accepted:
                what = f"'{id}' admits '{bound.clone.resource.id}' and not '{bound.origin.resource.id}'"
                yield _wrong(bound.clone.resource, what)
    if not lost:
        return
    opened = _opened(followers)
    missing: dict[tuple[ResourceId, ResourceId], Bound] = {}
    for entry, bound in lost.items():
        policy, place = world.base.by_id[entry.place.policy], entry.place
        rest = rest_of(rules_of(policy.manifest, place.direction)[place.rule], place.direction)
        found = opened.get((policy.id, place.direction, rest), set())
        if not _covers(found, entry):
            missing.setdefault((policy.id, bound.clone.resource.id), bound)
    for (id, _), bound in sorted(missing.items()):
        what = f"'{id}' admits '{bound.origin.resource.id}' and not '{bound.clone.resource.id}'"
        yield _wrong(bound.clone.resource, what)
    yield from _in_copies(followers, lost)


def _opened(followers: Followers) -> Mapping[tuple[ResourceId, str, str], _Covered]:
    """Returns for which clones shared/ opens the rules of the base's policies, by policy, direction, and what a rule says."""
    opened: dict[tuple[ResourceId, str, str], _Covered] = {}
    for added, originals in followers.letting:
        for policy in originals:
            for direction in isolates(added.manifest):
                for rule in rules_of(added.manifest, direction):
                    peers = rule.get(DIRECTIONS[direction][1]) or ()
                    opened.setdefault((policy.id, direction, rest_of(rule, direction)), set()).update(covered(peers))
    return opened


def _covers(found: _Covered, entry: _Lost) -> bool:
    place = entry.place
    return any((entry.origin, place.namespaces, home) in found for home in (entry.namespace, None))


def _in_copies(followers: Followers, lost: Mapping[_Lost, Bound]) -> Iterator[Problem]:
    """Yields copies of NetworkPolicies that let an origin through and not its clones; copies for tenants are mostly equal."""
    by_policy: dict[ResourceId, list[_Lost]] = {}
    for entry in lost:
        by_policy.setdefault(entry.place.policy, []).append(entry)
    verdicts: dict[tuple[ResourceId, str], _Lost | None] = {}
    for copy, originals, _ in followers.selecting:
        for policy in originals if kind_of(copy) == NETWORK_POLICY else ():
            rules = canonical([at(copy.manifest, ("spec", field)) for field, _ in DIRECTIONS.values()])
            if (policy.id, rules) not in verdicts:
                verdicts[(policy.id, rules)] = _shut(copy, by_policy.get(policy.id, ()))
            shut = verdicts[(policy.id, rules)]
            if shut:
                origin = lost[shut].origin.resource
                yield _wrong(copy, f"'{copy.id}' admits '{origin.id}' and not its clones")


def _shut(copy: Resource, lost: Sequence[_Lost]) -> _Lost | None:
    """Returns the first of lost places whose rule in a copy has no peer for the clones, or None."""
    for entry in lost:
        rules = rules_of(copy.manifest, entry.place.direction)
        rule: Mapping[str, Any] = rules[entry.place.rule] if entry.place.rule < len(rules) else {}
        if not _covers(set(covered(rule.get(DIRECTIONS[entry.place.direction][1]) or ())), entry):
            return entry
    return None
