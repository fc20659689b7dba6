"""VirtualServices for Services that have none in the base (rules R-I8 and R-I11), named `<service>-sandlane`; entries for ports
on which the base's has none (rule R-I9).

A first route switches Istio's default route off, so the base's own is written out behind the tenants': on every port that can
be routed, an entry named `default` that sends where the default route sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.k8s.visibility import export_to
from sandlane.meshes.istio.coverage import http_ports
from sandlane.meshes.istio.matches import tenant_matches
from sandlane.meshes.istio.route_copies import answering
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.virtual_service_fields import MESH, gateways
from sandlane.plan.model import Tenant
from sandlane.plan.names import MANAGED_BY, ORIGIN
from sandlane.specs.model import Environment


def synthesised_id(service: ResourceId) -> ResourceId:
    """Returns the id of the VirtualService that sandlane makes for a Service."""
    return ResourceId("networking.istio.io", "VirtualService", service.namespace, f"{service.name}-sandlane")


def synthesise(
    view: RouteIndex, environment: Environment, service: Resource, tenants: Sequence[Tenant]
) -> dict[str, Any]:
    """Returns the VirtualService of a Service that has none: tenants' entries by port, then each port's default."""
    id = service.id
    ports = http_ports(service.manifest)
    http = [entry for port in ports for entry in _of_port(view, environment, id, port, [{"port": port}], tenants)]
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
            "exportTo": list(export_to(service)),
            "http": http,
        },
    }


def appended(
    view: RouteIndex,
    environment: Environment,
    service: Resource,
    vs: Resource,
    ports: Sequence[int],
    tenants: Sequence[Tenant],
) -> list[dict[str, Any]]:
    """Returns entries for ports on which a VirtualService of the base has none, to stand behind its own (rule R-I9)."""
    mesh = {} if gateways(vs.manifest) == [MESH] else {"gateways": [MESH]}
    conditions = ([{"port": port, **mesh}] for port in ports)
    return [
        entry
        for port, condition in zip(ports, conditions, strict=True)
        for entry in _of_port(view, environment, service.id, port, condition, tenants)
    ]


def _of_port(
    view: RouteIndex,
    environment: Environment,
    service: ResourceId,
    port: int,
    conditions: Sequence[dict[str, Any]],
    tenants: Sequence[Tenant],
) -> Iterator[dict[str, Any]]:
    """Yields the tenants' entries of a port, and behind them what the default route does there."""
    yield from (_tenant_rule(view, environment, tenant, service, port, conditions) for tenant in tenants)
    default = {"match": list(conditions)} if conditions else {}
    yield {"name": "default", **default, "route": [_to(view.fqdn(service), port)]}


def _tenant_rule(
    view: RouteIndex,
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
