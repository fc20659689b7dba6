"""P1, P2, P3 and P5 for HTTP: every request meets what it meets in the base, with a tenant's clones in place of what it cloned."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.problems.problem import Problem
from sandlane.proof.requests.judge import violations
from sandlane.proof.world import World


def check(world: World) -> Iterator[Problem]:
    """Yields what requests meet in the output and would not meet in the base, one problem for each rule of the output."""
    other = world.claims.environment.source
    seen: set[tuple[object, ...]] = set()
    for found in violations(world):
        problem = found.problem(other)
        key = (problem.code, problem.source, problem.path)
        if key not in seen:
            seen.add(key)
            yield problem
