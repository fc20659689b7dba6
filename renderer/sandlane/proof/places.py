"""Places of tenants' entries: a base entry, and those that have to stand directly before it (rules R-I3, R-I4, R-I12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandlane.k8s.resource import Manifest, Resource
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source
from sandlane.proof.alignment import Insertion
from sandlane.proof.clients import met_by
from sandlane.proof.conditions import Unjudged, expected_matches
from sandlane.proof.delegated import delegated
from sandlane.proof.entries import Cause, Expectation, Expected, differences
from sandlane.proof.groups import Last
from sandlane.proof.substitution import routed_hosts
from sandlane.proof.trust import chosen, within


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A base entry before which tenants' entries stand: how it is called, and what its being a catch-all at gateways means."""

    vs: Resource
    called: str
    owner: Resource
    entry: Manifest
    last: Last | None = None


def compare(
    expectation: Expectation, place: Place, causes: Mapping[str, Cause], insertions: Sequence[Insertion]
) -> Iterator[Problem]:
    """Yields what is wrong with the entries that stand directly before an entry of the base."""
    vs, base = place.vs, place.called
    found: dict[str, list[Insertion]] = {}
    for insertion in insertions:
        found.setdefault(str(insertion.tenant), []).append(insertion)
    order = [str(insertion.tenant) for insertion in insertions if insertion.tenant in causes]
    is_grouped = place.last is not None and bool(place.last.before)
    if order != sorted(order) and not is_grouped:
        first = found[order[0]][0]
        yield entry_wrong(vs, first, f"and the others before {base} are not in the order of their tenantIDs")
    for tenant, cause in causes.items():
        try:
            expected = list(_expected(expectation, place, cause, tenant))
        except Unjudged as unjudged:
            yield wrong(vs.source, f"'{vs.id}': {base} {unjudged}", ("spec", "http"))
            found.pop(tenant, None)
            continue
        own = found.pop(tenant, []) if expected else []
        for insertion, meant in zip(own, expected, strict=False):
            for what in differences(expectation, vs, meant, tenant, insertion):
                yield entry_wrong(vs, insertion, f"of '{tenant}' {what} {base}")
        for insertion in own[len(expected) :]:
            yield entry_wrong(vs, insertion, f"is a second entry of '{tenant}' before {base}")
        if len(own) < len(expected):
            number = "" if not own else f" number {len(own) + 1}"
            yield wrong(vs.source, f"'{vs.id}': '{tenant}' has no entry{number} before {base}", ("spec", "http"))
    sent = routed_hosts(expectation.world, vs, place.entry)
    for tenant, own in found.items():
        # A clone that is claimed and missing is a matter of P4.
        if all(expectation.clones.name(s, tenant) for s in sent & expectation.world.cloned[tenant]):
            yield from (
                entry_wrong(vs, insertion, f"of '{tenant}' stands before {base}, of which it cloned nothing")
                for insertion in own
            )


def _expected(expectation: Expectation, place: Place, cause: Cause, tenant: str) -> Iterator[Expected]:
    """Yields the entries of a tenant before one of the base, in order. Raises Unjudged."""
    demands, clones, last = expectation.demands[tenant], expectation.clones, place.last
    if last and not last.is_met:
        return
    allowed, reach = chosen(expectation.world, place.owner), expectation.world.reach[tenant]
    own = [
        Expected(ours=place.entry, owner=place.owner, matches=matches, cause=cause)
        for conditions in delegated(expectation.world, place.owner, place.entry)
        if (given := for_ports(conditions, last.ports if last else ())) is not None
        if (base := within(expectation.world, place.owner, met_by(given, reach), allowed)) is not None
        if (matches := expected_matches(base, demands))
    ]
    for owner, entry in last.before if last and own else ():
        services = [s for s in clones.sent(entry, owner.id.namespace) if tenant in clones.tenants[s]]
        given = for_ports(entry.get("match") or (), last.ports if last else ())
        matches = expected_matches(given, demands) if given is not None else []
        if matches:
            reason = Cause(service=services[0]) if services else None
            yield Expected(ours=entry, owner=owner, matches=matches, cause=reason)
    yield from own


def for_ports(matches: Sequence[Manifest], ports: Sequence[int]) -> Sequence[Manifest] | None:
    """Returns matches for some ports alone, where any are named; None where nothing is left."""
    if not ports:
        return matches
    every: Sequence[Manifest] = matches or ({},)
    return [{**m, "port": port} for m in every for port in ports if m.get("port") in (None, 0, port)] or None


def entry_wrong(vs: Resource, insertion: Insertion, what: str) -> Problem:
    """Returns what is wrong with an entry of a tenant."""
    return wrong(vs.source, f"'{vs.id}': entry {insertion.number + 1} {what}", ("spec", "http", insertion.number))


def wrong(source: Source, what: str, path: Path = ()) -> Problem:
    """Returns what keeps promise 2 from holding."""
    return report("SL602", source=source, path=path, what=what)
