"""A tenant's entry of a VirtualService beside the base's entry that it stands for: in what it may differ (rules R-I4, R-I5).

Its matches are the base's with the carriers, its destinations the base's with clones, its name says whose it is; all else
is the base's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.proof.alignment import Insertion, destinations, same
from sandlane.proof.conditions import Demand
from sandlane.proof.obligations.destinations import known_destinations, unfit
from sandlane.proof.substitution import ROUTING, Clones, live
from sandlane.proof.world import World

_CHECKED = ("name", "match", "headers", *ROUTING)
"""Fields of an entry that have checks of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What tenants' entries are measured by; `demands`: tenantID -> what its carriers demand."""

    world: World
    clones: Clones
    demands: Mapping[str, Sequence[Demand]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a tenant has an entry: a Service that it cloned, to which the base's sends or whose host alone it serves."""

    service: ResourceId
    is_host_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An entry that a tenant has to have: the base's, the VirtualService that holds that one, and the matches.

    `cause` is None for an entry that sends to no clone and has a copy all the same (rule R-I12).
    """

    ours: Manifest
    owner: Resource
    matches: Sequence[Manifest]
    cause: Cause | None


def differences(
    expectation: Expectation,
    vs: Resource,
    expected: Expected,
    tenant: str,
    insertion: Insertion,
) -> Iterator[str]:
    """Yields how a tenant's entry differs from the base's, but for its carriers and clones; the base's name follows."""
    entry, ours, matches = insertion.entry, expected.ours, expected.matches
    if live(ours) and not live(entry):
        return  # a matter of P4
    if entry.get("name") != (f"{ours['name']}.{tenant}" if ours.get("name") else f"tenant-{tenant}"):
        yield "has another name than a copy of"
    found = entry.get("match") or ()
    if len(found) != len(matches):
        yield f"has {len(found)} matches, expected {len(matches)} after"
    else:
        for number, (match, meant) in enumerate(zip(found, matches, strict=True)):
            if not same(match, meant):
                yield f"has another match {number + 1} than a carrier's with"
    header = expectation.world.claims.environment.routes.answer_header if expected.cause else None
    headers = ours.get("headers")
    if header:
        headers = _answering(headers or {}, header, entry.get("headers") or {})
        if headers is None:
            yield f"does not answer with '{header}', as every copy of"
            headers = entry.get("headers")
    if not same(entry.get("headers"), headers):
        yield "has another 'headers' than"
    for field in dict.fromkeys((*ours, *entry)):
        if field not in _CHECKED and (field not in ours or field not in entry or not same(entry[field], ours[field])):
            yield f"has another '{field}' than"
    yield from _routing(expectation, vs, expected, tenant, insertion)


def _answering(base: Manifest, name: str, entry: Manifest) -> Manifest | None:
    """Returns the base's header operations with the response header that an entry sets, or None if it sets none."""
    given = _named((entry.get("response") or {}).get("set") or {}, name, is_it=True)
    if not given:
        return None
    response = base.get("response") or {}
    kept = _named(response.get("set") or {}, name, is_it=False)
    return {**base, "response": {**response, "set": {**kept, **given}}}


def _named(headers: Manifest, name: str, *, is_it: bool) -> Manifest:
    return {key: value for key, value in headers.items() if (key.lower() == name.lower()) is is_it}


def _routing(
    expectation: Expectation, vs: Resource, expected: Expected, tenant: str, insertion: Insertion
) -> Iterator[str]:
    world, clones, entry = expectation.world, expectation.clones, insertion.entry
    ours, home, cause = expected.ours, expected.owner.id.namespace, expected.cause
    routed: Manifest = clones.routed(ours, home, tenant) if cause else ours
    if cause and cause.is_host_only:
        routed = {**routed, "route": clones.by_host(ours, cause.service, tenant)}
    different = [
        field
        for field in ROUTING
        if not same(_spelled(world, entry.get(field), vs.id.namespace), _spelled(world, routed.get(field), home))
    ]
    if not different:
        return
    base = known_destinations(world, vs, insertion)
    sent = list(destinations(entry))
    if entry.get("route") and not any(unfit(world, vs, d, tenant, base, sends) for d, sends in sent):
        yield from (f"has another '{field}' than clones in place of that of" for field in different)


def _spelled(world: World, value: Any, namespace: str) -> Any:
    """Returns destinations with hosts in one spelling, so that a short name and its full name are the same data."""
    if isinstance(value, list):
        return [_spelled(world, item, namespace) for item in value]
    if not isinstance(value, dict):
        return value
    if "destination" in value:
        return {**value, "destination": _spelled(world, value["destination"], namespace)}
    service = world.service(str(value.get("host") or ""), namespace)
    return {**value, "host": str(service)} if service else value
