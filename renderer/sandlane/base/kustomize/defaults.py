"""kustomize's own field specs (api/internal/konfig/builtinpluginconsts, v5.5.0) as a table."""

from __future__ import annotations

from functools import cache

from sandlane.base.kustomize.field_specs import Config, FieldSpec, NameReferences, steps_of
from sandlane.patch.references import REFERENCES

_AFFINITIES = tuple(
    f"spec/template/spec/affinity/{kind}/{rule}labelSelector/matchLabels"
    for kind in ("podAffinity", "podAntiAffinity")
    for rule in (
        "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/",
        "requiredDuringSchedulingIgnoredDuringExecution/",
    )
)
_SPREAD = "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"
_TEMPLATE, _JOB_TEMPLATE = "spec/template/metadata", "spec/jobTemplate/spec/template/metadata"


def _spec(path: str, kind: str = "", group: str = "", version: str = "", create: bool = True) -> FieldSpec:
    return FieldSpec(path=steps_of(path), kind=kind, group=group, version=version, create=create)


CLAIM_LABELS = (_spec("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", "apps"),)
_METADATA_LABELS = (
    _spec("metadata/labels"),
    _spec(f"{_TEMPLATE}/labels", "ReplicationController", version="v1"),
    *(_spec(f"{_TEMPLATE}/labels", kind) for kind in ("Deployment", "ReplicaSet", "DaemonSet")),
    _spec(f"{_TEMPLATE}/labels", "StatefulSet", "apps"),
    *CLAIM_LABELS,
    _spec(f"{_TEMPLATE}/labels", "Job", "batch"),
    _spec("spec/jobTemplate/metadata/labels", "CronJob", "batch"),
    _spec(f"{_JOB_TEMPLATE}/labels", "CronJob", "batch"),
)
_SELECTORS = (
    _spec("spec/selector", "Service", version="v1"),
    _spec("spec/selector", "ReplicationController", version="v1"),
    *(_spec("spec/selector/matchLabels", kind) for kind in ("Deployment", "ReplicaSet", "DaemonSet")),
    _spec("spec/selector/matchLabels", "StatefulSet", "apps"),
    *(
        _spec(path, kind, "apps", create=False)
        for kind in ("Deployment", "StatefulSet")
        for path in (*_AFFINITIES, _SPREAD)
    ),
    _spec("spec/selector/matchLabels", "Job", "batch", create=False),
    _spec("spec/jobTemplate/spec/selector/matchLabels", "CronJob", "batch", create=False),
    _spec("spec/selector/matchLabels", "PodDisruptionBudget", "policy", create=False),
    *(
        _spec(f"spec/{path}podSelector/matchLabels", "NetworkPolicy", "networking.k8s.io", create=False)
        for path in ("", "ingress/from/", "egress/to/")
    ),
)
_ANNOTATIONS = (
    _spec("metadata/annotations"),
    _spec(f"{_TEMPLATE}/annotations", "ReplicationController", version="v1"),
    *(_spec(f"{_TEMPLATE}/annotations", kind) for kind in ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet")),
    _spec(f"{_TEMPLATE}/annotations", "Job", "batch"),
    _spec("spec/jobTemplate/metadata/annotations", "CronJob", "batch"),
    _spec(f"{_JOB_TEMPLATE}/annotations", "CronJob", "batch"),
)
_NAMESPACES = (
    _spec("metadata/name", "Namespace"),
    _spec("spec/service/namespace", "APIService", "apiregistration.k8s.io"),
    _spec(
        "spec/conversion/webhook/clientConfig/service/namespace",
        "CustomResourceDefinition",
        "apiextensions.k8s.io",
        create=False,
    ),
)
_IMAGES = tuple(
    _spec(f"{spec}/{containers}[]/image")
    for spec in ("spec", "spec/template/spec")
    for containers in ("containers", "initContainers")
)
_SCALED = ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
_TARGETS = {
    "ConfigMap": ("", "v1"),
    "Secret": ("", "v1"),
    "Service": ("", "v1"),
    "ServiceAccount": ("", "v1"),
    "PersistentVolumeClaim": ("", "v1"),
    "PersistentVolume": ("", "v1"),
    "StorageClass": ("storage.k8s.io", "v1"),
    "PriorityClass": ("scheduling.k8s.io", "v1"),
    "Role": ("rbac.authorization.k8s.io", ""),
    "ClusterRole": ("rbac.authorization.k8s.io", ""),
    "ValidatingAdmissionPolicy": ("admissionregistration.k8s.io", ""),
}
"""Kind of a target -> the group and version that kustomize asks for; of other kinds it takes any."""


@cache
def default_config() -> Config:
    """Returns the fields that a build changes unless `configurations` add more."""
    fields: dict[str, list[FieldSpec]] = {}
    for row in REFERENCES:
        if row.by_kustomize:
            fields.setdefault(row.target[1], []).append(FieldSpec(path=row.path, group=row.group, kind=row.kind))
    names = tuple(
        NameReferences(kind=kind, group=group, version=version, fields=tuple(fields[kind]))
        for kind in fields
        for group, version in (_TARGETS.get(kind, ("", "")),)
    )
    return Config(
        name_prefix=(_spec("metadata/name", create=False),),
        name_suffix=(_spec("metadata/name", create=False),),
        namespace=_NAMESPACES,
        common_labels=(*_SELECTORS, *_METADATA_LABELS),
        template_labels=_METADATA_LABELS,
        common_annotations=_ANNOTATIONS,
        images=_IMAGES,
        replicas=tuple(_spec("spec/replicas", kind) for kind in _SCALED),
        name_references=names,
    )
