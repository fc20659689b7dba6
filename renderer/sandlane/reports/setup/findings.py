"""What the objects of a base say about its environment: mesh, namespace, gateways and registries of images."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
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


def _of_another_class(resource: Resource) -> str | None:
    """Tells of Gateways and their classes that others than Istio serve."""
    if resource.id.group != "gateway.networking.k8s.io" or resource.id.kind not in ("Gateway", "GatewayClass"):
        return None
    field, own = _CLASS_FIELDS[resource.id.kind]
    value = at(resource.manifest, ("spec", field))
    return f"has '{field}: {value}', which is not Istio's" if isinstance(value, str) and not own(value) else None


_CLASS_FIELDS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "Gateway": ("gatewayClassName", lambda name: name == "istio" or name.startswith("istio-")),
    "GatewayClass": ("controllerName", lambda name: name.startswith("istio.io/")),
}
"""Kind -> the field that says who serves it, and which of its values are Istio's."""


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
    ("gateway-api", _of_another_class),
    ("istio", _port_by_name),
)  # fmt: skip
"""What speaks for a mesh, strongest first: who joins pods to it, then objects that only it reads, then gateways of others, then names
of ports."""

_GUESSES = (_of_another_class, _port_by_name)
"""What shows no mesh, but what a base may be for."""

_UNKNOWN = Guess(value="istio", why="no object of the base shows a mesh", is_certain=False)


def mesh_of(base: Base) -> Guess:
    """Returns the mesh that objects show, by the strongest evidence that there is; Istio where nothing shows one."""
    for mesh, words in EVIDENCE:
        found = [(resource, said) for resource in base.resources if (said := words(resource))]
        if found:
            others = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
            why = f"'{found[0][0].id}' {found[0][1]}{others}"
            return Guess(value=mesh, why=why, is_certain=words not in _GUESSES)
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
    addressed = _addressed(base, {r.id.name for r in unnamed if (r.id.group, r.id.kind) == ("", "Service")})
    if len(addressed) == 1:
        ((name, host),) = addressed.items()
        return Guess(value=name, why=f"routes call a Service of the base by '{host}'", is_certain=False)
    if not unnamed:
        return Guess(value="default", why="the base has no workloads and Services", is_certain=False)
    count = "1 object names" if len(unnamed) == 1 else f"{len(unnamed)} objects name"
    why = f"{count} none, and nothing says which they are applied to"
    return Guess(value="default", why=why, is_certain=False)


def _addressed(base: Base, services: Container[str]) -> Mapping[str, str]:
    """Returns the namespaces by which Istio's routes address Services that name none, each with such a host."""
    found: dict[str, str] = {}
    for resource in base.resources:
        for host in _hosts(resource.manifest) if resource.id.group == "networking.istio.io" else ():
            named = _SERVICE.fullmatch(host)
            if named and named["service"] in services:
                found.setdefault(named["namespace"], host)
    return found


_SERVICE = re.compile(r"(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc(\..+)?")


def _hosts(value: Any) -> Iterator[str]:
    """Yields every text under `host` and `hosts`."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from (str(host) for host in (item if isinstance(item, list) else [item]) if key in ("host", "hosts"))
            yield from _hosts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _hosts(item)


def built_elsewhere(base: Base) -> ResourceId | None:
    """Returns an object of the base that stands for manifests which Flux or Argo CD makes, or None."""
    for key in _STANDING_FOR:
        for resource in base.of(*key):
            return resource.id
    return None


_STANDING_FOR = (
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("argoproj.io", "Application"),
)


def gateways_of(base: Base) -> tuple[ResourceId, ...]:
    """Returns the gateways of the base at which requests come in, of Istio and of the Gateway API."""
    groups = ("networking.istio.io", "gateway.networking.k8s.io")
    found = (resource for group in groups for resource in base.of(group, "Gateway"))
    return tuple(r.id for r in found if at(r.manifest, ("spec", "gatewayClassName")) != "istio-waypoint")


_PLACEHOLDER = re.compile(r"[${<]")
"""What is still to be filled in, such as `${REGISTRY}`."""


def registries_of(base: Base) -> tuple[str, ...]:
    """Returns patterns for the images of the base, by what stands before their last step."""
    found: set[str] = set()
    for (group, kind), row in WORKLOADS.items():
        for workload in base.of(group, kind):
            containers = at(workload.manifest, (*row.template, "spec", "containers"))
            for container in containers if isinstance(containers, list) else ():
                home, slash, _ = str(container.get("image") or "").rpartition("/")
                if slash and not _PLACEHOLDER.search(home):
                    found.add(f"{home}/*")
    return tuple(sorted(found))
