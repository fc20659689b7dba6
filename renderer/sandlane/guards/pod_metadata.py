"""Labels and annotations of pods that give them something: a way around the mesh, an address, a device, a role, a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.guards.containers import Privilege
from sandlane.k8s.resource import Manifest, at

_ANNOTATIONS: Mapping[str, str] = {
    "istio.io/": "mesh",
    "linkerd.io/": "mesh",
    "consul.hashicorp.com/": "mesh",
    "kuma.io/": "mesh",
    "appmesh.k8s.aws/": "mesh",
    "apparmor.security.beta.kubernetes.io/": "security",
    "seccomp.security.alpha.kubernetes.io/": "security",
    "io.katacontainers.": "security",
    "io.kubernetes.cri-o.": "security",
    "cdi.k8s.io/": "volumes",
    "eks.amazonaws.com/": "serviceAccount",
    "iam.amazonaws.com/": "serviceAccount",
    "iam.gke.io/": "serviceAccount",
    "azure.workload.identity/": "serviceAccount",
    "spiffe.io/": "serviceAccount",
    "vault.hashicorp.com/": "secrets",
    "cni.cncf.io/": "network",
    "cni.projectcalico.org/": "network",
    "k8s.ovn.org/": "network",
    "ovn.kubernetes.io/": "network",
    "multus-cni.io/": "network",
    "network.cilium.io/": "network",
    "policy.cilium.io/": "network",
    "vpc.amazonaws.com/": "network",
    "networking.gke.io/": "network",
    "kubernetes.io/egress-bandwidth": "network",
    "kubernetes.io/ingress-bandwidth": "network",
}
"""Part of the key of an annotation -> class."""

_LABELS: Mapping[str, str] = {
    "istio.io/": "mesh",
    "linkerd.io/": "mesh",
    "consul.hashicorp.com/": "mesh",
    "kuma.io/": "mesh",
    "azure.workload.identity/": "serviceAccount",
    "aadpodidbinding": "serviceAccount",
    "admission.gatekeeper.sh/": "security",
    "admission.kyverno.io/": "security",
    "security.kyverno.io/": "security",
    "vault.hashicorp.com/": "secrets",
}
"""Part of the key of a label -> class."""

_HARMLESS = (
    "config.linkerd.io/proxy-cpu-",
    "config.linkerd.io/proxy-log-",
    "config.linkerd.io/proxy-memory-",
    "service.istio.io/canonical-",
    "sidecar.istio.io/componentLogLevel",
    "sidecar.istio.io/logLevel",
    "sidecar.istio.io/proxyCPU",
    "sidecar.istio.io/proxyMemory",
    "sidecar.istio.io/statsInclusion",
)
"""What sets up a proxy and takes nothing of it away, or is for telemetry alone."""

_ONLY_GIVING = ("network", "secrets", "serviceAccount", "volumes")
"""Classes of what only gives: a pod without it has less. Of the others one that is gone can be a way around as well."""


def differing(origin: Manifest, clone: Manifest) -> Iterator[Privilege]:
    """Yields the labels and annotations of the tables that pods of a clone's template have otherwise than its origin's."""
    for field, word, table in (("annotations", "annotation", _ANNOTATIONS), ("labels", "label", _LABELS)):
        before, after = (at(template, ("metadata", field)) or {} for template in (origin, clone))
        keys = {key for key in (*before, *after) if before.get(key) != after.get(key) and not key.startswith(_HARMLESS)}
        for key in keys:
            for part, kind in table.items():
                if part in key and (key in after or kind not in _ONLY_GIVING):
                    yield kind, f"{word} '{key}' other than its origin's"
