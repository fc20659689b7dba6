"""Fields of VirtualServices, as the rules read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest, spec_of

NETWORKING = "networking.istio.io"
MESH = "mesh"
FIELDS = ("http", "tls", "tcp")
"""Fields of a spec that hold entries."""


def hosts(manifest: Manifest) -> list[str]:
    """Returns the hosts of a VirtualService in lower case, as Istio compares them; a delegate has none.

    Only these: a destination's host is compared as it is written (istio: pilot/pkg/networking/core/route/route.go,
    separateVSHostsAndServices).
    """
    return [host.lower() for host in spec_of(manifest).get("hosts") or ()]


def gateways(manifest: Manifest) -> list[str]:
    """Returns the gateways of a VirtualService; none stands for the mesh."""
    return spec_of(manifest).get("gateways") or [MESH]


def entries(manifest: Manifest) -> list[dict[str, Any]]:
    """Returns the HTTP entries of a VirtualService."""
    return spec_of(manifest).get("http") or []


def matches_of(entry: Manifest) -> Sequence[Manifest]:
    """Returns the matches of an entry; without any it has one that every request meets."""
    return entry.get("match") or ({},)


def is_mesh(manifest: Manifest) -> bool:
    """Tells whether a VirtualService is for the mesh's own clients. What its matches name does not count for that."""
    return MESH in gateways(manifest)


def live(entry: Manifest) -> list[dict[str, Any]]:
    """Returns the destinations of an entry to which the base sends anything: not those of weight 0 beside others."""
    route = entry.get("route") or []
    return [d for d in route if len(route) == 1 or (d.get("weight") or 0) != 0] or route if route else []


def mirrors(entry: Manifest) -> Iterator[Manifest]:
    """Yields the destinations to which an entry sends copies of requests."""
    if entry.get("mirror"):
        yield entry["mirror"]
    yield from (mirror["destination"] for mirror in entry.get("mirrors") or () if mirror.get("destination"))


def destinations(manifest: Manifest) -> Iterator[Manifest]:
    """Yields the destinations to which a VirtualService sends requests or copies of them."""
    for entry in entries(manifest):
        yield from (item["destination"] for item in live(entry))
        yield from mirrors(entry)
