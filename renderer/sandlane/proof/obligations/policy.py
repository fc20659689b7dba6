"""P5, policy: a clone is called as its origin is: with the same TLS, pools, load balancing and outlier detection (rule R-I10).

Istio finds a DestinationRule by host: in the client's namespace, the Service's and the root's, and an exact host before a
wildcard. Each rule that is exactly for the origin has its copy in the same namespace, seen by the same clients, and
there is no other one for the clone: so on every step of that search both hosts are met alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, ResourceId, labels_of, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import destinations, entries, same
from sandlane.proof.literals import ORIGIN, origin_value
from sandlane.proof.policies import clone_selected
from sandlane.proof.readers import DESTINATION_RULE, VIRTUAL_SERVICE
from sandlane.proof.substitution import rules_of
from sandlane.proof.world import World

_OTHER = ("host", "subsets")
"""Fields of a rule's spec that a copy has otherwise."""


def check(world: World) -> Iterator[Problem]:
    """Yields clones without the copy of a rule, and rules for clones that are not what the base has for their origins."""
    if DESTINATION_RULE not in world.reader.own:
        return
    base: dict[ResourceId, list[Resource]] = {}
    with_policy: dict[ResourceId, set[str]] = {}
    for service, rule in rules_of(world):
        base.setdefault(service, []).append(rule)
        subsets = spec_of(rule.manifest).get("subsets") or ()
        with_policy.setdefault(service, set()).update(str(s.get("name")) for s in subsets if s.get("trafficPolicy"))
    copies: dict[ResourceId, list[Resource]] = {}
    clients: dict[ResourceId, list[Resource]] = {}
    for rule in world.added:
        host = str(spec_of(rule.manifest).get("host") or "")
        clone = world.service(host, rule.id.namespace) if (rule.id.group, rule.id.kind) == DESTINATION_RULE else None
        if clone:
            (clients if clone_selected(rule) else copies).setdefault(clone, []).append(rule)
    sent = _sent_subsets(world)
    for (service, _), clone_service in world.clone_services.items():
        rules, left = base.get(service, ()), list(copies.get(clone_service.id, ()))
        kept = sent.get(service, frozenset()) & with_policy.get(service, set())
        yield from _copies(clone_service, rules, left, kept)
        for copy in clients.get(clone_service.id, ()):
            # For calls of one clone: a rule of the origin's for calls of the clone's origin (`followers`).
            if not any(set(_differences(copy.manifest, rule.manifest, kept)) == {"workloadSelector"} for rule in rules):
                yield _wrong(copy, f"is for '{clone_service.id}', and its origin has no such rule", ("spec", "host"))


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL605", source=resource.source, path=path, what=f"'{resource.id}' {what}")


def _sent_subsets(world: World) -> Mapping[ResourceId, frozenset[str]]:
    """Returns the subsets of each Service to which the base's entries send requests, or copies of them."""
    found: dict[ResourceId, set[str]] = {}
    for vs in world.base.of(*VIRTUAL_SERVICE):
        for destination, sends in (pair for entry in entries(vs.manifest) for pair in destinations(entry)):
            service = world.service(str(destination.get("host") or ""), vs.id.namespace)
            if service and sends and destination.get("subset"):
                found.setdefault(service, set()).add(str(destination["subset"]))
    return {service: frozenset(names) for service, names in found.items()}


def _copies(
    clone: Resource, rules: Sequence[Resource], copies: list[Resource], sent: frozenset[str]
) -> Iterator[Problem]:
    """Yields what is wrong with the rules for a clone; each copy stands for one rule of its origin's."""
    for rule in rules:
        own = [c for c in copies if c.id.namespace == rule.id.namespace]
        copy = next((c for c in own if _is_named(c, rule)), None) or next(
            (c for c in own if not list(_differences(c.manifest, rule.manifest, sent))), None
        )
        if copy is None:
            yield _wrong(clone, f"has no copy of '{rule.id}', the rule of its origin")
            continue
        copies.remove(copy)
        for field in _differences(copy.manifest, rule.manifest, sent):
            yield _wrong(copy, f"has another '{field}' than '{rule.id}'", ("spec", field))
    for copy in copies:
        yield _wrong(copy, f"is for '{clone.id}', and its origin has no such rule", ("spec", "host"))


def _is_named(copy: Resource, rule: Resource) -> bool:
    return labels_of(copy.manifest).get(ORIGIN) == origin_value("Deployment", rule.id.name)


def _differences(copy: Manifest, rule: Manifest, sent: frozenset[str]) -> Iterator[str]:
    """Yields the fields of a rule's spec that a copy lacks, adds or has otherwise."""
    mine, ours = copy.get("spec") or {}, rule.get("spec") or {}
    for field in dict.fromkeys((*ours, *mine)):
        if field not in _OTHER and (field not in ours or field not in mine or not same(mine[field], ours[field])):
            yield field
    if not same(list(mine.get("subsets") or ()), _kept(ours.get("subsets") or (), sent)):
        yield "subsets"


def _kept(subsets: Sequence[Manifest], sent: frozenset[str]) -> list[dict[str, Any]]:
    """Returns the subsets that a clone's rule has: those with a policy to which routes send, without labels."""
    return [
        {field: value for field, value in subset.items() if field != "labels"}
        for subset in subsets
        if subset.get("name") in sent
    ]
