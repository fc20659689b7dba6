"""Proof: obligations that output has to meet, checked from manifests alone before anything is written.

Proof shares syntax with the renderer and no decision (docs/decisions/6-what-proof-shares.md): it imports nothing that
plans, clones, routes or names. One obligation is one module in `sandlane.proof.obligations`.
"""

from __future__ import annotations

from sandlane.base.base import Base
from sandlane.problems.problem import Problem, sort
from sandlane.proof.claims import Claims
from sandlane.proof.obligations import (
    additions,
    attachment,
    binding,
    copies,
    destinations,
    erasure,
    followers,
    grants,
    identity,
    limits,
    previews,
    protection,
    requests,
    resources,
    selection,
)
from sandlane.proof.world import make_world

OBLIGATIONS = (
    erasure,
    additions,
    followers,
    copies,
    requests,
    previews,
    destinations,
    grants,
    limits,
    selection,
    identity,
    protection,
    binding,
    attachment,
    resources,
)
"""Modules with `check(world) -> Iterator[Problem]`: all that is asked of an output."""


def prove(base: Base, output: Base, claims: Claims) -> list[Problem]:
    """Returns all that is wrong with output, sorted; an empty list means that every obligation is met.

    `output` are the written objects; the file of each one's source is its path in the output directory.
    """
    world = make_world(base, output, claims)
    return sort(problem for obligation in OBLIGATIONS for problem in obligation.check(world))
