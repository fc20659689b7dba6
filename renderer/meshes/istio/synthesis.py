"""VirtualServices for Services that have none in the base (rules R-I8 and R-I11), named `<service>-sandlane`.

A first route switches Istio's default route off, so the base's own is written out behind the tenants': on every port that can
be routed, an entry named `default` that sends where the default route sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from renderer.meshes.istio.matches import tenant_matches
from renderer.meshes.istio.rules import answering
from renderer.meshes.istio.view import View
from renderer.model import Environment, Resource, ResourceId, annotations_of
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


def synthesise(view: View, environment: Environment, service: Resource, tenants: Sequence[Tenant]) -> dict[str, Any]:
    """Returns the VirtualService of a Service that has none: tenants' entries by port, then each port's default."""
    id = service.id
    is_only = len(service.manifest["spec"]["ports"]) == 1
    http: list[dict[str, Any]] = []
    for port in http_ports(service.manifest):
        conditions = [] if is_only else [{"port": port}]
        http += (_tenant_rule(view, environment, tenant, id, port, conditions) for tenant in tenants)
        default = {"match": conditions} if conditions else {}
        http.append({"name": "default", **default, "route": [_to(view.fqdn(id), port)]})
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
            "hosts": [view.fqdn(id)],
            **({"exportTo": [part.strip() for part in scope.split(",")]} if scope else {}),
            "http": http,
        },
    }


def _tenant_rule(
    view: View,
    environment: Environment,
    tenant: Tenant,
    service: ResourceId,
    port: int,
    conditions: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """Returns a tenant's entry for a port of a Service."""
    header = environment.routes.answer_header
    answer = {"headers": answering({}, header, f"{tenant.id}/{service.name}")} if header else {}
    return {
        "name": f"tenant-{tenant.id}",
        "match": tenant_matches(conditions, environment.carriers, tenant.id),
        **answer,
        "route": [_to(view.fqdn(tenant.services[service].id), port)],
    }


def _to(host: str, port: int) -> dict[str, Any]:
    return {"destination": {"host": host, "port": {"number": port}}}
