"""`preserveLabels`: keys of pod labels that keep the origin's values. Planning heeds them when it rewrites labels."""

from __future__ import annotations

from typing import Any

from sandlane.k8s.workload_kinds import pod_labels
from sandlane.overrides.changes import Changes
from sandlane.overrides.field import Field
from sandlane.overrides.subject import Subject, unknown
from sandlane.problems.problem import Problem


def _apply(keys: tuple[str, ...], manifest: Any, subject: Subject, changes: Changes) -> tuple[Any, list[Problem]]:
    """Changes nothing, and returns the keys that no label of the origin's pods has."""
    labels = pod_labels(subject.row, subject.origin.manifest)
    return manifest, [
        unknown(subject, changes, ("preserveLabels", number), "pod label", key, list(labels))
        for number, key in enumerate(keys)
        if key not in labels and not changes.is_standing
    ]


PRESERVE_LABELS: Field[tuple[str, ...]] = Field(
    name="preserveLabels",
    none=(),
    read=lambda data, *_: tuple(data),
    apply=_apply,
    names=lambda keys: [((), keys, ())],
)
