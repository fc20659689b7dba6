"""Which lists a strategic merge patch merges, and by which keys: Kubernetes' built-in types, as a table.

A list merges where its schema has `x-kubernetes-patch-strategy: merge`, by `x-kubernetes-list-map-keys` or else by
`x-kubernetes-patch-merge-key`; every other list, and every list of a kind that is not built in, is replaced. The rows are
the types of Kubernetes 1.21.2, which kustomize still carries: later merge keys would make another result than its builds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sandlane.frozen import frozen


@frozen
class MergeList:
    """A list that is merged: by `keys`, or as a set of scalars where there are none.

    `item` names the type of its elements. `defaults` stand for keys that an element leaves out. With `is_union` an
    element holds one field besides its keys, and a patch that brings another one replaces it (`retainKeys`).
    """

    keys: tuple[str, ...] = ()
    item: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    is_union: bool = False


@frozen
class Union:
    """A mapping whose field `by` decides which other fields it may have (`retainKeys`); `default` is what it is unset."""

    by: str
    default: str


Field = str | MergeList | Union
"""What a field holds: a mapping of the type with that name, a list that merges, or a union."""
Fields = Mapping[str, Field]

_TCP = {"protocol": "TCP"}
_CONDITIONS: Fields = {"conditions": MergeList(("type",))}
_TEMPLATED: Fields = {"template": "PodTemplate"}
_CONTAINER: Fields = {
    "env": MergeList(("name",)),
    "volumeDevices": MergeList(("devicePath",)),
    "volumeMounts": MergeList(("mountPath",)),
}

TYPES: Mapping[str, Fields] = {
    "ObjectMeta": {"finalizers": MergeList(), "ownerReferences": MergeList(("uid",))},
    "Conditions": _CONDITIONS,
    "Container": {**_CONTAINER, "ports": MergeList(("containerPort", "protocol"), defaults=_TCP)},
    "EphemeralContainer": _CONTAINER,
    "PodSpec": {
        "containers": MergeList(("name",), "Container"),
        "initContainers": MergeList(("name",), "Container"),
        "ephemeralContainers": MergeList(("name",), "EphemeralContainer"),
        "hostAliases": MergeList(("ip",)),
        "imagePullSecrets": MergeList(("name",)),
        "topologySpreadConstraints": MergeList(("topologyKey", "whenUnsatisfiable")),
        "volumes": MergeList(("name",), "Volume", is_union=True),
    },
    "Volume": {"ephemeral": "EphemeralVolume"},
    "EphemeralVolume": {"volumeClaimTemplate": "Object"},
    "PodTemplate": {"metadata": "ObjectMeta", "spec": "PodSpec"},
    "PodStatus": {**_CONDITIONS, "podIPs": MergeList(("ip",))},
    "Templated": _TEMPLATED,
    "DeploymentSpec": {**_TEMPLATED, "strategy": Union("type", "RollingUpdate")},
    "JobTemplate": {"metadata": "ObjectMeta", "spec": "Templated"},
    "CronJobSpec": {"jobTemplate": "JobTemplate"},
    "ServiceSpec": {"ports": MergeList(("port", "protocol"), defaults=_TCP)},
    "NodeSpec": {"podCIDRs": MergeList()},
    "NodeStatus": {**_CONDITIONS, "addresses": MergeList(("type",))},
    "CSINodeSpec": {"drivers": MergeList(("name",))},
    "Object": {"metadata": "ObjectMeta"},
}
"""Name of a type -> its fields that lead to merging lists."""

_OBJECT = {"metadata": "ObjectMeta"}
_WITH_STATUS: Fields = {**_OBJECT, "status": "Conditions"}
_WEBHOOKS: Fields = {**_OBJECT, "webhooks": MergeList(("name",))}

_KINDS: Mapping[str, Mapping[str, Fields]] = {
    "v1": {
        "ComponentStatus": {**_OBJECT, **_CONDITIONS},
        "Namespace": _WITH_STATUS,
        "Node": {**_OBJECT, "spec": "NodeSpec", "status": "NodeStatus"},
        "PersistentVolumeClaim": _WITH_STATUS,
        "Pod": {**_OBJECT, "spec": "PodSpec", "status": "PodStatus"},
        "PodTemplate": {**_OBJECT, **_TEMPLATED},
        "ReplicationController": {**_WITH_STATUS, "spec": "Templated"},
        "Service": {**_WITH_STATUS, "spec": "ServiceSpec"},
        "ServiceAccount": {**_OBJECT, "secrets": MergeList(("name",))},
    },
    "admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1beta1": {
        "MutatingWebhookConfiguration": _WEBHOOKS,
        "ValidatingWebhookConfiguration": _WEBHOOKS,
    },
    "apiregistration.k8s.io/v1 apiregistration.k8s.io/v1beta1": {"APIService": _WITH_STATUS},
    "apps/v1": {
        "DaemonSet": {**_WITH_STATUS, "spec": "Templated"},
        "Deployment": {**_WITH_STATUS, "spec": "DeploymentSpec"},
        "ReplicaSet": {**_WITH_STATUS, "spec": "Templated"},
        "StatefulSet": {**_WITH_STATUS, "spec": "Templated"},
    },
    "batch/v1": {"CronJob": {**_OBJECT, "spec": "CronJobSpec"}, "Job": {**_WITH_STATUS, "spec": "Templated"}},
    "batch/v1beta1": {"CronJob": {**_OBJECT, "spec": "CronJobSpec"}},
    "policy/v1 policy/v1beta1": {"PodDisruptionBudget": _WITH_STATUS},
    "storage.k8s.io/v1 storage.k8s.io/v1beta1": {"CSINode": {**_OBJECT, "spec": "CSINodeSpec"}},
}

_PLAIN_KINDS: Mapping[str, str] = {
    "v1": "ConfigMap Endpoints Event LimitRange PersistentVolume ResourceQuota Secret",
    "apiextensions.k8s.io/v1 apiextensions.k8s.io/v1beta1": "CustomResourceDefinition",
    "apps/v1": "ControllerRevision",
    "autoscaling/v1 autoscaling/v2beta1 autoscaling/v2beta2": "HorizontalPodAutoscaler",
    "certificates.k8s.io/v1 certificates.k8s.io/v1beta1": "CertificateSigningRequest",
    "coordination.k8s.io/v1 coordination.k8s.io/v1beta1": "Lease",
    "discovery.k8s.io/v1 discovery.k8s.io/v1beta1": "EndpointSlice",
    "events.k8s.io/v1 events.k8s.io/v1beta1": "Event",
    "extensions/v1beta1": "Ingress",
    "flowcontrol.apiserver.k8s.io/v1beta1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "networking.k8s.io/v1beta1": "Ingress IngressClass",
    "node.k8s.io/v1 node.k8s.io/v1beta1": "RuntimeClass",
    "policy/v1beta1": "PodSecurityPolicy",
    "rbac.authorization.k8s.io/v1 rbac.authorization.k8s.io/v1beta1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io/v1 scheduling.k8s.io/v1beta1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver StorageClass VolumeAttachment",
    "storage.k8s.io/v1beta1": "CSIDriver CSIStorageCapacity StorageClass VolumeAttachment",
}
"""apiVersions -> kinds that merge nothing but what every object merges."""

KINDS: Mapping[tuple[str, str], Fields] = {
    **{(version, kind): _OBJECT for versions, kinds in _PLAIN_KINDS.items()
       for version in versions.split() for kind in kinds.split()},
    **{(version, kind): fields for versions, kinds_ in _KINDS.items()
       for version in versions.split() for kind, fields in kinds_.items()},
}  # fmt: skip
"""(apiVersion, kind) -> fields that lead to merging lists; a kind that is not here merges no list."""


def fields_of(api_version: Any, kind: Any) -> Fields:
    """Returns the merging fields of a kind: none for one that is not built in."""
    return KINDS.get((api_version, kind), {}) if isinstance(api_version, str) and isinstance(kind, str) else {}
