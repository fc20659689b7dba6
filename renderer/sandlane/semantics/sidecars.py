"""Sidecar objects (S11): which hosts and VirtualServices of which namespaces a client's proxy knows.

Istio: pilot/pkg/model/push_context.go (getSidecarScope) and sidecar.go. A destination of an imported VirtualService is known too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandlane.frozen import frozen
from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.k8s.selectors import from_label_selector, from_map, matches
from sandlane.semantics.network import Network
from sandlane.semantics.objects import ISTIO
from sandlane.semantics.outcomes import Blackhole, Origin, Passthrough
from sandlane.semantics.request import Client


@frozen(kw_only=True)
class Scope:
    """What a client's proxy imports for a port: (namespace or `*`, host pattern) pairs; None means everything.

    `strange` is what becomes of requests to hosts that it does not know; `doubt` says why another Sidecar may be the one.
    """

    imports: tuple[tuple[str, str], ...] | None
    origin: Origin | None
    strange: Passthrough | Blackhole
    doubt: str = ""

    def has(self, namespace: str, hosts: Iterable[str]) -> bool:
        """Tells whether an object of a namespace with any of the hosts is imported; wildcards meet in both directions."""
        if self.imports is None:
            return True
        return any(
            home in ("*", namespace) and any(covers(pattern, host) or covers(host, pattern) for host in hosts)
            for home, pattern in self.imports
        )


def scope_of(network: Network, client: Client, port: int) -> Scope:
    """Returns what the Sidecar of a client imports: one that selects its pods, else its namespace's, else the root's."""
    for found in _levels(network, client):
        if found:
            names = ", ".join(f"'{sidecar.id}'" for sidecar in found)
            doubt = f"which of {names} is the oldest" if len(found) > 1 else ""
            return _scope(found[0], client, port, doubt)
    return Scope(imports=None, origin=None, strange=Passthrough())


def _levels(network: Network, client: Client) -> Sequence[list[Resource]]:
    sidecars = [(s, spec_of(s.manifest).get("workloadSelector")) for s in network.base.of(ISTIO, "Sidecar")]
    local = [(s, selector) for s, selector in sidecars if s.id.namespace == client.namespace]
    whole = [s for s, selector in local if not selector]
    root = [s for s, selector in sidecars if s.id.namespace == network.root and not selector]
    return [s for s, selector in local if selector and _selects(selector, client)], whole, root


def _selects(selector: Manifest, client: Client) -> bool:
    return matches((*from_map(selector.get("labels") or {}), *from_label_selector(selector)), client.labels)


def _scope(sidecar: Resource, client: Client, port: int, doubt: str) -> Scope:
    spec = spec_of(sidecar.manifest)
    listeners = spec.get("egress")
    mode = (spec.get("outboundTrafficPolicy") or {}).get("mode")
    return Scope(
        imports=None if listeners is None else _imports(listeners, client, port),
        origin=Origin(resource=sidecar, path=("spec",)),
        strange=Blackhole() if mode == "REGISTRY_ONLY" else Passthrough(),
        doubt=doubt,
    )


def _imports(listeners: Sequence[Manifest], client: Client, port: int) -> tuple[tuple[str, str], ...]:
    numbers = [(entry.get("port") or {}).get("number") for entry in listeners]
    meant = port if port in numbers else None
    pairs = []
    for host in (
        host
        for entry, number in zip(listeners, numbers, strict=True)
        if number == meant
        for host in entry.get("hosts") or ()
    ):
        home, _, pattern = str(host).rpartition("/")
        if home != "~":
            pairs.append((client.namespace if home == "." else home or "*", pattern))
    return tuple(pairs)
