"""What differs between kinds, as tables: how workloads are cloned, and which kinds have no namespace.

A kind of workload that can be cloned is one row here; a row that cannot say what differs gets a new field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import at
from sandlane.problems.problem import Path

GroupKind = tuple[str, str]


@frozen(kw_only=True)
class WorkloadKind:
    """A kind with a pod template.

    `template` leads to the pod template and `selector` to the LabelSelector (None: it has none); `template_ref` to a
    reference of another workload that holds both; `made` to the template of objects that it makes pods by. A clone leaves out
    the fields in `drop`, of its spec it has no others than `keep` where that is given, always has the values in `sets`, and
    is of the kind `becomes` where that differs. `name_limit` is the longest name for which its pods can still be made.
    `is_governed` tells that its pods take their host names from a headless Service of its own; `immutable` leads to what the API
    server lets nobody change (rule R-O4): the clone's name ends in a hash of it, so that a change makes a new object.
    """

    group: str
    kind: str
    template: Path = ("spec", "template")
    selector: Path | None = ("spec", "selector")
    is_clonable: bool = False
    name_limit: int = 253
    template_ref: Path | None = None
    made: Path | None = None
    drop: tuple[Path, ...] = ()
    keep: tuple[str, ...] | None = None
    sets: tuple[tuple[Path, Any], ...] = ()
    becomes: tuple[str, str, str] | None = None
    has_replicas: bool = True
    is_governed: bool = False
    immutable: tuple[Path, ...] = ()

    @property
    def clone(self) -> GroupKind:
        """The group and kind of its clones."""
        return self.becomes[:2] if self.becomes else (self.group, self.kind)


WORKLOADS: dict[GroupKind, WorkloadKind] = {
    (row.group, row.kind): row
    for row in (
        WorkloadKind(group="apps", kind="Deployment", is_clonable=True, drop=(("spec", "paused"),)),
        WorkloadKind(
            group="apps",
            kind="StatefulSet",
            is_clonable=True,
            # The label controller-revision-hash is <name>-<10 characters> and a pod's host name <name>-<ordinal>.
            name_limit=52,
            drop=(("spec", "updateStrategy", "rollingUpdate", "partition"), ("spec", "ordinals")),
            is_governed=True,
            # serviceName and selector are immutable as well; those of clones are made of the names of origin and tenant.
            immutable=(("spec", "podManagementPolicy"), ("spec", "volumeClaimTemplates")),
        ),
        WorkloadKind(group="apps", kind="DaemonSet"),
        WorkloadKind(group="apps", kind="ReplicaSet"),
        WorkloadKind(
            group="argoproj.io",
            kind="Rollout",
            is_clonable=True,
            template_ref=("spec", "workloadRef"),
            # The strategy names Services, routes and analyses of the base, which two controllers would then write.
            becomes=("apps", "Deployment", "apps/v1"),
            keep=(
                "replicas",
                "selector",
                "template",
                "minReadySeconds",
                "progressDeadlineSeconds",
                "revisionHistoryLimit",
            ),
        ),
        WorkloadKind(
            group="batch",
            kind="Job",
            is_clonable=True,
            selector=None,
            has_replicas=False,
            # Its pods carry its name as a label; the control plane sets the selector, and labels of the template by it.
            name_limit=63,
            drop=(("spec", "selector"), ("spec", "manualSelector")),
            immutable=(("spec",),),
        ),
        WorkloadKind(
            group="batch",
            kind="CronJob",
            template=("spec", "jobTemplate", "spec", "template"),
            made=("spec", "jobTemplate"),
            is_clonable=True,
            selector=None,
            has_replicas=False,
            name_limit=52,
            drop=(("spec", "jobTemplate", "spec", "selector"), ("spec", "jobTemplate", "spec", "manualSelector")),
            sets=((("spec", "suspend"), True),),
        ),
        WorkloadKind(group="", kind="ReplicationController"),
    )
}
"""(group, kind) -> row, for every kind with a pod template that the base may hold."""


CLONABLE = tuple(sorted(row.kind for row in WORKLOADS.values() if row.is_clonable))


CLONES: tuple[GroupKind, ...] = tuple(dict.fromkeys(row.clone for row in WORKLOADS.values() if row.is_clonable))
"""Group and kind of the workloads that sandboxes may have, in the order of the rows."""


SIDECARS = frozenset({"istio-proxy", "linkerd-proxy"})
"""Names of containers that a mesh injects; they are no app containers."""

INJECTED = SIDECARS | {
    "consul-connect-inject-init", "consul-dataplane", "enable-core-dump", "istio-init", "istio-iptables", "istio-validation",
    "kuma-init", "kuma-sidecar", "kuma-validation", "linkerd-debug", "linkerd-init", "linkerd-network-validator",
}  # fmt: skip
"""Names of containers that meshes put into pods; what a pod says of them is merged with the rights that the mesh gives them."""


_CLUSTER_SCOPED: frozenset[GroupKind] = frozenset({
    ("", "ComponentStatus"), ("", "Namespace"), ("", "Node"), ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService"),
    ("certificates.k8s.io", "CertificateSigningRequest"), ("cert-manager.io", "ClusterIssuer"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"), ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("gateway.networking.k8s.io", "GatewayClass"), ("networking.k8s.io", "IngressClass"),
    ("node.k8s.io", "RuntimeClass"), ("policy", "PodSecurityPolicy"),
    ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("scheduling.k8s.io", "PriorityClass"), ("storage.k8s.io", "CSIDriver"), ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"), ("storage.k8s.io", "VolumeAttachment"),
})  # fmt: skip


def is_cluster_scoped(group: str, kind: str, declared: Mapping[GroupKind, bool]) -> bool:
    """Tells whether a kind has no namespace: as a CRD of the base declares it, else by the table; unknown kinds have one."""
    return declared.get((group, kind), (group, kind) in _CLUSTER_SCOPED)


def pod_labels(row: WorkloadKind, manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the labels of a workload's pods."""
    return at(manifest, (*row.template, "metadata", "labels")) or {}


def containers_of(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns a pod's containers of all kinds."""
    return [c for field in ("containers", "initContainers", "ephemeralContainers") for c in spec.get(field) or ()]


def images_of(spec: Mapping[str, Any]) -> set[str]:
    """Returns the images of a pod's containers and volumes."""
    images = {str(container.get("image")) for container in containers_of(spec)}
    return images | {str(at(v, ("image", "reference"))) for v in spec.get("volumes") or () if v.get("image")}
