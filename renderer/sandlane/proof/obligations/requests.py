"""Obligations P1, P2, P3 and P5 for HTTP: what every request meets in the base and in the output, judged on compiled tables.

For every client, host, port and authority that can differ, and in every scene (no carrier, a stranger's, each tenant's by each
carrier, alone and beside somebody else's), the rules that are left in the output are those that are left in the base, with a
tenant's clones in place of what it cloned. No text of the output is looked at: what no request can tell is for other obligations.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.problems.problem import Problem
from sandlane.proof.followers import clones_of_claims
from sandlane.proof.requests.addresses import Pair, gateways_of, pairs_of, preview_hosts, preview_pairs
from sandlane.proof.requests.case import Case, make_case
from sandlane.proof.requests.clients import clients_of
from sandlane.proof.requests.comparison import compared, previewed
from sandlane.proof.requests.substitution import called_alike
from sandlane.proof.requests.violations import broken
from sandlane.proof.world import World
from sandlane.semantics import compile_address
from sandlane.semantics.gateways import closest


def check(world: World) -> Iterator[Problem]:
    """Yields what requests meet in the output and would not meet in the base, one problem for each rule of the output."""
    seen: set[tuple[object, ...]] = set()
    for problem in _broken(world):
        key = (problem.code, problem.source, problem.path)
        if key not in seen:
            seen.add(key)
            yield problem


def _broken(world: World) -> Iterator[Problem]:
    case = make_case(world)
    clones = clones_of_claims(world) if world.reader.reads_virtual_services else ()
    callings = list(clients_of(case.before, case.after, clones, world.clones.reach))
    own = frozenset(h.name for h in case.after.hosts.values() if world.owner(h.resource))
    for pair in pairs_of(case.before, case.after, callings, own - case.before.hosts.keys()):
        yield from _at(case, pair)
    preview, hosts = world.claims.environment.preview, preview_hosts(case)
    gateways = list(gateways_of(case.before, case.after, hosts.keys(), preview.gateway if preview else ""))
    for pair in (*(pair for entrance in gateways for pair in entrance.pairs()), *preview_pairs(case, gateways, hosts)):
        yield from _at(case, pair)
    yield from called_alike(world, case.before, case.after, callings)


def _at(case: Case, pair: Pair) -> Iterator[Problem]:
    base, output = compile_address(case.before, pair.before), compile_address(case.after, pair.after)
    if pair.preview:
        yield from previewed(case, pair, closest(base[0]), closest(output[0]))
    elif len(base) != len(output):
        meant = f"depends on {len(base)}", base[0].origin
        met = f"depends on {len(output)} things that manifests do not say", output[0].origin
        yield broken(case.world, "SL601", pair.after, meant, met)
    else:
        for one, two in zip(base, output, strict=True):
            yield from compared(case, pair, one, two)
