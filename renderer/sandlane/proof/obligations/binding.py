"""P1 and P8, binding: the policies that bind a clone are its origin's, and copies of them that act on it alone (rules R-C4 and R-C5).

Of each policy that binds an origin by labels that its clone has lost there is a copy, which selects by the labels of the one clone
and says what the policy says. Of each rule, in the base and in its copies, that lets an origin through there is a peer for its clones.

A NetworkPolicy isolates the pods that it selects, so one in shared/ has to select what a policy of the base isolates already in
the same directions, and may let nothing but clones through: then the base's pods are as isolated as before, and no pod of
the base gains or loses a peer. What a spec accepts with a reason may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Any

from sandlane.base.pod_templates import spec_of_pods
from sandlane.k8s.resource import Resource, ResourceId, at, spec_of
from sandlane.k8s.selectors import Index, from_workload_selector
from sandlane.problems.problem import Problem
from sandlane.proof.admission import Admission, changed_rules, peers_of, read_admission, rest_of, unfounded_peers
from sandlane.proof.differences import canonical, told
from sandlane.proof.followers import Bound, Follower, clones_of_claims, followers
from sandlane.proof.literals import ORIGIN, origin_value
from sandlane.proof.policies import (
    BINDING,
    DIRECTIONS,
    NETWORK_POLICY,
    SERVER,
    bindings,
    isolates,
    kind_of,
    other_fields,
    rules_of,
)
from sandlane.proof.readers import DESTINATION_RULE
from sandlane.proof.world import World
from sandlane.semantics.inbound import compete

_OF_RULES = ("policyTypes", *(field for field, _ in DIRECTIONS.values()))

_wrong = partial(told, "SL608")


def check(world: World) -> Iterator[Problem]:
    """Yields policies that bind an origin and not its clone, the reverse, and copies that act on others or say something else."""
    clones = clones_of_claims(world)
    index = bindings(world.base, world.claims.environment.cluster.root_namespace)
    admission = read_admission(world.base, clones)
    changed = _judge_of_rules(admission)
    claimed = {origin_value(id.kind, id.name) for claim in world.claims.sandboxes for id in claim.origins}
    copied: dict[ResourceId, set[ResourceId]] = {}
    added = list(followers(world, clones))
    for follower in added:
        copy, bound = follower.resource, follower.bound
        if follower.is_shared:
            yield from follower.wrong(partial(_letting, admission, claimed, copy))
        elif bound:
            yield from follower.wrong(partial(_differences, world, index, changed, bound, copy))
            # A rule for another host, a clone's, is beside the copy and not in place of it.
            followed = {policy.id for policy in follower.originals if _host(policy) == _host(copy)}
            copied.setdefault(bound.clone.resource.id, set()).update(followed)
        elif not follower.given:
            what = f"'{copy.id}': neither binds one clone of its sandbox nor names a copy"
            yield told("SL601", copy, what)
    yield from _not_opened(world, admission, [follower for follower in added if follower.is_shared])
    for id, bound in admission.gained:
        if ("SL325", str(id)) not in bound.owner.accepted:
            clone = bound.clone.resource
            yield _wrong(clone, f"'{id}' admits '{clone.id}' and not '{bound.origin.resource.id}'")
    for bound in clones:
        yield from _bound(index, copied.get(bound.clone.resource.id, ()), bound)


_Changed = Callable[[Resource, Resource], list[str]]
"""A NetworkPolicy's copy and the policy -> how their rules differ."""


def _judge_of_rules(admission: Admission) -> _Changed:
    """Returns how the rules of a copy differ from a policy's: copies for tenants are mostly equal, so each form is judged once."""
    known: dict[tuple[ResourceId, str], list[str]] = {}

    def changed(copy: Resource, policy: Resource) -> list[str]:
        key = policy.id, canonical([at(copy.manifest, ("spec", field)) for field in _OF_RULES])
        if key not in known:
            known[key] = list(changed_rules(admission, copy, policy))
        return known[key]

    return changed


def _differences(
    world: World, index: Index[Resource], changed: _Changed, bound: Bound, copy: Resource, policy: Resource
) -> Iterator[str]:
    origin, clone = bound.origin.resource, bound.clone.resource
    if policy not in index.matching(origin.id.namespace, bound.origin.labels):
        yield f"'{policy.id}' does not bind '{origin.id}'"
    elif policy in index.matching(origin.id.namespace, bound.clone.labels):
        yield f"'{policy.id}' binds '{clone.id}' already"
    but: tuple[str, ...] = (BINDING[kind_of(copy)][0][1],)
    if kind_of(copy) == NETWORK_POLICY:
        but += _OF_RULES
        yield from changed(copy, policy)
    elif kind_of(copy) == DESTINATION_RULE and not _is_same_host(world, copy, policy):
        return  # for a clone's Service: a matter of P5
    if other_fields(copy.manifest, but) != other_fields(policy.manifest, but):
        yield f"says something else than '{policy.id}'"


def _host(policy: Resource) -> str:
    return str(at(policy.manifest, ("spec", "host")) or "")


def _is_same_host(world: World, copy: Resource, policy: Resource) -> bool:
    """Tells whether a rule is for its origin's host; for any other it has to be for a Service that the output adds."""
    host = _host(copy)
    return host == _host(policy) or not world.added_by_id(world.service(host, copy.id.namespace))


def _bound(index: Index[Resource], copied: Collection[ResourceId], bound: Bound) -> Iterator[Problem]:
    origin, clone, accepted = bound.origin.resource, bound.clone.resource, bound.owner.accepted
    before = {policy.id: policy for policy in index.matching(origin.id.namespace, bound.origin.labels)}
    after = {policy.id for policy in index.matching(origin.id.namespace, bound.clone.labels)}
    for id, policy in before.items():
        if id in after or ("SL320", str(id)) in accepted:
            continue
        alone = [other for other in before.values() if BINDING[kind_of(policy)][3] and _is_rival(bound, policy, other)]
        if id not in copied:
            yield _wrong(clone, f"'{id}' binds '{origin.id}' and not '{clone.id}'")
        elif len(alone) > 1:
            yield _wrong(clone, f"'{id}' is one of {len(alone)} that bind '{origin.id}', of which one is in force")
    for id in sorted(after - before.keys()):
        if ("SL322", str(id)) not in accepted:
            yield _wrong(clone, f"'{id}' binds '{clone.id}' and not '{origin.id}'")


def _is_rival(bound: Bound, policy: Resource, other: Resource) -> bool:
    """Tells whether two policies of a kind, or one and itself, are for one pod: Linkerd's Servers for one port (rule R-L2)."""
    if kind_of(policy) != SERVER or policy is other:
        return kind_of(other) == kind_of(policy)
    pod = spec_of_pods(bound.origin.resource)
    return kind_of(other) == SERVER and compete(policy.manifest, other.manifest, pod)


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


def _not_opened(world: World, admission: Admission, shared: Iterable[Follower]) -> Iterator[Problem]:
    """Yields clones that no policy in shared/ lets through where a rule of the base lets their origins."""
    opened: dict[tuple[ResourceId, str, str], list[Any]] = {}
    for follower in shared if admission.lost else ():
        for direction in isolates(follower.resource.manifest):
            for rule in rules_of(follower.resource.manifest, direction):
                for policy in follower.originals:
                    peers = opened.setdefault((policy.id, direction, rest_of(rule, direction)), [])
                    peers += peers_of(rule, direction)
    missing: dict[tuple[ResourceId, ResourceId], Bound] = {}
    for id, direction, number in admission.lost:
        rest = rest_of(rules_of(world.base.by_id[id].manifest, direction)[number], direction)
        shut = admission.shut((id, direction, number), opened.get((id, direction, rest), ()))
        missing |= {(id, bound.clone.resource.id): bound for bound in shut}
    for (id, clone), bound in sorted(missing.items()):
        yield _wrong(bound.clone.resource, f"'{id}' admits '{bound.origin.resource.id}' and not '{clone}'")
