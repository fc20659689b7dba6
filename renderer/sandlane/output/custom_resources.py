"""Sandboxes and route groups as objects of the cluster (`output.customResources`), so that kubectl lists them.

Their status says what was rendered and nothing live: nobody but the output writes it, so it is no subresource.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, ResourceId, spec_of
from sandlane.output.layout import SANDBOXES, SHARED, Placed
from sandlane.plan.metadata import tenant_metadata
from sandlane.plan.model import Plan, Tenant
from sandlane.specs.model import RouteGroup, Sandbox

GROUP = "sandlane.dev"
_ROUTES = ("GRPCRoute", "HTTPRoute", "VirtualService")


def custom_resources(plan: Plan, objects: Iterable[Placed]) -> Iterator[Placed]:
    """Yields the DevelopmentSandbox or RouteGroup of each active tenant, in its directory."""
    if not plan.environment.output.custom_resources:
        return
    routes = [placed for placed in objects if placed.id.kind in _ROUTES]
    for tenant in plan.tenants:
        kind = "RouteGroup" if isinstance(tenant.spec, RouteGroup) else "DevelopmentSandbox"
        id = ResourceId(GROUP, kind, plan.environment.default_namespace, tenant.name)
        labels = (tenant.spec.document.get("metadata") or {}).get("labels")
        metadata = tenant_metadata(
            plan.environment, tenant.spec, name=id.name, namespace=id.namespace, origin=None, labels=labels
        )
        manifest = {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": kind,
            "metadata": metadata,
            "spec": {**tenant.spec.document.get("spec", {}), "tenantID": tenant.id},
            "status": _status(plan, tenant, routes),
        }
        yield Placed(directory=f"{SANDBOXES}/{tenant.name}", id=id, manifest=manifest)


def _status(plan: Plan, tenant: Tenant, routes: Iterable[Placed]) -> dict[str, Any]:
    clones = sorted({str(clone.id) for copy in tenant.services.values() for clone in copy.clones} | _own(plan, tenant))
    preview = plan.environment.preview
    hosts = [preview.host_of(tenant.id)] if preview else []
    return {
        # One line each for the columns of kubectl, which prints no lists.
        "workloads": ",".join(sorted(_origins(plan, tenant))),
        "host": ",".join(hosts),
        "clones": clones,
        "services": [
            {"name": str(copy.id), "ports": _ports(copy.origin.manifest)}
            for copy in sorted(tenant.services.values(), key=lambda copy: copy.id)
        ],
        "hosts": hosts,
        "routes": sorted(_routes(tenant, routes)),
        "accepted": sorted(_accepted(tenant.spec)),
    }


def _own(plan: Plan, tenant: Tenant) -> set[str]:
    return {str(clone.id) for clone in plan.clones if clone.sandbox.name in tenant.members}


def _origins(plan: Plan, tenant: Tenant) -> set[str]:
    return {clone.origin.id.name for clone in plan.clones if clone.sandbox.name in tenant.members}


def _ports(service: Manifest) -> list[str]:
    ports = spec_of(service).get("ports") or ()
    return [f"{port.get('name') or ''}:{port.get('port')}".lstrip(":") for port in ports]


def _routes(tenant: Tenant, routes: Iterable[Placed]) -> Iterator[str]:
    """Yields the objects that route the tenant's requests, those that others share with the names of its entries."""
    for placed in routes:
        if placed.directory == f"{SANDBOXES}/{tenant.name}":
            yield str(placed.id)
        elif placed.directory == SHARED:
            entries = spec_of(placed.manifest).get("http") or ()
            yield from (f"{placed.id}: {entry['name']}" for entry in entries if _is_of(tenant, entry))


def _is_of(tenant: Tenant, entry: Mapping[str, Any]) -> bool:
    name = str(entry.get("name") or "")
    return name == f"tenant-{tenant.id}" or name.endswith(f".{tenant.id}")


def _accepted(spec: Sandbox | RouteGroup) -> Iterator[str]:
    if isinstance(spec, Sandbox):
        yield from (f"{a.code} {a.object}: {a.reason}" for workload in spec.workloads for a in workload.accept)
