"""Proof's own list of labels and annotations by which controllers change an object, fill it from elsewhere, or publish it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandlane.k8s.resource import Manifest, annotations_of, labels_of

_PATTERNS = {
    "claims": r"^k8s\.io/Clone|^(cdi\.kubevirt|pv\.kubernetes)\.io/|^volume\.kubernetes\.io/selected-node$",
    "network": (
        r"(^|\.)(ngrok\.com|skupper\.io|tailscale\.com|teleport\.dev|inlets\.dev|netbird\.io|submariner\.io|getambassador\.io)/"
        r"|^discovery\.3scale\.net/"
    ),
    "secrets": r"^(reflector\.v1\.k8s\.emberstack\.com|replicator\.v1\.mittwald\.de)/|appscode\.com/sync",
    "security": r"^keel\.sh/|^image\.openshift\.io/|^fluxcd\.io/|image-updater",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}


def of_objects(before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields what of an object's own labels and annotations gives it more than another has."""
    for word, old, new in (
        ("annotation", annotations_of(before), annotations_of(after)),
        ("label", labels_of(before), labels_of(after)),
    ):
        for key in sorted(key for key in new if old.get(key) != new[key]):
            yield from ((kind, f"its own {word} '{key}'") for kind, pattern in _COMPILED.items() if pattern.search(key))
