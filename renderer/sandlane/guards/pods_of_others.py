"""What a pod takes from pods of others by being there: nodes that it keeps them off, and its place after its sandbox has gone."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.guards.containers import Privilege, text_of
from sandlane.k8s.resource import Manifest, at

_APART = ("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
_LONGEST_END = 3600
"""Seconds that a pod may take to end even where its origin may not."""


def of_others(before: Manifest, after: Manifest) -> Iterator[Privilege]:
    """Yields what pods of one spec take from pods of others and those of another spec do not.

    A rule that keeps pods apart holds both ways: pods that come later find no place where the rule's pods run
    (https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity).
    """
    if before.get("affinity") is not after.get("affinity"):
        known = at(before, _APART) or ()
        for term in at(after, _APART) or ():
            if term not in known:
                yield "nodes", f"keeping pods of others off its nodes, {text_of(term)}"
    field = "terminationGracePeriodSeconds"
    seconds = after.get(field) or 0
    if isinstance(seconds, int) and seconds > max(before.get(field) or 0, _LONGEST_END):
        yield "priority", f"running on for {seconds} seconds after its end ({field})"
