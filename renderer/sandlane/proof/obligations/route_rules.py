"""P2 and P4, rules of routes: each is the base's rule at its place, with clones where it sends to what was cloned (rule R-G4).

A copy has the base's rules and matches one by one, since what outranks what is decided over all of them; a route for a Service
without routes is taken as the copy of one rule that sends everything to that Service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.additional import AddedRoute
from sandlane.proof.alignment import same
from sandlane.proof.routes import rules_of
from sandlane.proof.sending import Sending, make_sending
from sandlane.proof.spelling import spelled_filter, spelled_match, without_answer
from sandlane.proof.world import World

_COMPARED = ("matches", "backendRefs", "filters")
"""Fields of a rule that have checks of their own."""


def check(world: World) -> Iterator[Problem]:
    """Yields rules of tenants that decide, change or send requests otherwise than the base's, but for clones."""
    for added in world.added_routes:
        base = _rules(added)
        if base is None:
            continue
        mine = rules_of(added.resource.manifest)
        if not added.is_default and len(mine) != len(base):
            path: Path = ("spec", "rules", len(base)) if len(mine) > len(base) else ("spec", "rules")
            yield _wrong(added, f"has {len(mine)} rule{'s' * (len(mine) != 1)}, expected {len(base)}", path)
            continue
        for number, (rule, ours) in enumerate(zip(mine, base, strict=False)):
            for what in _differences(world, added, number, rule, ours):
                yield _wrong(added, f"rule {number + 1} of '{added.holder.tenant}' {what}", ("spec", "rules", number))


def _wrong(added: AddedRoute, what: str, path: Path = ()) -> Problem:
    return report("SL604", source=added.resource.source, path=path, what=f"'{added.resource.id}': {what}")


def _rules(added: AddedRoute) -> Sequence[Manifest] | None:
    """Returns the base's rules that a route's stand for; None where neither is known, which is a matter of promise 1."""
    if not added.is_default:
        return rules_of(added.origin.resource.manifest) if added.is_copy and added.origin else None
    parent = next((parent for parent in added.parents if parent.is_service and parent.port), None)
    if parent is None or parent.target is None:
        return None
    backend = {"name": parent.target.name, "namespace": parent.target.namespace, "port": parent.port}
    return [{"backendRefs": [backend]}]


def _differences(world: World, added: AddedRoute, number: int, rule: Manifest, ours: Manifest) -> Iterator[str]:
    """Yields how a rule differs from the base's in more than a clone's and a carrier's place."""
    yield from _matches(added, number, rule, ours)
    for field in dict.fromkeys((*ours, *rule)):
        if field not in _COMPARED and not same(rule.get(field), ours.get(field)):
            yield f"has another '{field}' than the base's"
    sending = make_sending(world, added, ours)
    yield from sending.backends(rule.get("backendRefs") or ())
    yield from _filters(world, added, sending, rule, ours)


def _matches(added: AddedRoute, number: int, rule: Manifest, ours: Manifest) -> Iterator[str]:
    is_http = added.resource.id.kind == "HTTPRoute"
    expected: Sequence[Manifest] = ours.get("matches") or [{}]
    found: Sequence[Manifest] = rule.get("matches") or []
    if len(expected) != len(found):
        yield f"has {len(found)} matches, expected {len(expected)}"
        return
    for place, (match, base) in enumerate(zip(found, expected, strict=True)):
        carrier = added.demands[number][place]
        if carrier is None:
            continue  # a matter of promise 1
        full = spelled_match(match, is_http)
        headers = [header for header in full["headers"] if header.get("name") != added.conditions[carrier][1]]
        if not same({**full, "headers": headers}, {"headers": [], **spelled_match(base, is_http)}):
            yield f"has another match {place + 1} than the base's with a carrier"


def _filters(world: World, added: AddedRoute, sending: Sending, rule: Manifest, ours: Manifest) -> Iterator[str]:
    """Yields filters that are not the base's, but for mirrors to clones and for the header that answers with the route."""
    if not rule.get("filters") and not ours.get("filters"):
        return
    header = world.claims.environment.routes.answer_header
    mine: Sequence[dict[str, Any]] = [spelled_filter(item) for item in rule.get("filters") or ()]
    base: Sequence[dict[str, Any]] = [spelled_filter(item) for item in ours.get("filters") or ()]
    reached = sending.origins(rule.get("backendRefs") or ())
    if header and reached:
        names = dict.fromkeys(f"{added.holder.tenant}/{service.name}" for service in reached)
        stripped = without_answer(mine, header, tuple(names))
        if stripped is not mine:
            mine, base = stripped, without_answer(base, header, None)
    yield from sending.filters(mine, base)
