"""Where tenants come in from outside: Gateways at which their rules stand (rule R-G14)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from sandlane.base.base import Base
from sandlane.k8s.resource import ResourceId
from sandlane.meshes.gateway_api.attached_routes import Route, backend, homes, references_of
from sandlane.meshes.gateway_api.copies import Copying
from sandlane.meshes.gateway_api.dialects import Dialect
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def inside(routes: Sequence[Route], entry: str) -> tuple[Route, ...]:
    """Returns routes with the parents at which tenants may be chosen: with `entry: mesh` not with Gateways."""
    if entry == "any":
        return tuple(routes)
    found = (dataclasses.replace(r, parents=tuple(a for a in r.parents if a.is_service)) for r in routes)
    return tuple(route for route in found if route.parents)


def public_gateways(base: Base, copyings: Sequence[Copying]) -> Iterator[Problem]:
    """Yields the Gateways at which a request's header chooses its tenant, whoever sends it."""
    first: dict[ResourceId, Copying] = {}
    for copying in copyings:
        for attached in copying.parents:
            if not attached.is_service:
                first.setdefault(attached.parent.target, copying)
    for gateway, copying in sorted(first.items(), key=lambda item: item[0]):
        resource = base.by_id.get(gateway) or copying.route.resource
        yield report("SL441", source=resource.source, path=("spec",), object=str(gateway))


def entered(dialect: Dialect, copyings: Sequence[Copying]) -> frozenset[ResourceId]:
    """Returns the cloned Services to which Gateways send tenants."""
    found = set()
    for copying in copyings:
        if all(attached.is_service for attached in copying.parents):
            continue
        home = homes(copying.route, copying.parents, dialect)[0]
        for rule in copying.route.rules:
            found |= {
                backend(reference, home, dialect) for reference in references_of(rule)
            } & copying.tenant.services.keys()
    return frozenset(service for service in found if service)
