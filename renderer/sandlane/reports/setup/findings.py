"""What the objects of a base say about its environment: mesh, namespace, gateways and registries of images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.ports import istio_protocol
from sandlane.k8s.resource import Resource, ResourceId, annotations_of, at, labels_of
from sandlane.k8s.workload_kinds import WORKLOADS

Words = Callable[[Resource], str | None]


@frozen(kw_only=True)
class Guess:
    """A value that was found, and what it was found by; `is_certain` tells that objects say so."""

    value: str
    why: str
    is_certain: bool


def _metadata(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Yields the labels and annotations of an object and of its pod template."""
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    template = at(resource.manifest, row.template) if row else None
    for manifest in (resource.manifest, template or {}):
        yield from labels_of(manifest).items()
        yield from annotations_of(manifest).items()


def _marked(*wanted: tuple[str, tuple[str, ...] | None]) -> Words:
    def words(resource: Resource) -> str | None:
        keys = dict(wanted)
        for key, value in _metadata(resource):
            values = keys.get(key, ())
            if key in keys and (values is None or str(value) in values):
                return f"has '{key}: {value}'"
        return None

    return words


def _of_groups(*groups: str) -> Words:
    return lambda resource: f"is of group '{resource.id.group}'" if resource.id.group in groups else None


def _of_class(*prefixes: str) -> Words:
    def words(resource: Resource) -> str | None:
        name = at(resource.manifest, ("spec", "gatewayClassName"))
        is_one = isinstance(name, str) and resource.id.kind == "Gateway" and name in prefixes
        return f"has 'gatewayClassName: {name}'" if is_one else None

    return words


def _route_of_service(resource: Resource) -> str | None:
    if resource.id.group != "gateway.networking.k8s.io" or not resource.id.kind.endswith("Route"):
        return None
    parents = at(resource.manifest, ("spec", "parentRefs"))
    for parent in parents if isinstance(parents, list) else ():
        if isinstance(parent, Mapping) and parent.get("kind") == "Service":
            return f"has Service '{parent.get('name')}' as its parent"
    return None


def _port_by_name(resource: Resource) -> str | None:
    ports = at(resource.manifest, ("spec", "ports")) if (resource.id.group, resource.id.kind) == ("", "Service") else ()
    for port in ports or ():
        name = str(port.get("name") or "")
        if istio_protocol({"port": port.get("port"), "name": name}) in ("http", "http2", "grpc"):
            return f"has a port named '{name}', as Istio reads it"
    return None


EVIDENCE: tuple[tuple[str, Words], ...] = (
    ("istio-ambient", _marked(("istio.io/dataplane-mode", ("ambient",)), ("istio.io/use-waypoint", None))),
    ("istio-ambient", _of_class("istio-waypoint")),
    ("linkerd", _marked(("linkerd.io/inject", ("enabled", "ingress")))),
    ("istio", _marked(("istio-injection", ("enabled",)), ("sidecar.istio.io/inject", ("true",)), ("istio.io/rev", None))),
    ("linkerd", _of_groups("policy.linkerd.io", "linkerd.io")),
    ("istio", _of_groups("networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io")),
    ("istio", _of_class("istio")),
    ("gateway-api", _route_of_service),
    ("istio", _port_by_name),
)  # fmt: skip
"""What speaks for a mesh, strongest first: who joins pods to it, then objects that only it reads, then names of ports."""

_UNKNOWN = Guess(value="istio", why="no object of the base shows a mesh", is_certain=False)


def mesh_of(base: Base) -> Guess:
    """Returns the mesh that objects show, by the strongest evidence that there is; Istio where nothing shows one."""
    for mesh, words in EVIDENCE:
        found = [(resource, said) for resource in base.resources if (said := words(resource))]
        if found:
            others = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
            is_certain = words is not _port_by_name
            return Guess(value=mesh, why=f"'{found[0][0].id}' {found[0][1]}{others}", is_certain=is_certain)
    return _UNKNOWN


def namespace_of(base: Base) -> Guess:
    """Returns the namespace for objects that name none."""
    unnamed = [r for r in base.resources if r.id.namespace and not r.manifest["metadata"].get("namespace")]
    said = Counter(
        r.id.namespace
        for r in base.resources
        if r.manifest["metadata"].get("namespace") and (r.id.group, r.id.kind) in {*WORKLOADS, ("", "Service")}
    )
    declared = [r.id.name for r in base.of("", "Namespace")]
    if said and (not unnamed or len(said) == 1):
        name, number = max(said.items(), key=lambda item: (item[1], item[0]))
        return Guess(value=name, why=f"{number} workloads and Services name it", is_certain=not unnamed)
    if len(declared) == 1:
        return Guess(value=declared[0], why="the base holds this Namespace and no other", is_certain=False)
    why = f"{len(unnamed)} objects name none, and nothing says which they are applied to"
    return Guess(value="default", why=why, is_certain=False)


def gateways_of(base: Base) -> tuple[ResourceId, ...]:
    """Returns the gateways of the base, of Istio and of the Gateway API."""
    groups = ("networking.istio.io", "gateway.networking.k8s.io")
    return tuple(resource.id for group in groups for resource in base.of(group, "Gateway"))


def registries_of(base: Base) -> tuple[str, ...]:
    """Returns patterns for the images of the base, by what stands before their last step."""
    found: set[str] = set()
    for (group, kind), row in WORKLOADS.items():
        for workload in base.of(group, kind):
            containers = at(workload.manifest, (*row.template, "spec", "containers"))
            for container in containers if isinstance(containers, list) else ():
                home, slash, _ = str(container.get("image") or "").rpartition("/")
                if slash:
                    found.add(f"{home}/*")
    return tuple(sorted(found))
