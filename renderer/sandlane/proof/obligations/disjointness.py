"""P3, disjointness: no request of one tenant meets what is another's (rule R-I4).

Tenants' conditions are literal: a header with the whole tenantID, or one expression on baggage for each. So it is decided by
comparing texts: a match of a tenant's names no other tenantID, but where the base's own does, and what a carrier decides
is for requests alone that have none of the carriers before it, since those decide for the tenantID that they name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, Resource
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.additional import AddedRoute
from sandlane.proof.alignment import Insertion
from sandlane.proof.conditions import Demand, demands_of, excludes
from sandlane.proof.routes import rules_of
from sandlane.proof.world import World

_Literals = Mapping[tuple[str, str], str]
"""Header and the value or expression that demands a tenantID -> the tenantID."""


def check(world: World) -> Iterator[Problem]:
    """Yields matches of one tenant that name another, or that hold where an earlier carrier names another."""
    carriers = world.claims.environment.carriers
    demands = {tenant: demands_of(carriers, tenant) for tenant in sorted({*world.reach, *_held(world)})}
    literals = {
        (d.header, text): tenant for tenant, own in demands.items() for d in own for text in d.condition.values()
    }
    for id, alignment in world.alignments.items():
        for insertion in alignment.insertions:
            if insertion.tenant is not None:
                yield from _entry(
                    world.output.by_id[id], insertion, insertion.tenant, demands[insertion.tenant], literals
                )
    for added in world.added_routes:
        yield from _route(added, literals)


def _held(world: World) -> Iterator[str]:
    yield from (holder.tenant for holder in world.holders.values())


def _wrong(resource: Resource, what: str, path: Path) -> Problem:
    return report("SL603", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _entry(
    vs: Resource, insertion: Insertion, tenant: str, demands: tuple[Demand, ...], literals: _Literals
) -> Iterator[Problem]:
    """Yields what is wrong with an entry: another tenantID in a match, or an earlier carrier that is not excluded."""
    base = [pair for match in (insertion.before or {}).get("match") or () for pair in _conditions(match)]
    path: Path = ("spec", "http", insertion.number)
    for match in insertion.entry.get("match") or ():
        pairs = list(_conditions(match))
        for pair in pairs:
            other = literals.get(pair, tenant)
            if other != tenant and pair not in base:
                yield _wrong(vs, f"entry {insertion.number + 1} of '{tenant}' names '{other}'", path)
        decided = [any((d.header, text) in pairs for text in d.condition.values()) for d in demands]
        # Where no carrier's own text is there, the base's literal stands for the carrier of baggage.
        last = next((d for d, is_decided in zip(demands, decided, strict=True) if is_decided), None)
        if last is not None and not excludes(match.get("withoutHeaders") or {}, last):
            what = f"holds for requests whose tenantID an earlier carrier than '{last.header}' names"
            yield _wrong(vs, f"entry {insertion.number + 1} of '{tenant}' {what}", path)


def _conditions(match: Manifest) -> Iterator[tuple[str, str]]:
    """Yields the texts that a match demands of headers, whole or as an expression."""
    for name, condition in (match.get("headers") or {}).items():
        given: Mapping[str, Any] = condition if isinstance(condition, Mapping) else {}
        yield from ((name.lower(), text) for kind in ("exact", "regex") if isinstance(text := given.get(kind), str))


def _route(added: AddedRoute, literals: _Literals) -> Iterator[Problem]:
    tenant = added.holder.tenant
    for number, rule in enumerate(rules_of(added.resource.manifest)):
        for match in rule.get("matches") or ():
            for header in match.get("headers") or ():
                other = literals.get((str(header.get("name")).lower(), str(header.get("value"))), tenant)
                if other != tenant:
                    what = f"rule {number + 1} of '{tenant}' names '{other}'"
                    yield _wrong(added.resource, what, ("spec", "rules", number))
