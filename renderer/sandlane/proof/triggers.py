"""Proof's own list of the labels and annotations that others act on, of pods and of objects: meshes, runtimes, clouds, controllers.

What pods of another template have otherwise is a finding, unless it is known to take nothing away and give nothing. Of other
objects it is what changes them, fills them from elsewhere, or publishes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sandlane.k8s.resource import Manifest, at

_MESH = r"(^|\.)(istio|linkerd)\.io/|(^|\.)(kuma\.io|consul\.hashicorp\.com|appmesh\.k8s\.aws)/"
_OF_PODS = {
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
_OF_OBJECTS = {
    "claims": r"^k8s\.io/Clone|^(cdi\.kubevirt|pv\.kubernetes)\.io/|^volume\.kubernetes\.io/selected-node$",
    "network": (
        r"(^|\.)(ngrok\.com|skupper\.io|tailscale\.com|teleport\.dev|inlets\.dev|netbird\.io|submariner\.io|getambassador\.io)/"
        r"|^discovery\.3scale\.net/"
    ),
    "secrets": r"^(reflector\.v1\.k8s\.emberstack\.com|replicator\.v1\.mittwald\.de)/|appscode\.com/sync",
    "security": r"^keel\.sh/|^image\.openshift\.io/|^fluxcd\.io/|image-updater",
}
"""Class -> what the keys look like that give something of it."""
_COMPILED = [{kind: re.compile(pattern) for kind, pattern in patterns.items()} for patterns in (_OF_PODS, _OF_OBJECTS)]

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
    for what, key, value in _changed(before, after):
        kinds = _classes_of_pods(key)
        yield from ((kind, what) for kind in kinds if value is not None or kind in _LOST)
        is_set = value is not None and str(value).casefold() != "false"
        if is_set and not kinds and _BRINGS_CONTAINERS.search(key):
            yield "security", what


def of_objects(before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields what of an object's own labels and annotations gives it more than another has."""
    for what, key, value in _changed(before, after):
        if value is not None:
            yield from ((kind, f"its own {what}") for kind, pattern in _COMPILED[1].items() if pattern.search(key))


def _changed(before: Manifest, after: Manifest) -> Iterator[tuple[str, str, Any]]:
    """Yields labels and annotations that differ, as problems call them: the key, and the value that it has now or None."""
    for field in ("annotations", "labels"):
        old, new = (at(each, ("metadata", field)) or {} for each in (before, after))
        for key in sorted(key for key in {*old, *new} if old.get(key) != new.get(key)):
            yield f"{field[:-1]} '{key}'", key, new.get(key)


@lru_cache(maxsize=4096)
def _classes_of_pods(key: str) -> tuple[str, ...]:
    """Returns the classes of what a key gives pods."""
    if _SIZES_AND_TELEMETRY.search(key):
        return ()
    return tuple(kind for kind, pattern in _COMPILED[0].items() if pattern.search(key))
