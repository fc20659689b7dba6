"""Every address for which requests can differ: clients that objects tell apart, the hosts and ports that they call, gateways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, Resource, annotations_of, labels_of
from sandlane.k8s.visibility import EXPORT_TO
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.semantics.linkerd import KINDS as LINKERD_ROUTES
from sandlane.semantics.network import GATEWAY_API, ISTIO, Network
from sandlane.semantics.request import Address, Client

ELSEWHERE = "sandlane-elsewhere"
"""A namespace that holds nothing."""

_ROUTING = (
    (ISTIO, "VirtualService"), (ISTIO, "DestinationRule"), (ISTIO, "Sidecar"),
    *LINKERD_ROUTES, ("linkerd.io", "ServiceProfile"),
)  # fmt: skip
_LITERAL_PORT = 80


def addresses_of(before: Network, after: Network, *, previews: frozenset[str] = frozenset()) -> Iterator[Address]:
    """Yields the addresses of the base; hosts in `previews` are new ones that the environment asks for."""
    clients = list(clients_of(before))
    for host in sorted(before.hosts):
        known = before.hosts[host]
        names = _authorities(before, after, known.resource, host)
        for client in clients:
            for port in sorted(known.ports):
                yield from (Address(client=client, host=host, port=port, authority=name) for name in names)
    for host in sorted({*_literals(before), *_literals(after)} - {*after.hosts} - previews):
        for client in clients:
            yield Address(client=client, host=_shown(host), port=_LITERAL_PORT, authority=_shown(host))
    yield from _gateways(before, after, previews)


def clients_of(network: Network) -> Iterator[Client]:
    """Yields one client of every class: by namespace, and by the labels for which any object asks."""
    base = network.base
    kind: Any = "linkerd" if network.mesh == "linkerd" else "sidecar"
    keys = _asked_labels(base)
    labels: dict[str, dict[tuple[tuple[str, str], ...], None]] = {}
    for namespace, found in _pods(base) if keys else ():
        own = tuple(sorted((key, value) for key, value in found.items() if key in keys))
        labels.setdefault(namespace, {})[own] = None
    for namespace in sorted(_namespaces(base)):
        for own in {(): None, **labels.get(namespace, {})}:
            yield Client(kind=kind, namespace=namespace, labels=dict(own))


def _namespaces(base: Base) -> set[str]:
    found = {ELSEWHERE}
    for group, kind in _ROUTING:
        for resource in base.of(group, kind):
            spec = resource.manifest.get("spec") or {}
            found |= {resource.id.namespace, *_plain(spec.get("exportTo") or ())}
            for entry in spec.get("http") or ():
                found |= {str(m["sourceNamespace"]) for m in entry.get("match") or () if m and m.get("sourceNamespace")}
    for service in base.of("", "Service"):
        found |= {service.id.namespace, *_plain(annotations_of(service.manifest).get(EXPORT_TO, "").split(","))}
    return found - {""}


def _plain(names: Iterable[str]) -> set[str]:
    return {name.strip() for name in names if name.strip() not in ("", ".", "*", "~")}


def _asked_labels(base: Base) -> frozenset[str]:
    found: set[str] = set()
    for vs in base.of(ISTIO, "VirtualService"):
        for entry in (vs.manifest.get("spec") or {}).get("http") or ():
            for match in entry.get("match") or ():
                found |= {*((match or {}).get("sourceLabels") or {})}
    for kind in ("DestinationRule", "Sidecar"):
        for resource in base.of(ISTIO, kind):
            selector = (resource.manifest.get("spec") or {}).get("workloadSelector") or {}
            found |= {*(selector.get("labels") or {}), *(selector.get("matchLabels") or {})}
            found |= {str(e.get("key")) for e in selector.get("matchExpressions") or ()}
    return frozenset(found)


def _pods(base: Base) -> Iterator[tuple[str, Mapping[str, str]]]:
    for row in WORKLOADS.values():
        for resource in base.of(row.group, row.kind):
            yield resource.id.namespace, pod_labels(row, resource.manifest)
    for pod in base.of("", "Pod"):
        yield pod.id.namespace, labels_of(pod.manifest)


def _authorities(before: Network, after: Network, service: Resource, host: str) -> list[str]:
    """Returns the authorities that matter for a Service: its own name, and those for which its routes ask."""
    found = {host: None}
    if before.mesh == "linkerd":
        for network in (before, after):
            for route, _ in network.attached.get(service.id, ()):
                found |= {_shown(str(n).lower()): None for n in _spec(route).get("hostnames") or ()}
    return list(found)


def _spec(resource: Resource) -> Manifest:
    return resource.manifest.get("spec") or {}


def _shown(pattern: str) -> str:
    """Returns a name that a pattern covers."""
    return f"any.example{pattern[1:]}" if pattern.startswith("*") else pattern


def _literals(network: Network) -> Iterator[str]:
    """Yields the hosts of VirtualServices in the mesh that no registry may know."""
    if network.mesh != "istio":
        return
    for vs in network.base.of(ISTIO, "VirtualService"):
        if "mesh" in (_spec(vs).get("gateways") or ("mesh",)):
            yield from (network.full(str(h), vs.id.namespace).lower() for h in _spec(vs).get("hosts") or ())


def _gateways(before: Network, after: Network, previews: frozenset[str]) -> Iterator[Address]:
    for gateway in before.base.of(ISTIO, "Gateway") if before.mesh.startswith("istio") else ():
        ports = {(s.get("port") or {}).get("number") for s in _spec(gateway).get("servers") or ()}
        listed = [str(h).rpartition("/")[2] for s in _spec(gateway).get("servers") or () for h in s.get("hosts") or ()]
        yield from _entered(gateway, ports, {*listed, *_bound(before), *_bound(after)} - previews)
    for gateway in before.base.of(GATEWAY_API, "Gateway"):
        listeners: Sequence[Manifest] = _spec(gateway).get("listeners") or ()
        names = {str(x.get("hostname") or "*") for x in listeners}
        for network in (before, after):
            for route, _ in network.attached.get(gateway.id, ()):
                names |= {str(n) for n in _spec(route).get("hostnames") or ()}
        yield from _entered(gateway, {x.get("port") for x in listeners}, names)


def _bound(network: Network) -> set[str]:
    return {
        network.full(str(host), vs.id.namespace).lower()
        for vs in network.base.of(ISTIO, "VirtualService")
        if any(g != "mesh" for g in _spec(vs).get("gateways") or ())
        for host in _spec(vs).get("hosts") or ()
    }


def _entered(gateway: Resource, ports: Iterable[Any], hosts: Iterable[str]) -> Iterator[Address]:
    client = Client(kind="gateway", namespace=gateway.id.namespace, name=gateway.id.name)
    names = sorted({_shown(host.lower()) for host in hosts})
    for port in sorted(port for port in ports if isinstance(port, int)):
        yield from (Address(client=client, host=name, port=port, authority=name) for name in names)
