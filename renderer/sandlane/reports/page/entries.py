"""Where requests enter the base from outside: Gateways, Ingresses, and Services with a port of their own outside the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Manifest, ResourceId, at, spec_of

_OUTSIDE = ("LoadBalancer", "NodePort")
_ROUTES = (("gateway.networking.k8s.io", "HTTPRoute"), ("gateway.networking.k8s.io", "GRPCRoute"))

Entry = tuple[str, str, str]
"""Kind, namespace and name of what lets requests in."""


def entries(base: Base, domain: str) -> dict[Entry, tuple[ResourceId, ...]]:
    """Returns what lets requests in, with the Services of the base that it sends them to, both sorted."""
    found: dict[Entry, set[ResourceId]] = {}
    for entry, service in (
        *_services(base),
        *_ingresses(base),
        *_virtual_services(base, domain),
        *_gateway_routes(base),
    ):
        if service in base.by_id:
            found.setdefault(entry, set()).add(service)
    return {entry: tuple(sorted(found[entry])) for entry in sorted(found)}


def _services(base: Base) -> Iterator[tuple[Entry, ResourceId]]:
    for service in base.of("", "Service"):
        kind = spec_of(service.manifest).get("type")
        if kind in _OUTSIDE:
            yield (str(kind), service.id.namespace, service.id.name), service.id


def _ingresses(base: Base) -> Iterator[tuple[Entry, ResourceId]]:
    for ingress in base.of("networking.k8s.io", "Ingress"):
        home, spec = ingress.id.namespace, spec_of(ingress.manifest)
        backends = [spec.get("defaultBackend")]
        backends += [
            path.get("backend") for rule in _maps(spec.get("rules")) for path in _maps(at(rule, ("http", "paths")))
        ]
        for backend in backends:
            if isinstance(backend, dict) and isinstance(name := at(backend, ("service", "name")), str):
                yield ("Ingress", home, ingress.id.name), ResourceId("", "Service", home, name)


def _virtual_services(base: Base, domain: str) -> Iterator[tuple[Entry, ResourceId]]:
    for route in base.of("networking.istio.io", "VirtualService"):
        home, spec = route.id.namespace, spec_of(route.manifest)
        gateways = [str(name) for name in spec.get("gateways") or () if name != "mesh"]
        hosts = [at(to, ("destination", "host")) for protocol in ("http", "tls", "tcp") for to in _sent(spec, protocol)]
        services = [found for host in hosts if isinstance(host, str) and (found := service_of(host, home, domain))]
        for gateway in gateways:
            where, _, name = gateway.rpartition("/")
            for service in services:
                id = ResourceId("", "Service", service.namespace, service.name)
                yield ("Gateway", where if where not in ("", ".") else home, name), id


def _sent(spec: Manifest, protocol: str) -> Iterator[Manifest]:
    for rule in _maps(spec.get(protocol)):
        yield from _maps(rule.get("route"))


def _gateway_routes(base: Base) -> Iterator[tuple[Entry, ResourceId]]:
    for key in _ROUTES:
        for route in base.of(*key):
            home, spec = route.id.namespace, spec_of(route.manifest)
            services = [
                ResourceId("", "Service", str(to.get("namespace") or home), str(to.get("name")))
                for rule in _maps(spec.get("rules"))
                for to in _maps(rule.get("backendRefs"))
                if (to.get("kind") or "Service") == "Service"
            ]
            for parent in _maps(spec.get("parentRefs")):
                if (parent.get("kind") or "Gateway") == "Gateway":
                    entry = ("Gateway", str(parent.get("namespace") or home), str(parent.get("name")))
                    yield from ((entry, service) for service in services)


def _maps(value: Any) -> Iterator[Manifest]:
    """Yields the mappings of a list; what is no list has none."""
    yield from (item for item in value or () if isinstance(item, dict)) if isinstance(value, list) else ()
