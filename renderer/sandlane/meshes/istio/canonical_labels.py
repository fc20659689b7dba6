"""The canonical name and revision of a clone's pods, under which Istio's telemetry reports them."""

from __future__ import annotations

from collections.abc import Mapping

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.k8s.resource import Resource
from sandlane.k8s.workload_kinds import WorkloadKind, pod_labels

_NAMES = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")


def canonical_labels(row: WorkloadKind, origin: Resource, tenant: str) -> Mapping[str, str]:
    """Returns the labels that keep a clone's telemetry under its origin's name, with the tenant as its revision.

    Istio's injector takes the name from the same labels in the same order, and the workload's own name after them.
    """
    labels = pod_labels(row, origin.manifest)
    name = next((labels[key] for key in _NAMES if labels.get(key)), fit(origin.id.name, LABEL_VALUE_LIMIT))
    return {"service.istio.io/canonical-name": name, "service.istio.io/canonical-revision": tenant}
