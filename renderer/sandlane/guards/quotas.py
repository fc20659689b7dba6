"""Quotas: whether the pods of the base and of all clones together ask for more than a namespace may have.

https://kubernetes.io/docs/concepts/policy/resource-quotas/: where a quota is full, pods are not made. Only what manifests
say can be summed up, so this is a notice and no error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.workload_kinds import WORKLOADS, WorkloadKind
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

_UNITS = {
    "n": "1e-9",
    "u": "1e-6",
    "m": "1e-3",
    "": "1",
    **{unit: f"1e{3 * n}" for n, unit in enumerate("kMGTPE", start=1)},
}
_BINARY = {f"{unit}i": Decimal(1024**power) for power, unit in enumerate("KMGTPE", start=1)}
_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral-storage"}


def quantity(text: Any) -> Decimal | None:
    """Parses a quantity of Kubernetes, such as 250m or 64Mi; None where it is none."""
    value = str(text).strip()
    number = value.rstrip("numkKMGTPEi")
    unit = value[len(number) :]
    try:
        if unit in _BINARY:
            return Decimal(number) * _BINARY[unit]
        return Decimal(number) * Decimal(_UNITS[unit])
    except (InvalidOperation, KeyError):
        return None


def quotas(plan: Plan) -> Iterator[Problem]:
    """Yields a notice for each limit of a ResourceQuota that the base stays below and the clones go beyond."""
    for quota in plan.base.of("", "ResourceQuota"):
        namespace = quota.id.namespace
        clones = [c for c in plan.clones if c.id.namespace == namespace]
        if not clones or at(quota.manifest, ("spec", "scopes")) or at(quota.manifest, ("spec", "scopeSelector")):
            continue  # a quota for some pods only would need their priority and quality of service
        before = _sum(
            (row, r.manifest, at(r.manifest, ("spec", "replicas")))
            for row in WORKLOADS.values()
            for r in plan.base.of(row.group, row.kind)
            if r.id.namespace == namespace
        )
        added = _sum((c.row, c.manifest, c.workload.replicas if c.row.has_replicas else 1) for c in clones)
        for name, hard in (at(quota.manifest, ("spec", "hard")) or {}).items():
            limit, key = quantity(hard), _SHORT.get(name, name)
            if limit is not None and before[key] <= limit < before[key] + added[key]:
                yield report(
                    "SL315",
                    source=quota.source,
                    path=("spec", "hard", name),
                    object=str(quota.id),
                    name=name,
                    hard=hard,
                    base=_shown(before[key], hard),
                    clones=_shown(added[key], hard),
                )


def _sum(pods: Any) -> Mapping[str, Decimal]:
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row, manifest, replicas in pods:
        count = Decimal(replicas if isinstance(replicas, int) else 1)
        for key, value in _of_pod(row, manifest).items():
            total[key] += count * value
    return total


def _of_pod(row: WorkloadKind, manifest: Manifest) -> Mapping[str, Decimal]:
    """Returns what one pod asks for; without a request its limit counts."""
    asked = defaultdict(Decimal, {"pods": Decimal(1), "count/pods": Decimal(1)})
    for container in at(manifest, (*row.template, "spec", "containers")) or ():
        limits = at(container, ("resources", "limits")) or {}
        requests = {**limits, **(at(container, ("resources", "requests")) or {})}
        for field, values in (("limits", limits), ("requests", requests)):
            for name, value in values.items():
                asked[f"{field}.{name}"] += quantity(value) or 0
    return asked


def _shown(number: Decimal, hard: Any) -> str:
    """Returns an amount in the largest unit that leaves it whole, where the limit that it is compared with has a binary unit."""
    if str(hard).strip().endswith("i"):
        for unit, size in reversed(_BINARY.items()):
            if number and number % size == 0:
                return f"{(number / size).normalize():f}{unit}"
    return f"{number.normalize():f}"
