"""Workloads of the base with their pod templates, wherever these stand.

An Argo Rollout may name another workload instead of having a pod template and a selector of its own
(https://argo-rollouts.readthedocs.io/en/stable/migrating/#reference-deployment-from-rollout).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, labels_of
from sandlane.k8s.workload_kinds import WORKLOADS, WorkloadKind, pod_labels
from sandlane.patch.put import put, remove

REFERABLE = ("Deployment", "ReplicaSet")


def referred(base: Base, row: WorkloadKind, resource: Resource) -> tuple[str, Resource | None] | None:
    """Returns the `Kind/name` of the workload that holds another's pod template, and it if the base has it; None without one."""
    reference = at(resource.manifest, row.template_ref) if row.template_ref else None
    if not reference:
        return None
    kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
    found = base.by_id.get(ResourceId("apps", kind, resource.id.namespace, name)) if kind in REFERABLE else None
    return f"{kind}/{name}", found


def with_template(base: Base, resource: Resource) -> Resource:
    """Returns a workload with its pod template and selector in their places; the same one where they are there."""
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    found = referred(base, row, resource) if row else None
    if row is None or row.template_ref is None or found is None or found[1] is None:
        return resource
    holder, manifest = WORKLOADS[(found[1].id.group, found[1].id.kind)], remove(resource.manifest, row.template_ref)
    for path, place in ((row.template, holder.template), (row.selector, holder.selector)):
        if path and place:
            manifest = put(manifest, path, at(found[1].manifest, place), create=True)
    return dataclasses.replace(resource, manifest=manifest)


def with_pods(base: Base) -> Iterator[Resource]:
    """Yields everything that has pods: the workloads, and single pods."""
    for kind in (*WORKLOADS, ("", "Pod")):
        yield from base.of(*kind)


def spec_of_pods(resource: Resource) -> Manifest:
    """Returns the spec of the pods of a workload, or of a single pod."""
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    return at(resource.manifest, (*row.template, "spec") if row else ("spec",)) or {}


def labels_of_pods(resource: Resource) -> Mapping[str, str]:
    """Returns the labels of the pods of a workload, or of a single pod."""
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    return pod_labels(row, resource.manifest) if row else labels_of(resource.manifest)


def in_form_of_clones(row: WorkloadKind, manifest: Manifest) -> Manifest:
    """Returns a workload as the kind that its clones are of, without the fields that they leave out."""
    result: Any = {key: value for key, value in manifest.items() if key != "status"}
    if row.becomes:
        result |= {"apiVersion": row.becomes[2], "kind": row.becomes[1]}
    if row.keep:
        result["spec"] = {key: value for key, value in result["spec"].items() if key in row.keep}
    for path in row.drop:
        result = remove(result, path)
    return result  # type: ignore[no-any-return]
