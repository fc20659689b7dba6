"""Sandboxes that change nothing: their clones are as their origins, and they bring nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.base.pod_templates import in_form_of_clones
from sandlane.patch.put import is_same
from sandlane.plan.model import Plan, WorkloadClone
from sandlane.problems.problem import Problem


def unchanged(plan: Plan) -> Iterator[Problem]:
    """Yields a notice on each sandbox that changes nothing."""
    clones: dict[str, list[WorkloadClone]] = {}
    for clone in plan.clones:
        clones.setdefault(clone.sandbox.name, []).append(clone)
    for own in clones.values():
        sandbox = own[0].sandbox
        is_whole = len(own) == len(sandbox.workloads) and not sandbox.resources
        if is_whole and all(_is_as_its_origin(clone) for clone in own):
            values = {"name": sandbox.name, "workload": own[0].origin.id.name}
            yield sandbox.problem("SL253", "spec", "workloads", **values)


def _is_as_its_origin(clone: WorkloadClone) -> bool:
    is_alike = is_same(in_form_of_clones(clone.row, clone.origin.manifest), clone.manifest)
    return is_alike and not clone.config and clone.workload.replicas == 1
