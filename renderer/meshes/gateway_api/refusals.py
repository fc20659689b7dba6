"""Errors on base routes beside which a tenant's cannot stand: they are that tenant's, so that it alone is left out."""

from __future__ import annotations

from typing import Any

from renderer.catalogue import report
from renderer.meshes.gateway_api.view import Route
from renderer.plan import Tenant
from renderer.problems import Path, Problem


def refused(code: str, route: Route, tenant: Tenant, path: Path = ("spec",), **words: Any) -> Problem:
    """Returns an error on a route of the base that is a tenant's."""
    resource = route.resource
    return report(code, source=resource.source, path=path, sandbox=tenant.source, object=str(resource.id), **words)
