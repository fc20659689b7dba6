"""Proof's own list of the labels and annotations of pods that others act on: meshes, runtimes, clouds, networks, injectors.

What pods of another template have otherwise is a finding, unless it is known to take nothing away and give nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sandlane.k8s.resource import Manifest, at

_MESH = r"(^|\.)(istio|linkerd)\.io/|(^|\.)(kuma\.io|consul\.hashicorp\.com|appmesh\.k8s\.aws)/"
_ACTED_ON = {
    "mesh": _MESH,
    "network": (
        r"cni\.cncf\.io/|cni\.projectcalico\.org/|\bovn\.(org|kubernetes\.io)/|multus-cni\.io/|\bcilium\.io/|^vpc\.amazonaws\.com/"
        r"|^networking\.gke\.io/|^kubernetes\.io/(in|e)gress-bandwidth$"
    ),
    "secrets": r"^(vault\.hashicorp\.com|vault\.security\.banzaicloud\.io|akeyless)/|(^|\.)(bank-vaults\.io|conjur\.org|1password\.com)/",
    "security": (
        r"^(container\.)?(apparmor|seccomp)\.security\.|(^|\.)io\.kata|^io\.katacontainers|cri-o\.|gatekeeper\.sh/|(^|\.)kyverno\.io/"
        r"|\bcrio\.io/|^dev\.gvisor\.|^run\.oci\.|^org\.systemd\.property\.|^module\.wasm\.image/|^openshift\.io/required-scc$"
    ),
    "serviceAccount": r"^(eks|iam)\.amazonaws\.com/|^iam\.gke\.io/|^azure\.workload\.identity/|^aadpodidbinding$|^spiffe\.io/",
    "volumes": r"\b(cdi\.k8s|nri)\.io/",
}
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _ACTED_ON.items()}
"""Class -> what the keys look like that give pods something of it."""

_SIZES_AND_TELEMETRY = re.compile(
    r"/(proxy-?(cpu|memory|log)|(componentL|l)ogLevel|statsInclusion|canonical-)", re.IGNORECASE
)
_BRINGS_CONTAINERS = re.compile(
    r"/.*(inject|image)|^(ad|admission)\.datadoghq\.com/|^instrumentation\.opentelemetry\.io/|\bdynatrace\.com/",
    re.IGNORECASE,
)
"""Keys for webhooks that put containers beside those of a pod, by images that nobody lists."""
_LOST = ("mesh", "security")
"""Classes of which a key that is gone lets pods out of something."""


def around(before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields labels and annotations by which pods would have something, or be left out of something, otherwise than before."""
    for field in ("annotations", "labels"):
        old, new = (at(template, ("metadata", field)) or {} for template in (before, after))
        for key in sorted({*old, *new}):
            if old.get(key) == new.get(key):
                continue
            for kind in _classes(key):
                if key in new or kind in _LOST:
                    yield kind, f"{field[:-1]} '{key}'"
            if (
                key in new
                and str(new[key]).casefold() != "false"
                and not _classes(key)
                and _BRINGS_CONTAINERS.search(key)
            ):
                yield "security", f"{field[:-1]} '{key}'"


@lru_cache(maxsize=4096)
def _classes(key: str) -> tuple[str, ...]:
    """Returns the classes of what a key gives pods."""
    if _SIZES_AND_TELEMETRY.search(key):
        return ()
    return tuple(kind for kind, pattern in _PATTERNS.items() if pattern.search(key))
