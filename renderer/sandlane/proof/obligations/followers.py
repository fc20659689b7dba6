"""P1, followers: policies that the output adds act on clones and on copies alone, and say what the base's say.

A NetworkPolicy isolates the pods that it selects, so one in shared/ has to select what a policy of the base isolates already in
the same directions, and may let nothing but clones through: then the base's pods are as isolated as before, and no pod of
the base gains or loses a peer. A copy selects by the labels of one clone, or names nothing but copies in its own directory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, at, labels_of, spec_of
from sandlane.k8s.selectors import from_workload_selector, matches
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.admission import Workload, rest_of, unfounded, workloads_by_label
from sandlane.proof.followers import Bound, read_followers
from sandlane.proof.literals import ORIGIN, copied_origin, origin_value
from sandlane.proof.policies import (
    BINDING,
    DIRECTIONS,
    NETWORK_POLICY,
    REFERENCES,
    Reference,
    canonical,
    isolates,
    kind_of,
    label_selections,
    other_fields,
    pod_selector,
    references,
    rules_of,
)
from sandlane.proof.readers import DESTINATION_RULE
from sandlane.proof.world import World, directory


@frozen(kw_only=True)
class _Judged:
    """What is asked often: base workloads by origin label, and verdicts on peers, which are equal in tenants' copies."""

    by_label: Mapping[str, list[Workload]]
    peers: dict[tuple[Any, ...], str | None] = field(default_factory=dict)


def check(world: World) -> Iterator[Problem]:
    """Yields added policies that act on the base, or say something else than the base's."""
    found = read_followers(world)
    judged = _Judged(by_label=workloads_by_label(world.base) if found.selecting or found.letting else {})
    for resource in found.stray:
        yield _wrong(resource, "neither binds one clone of its sandbox nor names a copy")
    for resource, originals, bound in found.selecting:
        yield from _nearest(resource, [_selecting(world, judged, resource, policy, bound) for policy in originals])
    for resource, originals, given in found.naming:
        yield from _nearest(resource, [_naming(world, resource, policy, given) for policy in originals])
    for resource, originals in found.letting:
        yield from _nearest(resource, [_letting(world, judged, resource, policy) for policy in originals])


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _nearest(resource: Resource, verdicts: Sequence[Iterator[str]]) -> Iterator[Problem]:
    """Yields what is wrong with a copy, beside the policy that it is most like."""
    found = [list(verdict) for verdict in verdicts]
    if not found:
        yield _wrong(resource, f"label '{ORIGIN}' names no {resource.id.kind} of the base", ("metadata", "labels"))
        return
    yield from (_wrong(resource, what) for what in min(found, key=len))


def _selecting(world: World, judged: _Judged, copy: Resource, policy: Resource, bound: Bound) -> Iterator[str]:
    path = BINDING[kind_of(copy)][0]
    selector = from_workload_selector(pod_selector(policy) or {})
    if not pod_selector(policy) or not matches(selector, bound.origin.labels):
        yield f"'{policy.id}' does not bind '{bound.origin.resource.id}'"
    elif matches(selector, bound.clone.labels):
        yield f"'{policy.id}' binds '{bound.clone.resource.id}' already"
    but: tuple[str, ...] = (path[1],)
    if kind_of(copy) == NETWORK_POLICY:
        but = (path[1], "policyTypes", "ingress", "egress")
        yield from _rules(judged, copy, policy)
    elif kind_of(copy) == DESTINATION_RULE and not _is_same_host(world, copy, policy):
        return  # for a clone's Service: a matter of P5
    if other_fields(copy.manifest, but) != other_fields(policy.manifest, but):
        yield f"says something else than '{policy.id}'"


def _is_same_host(world: World, copy: Resource, policy: Resource) -> bool:
    """Tells whether a rule is for its origin's host; for any other it has to be for a Service that the output adds."""
    hosts = [str(at(rule.manifest, ("spec", "host")) or "") for rule in (copy, policy)]
    return hosts[0] == hosts[1] or not world.added_service(world.service(hosts[0], copy.id.namespace))


def _rules(judged: _Judged, copy: Resource, policy: Resource) -> Iterator[str]:
    """Yields how a NetworkPolicy's copy differs: its rules are the policy's, with clones beside those that they let through."""
    directions = isolates(policy.manifest)
    if tuple(at(copy.manifest, ("spec", "policyTypes")) or ()) != directions:
        yield f"'policyTypes' are not {', '.join(directions)}, as of '{policy.id}'"
    for direction, (rules, side) in DIRECTIONS.items():
        ours, theirs = rules_of(copy.manifest, direction), rules_of(policy.manifest, direction)
        if len(ours) != len(theirs) or (direction not in directions and canonical(ours) != canonical(theirs)):
            yield f"'{rules}' is not that of '{policy.id}'"
            continue
        for number, (own, given) in enumerate(zip(ours, theirs, strict=True)):
            peers, base = own.get(side) or [], given.get(side) or []
            added = peers[len(base) :]
            is_all = not base
            if rest_of(own, direction) != rest_of(given, direction) or canonical(peers[: len(base)]) != canonical(base):
                yield f"rule {number + 1} of '{rules}' is not that of '{policy.id}'"
            elif is_all and added:
                yield f"rule {number + 1} of '{rules}' lets some through, where '{policy.id}' lets all"
            else:
                yield from _peers(judged, policy, direction, number, added)


def _peers(judged: _Judged, policy: Resource, direction: str, rule: int, peers: Sequence[Any]) -> Iterator[str]:
    for peer in peers:
        key = (policy.id, direction, rule, canonical(peer))
        if key not in judged.peers:
            given = rules_of(policy.manifest, direction)[rule]
            judged.peers[key] = unfounded(policy, direction, given, peer, judged.by_label)
        what = judged.peers[key]
        if what:
            yield f"a peer added to rule {rule + 1} of '{DIRECTIONS[direction][0]}' {what}"


def _letting(world: World, judged: _Judged, added: Resource, policy: Resource) -> Iterator[str]:
    """Yields how a policy in shared/ could change the base, or lets through what its original does not."""
    spec: Manifest = spec_of(added.manifest)
    if canonical(spec.get("podSelector") or {}) != canonical(at(policy.manifest, ("spec", "podSelector")) or {}):
        yield f"does not select what '{policy.id}' selects"
    written = spec.get("policyTypes") or ()
    if not written or not set(written) <= set(isolates(policy.manifest)):
        yield f"isolates in directions in which '{policy.id}' does not"
    unknown = set(spec) - {"podSelector", "policyTypes", *(DIRECTIONS[d][0] for d in written if d in DIRECTIONS)}
    if unknown:
        yield f"has 'spec.{min(unknown)}' beside the rules of its directions"
    claimed = {origin_value(id.kind, id.name) for claim in world.claims.sandboxes for id in claim.origins}
    for direction in (d for d in DIRECTIONS if d in written):
        rules, side = DIRECTIONS[direction]
        for number, rule in enumerate(rules_of(added.manifest, direction)):
            given = [
                place
                for place, own in enumerate(rules_of(policy.manifest, direction))
                if rest_of(own, direction) == rest_of(rule, direction)
            ]
            peers = rule.get(side) or ()
            verdicts = [list(_peers(judged, policy, direction, place, peers)) for place in given]
            if not peers or not given:
                yield f"rule {number + 1} of '{rules}' is for other ports than those of '{policy.id}', or for everyone"
            elif all(verdicts):
                yield from min(verdicts, key=len)
            named = {origin for peer in peers for origin in _origins(peer)}
            if not named <= claimed:
                yield f"rule {number + 1} of '{rules}' names '{min(named - claimed)}', which no sandbox clones"


def _origins(peer: Any) -> Iterator[str]:
    for requirement in from_workload_selector(at(peer, ("podSelector",)) or {}):
        yield from requirement.values if requirement.key == ORIGIN else ()


def _naming(world: World, copy: Resource, policy: Resource, given: Sequence[Reference]) -> Iterator[str]:
    route = "parentRefs" if any(reference.field == "parentRefs" for reference in given) else None
    but = (*REFERENCES, *((route,) if route else ()))
    if other_fields(copy.manifest, but) != other_fields(policy.manifest, but):
        yield f"says something else than '{policy.id}'"
    fields = {field for field in but if field in spec_of(copy.manifest)}
    if len(fields) != 1 or fields == {"targetSelectors"}:
        yield "names what it applies to in more places than one"
    base = list(references(policy))
    for reference in given:
        target = world.output.by_id.get(reference.target)
        if target is None or target.id in world.base.by_id or directory(target) != directory(copy):
            yield f"names '{reference.target}', which is no copy of its own directory"
        elif not any(_is_for(reference, target, named) for named in base) and not _by_labels(world, policy, target):
            yield f"names '{reference.target}', of whose origin '{policy.id}' says no such thing"


def _is_for(reference: Reference, target: Resource, named: Reference) -> bool:
    """Tells whether a reference is one of the base's to the origin of a target, with the target's name."""
    mine, theirs = reference.target, named.target
    is_kind = (mine.group, mine.kind, mine.namespace) == (theirs.group, theirs.kind, theirs.namespace)
    label = labels_of(target.manifest).get(ORIGIN)
    return is_kind and reference.rest == named.rest and label == copied_origin(theirs.kind, theirs.name)


def _by_labels(world: World, policy: Resource, target: Resource) -> bool:
    """Tells whether a policy selects by its labels what a target is a copy of."""
    label = labels_of(target.manifest).get(ORIGIN)
    return any(
        copied_origin(original.id.kind, original.id.name) == label and matches(selector, labels_of(original.manifest))
        for kind, selector in label_selections(policy)
        for original in world.base.of(*kind)
        if kind == kind_of(target) and original.id.namespace == target.id.namespace
    )
