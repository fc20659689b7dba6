"""Metadata of written objects: what of a base object's is kept, and what marks an object as a tenant's.

Metadata by which other tools own an object is taken off everything that is written: with a copied Argo CD tracking id a
clone is neither compared nor pruned, and with a copied Helm hook it would run as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from renderer.model import Environment, Manifest, RouteGroup, Sandbox, annotations_of, labels_of
from renderer.names import EXPIRES, MANAGED_BY, ORIGIN, OWNER, SANDBOX, SPEC, TENANT

_OWNED_PREFIXES = (
    "argocd.argoproj.io/",
    "config.kubernetes.io/",
    "config.k8s.io/",
    "deployment.kubernetes.io/",
    "fluxcd.controlplane.io/",
    "helm.sh/",
    "helm.toolkit.fluxcd.io/",
    "internal.config.kubernetes.io/",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/",
    "meta.helm.sh/",
)


def without_owners(values: Mapping[str, str]) -> dict[str, str]:
    """Returns labels or annotations without those by which other tools own an object."""
    return {key: value for key, value in values.items() if not key.startswith(_OWNED_PREFIXES)}


def released(manifest: Manifest, namespace: str) -> dict[str, Any]:
    """Returns a base object as the output writes it: without ownership, status and server fields, with its namespace.

    All else keeps its data and order.
    """
    metadata = manifest["metadata"]
    labels = without_owners(labels_of(manifest))
    if labels.get(MANAGED_BY) == "Helm":
        del labels[MANAGED_BY]
    kept = {
        **{field: metadata[field] for field in ("name", "generateName") if field in metadata},
        "namespace": namespace,
        "labels": labels,
        "annotations": without_owners(annotations_of(manifest)),
        "finalizers": metadata.get("finalizers"),
    }
    kept = {field: value for field, value in kept.items() if value}
    return {key: kept if key == "metadata" else value for key, value in manifest.items() if key != "status"}


def clone_labels(origin: Manifest, rewritten: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels that a clone of a workload keeps of its origin's metadata.

    Values that its pods lose are lost here as well; `app.kubernetes.io/instance` goes because Argo CD tracks by it.
    """
    labels = without_owners(labels_of(origin))
    return {key: rewritten.get(key, value) for key, value in labels.items() if key != "app.kubernetes.io/instance"}


def tenant_metadata(
    environment: Environment,
    sandbox: Sandbox | RouteGroup,
    *,
    name: str,
    namespace: str,
    origin: str,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Returns the metadata of an object of a tenant: its own labels and annotations behind those kept of its origin."""
    marks = {
        **(labels or {}),
        MANAGED_BY: "sandlane",
        environment.tenant_label: sandbox.tenant,
        TENANT: sandbox.tenant,
        SANDBOX: sandbox.name,
        ORIGIN: origin,
    }
    notes = {**(annotations or {}), **dict(_notes(sandbox))}
    return {"name": name, "namespace": namespace, "labels": marks, "annotations": notes}


def _notes(sandbox: Sandbox | RouteGroup) -> Iterable[tuple[str, str]]:
    if sandbox.owner:
        yield OWNER, sandbox.owner
    if sandbox.expires:
        yield EXPIRES, sandbox.expires
    yield SPEC, sandbox.source.file


def kept_annotations(origin: Manifest) -> dict[str, str]:
    """Returns the annotations that a copy keeps of its origin's metadata."""
    return without_owners(annotations_of(origin))
