"""Acceptance: drops the problems that specs accept, each with a reason."""

from __future__ import annotations

from collections.abc import Iterable

from sandlane.problems.problem import Problem
from sandlane.specs.inputs import Inputs


def without_accepted(inputs: Inputs, problems: Iterable[Problem]) -> list[Problem]:
    """Drops the problems that specs accept, and adds a notice for each acceptance that meets none."""
    wanted = {
        (sandbox.source, workload.path, entry.code, entry.object): (sandbox, workload, number)
        for sandbox in inputs.sandboxes
        for workload in sandbox.workloads
        for number, entry in enumerate(workload.accept)
    }
    met = set()
    kept = []
    for problem in problems:
        key = (problem.sandbox, problem.path[:3], problem.code, problem.object)
        if key in wanted:
            met.add(key)
        else:
            kept.append(problem)
    for key, (sandbox, workload, number) in wanted.items():
        if key not in met and not sandbox.suspend:
            entry = workload.accept[number]
            path = (*workload.path, "accept", number)
            kept.append(sandbox.problem("SL218", *path, object=entry.object, accepted=entry.code))
    return kept
