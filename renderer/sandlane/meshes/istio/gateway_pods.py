"""The pods that serve each Gateway: where two have pods in common, Istio merges their servers of one port (rule R-I12).

Where the base has no pods of a Gateway, it may share them with any other whose selector does not contradict its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, ResourceId, labels_of, spec_of
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.meshes.istio.virtual_service_fields import NETWORKING

Labels = frozenset[tuple[str, str]]


@frozen(kw_only=True)
class Pods:
    """Pods that serve a Gateway. `key` is the same for each Gateway that they serve; `namespace` is theirs, or that of the Gateway."""

    key: str
    namespace: str


def pods_of(base: Base) -> Mapping[ResourceId, tuple[Pods, ...]]:
    """Returns the pods that serve each Gateway of a base; one without a selector is served by the pods of all others."""
    selectors = {gateway.id: _selector(gateway) for gateway in base.of(NETWORKING, "Gateway")}
    asked = {selector for selector in selectors.values() if selector}
    running = (
        {id: labels for id, labels in _running(base) if any(asked_for <= labels for asked_for in asked)}
        if asked
        else {}
    )
    found = {
        gateway: tuple(
            Pods(key=str(id), namespace=id.namespace) for id, labels in running.items() if selector <= labels
        )
        for gateway, selector in selectors.items()
    }
    possible = _largest(selectors[gateway] for gateway, pods in found.items() if not pods)
    return {
        gateway: pods
        or tuple(Pods(key=_text(p), namespace=gateway.namespace) for p in possible if selectors[gateway] <= p)
        for gateway, pods in found.items()
    }


def _selector(gateway: Resource) -> Labels:
    return frozenset((spec_of(gateway.manifest).get("selector") or {}).items())


def _running(base: Base) -> Iterable[tuple[ResourceId, Labels]]:
    for row in WORKLOADS.values():
        for workload in base.of(row.group, row.kind):
            yield workload.id, frozenset(pod_labels(row, workload.manifest).items())
    for pod in base.of("", "Pod"):
        yield pod.id, frozenset(labels_of(pod.manifest).items())


def _largest(selectors: Iterable[Labels]) -> list[Labels]:
    """Returns the largest sets of labels that some of the selectors ask for together, without two values of one key."""
    found = {*selectors}
    while True:
        joined = {one | two for one, two in combinations(found, 2) if _agree(one | two)}
        if joined <= found:
            return sorted((f for f in found if not any(f < other for other in found)), key=_text)
        found |= joined


def _agree(labels: Labels) -> bool:
    return len({key for key, _ in labels}) == len(labels)


def _text(labels: Labels) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels))
