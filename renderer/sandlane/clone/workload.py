"""The clone of a workload: its origin, as overridden, with other names, labels, selectors and an environment of its own.

What differs is what the plan and the spec say; all else is shared with the base, value by value.
"""

from __future__ import annotations

from typing import Any

from sandlane.clone.placement import placed_like
from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.workload_kinds import SIDECARS, pod_labels
from sandlane.overrides.env import VARIABLES
from sandlane.patch.put import put, remove
from sandlane.plan.metadata import (
    clone_labels,
    copied_labels,
    kept_annotations,
    tenant_marks,
    tenant_metadata,
    without_owners,
)
from sandlane.plan.model import WorkloadClone
from sandlane.plan.names import CONFIG, ORIGIN
from sandlane.problems.problem import Path
from sandlane.specs.model import Environment


def clone_workload(environment: Environment, clone: WorkloadClone) -> dict[str, Any]:
    """Returns the manifest of a clone."""
    manifest: Any = {
        **clone.manifest,
        "metadata": tenant_metadata(
            environment,
            clone.sandbox,
            name=clone.id.name,
            namespace=clone.id.namespace,
            origin=clone.selector[ORIGIN],
            labels=clone_labels(clone.manifest, clone.pods.rewritten),
            annotations=kept_annotations(clone.manifest),
        ),
    }
    if clone.row.has_replicas:
        spec = manifest["spec"]
        manifest = {**manifest, "spec": {**({} if "replicas" in spec else {"replicas": 1}), **spec}}
        manifest = put(manifest, ("spec", "replicas"), clone.workload.replicas)
    for path in clone.row.drop:
        manifest = remove(manifest, path)
    if clone.row.made:
        manifest = put(manifest, (*clone.row.made, "metadata"), _of_made(environment, clone, clone.row.made))
    for path, value in clone.row.sets:
        manifest = put(manifest, path, value)
    if clone.row.selector:
        manifest = put(manifest, clone.row.selector, {"matchLabels": dict(clone.selector)})
    if clone.headless:
        manifest = _governed(manifest, clone.headless.name)
    return put(manifest, clone.row.template, _template(clone))  # type: ignore[no-any-return]


def _of_made(environment: Environment, clone: WorkloadClone, place: Path) -> dict[str, Any]:
    """Returns the metadata of objects that a clone creates (the Jobs of a CronJob): they are the tenant's as well."""
    made = at(clone.manifest, place)
    annotations = kept_annotations(made)
    labels = {**copied_labels(made), **tenant_marks(environment, clone.sandbox, clone.selector[ORIGIN])}
    return {"labels": labels, **({"annotations": annotations} if annotations else {})}


def _governed(manifest: Any, headless: str) -> Any:
    """Gives a StatefulSet its own headless Service, and lets its claims go with it."""
    manifest = put(manifest, ("spec", "serviceName"), headless)
    if at(manifest, ("spec", "volumeClaimTemplates")):
        # The default, Retain, would leave the claims of every sandbox behind for ever.
        manifest = put(manifest, ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"), "Delete", create=True)
    return manifest


def _template(clone: WorkloadClone) -> dict[str, Any]:
    template = at(clone.manifest, clone.row.template)
    annotations = without_owners((template.get("metadata") or {}).get("annotations") or {})
    if clone.config:
        annotations[CONFIG] = clone.config
    metadata = {
        "labels": dict(clone.pods.labels),
        **({"annotations": annotations} if annotations else {}),
    }
    origin = pod_labels(clone.row, clone.origin.manifest)
    # Pods of Jobs have no selector of their own, but the labels by which those of other clones are selected.
    spec = placed_like(template["spec"], origin, clone.pods.labels, clone.selector)
    spec["containers"] = [_container(clone, container) for container in spec["containers"]]
    return {"metadata": metadata, "spec": spec}


def _container(clone: WorkloadClone, container: Manifest) -> Manifest:
    if container.get("name") in SIDECARS:
        return container
    values = (clone.sandbox.tenant, clone.sandbox.name, clone.origin.id.name)
    ours = [{"name": variable, "value": value} for variable, value in zip(VARIABLES, values, strict=True)]
    # Ours stand first, so that $(SANDLANE_TENANT_ID) can be used in every other variable.
    return put(container, ("env",), [*ours, *(container.get("env") or [])])  # type: ignore[no-any-return]
