"""P1 and P8, admission: what lets an origin in or through lets its clones, and nobody else (rules R-C4 and R-C5).

A NetworkPolicy isolates the pods that it selects, so one in shared/ has to select what a policy of the base isolates already in
the same directions, and may let nothing but clones through: then the base's pods are as isolated as before, and no pod of
the base gains or loses a peer. Of each rule, in the base and in its copies, that lets an origin through there is a peer for its clones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from sandlane.k8s.resource import Resource, ResourceId, at, labels_of, spec_of
from sandlane.k8s.selectors import from_workload_selector
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.admission import (
    Admission,
    Clones,
    Rule,
    peers_of,
    read_admission,
    rest_of,
    unfounded_peers,
)
from sandlane.proof.followers import Bound, Follower, clones_of_claims, followers
from sandlane.proof.literals import ORIGIN, origin_value
from sandlane.proof.policies import DIRECTIONS, NETWORK_POLICY, canonical, isolates, kind_of, rules_of
from sandlane.proof.world import World

_Lost = Mapping[Rule, Mapping[Clones, Bound]]
"""The clones of the origins that a rule lets through, which it does not let through by the labels that they have."""


def check(world: World) -> Iterator[Problem]:
    """Yields policies in shared/ that act on the base, and what lets an origin through and not its clone, or the reverse."""
    clones = clones_of_claims(world)
    admission = read_admission(world.base)
    added = [f for f in followers(world, clones) if kind_of(f.resource) == NETWORK_POLICY]
    shared = [follower for follower in added if follower.is_shared]
    claimed = {origin_value(id.kind, id.name) for claim in world.claims.sandboxes for id in claim.origins}
    for follower in shared:
        yield from follower.wrong(partial(_letting, admission, claimed, follower.resource))
    lost: dict[Rule, dict[Clones, Bound]] = {}
    for bound in clones:
        yield from _read_places(admission, bound, lost)
    yield from _not_opened(world, admission, shared, lost)
    yield from _not_in_copies(admission, added, lost)


def _wrong(resource: Resource, what: str) -> Problem:
    return report("SL608", source=resource.source, what=what)


def _letting(admission: Admission, claimed: set[str], added: Resource, policy: Resource) -> Iterator[str]:
    """Yields how a policy in shared/ could change the base, or lets through what its original does not."""
    spec = spec_of(added.manifest)
    if canonical(spec.get("podSelector") or {}) != canonical(at(policy.manifest, ("spec", "podSelector")) or {}):
        yield f"does not select what '{policy.id}' selects"
    written = spec.get("policyTypes") or ()
    if not written or not set(written) <= set(isolates(policy.manifest)):
        yield f"isolates in directions in which '{policy.id}' does not"
    unknown = set(spec) - {"podSelector", "policyTypes", *(DIRECTIONS[d][0] for d in written if d in DIRECTIONS)}
    if unknown:
        yield f"has 'spec.{min(unknown)}' beside the rules of its directions"
    for direction in (d for d in DIRECTIONS if d in written):
        theirs = [rest_of(rule, direction) for rule in rules_of(policy.manifest, direction)]
        for number, rule in enumerate(rules_of(added.manifest, direction)):
            what, peers = f"rule {number + 1} of '{DIRECTIONS[direction][0]}'", peers_of(rule, direction)
            given = [place for place, rest in enumerate(theirs) if rest == rest_of(rule, direction)]
            verdicts = [list(unfounded_peers(admission, (policy.id, direction, place), peers)) for place in given]
            if not peers or not given:
                yield f"{what} is for other ports than those of '{policy.id}', or for everyone"
            elif all(verdicts):
                yield from min(verdicts, key=len)
            unknown = {origin for peer in peers for origin in _origins(peer)} - claimed
            if unknown:
                yield f"{what} names '{min(unknown)}', which no sandbox clones"


def _origins(peer: Any) -> Iterator[str]:
    for requirement in from_workload_selector(at(peer, ("podSelector",)) or {}):
        yield from requirement.values if requirement.key == ORIGIN else ()


def _read_places(admission: Admission, bound: Bound, lost: dict[Rule, dict[Clones, Bound]]) -> Iterator[Problem]:
    """Reads where an origin is let through and not its clone, and yields where the clone is and not its origin."""
    origin, clone = bound.origin.resource, bound.clone.resource
    before, after = (
        set(admission.places.matching(origin.id.namespace, pods.labels)) for pods in (bound.origin, bound.clone)
    )
    label = labels_of(clone.manifest).get(ORIGIN, "")
    for rule, namespaces in before - after:
        lost.setdefault(rule, {}).setdefault((namespaces, label, origin.id.namespace), bound)
    for id in sorted({rule[0] for rule, _ in after - before}):
        if ("SL325", str(id)) not in bound.owner.accepted:
            yield _wrong(clone, f"'{id}' admits '{clone.id}' and not '{origin.id}'")


def _not_opened(world: World, admission: Admission, shared: Iterable[Follower], lost: _Lost) -> Iterator[Problem]:
    """Yields clones that no policy in shared/ lets through where a rule of the base lets their origins."""
    opened: dict[tuple[ResourceId, str, str], list[Any]] = {}
    for follower in shared if lost else ():
        for direction in isolates(follower.resource.manifest):
            for rule in rules_of(follower.resource.manifest, direction):
                for policy in follower.originals:
                    opened.setdefault((policy.id, direction, rest_of(rule, direction)), []).extend(
                        peers_of(rule, direction)
                    )
    missing: dict[tuple[ResourceId, ResourceId], Bound] = {}
    for (id, direction, number), entries in lost.items():
        rest = rest_of(rules_of(world.base.by_id[id].manifest, direction)[number], direction)
        covered = admission.covered((id, direction, number), opened.get((id, direction, rest), ()))
        missing |= {(id, bound.clone.resource.id): bound for clones, bound in entries.items() if clones not in covered}
    for (id, _), bound in sorted(missing.items()):
        yield _wrong(
            bound.clone.resource, f"'{id}' admits '{bound.origin.resource.id}' and not '{bound.clone.resource.id}'"
        )


def _not_in_copies(admission: Admission, added: Iterable[Follower], lost: _Lost) -> Iterator[Problem]:
    """Yields copies that let an origin through and not its clones; copies for tenants are mostly equal."""
    by_policy: dict[ResourceId, list[Rule]] = {}
    for rule in lost:
        by_policy.setdefault(rule[0], []).append(rule)
    verdicts: dict[tuple[ResourceId, str], Bound | None] = {}
    for copy, policy in ((f.resource, policy) for f in added if f.bound for policy in f.originals):
        key = policy.id, canonical([at(copy.manifest, ("spec", field)) for field, _ in DIRECTIONS.values()])
        if key not in verdicts:
            verdicts[key] = next(
                _shut(admission, copy, {rule: lost[rule] for rule in by_policy.get(policy.id, ())}), None
            )
        shut = verdicts[key]
        if shut:
            yield _wrong(copy, f"'{copy.id}' admits '{shut.origin.resource.id}' and not its clones")


def _shut(admission: Admission, copy: Resource, lost: _Lost) -> Iterator[Bound]:
    """Yields origins whose clones no peer of a copy lets through."""
    for rule, entries in lost.items():
        rules = rules_of(copy.manifest, rule[1])
        covered = admission.covered(rule, peers_of(rules[rule[2]], rule[1]) if rule[2] < len(rules) else ())
        yield from (bound for clones, bound in entries.items() if clones not in covered)
