"""Routes for Services that have none (rule R-G6).

A first route switches the implicit default off, so each of a tenant's objects holds two rules: the carrier's, and the default
that sends where the Service's requests went before. Each object is complete by itself: the defaults of several tenants are
identical, and no order of syncing and no removal leaves a Service without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.k8s.limits import OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import ResourceId
from sandlane.meshes.gateway_api.copies import answering, carrier_header, carrier_suffix, reference_to
from sandlane.meshes.gateway_api.dialects import GATEWAY, Dialect
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.plan.metadata import tenant_metadata
from sandlane.plan.model import Tenant
from sandlane.specs.model import Environment

_EVERYTHING: dict[str, Any] = {"type": "PathPrefix", "value": "/"}


def defaults(
    environment: Environment, dialect: Dialect, tenant: Tenant, service: ResourceId, port: int
) -> Iterator[Placed]:
    """Yields the objects of a tenant for a port of a Service without routes, one for each carrier."""
    clone = tenant.services[service].id
    for number, carrier in enumerate(environment.carriers):
        suffix = carrier_suffix(environment.carriers, number)
        name = fit(f"{service.name}-{port}-{tenant.id}-{suffix}", OBJECT_NAME_LIMIT)
        rule: dict[str, Any] = {
            "matches": [{"path": _EVERYTHING, "headers": [carrier_header(carrier, tenant.id)]}],
            "backendRefs": [{**reference_to(clone, port), "weight": 1}],
        }
        header = environment.routes.answer_header
        if header:
            rule["filters"] = answering([], header, f"{tenant.id}/{service.name}")
        default: dict[str, Any] = {"matches": [{"path": _EVERYTHING}]}
        if not dialect.falls_to_parent:
            default["backendRefs"] = [{**reference_to(service, port), "weight": 1}]
        manifest = {
            "apiVersion": f"{GATEWAY}/v1",
            "kind": "HTTPRoute",
            "metadata": tenant_metadata(
                environment, tenant.spec, name=name, namespace=service.namespace, origin=service.name
            ),
            "spec": {
                "parentRefs": [{"group": "", "kind": "Service", "name": service.name, "port": port}],
                "rules": [rule, default],
            },
        }
        id = ResourceId(GATEWAY, "HTTPRoute", service.namespace, name)
        yield Placed(directory=f"{SANDBOXES}/{tenant.name}", id=id, manifest=manifest)
