"""Labels and annotations of objects themselves by which controllers change them, copy data for them, or publish them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.guards.containers import Privilege
from sandlane.k8s.resource import Manifest, annotations_of, labels_of

_ACTED_ON: Mapping[str, tuple[str, ...]] = {
    "claims": ("k8s.io/Clone", "cdi.kubevirt.io/", "pv.kubernetes.io/", "volume.kubernetes.io/selected-node"),
    "network": (
        "discovery.3scale.net/", "getambassador.io/", "inlets.dev/", "netbird.io/", "ngrok.com/", "skupper.io/", "submariner.io/",
        "tailscale.com/", "teleport.dev/",
    ),
    "secrets": ("appscode.com/sync", "reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/"),
    "security": ("fluxcd.io/automated", "image-updater", "image.openshift.io/", "keel.sh/"),
}  # fmt: skip
"""Class -> parts of keys: claims filled from others, other networks, copies of other namespaces' data, images changed in the cluster."""


def acted_on(before: Manifest, after: Manifest) -> Iterator[Privilege]:
    """Yields the labels and annotations of the table that an object has and another has not with the same value."""
    for word, read in (("annotation", annotations_of), ("label", labels_of)):
        known = read(before)
        for key, value in read(after).items():
            if known.get(key) != value:
                found = (kind for kind, parts in _ACTED_ON.items() if any(part in key for part in parts))
                yield from ((kind, f"{word} '{key}' of its own") for kind in found)
