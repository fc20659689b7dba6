"""VirtualServices for Services that have none in the base (rules R-I8 and R-I11), named `<service>-sandlane`.

A first route switches Istio's default route off, so the base's own is written out behind the tenants': on every port that can
be routed, an entry named `default` that sends where the default route sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.hosts import ServiceHost
from renderer.meshes.istio.rules import tenant_rule
from renderer.meshes.istio.view import View
from renderer.model import Carrier, Resource, ResourceId, annotations_of
from renderer.names import MANAGED_BY, ORIGIN
from renderer.plan import Tenant
from renderer.ports import is_http, istio_protocol

EXPORT_TO = "networking.istio.io/exportTo"


def http_ports(service: Mapping[str, Any]) -> list[int]:
    """Returns the numbers of a Service's ports that Istio can route by headers."""
    return [port["port"] for port in (service.get("spec") or {}).get("ports") or () if is_http(istio_protocol(port))]


def synthesised_id(service: ResourceId) -> ResourceId:
    """Returns the id of the VirtualService that sandlane makes for a Service."""
    return ResourceId("networking.istio.io", "VirtualService", service.namespace, f"{service.name}-sandlane")


def synthesise(view: View, carriers: Sequence[Carrier], service: Resource, tenants: Sequence[Tenant]) -> dict[str, Any]:
    """Returns the VirtualService of a Service that has none: tenants' entries by port, then each port's default."""
    id = service.id
    host = view.fqdn(id)
    is_only = len(service.manifest["spec"]["ports"]) == 1
    http: list[dict[str, Any]] = []
    for port in http_ports(service.manifest):
        for tenant in tenants:
            clone = tenant.services[id].id
            http.append(
                tenant_rule(
                    carriers, tenant.id, ServiceHost(clone.namespace, clone.name).fqdn(view.domain), port, is_only
                )
            )
        condition = {} if is_only else {"match": [{"port": port}]}
        http.append(
            {"name": "default", **condition, "route": [{"destination": {"host": host, "port": {"number": port}}}]}
        )
    scope = annotations_of(service.manifest).get(EXPORT_TO)
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {
            "name": synthesised_id(id).name,
            "namespace": id.namespace,
            "labels": {MANAGED_BY: "sandlane", ORIGIN: id.name},
        },
        "spec": {
            "hosts": [host],
            **({"exportTo": [part.strip() for part in scope.split(",")]} if scope else {}),
            "http": http,
        },
    }
