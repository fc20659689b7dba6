"""Objects on their way through a build: a manifest, where it came from, and every name that it has had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.patch.put import put, remove
from sandlane.problems.problem import Source

NO_NAMESPACE = "_non_namespaceable_"
"""The namespace of cluster-scoped objects, as kustomize compares them."""
DEFAULT_NAMESPACE = "default"

_CLUSTER_SCOPED: Mapping[str, frozenset[str]] = {
    version: frozenset(kinds.split())
    for versions, kinds in {
        "v1": "ComponentStatus Namespace Node NodeProxyOptions PersistentVolume",
        "admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1beta1":
            "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
        "apiextensions.k8s.io/v1 apiextensions.k8s.io/v1beta1": "CustomResourceDefinition",
        "apiregistration.k8s.io/v1 apiregistration.k8s.io/v1beta1": "APIService",
        "certificates.k8s.io/v1 certificates.k8s.io/v1beta1": "CertificateSigningRequest",
        "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
        "networking.k8s.io/v1 networking.k8s.io/v1beta1": "IngressClass",
        "node.k8s.io/v1 node.k8s.io/v1beta1": "RuntimeClass",
        "policy/v1beta1": "PodSecurityPolicy",
        "rbac.authorization.k8s.io/v1 rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding",
        "scheduling.k8s.io/v1 scheduling.k8s.io/v1beta1": "PriorityClass",
        "storage.k8s.io/v1 storage.k8s.io/v1beta1": "CSIDriver CSINode StorageClass VolumeAttachment",
    }.items()
    for version in versions.split()
}  # fmt: skip
"""apiVersion -> kinds that kustomize knows to have no namespace; all others have one for it."""


@frozen
class Id:
    """The identity of an object in a build. The namespace is the effective one: `default` where none is written."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str

    def __str__(self) -> str:
        namespace = "" if self.namespace in (NO_NAMESPACE, DEFAULT_NAMESPACE) else self.namespace
        return "/".join(part for part in (self.kind, namespace, self.name) if part)


@frozen
class Former:
    """A name that an object had before, with its kind and effective namespace then."""

    kind: str
    name: str
    namespace: str


@frozen(kw_only=True)
class Entry:
    """An object in a build.

    `former` are its earlier names, the oldest first; `prefixes` and `suffixes` what was added to its name, the innermost
    first. `is_hashed` asks for a suffix made of its content.
    """

    manifest: dict[str, Any]
    source: Source
    former: tuple[Former, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    is_hashed: bool = False

    @property
    def id(self) -> Id:
        """The id that the object has now."""
        return id_of(self.manifest)

    @property
    def ids(self) -> tuple[Id, ...]:
        """Every id that the object has had, the oldest first, and the one that it has now."""
        now = self.id
        return (*(Id(now.group, now.version, f.kind, f.name, f.namespace) for f in self.former), now)

    @property
    def original(self) -> Id:
        """The oldest id of the object."""
        now = self.id
        if not self.former:
            return now
        first = self.former[0]
        return Id(now.group, now.version, first.kind, first.name, first.namespace)


def group_version(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Returns group and version of a manifest; both may be empty."""
    group, slash, version = str(manifest.get("apiVersion") or "").partition("/")
    return (group, version) if slash else ("", group)


def metadata(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the metadata of a manifest, or nothing where it is no mapping."""
    found = manifest.get("metadata")
    return found if isinstance(found, dict) else {}


def texts(manifest: Mapping[str, Any], field: str) -> dict[str, str]:
    """Returns the labels or annotations of a manifest."""
    found = metadata(manifest).get(field)
    return found if isinstance(found, dict) else {}


def namespace_of(manifest: Mapping[str, Any]) -> str:
    """Returns the namespace that is written in a manifest."""
    return str(metadata(manifest).get("namespace") or "")


def is_cluster_scoped(manifest: Mapping[str, Any]) -> bool:
    """Tells whether kustomize knows a kind to have no namespace."""
    return manifest.get("kind") in _CLUSTER_SCOPED.get(str(manifest.get("apiVersion")), ())


def id_of(manifest: Mapping[str, Any]) -> Id:
    """Returns the id of a manifest."""
    group, version = group_version(manifest)
    inside = metadata(manifest)
    namespace = NO_NAMESPACE if is_cluster_scoped(manifest) else str(inside.get("namespace") or DEFAULT_NAMESPACE)
    return Id(group, version, str(manifest.get("kind") or ""), str(inside.get("name") or ""), namespace)


def remembered(entry: Entry) -> Entry:
    """Returns an entry that remembers the name that it has now."""
    now = entry.id
    return replace(entry, former=(*entry.former, Former(now.kind, now.name, now.namespace)))


def named(manifest: dict[str, Any], name: str, namespace: str | None) -> dict[str, Any]:
    """Returns a manifest with a name, and with a namespace or without one."""
    manifest = put(manifest, ("metadata", "name"), name, create=True)
    if namespace:
        return dict(put(manifest, ("metadata", "namespace"), namespace))
    return dict(remove(manifest, ("metadata", "namespace")))
