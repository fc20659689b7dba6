"""Proof: obligations that output has to meet, checked from manifests alone before anything is written.

Proof shares syntax with the renderer and no decision (docs/decisions/6-what-proof-shares.md): it imports nothing that
plans, clones, routes or names. One obligation is one module in `sandlane.proof.obligations`.
"""

from __future__ import annotations

from sandlane.base.base import Base
from sandlane.problems.problem import Problem, sort
from sandlane.proof.claims import Claims
from sandlane.proof.inert import without_inert
from sandlane.proof.obligations import (
    additions,
    answers,
    attachment,
    binding,
    calls,
    completeness,
    copies,
    coverage,
    defaults,
    destinations,
    discovery,
    disjointness,
    entrances,
    erasure,
    followers,
    gateway_previews,
    grants,
    identity,
    limits,
    patched,
    permitted,
    policy,
    precedence,
    previews,
    protection,
    resources,
    route_defaults,
    route_rules,
    selection,
    storage,
    subsets,
    whole,
    wrapping,
)
from sandlane.proof.obligations.patched import is_patched
from sandlane.proof.world import make_world

PROMISE_1 = (erasure, additions, calls, followers, defaults, copies, route_defaults)
"""Modules with `check(world) -> Iterator[Problem]`: what keeps requests without a carrier as they are in the base."""

OBLIGATIONS = (
    *PROMISE_1,
    completeness,
    disjointness,
    entrances,
    previews,
    gateway_previews,
    destinations,
    grants,
    route_rules,
    precedence,
    coverage,
    policy,
    limits,
    selection,
    identity,
    protection,
    storage,
    discovery,
    binding,
    attachment,
    resources,
    answers,
    whole,
    wrapping,
    permitted,
    subsets,
    patched,
)
"""All modules."""


_NETS = ("SL622", "SL623")
"""Codes of obligations that compare objects node by node, and catch what no other obligation knows of."""


def prove(base: Base, output: Base, claims: Claims) -> list[Problem]:
    """Returns all that is wrong with output, sorted; an empty list means that every obligation is met.

    `output` are the written objects; the file of each one's source is its path in the output directory.
    """
    output, wrong_inert = without_inert(output, claims)
    world = make_world(base, output, claims)
    found = [*wrong_inert, *(problem for obligation in OBLIGATIONS for problem in obligation.check(world))]
    sources = {resource.source for resource in output.resources if is_patched(claims, resource)}
    found = [problem for problem in found if problem.source not in sources or not _is_patches_own(problem)]
    # What breaks a promise by a rule of its own is not told again as a difference from what was to be there.
    named = {problem.source for problem in found if problem.code not in _NETS}
    found = [problem for problem in found if problem.code not in _NETS or problem.source not in named]
    # Where an object breaks promise 1, nobody can say which of its entries stands for which of the base's.
    broken = {problem.source for problem in found if problem.code == "SL601"}
    return sort(problem for problem in found if problem.code != "SL602" or problem.source not in broken)


def _is_patches_own(problem: Problem) -> bool:
    """Tells whether the environment's own patches may do that: they say what becomes of a tenant's request.

    That a tenant has entries and rules, each in place of one of the base's, is not theirs: what is wrong with a whole list has
    the list's path, and what is wrong in an item, or with one too many, the item's.
    """
    is_of_an_item = len(problem.path) > len(("spec", "http"))
    return problem.code == "SL605" or (problem.code in ("SL602", "SL604") and is_of_an_item)
