"""P7 and P8, resources: further manifests of a sandbox are of harmless kinds, stay beside its clones and reach only its own pods.

The kinds are those that the environment's policy lists, whoever wrote the output. Images are judged by `protection`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from sandlane.base.pod_templates import spec_of_pods
from sandlane.k8s.resource import Resource, ResourceId, annotations_of, at, labels_of, spec_of
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.patch.references import named
from sandlane.problems.problem import Problem
from sandlane.proof.claims import Claim
from sandlane.proof.differences import told, wrong
from sandlane.proof.literals import ORIGIN, SERVICE, TENANT
from sandlane.proof.world import World, base_pods
from sandlane.specs.model import Environment

_HARMFUL = (
    ".istio.io", "gateway.networking.k8s.io", "linkerd.io", "networking.k8s.io", "admissionregistration.k8s.io", "discovery.k8s.io",
)  # fmt: skip
"""Ends of API groups whose objects act on others by selectors, hosts or rules."""

_PLAIN: Mapping[str, str] = {
    **{kind: group for group, kind in WORKLOADS},
    **dict.fromkeys(("ConfigMap", "PersistentVolumeClaim", "Pod", "Secret", "Service", "ServiceAccount"), ""),
}
"""Kinds that a policy names without their API group, and the group."""

_REFUSED = ("Secret", "Pod", "DaemonSet", "ReplicaSet", "ReplicationController", "Endpoints", "PodDisruptionBudget",
            "HorizontalPodAutoscaler")  # fmt: skip

_wrong = partial(wrong, "SL607")


def check(world: World) -> Iterator[Problem]:
    """Yields resources that could act on more than their tenant."""
    read = set(_read_by_base(world)) if world.resources else set()
    listed = world.claims.environment.policy.resource_kinds
    for claim in world.claims.sandboxes:
        homes = {id.namespace for id in claim.origins} | {world.claims.environment.default_namespace}
        for resource in world.resources.get(claim.name, ()):
            id = resource.id
            if not is_listed(listed, id):
                only = ", ".join(listed) or "none"
                what = f"'{id}' is of a kind that no sandbox may bring (policy.resourceKinds: {only})"
                yield told("SL624", resource, what, ("kind",))
            if id.group.endswith(_HARMFUL) or (
                id.kind in _REFUSED and id.group in ("", "apps", "autoscaling", "policy")
            ):
                yield _wrong(resource, f"no sandbox may bring a {id.kind}")
            if id.namespace not in homes:
                yield _wrong(resource, f"its sandbox has nothing in namespace '{id.namespace}'")
            if id in read:
                yield _wrong(resource, "pods of the base name it")
            elif _OF_CLUSTERS.fullmatch(f"{id.kind}/{id.namespace}/{id.name}") and not id.group:
                yield _wrong(resource, "the cluster has an object of that name")
            yield from _outlasting(resource)
            yield from (
                _wrong(resource, f"has '{field}', which is no field of its kind") for field in _strange(resource)
            )
            yield from _labels(resource)
            yield from _selector(resource, claim, world.claims.environment)


def is_listed(kinds: tuple[str, ...], id: ResourceId) -> bool:
    """Tells whether a policy lists a kind: by its name where Kubernetes itself has it, or as `Kind.group`."""
    return f"{id.kind}.{id.group}" in kinds or (id.kind in kinds and _PLAIN.get(id.kind, id.group) == id.group)


def _read_by_base(world: World) -> Iterator[ResourceId]:
    """Yields what pods of the base name, there or not: where it appears, they would read it."""
    for pods in base_pods(world.base):
        manifest, namespace = pods.resource.manifest, pods.resource.id.namespace
        spec = spec_of_pods(pods.resource)
        account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
        yield ResourceId("", "ServiceAccount", namespace, account)
        for kind in ("ConfigMap", "PersistentVolumeClaim"):
            yield from named(manifest, ("", kind), namespace)


_OF_CLUSTERS = re.compile(
    r"Service/(default/(kubernetes|openshift)|kube-system/kube-dns)|ServiceAccount/[^/]+/default"
    r"|ConfigMap/[^/]+/(kube-root-ca\.crt|istio-ca-root-cert|linkerd-identity-trust-roots|openshift-service-ca\.crt)"
)


def _outlasting(resource: Resource) -> Iterator[Problem]:
    """Yields metadata of what controllers would make that keeps it from being deleted, or hands it to others."""
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    for place in (row.template, row.made) if row else ():
        for field in ("finalizers", "ownerReferences"):
            if place and at(resource.manifest, (*place, "metadata", field)):
                yield _wrong(resource, f"what it makes would have {field}")


_DATA = {
    "ConfigMap": {"data", "binaryData", "immutable"},
    "ServiceAccount": {"secrets", "imagePullSecrets", "automountServiceAccountToken"},
}
_OF_SPECS = ("Service", "PersistentVolumeClaim", "Deployment", "StatefulSet", "Job", "CronJob")


def _strange(resource: Resource) -> list[str]:
    """Returns fields of an object that its kind has not; of kinds that are not known, that by which Flux decrypts it."""
    own = resource.manifest.keys() - {"apiVersion", "kind", "metadata"}
    if resource.id.group not in ("", "apps", "batch"):
        return sorted(own & {"sops"})
    known = {"spec"} if resource.id.kind in _OF_SPECS else _DATA.get(resource.id.kind, own - {"sops"})
    return sorted(own - known)


def _labels(resource: Resource) -> Iterator[Problem]:
    """Yields labels by which a resource, or its pods, would be taken for a clone."""
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    pods = at(resource.manifest, (*row.template, "metadata", "labels")) or {} if row else {}
    for key in (*labels_of(resource.manifest), *pods):
        if key == ORIGIN or key.startswith(SERVICE):
            yield _wrong(resource, f"carries '{key}', which is for clones")


_PUBLISHING = re.compile(
    r"(istio|linkerd|kuma|kube-vip|solo|submariner|skupper|netbird|getambassador|projectcontour|traefik)\.io/|metallb\.|loadbalancer"
    r"|external-dns|(service\.beta|ingress)\.kubernetes\.io/|(google|tailscale|konghq|ngrok|hashicorp)\.com/|openshift\.io/serving-cert"
    r"|^networking\.gke\.io/|\bcilium\.io/|\bio\.cilium/|^multicluster\.x-k8s\.io/|^(inlets|teleport)\.dev/|(nginx|haproxy)\.org/"
    r"|3scale\.net/|^traefik\."
)
_CLOUD_ROLE = re.compile(r"^(eks\.amazonaws\.com|iam\.gke\.io|azure\.workload\.identity)/")


def _selector(resource: Resource, claim: Claim, environment: Environment) -> Iterator[Problem]:
    """Yields selectors that could select what is not the tenant's."""
    privileges, tenant_label = environment.policy.privileges, environment.tenant_label
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    spec = spec_of(resource.manifest)
    if (resource.id.group, resource.id.kind) == ("", "Service"):
        selector = spec.get("selector") or {}
        if selector and selector.get(TENANT) != claim.tenant:
            yield _wrong(resource, f"does not select by '{TENANT}: {claim.tenant}'")
        if spec.get("type") not in (None, "ClusterIP") or spec.get("externalIPs") or spec.get("externalName"):
            yield _wrong(resource, "can be reached from outside, or takes an address of others")
        for key in sorted({*labels_of(resource.manifest), *annotations_of(resource.manifest)}):
            if _PUBLISHING.search(key) and key != tenant_label:
                yield _wrong(resource, f"carries '{key}', by which others publish or route it")
    elif (resource.id.group, resource.id.kind) == ("", "ServiceAccount"):
        for key in sorted(annotations_of(resource.manifest)):
            if _CLOUD_ROLE.search(key) and "serviceAccount" not in privileges:
                yield _wrong(resource, f"carries '{key}', which gives it a role of a cloud")
        if (
            resource.manifest.get("secrets") or resource.manifest.get("imagePullSecrets")
        ) and "secrets" not in privileges:
            yield _wrong(resource, "gives Secrets to its pods")
    elif row and row.selector and at(spec, ("selector", "matchLabels", TENANT)) != claim.tenant:
        yield _wrong(resource, f"does not select by '{TENANT}: {claim.tenant}'")
