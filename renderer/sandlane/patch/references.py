"""Where names of other objects stand in manifests: one table, for kustomize's renames and for a tenant's.

The rows are kustomize's name references (api/internal/konfig/builtinpluginconsts/namereference.go) and, marked as ours, those
that it lacks. Paths name fields; lists on the way are gone through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS, GroupKind
from sandlane.patch.put import is_same, kept, update

Steps = tuple[str, ...]


@frozen(kw_only=True)
class Reference:
    """A field of a kind that holds the name of an object of another kind, or a mapping with its name and namespace.

    An empty group is any group. kustomize goes by names alone; `by_kustomize` and `by_us` tell who follows the row.
    """

    target: GroupKind
    kind: str
    path: Steps
    group: str = ""
    by_kustomize: bool = True
    by_us: bool = True


_CONTAINERS = ("containers", "initContainers")
_EPHEMERAL = "ephemeralContainers"
_ENV = {
    "ConfigMap": ("env/valueFrom/configMapKeyRef/name", "envFrom/configMapRef/name"),
    "Secret": ("env/valueFrom/secretKeyRef/name", "envFrom/secretRef/name"),
}
_IN_PODS: dict[GroupKind, tuple[str, ...]] = {
    ("", "ConfigMap"): (
        "volumes/configMap/name",
        *(f"{containers}/{path}" for path in _ENV["ConfigMap"] for containers in _CONTAINERS),
        "volumes/projected/sources/configMap/name",
    ),
    ("", "Secret"): (
        "volumes/secret/secretName",
        *(f"{containers}/{path}" for path in _ENV["Secret"] for containers in _CONTAINERS),
        "imagePullSecrets/name",
        "volumes/projected/sources/secret/name",
    ),
    ("", "ServiceAccount"): ("serviceAccountName",),
    ("", "PersistentVolumeClaim"): ("volumes/persistentVolumeClaim/claimName",),
    ("scheduling.k8s.io", "PriorityClass"): ("priorityClassName",),
}
"""Target -> paths in a pod's spec."""
_IN_PODS_OF_OURS: dict[GroupKind, tuple[str, ...]] = {
    ("", "ConfigMap"): tuple(f"{_EPHEMERAL}/{path}" for path in _ENV["ConfigMap"]),
    ("", "Secret"): (
        *(f"{_EPHEMERAL}/{path}" for path in _ENV["Secret"]),
        "volumes/csi/nodePublishSecretRef/name",
    ),
    ("", "ServiceAccount"): ("serviceAccount",),
    ("storage.k8s.io", "StorageClass"): ("volumes/ephemeral/volumeClaimTemplate/spec/storageClassName",),
}
_POD_SPECS: dict[GroupKind, str] = {
    ("", "Pod"): "spec",
    ("", "PodTemplate"): "template/spec",
    **{key: "/".join(map(str, (*row.template, "spec"))) for key, row in WORKLOADS.items()},
}
"""(group, kind) -> path of its pod's spec."""
_CONFIGS = (("", "ConfigMap"), ("", "Secret"))
_OTHERS = tuple(target for target in _IN_PODS if target not in _CONFIGS)
_NOT_KUSTOMIZE: dict[str, tuple[GroupKind, ...]] = {
    "Rollout": tuple(_IN_PODS),
    "ReplicationController": _CONFIGS,
    "ReplicaSet": _OTHERS,
    "PodTemplate": _OTHERS,
}
"""Kind of a referrer -> the targets that kustomize does not follow from its pods."""


def _pod_references() -> Iterator[Reference]:
    for (group, kind), spec in _POD_SPECS.items():
        for target, paths in _IN_PODS.items():
            theirs = target not in _NOT_KUSTOMIZE.get(kind, ())
            for path in paths:
                steps = tuple(f"{spec}/{path}".split("/"))
                group_ = "" if theirs else group
                yield Reference(target=target, group=group_, kind=kind, path=steps, by_kustomize=theirs)
        for target, paths in _IN_PODS_OF_OURS.items():
            for path in paths:
                steps = tuple(f"{spec}/{path}".split("/"))
                yield Reference(target=target, group=group, kind=kind, path=steps, by_kustomize=False)


_RBAC, _ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
_ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
_SCALED = (("apps", "Deployment"), ("", "ReplicationController"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"))
_INGRESS_ANNOTATIONS = (
    (("", "ConfigMap"), "nginx.ingress.kubernetes.io/fastcgi-params-configmap"),
    (("", "Secret"), "ingress.kubernetes.io/auth-secret"),
    (("", "Secret"), "nginx.ingress.kubernetes.io/auth-secret"),
    (("", "Secret"), "nginx.ingress.kubernetes.io/auth-tls-secret"),
)
_ROWS: tuple[tuple[GroupKind, str, str, str], ...] = (
    *((target, "", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name") for target in _SCALED),
    (("", "ConfigMap"), "", "Node", "spec/configSource/configMap"),
    (("", "Secret"), "", "Ingress", "spec/tls/secretName"),
    (("", "Secret"), "", "ServiceAccount", "imagePullSecrets/name"),
    *((("", "Secret"), "", "StorageClass", f"parameters/{key}")
      for key in ("secretName", "adminSecretName", "userSecretName", "secretRef")),
    (("", "Secret"), "serving.knative.dev", "Service", "spec/template/spec/containers/env/valueFrom/secretKeyRef/name"),
    (("", "Secret"), "", "PersistentVolume", "spec/azureFile/secretName"),
    (("", "Service"), "apps", "StatefulSet", "spec/serviceName"),
    *((("", "Service"), "", "Ingress", path) for path in (
        "spec/rules/http/paths/backend/serviceName", "spec/backend/serviceName",
        "spec/rules/http/paths/backend/service/name", "spec/defaultBackend/service/name")),
    (("", "Service"), "apiregistration.k8s.io", "APIService", "spec/service/name"),
    *((("", "Service"), _ADMISSION, f"{kind}WebhookConfiguration", "webhooks/clientConfig/service")
      for kind in ("Validating", "Mutating")),
    ((_RBAC, "Role"), _RBAC, "RoleBinding", "roleRef/name"),
    ((_RBAC, "ClusterRole"), _RBAC, "RoleBinding", "roleRef/name"),
    ((_RBAC, "ClusterRole"), _RBAC, "ClusterRoleBinding", "roleRef/name"),
    (("", "ServiceAccount"), _RBAC, "RoleBinding", "subjects"),
    (("", "ServiceAccount"), _RBAC, "ClusterRoleBinding", "subjects"),
    (("", "PersistentVolume"), "", "PersistentVolumeClaim", "spec/volumeName"),
    *((("storage.k8s.io", "StorageClass"), "", kind, "spec/storageClassName")
      for kind in ("PersistentVolume", "PersistentVolumeClaim")),
    (("storage.k8s.io", "StorageClass"), "", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
    ((_ADMISSION, "ValidatingAdmissionPolicy"), _ADMISSION, "ValidatingAdmissionPolicyBinding", "spec/policyName"),
)  # fmt: skip
"""(target, group and kind of the referrer, path) beyond pods."""
_ANY_NAME: tuple[tuple[GroupKind, str], ...] = (
    *((target, kind) for target in _CONFIGS for kind in ("Role", "ClusterRole")),
    (("", "PersistentVolume"), "ClusterRole"),
)
"""Targets whose names stand in `rules[].resourceNames`, whatever resources the rule is about: kustomize alone goes by them."""
_OURS: tuple[tuple[GroupKind, str, str, str], ...] = (
    *((("argoproj.io", "Rollout"), group, kind, "spec/scaleTargetRef/name")
      for group, kind in (("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject"))),
    *((target, "keda.sh", "ScaledObject", "spec/scaleTargetRef/name") for target in _SCALED),
    (("apps", "Deployment"), "argoproj.io", "Rollout", "spec/workloadRef/name"),
    *((("", "Service"), "argoproj.io", "Rollout", f"spec/strategy/{path}")
      for path in ("canary/canaryService", "canary/stableService", "blueGreen/activeService", "blueGreen/previewService")),
    *((("", "Service"), "gateway.networking.k8s.io", kind, "spec/rules/backendRefs") for kind in _ROUTES),
    (("networking.k8s.io", "IngressClass"), "networking.k8s.io", "Ingress", "spec/ingressClassName"),
)  # fmt: skip

REFERENCES: tuple[Reference, ...] = (
    *_pod_references(),
    *(Reference(target=target, group=group, kind=kind, path=tuple(path.split("/"))) for target, group, kind, path in _ROWS),
    *(Reference(target=target, kind="Ingress", path=("metadata", "annotations", key)) for target, key in _INGRESS_ANNOTATIONS),
    *(Reference(target=target, kind=kind, path=("rules", "resourceNames"), by_us=False) for target, kind in _ANY_NAME),
    *(Reference(target=target, group=group, kind=kind, path=tuple(path.split("/")), by_kustomize=False)
      for target, group, kind, path in _OURS),
)  # fmt: skip


def change_at(value: Any, path: Steps, change: Callable[[Any, Any], Any], parent: Any = None) -> Any:
    """Returns a value with what stands at a path changed; lists on the way are gone through, the rest is shared.

    `change` gets the value there (an item, where it is a list) and the mapping around it. Paths that lead nowhere change
    nothing.
    """
    if isinstance(value, list):
        return kept(value, [change_at(item, path, change, parent) for item in value])
    if not path:
        changed = change(value, parent)
        return value if changed is value or is_same(value, changed) else changed
    old = value.get(path[0]) if isinstance(value, dict) else None
    if old is None:
        return value
    new = change_at(old, path[1:], change, value)
    return value if new is old else update(value, {path[0]: new})


_BY_TARGET: dict[GroupKind, list[Reference]] = {}
for _reference in REFERENCES:
    if _reference.by_us:
        _BY_TARGET.setdefault(_reference.target, []).append(_reference)


def rename(manifest: Any, target: ResourceId, new: str, *, namespace: str) -> Any:
    """Returns a manifest whose references to an object say its new name; the same manifest where it has none.

    `namespace` is the effective one of the manifest: a name alone means an object of the same namespace, or one without.
    What stands beside a name (`kind`, `namespace`) has to agree with the target.
    """
    api, kind = str(manifest.get("apiVersion")), manifest.get("kind")
    group = api.rpartition("/")[0]

    def renamed(value: Any, parent: Any) -> Any:
        if isinstance(value, dict):
            return update(value, {"name": new}) if _means(value, target, namespace, value.get("name")) else value
        return new if _means(parent if isinstance(parent, dict) else {}, target, namespace, value) else value

    for reference in _BY_TARGET.get((target.group, target.kind), ()):
        if reference.kind == kind and reference.group in ("", group):
            manifest = change_at(manifest, reference.path, renamed)
    return manifest


def named(manifest: Any, target: GroupKind, namespace: str) -> Iterator[ResourceId]:
    """Yields the objects of a kind that a manifest names; `namespace` is the effective one of the manifest."""
    found: list[str] = []

    def noted(value: Any, _: Any) -> Any:
        found.append(value) if isinstance(value, str) else None
        return value

    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    for reference in _BY_TARGET.get(target, ()):
        if reference.kind == manifest.get("kind") and reference.group in ("", group):
            change_at(manifest, reference.path, noted)
    yield from (ResourceId(*target, namespace, name) for name in found)


def _means(around: dict[str, Any], target: ResourceId, namespace: str, name: Any) -> bool:
    """Tells whether a name, with what stands around it, means a target."""
    stated = around.get("namespace") if isinstance(around.get("namespace"), str) else None
    kind = around.get("kind", target.kind) if "name" in around else target.kind
    return name == target.name and kind == target.kind and target.namespace in ("", stated or namespace)
