"""Metadata of written objects: the labels and annotations kept of a base object, and those that mark a tenant's objects.

Metadata by which other tools own an object is taken off clones and adopted objects: with a copied Argo CD tracking id a clone is
neither compared nor pruned, and with a copied Helm hook it would run as one. Where the output holds the whole base, it hands objects
over as they are: a volume claim that nobody may prune keeps the annotation that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.k8s.resource import Manifest, Resource, ResourceId, annotations_of, labels_of
from sandlane.plan.names import EXPIRES, MANAGED_BY, ORIGIN, OWNER, SANDBOX, SPEC, TENANT, origin_of_copy
from sandlane.specs.model import Environment, RouteGroup, Sandbox

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

_TRACKING_PREFIXES = ("deployment.kubernetes.io/", "internal.config.kubernetes.io/", "meta.helm.sh/")
_TRACKING = frozenset({
    "argocd.argoproj.io/installation-id", "argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id",
    "config.k8s.io/owning-inventory", "config.kubernetes.io/index", "config.kubernetes.io/path",
    "fluxcd.controlplane.io/name", "fluxcd.controlplane.io/namespace",
    "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum", "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace",
})  # fmt: skip
"""Labels and annotations that tools set on live objects to find what is theirs, and that a live export therefore holds."""

SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"
"""Annotation that says whether Flux replaces `${...}` in an object; it is about the object's data and stays with copies."""

_KEPT = ("name", "generateName", "namespace", "labels", "annotations", "finalizers")


def without_owners(values: Mapping[str, str]) -> dict[str, str]:
    """Returns labels or annotations without those by which other tools own an object."""
    return {key: value for key, value in values.items() if not key.startswith(_OWNED_PREFIXES)}


def is_tracking(key: str) -> bool:
    """Tells whether a label or annotation is one that a tool sets on a live object to find it again."""
    return key in _TRACKING or key.startswith(_TRACKING_PREFIXES)


def released(manifest: Manifest, namespace: str) -> dict[str, Any]:
    """Returns an adopted object as the output writes it: without ownership, status and server fields, with its namespace.

    All else keeps its data and order.
    """
    labels = without_owners(labels_of(manifest))
    if labels.get(MANAGED_BY) == "Helm":
        del labels[MANAGED_BY]
    return _written(manifest, namespace, labels, kept_annotations(manifest))


def handed_over(manifest: Manifest, namespace: str) -> dict[str, Any]:
    """Returns a base object as an output of the whole base writes it: only what the cluster and its tools have set goes.

    Hooks, sync options and waves, what says that nobody may prune it, and Helm's labels stay.
    """
    labels = {key: value for key, value in labels_of(manifest).items() if not is_tracking(key)}
    annotations = {key: value for key, value in annotations_of(manifest).items() if not is_tracking(key)}
    return _written(manifest, namespace, labels, annotations)


def _written(
    manifest: Manifest, namespace: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    changed = {"namespace": namespace, "labels": labels, "annotations": annotations}
    kept: dict[str, Any] = {}
    for field, value in manifest["metadata"].items():
        if field in _KEPT and (changed.get(field) or (field not in changed and value)):
            kept[field] = changed.get(field, value)
        if field in ("name", "generateName") and namespace and not manifest["metadata"].get("namespace"):
            kept["namespace"] = namespace
    return {key: kept if key == "metadata" else value for key, value in manifest.items() if key != "status"}


def copied_labels(manifest: Manifest) -> dict[str, str]:
    """Returns the labels that a copy keeps of its origin's metadata.

    `app.kubernetes.io/instance` goes because Argo CD tracks by it.
    """
    labels = without_owners(labels_of(manifest))
    return {key: value for key, value in labels.items() if key != "app.kubernetes.io/instance"}


def clone_labels(origin: Manifest, rewritten: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels that a clone of a workload keeps; values that its pods lose are lost here as well."""
    return {key: rewritten.get(key, value) for key, value in copied_labels(origin).items()}


def tenant_metadata(
    environment: Environment,
    sandbox: Sandbox | RouteGroup,
    *,
    name: str,
    namespace: str,
    origin: str | None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Returns the metadata of an object of a tenant: its own labels and annotations behind those kept of its origin.

    `origin` is the name of what it was copied from, None if it was not.
    """
    marks = {**(labels or {}), **tenant_marks(environment, sandbox, origin)}
    notes = {**(annotations or {}), **dict(_notes(sandbox))}
    return {"name": name, "namespace": namespace, "labels": marks, "annotations": notes}


def tenant_marks(environment: Environment, sandbox: Sandbox | RouteGroup, origin: str | None) -> dict[str, str]:
    """Returns the labels that mark an object as a tenant's; `origin` is what it was copied from, if it was."""
    return {
        MANAGED_BY: "sandlane",
        environment.tenant_label: sandbox.tenant,
        TENANT: sandbox.tenant,
        SANDBOX: sandbox.name,
        **({ORIGIN: fit(origin, LABEL_VALUE_LIMIT)} if origin else {}),
    }


def _notes(sandbox: Sandbox | RouteGroup) -> Iterable[tuple[str, str]]:
    if sandbox.owner:
        yield OWNER, sandbox.owner
    if sandbox.expires:
        yield EXPIRES, sandbox.expires
    yield SPEC, sandbox.source.file


def kept_annotations(origin: Manifest) -> dict[str, str]:
    """Returns the annotations that a copy keeps of its origin's metadata, with those that say how its data is to be read."""
    given = annotations_of(origin)
    return {key: value for key, value in given.items() if key == SUBSTITUTE or not key.startswith(_OWNED_PREFIXES)}


def copied_metadata(
    environment: Environment, sandbox: Sandbox | RouteGroup, policy: Resource, id: ResourceId
) -> dict[str, Any]:
    """Returns the metadata of a policy's copy.

    It says nothing of the order in which Argo CD applies it: with a sync wave the end of one sandbox would hold up all others until
    its pods have gone, and a clone gets no traffic before its routes.
    """
    return tenant_metadata(
        environment,
        sandbox,
        name=id.name,
        namespace=id.namespace,
        origin=origin_of_copy(policy.id),
        labels=copied_labels(policy.manifest),
        annotations=kept_annotations(policy.manifest),
    )
