"""Standing rules: which of the environment's `clones` are for a workload, by targets as in `sandlane.patch.targets`."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, annotations_of, labels_of
from sandlane.k8s.selectors import BadSelector, from_text
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.overrides.changes import Changes
from sandlane.patch.targets import SELECTORS, TargetError, has_id, has_labels, pattern
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.specs.model import Environment, Rule


def rules_for(environment: Environment, resource: Resource) -> tuple[Changes, ...]:
    """Returns the changes of all rules that are for a workload, in order."""
    return tuple(rule.changes for rule in environment.rules if _is_for(rule, resource))


def _is_for(rule: Rule, resource: Resource) -> bool:
    id, version = resource.id, str(resource.manifest["apiVersion"]).rpartition("/")[2]
    values = {"group": id.group, "version": version, "kind": id.kind, "name": id.name, "namespace": id.namespace}
    return has_id(rule.target, {field: (value,) for field, value in values.items()}) and has_labels(
        rule.target, labels_of(resource.manifest), annotations_of(resource.manifest)
    )


def target_problems(rule: Rule) -> Iterator[Problem]:
    """Yields what of a rule's target is no regular expression or no selector."""
    for field, wanted in rule.target.items():
        try:
            _ = from_text(wanted) if field in SELECTORS else pattern(wanted)
        except (BadSelector, TargetError) as error:
            path: Path = (*rule.changes.path, "target", field)
            yield report("SL239", source=rule.changes.source, path=path, field=field, value=wanted, reason=str(error))


def aimless(environment: Environment, base: Base) -> Iterator[Problem]:
    """Yields rules that are for no workload of the base."""
    workloads = [r for row in WORKLOADS.values() if row.is_clonable for r in base.of(row.group, row.kind)]
    for rule in environment.rules:
        if not any(_is_for(rule, workload) for workload in workloads):
            yield report("SL240", source=rule.changes.source, path=(*rule.changes.path, "target"))
