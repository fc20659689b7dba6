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
    asked,
    attachment,
    binding,
    copies,
    erasure,
    fields,
    grants,
    limits,
    protection,
    requests,
    resources,
    selection,
    whole,
)
from sandlane.proof.world import make_world

OBLIGATIONS = (
    erasure, additions, copies, requests, grants, limits, selection, protection, binding, attachment, resources, whole, asked, fields,
)  # fmt: skip
"""Modules with `check(world) -> Iterator[Problem]`: all that is asked of an output."""

_NETS = ("SL622", "SL623")
"""Codes of obligations that compare objects node by node, and catch what no other obligation knows of."""


def prove(base: Base, output: Base, claims: Claims) -> list[Problem]:
    """Returns all that is wrong with output, sorted; an empty list means that every obligation is met.

    `output` are the written objects; the file of each one's source is its path in the output directory.
    """
    output, wrong_inert = without_inert(base, output, claims)
    world = make_world(base, output, claims)
    found = [*wrong_inert, *(problem for obligation in OBLIGATIONS for problem in obligation.check(world))]
    # What breaks a promise by a rule of its own is not told again as a difference from what was to be there.
    named = {problem.source for problem in found if problem.code not in _NETS}
    return sort(problem for problem in found if problem.code not in _NETS or problem.source not in named)
