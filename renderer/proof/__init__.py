"""Proof: obligations that output has to meet, checked from manifests alone before anything is written.

Proof shares syntax with the renderer and no decision (ARCHITECTURE.md, 'What proof shares'): it imports nothing that
plans, clones, routes or names. One obligation is one module in `renderer.proof.obligations`.
"""

from __future__ import annotations

from renderer.base import Base
from renderer.model import Resource
from renderer.problems import Problem, sort
from renderer.proof.claims import Claims
from renderer.proof.obligations import (
    additions,
    attachment,
    binding,
    completeness,
    copies,
    coverage,
    defaults,
    destinations,
    disjointness,
    entrances,
    erasure,
    followers,
    grants,
    identity,
    limits,
    policy,
    precedence,
    previews,
    protection,
    resources,
    route_defaults,
    route_rules,
    selection,
    subsets,
)
from renderer.proof.world import make_world

PROMISE_1 = (erasure, additions, followers, defaults, copies, route_defaults)
"""Modules with `check(world) -> Iterator[Problem]`: what keeps requests without a carrier as they are in the base."""

OBLIGATIONS = (
    *PROMISE_1,
    completeness,
    disjointness,
    entrances,
    previews,
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
    binding,
    attachment,
    resources,
    subsets,
)
"""All modules."""


def prove(base: Base, output: Base, claims: Claims) -> list[Problem]:
    """Returns all that is wrong with output, sorted; an empty list means that every obligation is met.

    `output` are the written objects; the file of each one's source is its path in the output directory.
    """
    world = make_world(base, output, claims)
    found = [problem for obligation in OBLIGATIONS for problem in obligation.check(world)]
    patched = {resource.source for resource in output.resources if _is_patched(claims, resource)}
    found = [problem for problem in found if problem.code not in _OF_TENANTS or problem.source not in patched]
    # Where an object breaks promise 1, nobody can say which of its entries stands for which of the base's.
    broken = {problem.source for problem in found if problem.code == "SL601"}
    return sort(problem for problem in found if problem.code != "SL602" or problem.source not in broken)


_OF_TENANTS = frozenset({"SL602", "SL604", "SL605"})
"""What the environment's own patches may change: what becomes of a tenant's request."""


def _is_patched(claims: Claims, resource: Resource) -> bool:
    id = resource.id
    return any(
        patch.kind == id.kind and patch.name in (None, id.name) and patch.namespace in (None, id.namespace)
        for patch in claims.environment.routes.patches
    )
