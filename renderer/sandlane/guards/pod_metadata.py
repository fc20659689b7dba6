"""Labels and annotations of pods that give them something: a way around the mesh, an address, a device, a role, a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from sandlane.guards.containers import Privilege
from sandlane.k8s.resource import Manifest, at

_ACTED_ON: Mapping[str, tuple[str, ...]] = {
    "mesh": ("istio.io/", "linkerd.io/", "consul.hashicorp.com/", "kuma.io/", "appmesh.k8s.aws/"),
    "network": (
        "cni.cncf.io/", "cni.projectcalico.org/", "ovn.org/", "ovn.kubernetes.io/", "multus-cni.io/", "cilium.io/", "vpc.amazonaws.com/",
        "networking.gke.io/", "kubernetes.io/egress-bandwidth", "kubernetes.io/ingress-bandwidth",
    ),
    "secrets": (
        "vault.hashicorp.com/", "vault.security.banzaicloud.io/", "bank-vaults.io/", "conjur.org/", "1password.com/", "akeyless/",
    ),
    "security": (
        "apparmor.security.", "seccomp.security.", "io.kata", "cri-o.", "crio.io/", "gatekeeper.sh/", "kyverno.io/", "dev.gvisor.",
        "run.oci.", "org.systemd.property.", "module.wasm.image/", "openshift.io/required-scc",
    ),
    "serviceAccount": (
        "eks.amazonaws.com/", "iam.amazonaws.com/", "iam.gke.io/", "azure.workload.identity/", "aadpodidbinding", "spiffe.io/",
    ),
    "volumes": ("cdi.k8s.io/", "nri.io/"),
}  # fmt: skip
"""Class -> parts of the keys of labels and annotations."""

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
    for field, word in (("annotations", "annotation"), ("labels", "label")):
        before, after = (at(template, ("metadata", field)) or {} for template in (origin, clone))
        if before is after:
            continue
        keys = {key for key in (*before, *after) if before.get(key) != after.get(key) and not key.startswith(_HARMLESS)}
        for key in keys:
            kinds = _classes(key)
            if not kinds and str(after.get(key, "false")).lower() != "false" and _INJECTING.search(key):
                yield "security", f"{word} '{key}' other than its origin's"
            for kind in kinds:
                if key in after or kind not in _ONLY_GIVING:
                    yield kind, f"{word} '{key}' other than its origin's"


_INJECTING = re.compile(
    r"/[^/]*(image|inject)|(^|\.)((admission|ad)\.datadoghq\.com|dynatrace\.com|instrumentation\.opentelemetry\.io)/",
    re.IGNORECASE,
)
"""Keys by which others put containers into pods, or say of which image: no list of images reaches these."""


@lru_cache(maxsize=4096)
def _classes(key: str) -> tuple[str, ...]:
    """Returns the classes to which a key belongs: the same few stand at every clone."""
    return tuple(kind for kind, parts in _ACTED_ON.items() if any(part in key for part in parts))
