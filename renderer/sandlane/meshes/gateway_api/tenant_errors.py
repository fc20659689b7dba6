"""Errors on base routes beside which a tenant's cannot stand: they are that tenant's, so that it alone is left out."""

from __future__ import annotations

from typing import Any

from sandlane.meshes.gateway_api.attached_routes import Route
from sandlane.plan.model import Tenant
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem


def tenant_error(code: str, route: Route, tenant: Tenant, path: Path = ("spec",), **words: Any) -> Problem:
    """Returns an error on a route of the base that is a tenant's."""
    resource = route.resource
    return report(code, source=resource.source, path=path, sandbox=tenant.source, object=str(resource.id), **words)
