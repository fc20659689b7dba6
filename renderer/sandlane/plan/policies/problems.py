"""Problems of policy copies: policies that cannot be copied, and policies that select a clone but not its origin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.k8s.workload_kinds import pod_labels
from sandlane.plan.model import Plan, WorkloadClone
from sandlane.plan.policies.attached import AttachedCopy
from sandlane.plan.policies.by_shape import Shape, lost_and_gained, shapes
from sandlane.plan.policies.make import gained
from sandlane.plan.problem_at import problem_at
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.specs.model import RouteGroup, Sandbox


def policy_problems(plan: Plan) -> Iterator[Problem]:
    """Yields policies that cannot be copied for a clone, and those that select a clone and not its origin."""
    for made in plan.policies.copies:
        if made.why_not:
            origin = made.clone.origin.id
            yield problem_at(made.clone, "SL320", object=str(made.policy.id), origin=origin, why_not=made.why_not)
    for attached in plan.policies.attached:
        if attached.copy.why_not:
            yield unattached(attached.sandbox, (*attached.workload.path, "name"), attached.copy)
    unknown = shapes(plan.base)
    for clone in plan.clones:
        for code, ids in zip(("SL322", "SL325"), gained(plan.selectors, clone), strict=True):
            yield from (problem_at(clone, code, object=str(id), origin=clone.origin.id, where="") for id in ids)
        yield from _by_shape(unknown, clone)


def _by_shape(unknown: Sequence[Shape], clone: WorkloadClone) -> Iterator[Problem]:
    """Yields objects of unknown kinds with a pod selector that matches a clone or its origin, but not both."""
    origin = pod_labels(clone.row, clone.origin.manifest)
    lost, gained = lost_and_gained(unknown, clone.id.namespace, origin, clone.pods.labels)
    for shape in {shape.resource.id: shape for shape in reversed(lost)}.values():
        kind = shape.resource.id.kind
        why_not = (
            f"its '{shape.field}' selects no pod of the clone, and nobody can say what a copy of a {kind} would do"
        )
        yield problem_at(clone, "SL320", object=str(shape.resource.id), origin=clone.origin.id, why_not=why_not)
    for shape in {shape.resource.id: shape for shape in reversed(gained)}.values():
        where = f" by '{shape.field}'"
        yield problem_at(clone, "SL322", object=str(shape.resource.id), origin=clone.origin.id, where=where)


def unattached(holder: Sandbox | RouteGroup, path: Path, copy: AttachedCopy) -> Problem:
    """Returns the problem of an attached policy that cannot be copied for its target's copy."""
    return report(
        "SL323",
        source=holder.source,
        path=path,
        sandbox=holder.source,
        object=str(copy.attachment.policy.id),
        target=copy.target,
        why_not=copy.why_not,
    )
