"""Selectors of workloads that sandboxes bring: they select their own pods alone, and none of another workload of the sandbox.

Two workloads that select one pod fight over it (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandlane.guards.owners import file_of, owners_of
from sandlane.k8s.resource import at
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.k8s.workload_kinds import WORKLOADS, WorkloadKind, pod_labels
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan
from sandlane.problems.problem import Problem

_Workload = tuple[Placed, WorkloadKind]


def selecting_others(plan: Plan, objects: Iterable[Placed]) -> Iterator[Problem]:
    """Yields workloads that a sandbox brings and that would select pods of another workload of its output."""
    found: dict[tuple[str, str], list[_Workload]] = {}
    for placed in objects:
        row = WORKLOADS.get((placed.id.group, placed.id.kind))
        if row and not placed.base:
            found.setdefault((placed.directory, placed.id.namespace), []).append((placed, row))
    owners = owners_of(plan)
    for (directory, _), workloads in found.items():
        for placed, other in _pairs(workloads):
            way = f"let it select by a label of its own pods alone, in '{file_of(placed)}'"
            what = f"its selector selects pods of '{other.id}' as well"
            yield owners[directory].problem("SL245", "spec", object=str(placed.id), what=what, way=way)


def _pairs(workloads: list[_Workload]) -> Iterator[tuple[Placed, Placed]]:
    for placed, row in workloads:
        selector = at(placed.manifest, row.selector) if row.selector else None
        if selector is None or file_of(placed) is None:
            continue
        requirements = from_label_selector(selector)
        for other, kind in workloads:
            if other is not placed and matches(requirements, pod_labels(kind, other.manifest)):
                yield placed, other
