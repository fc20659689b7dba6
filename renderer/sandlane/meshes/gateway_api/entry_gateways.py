"""Where tenants come in from outside: Gateways at which their rules stand (rule R-G14)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.meshes.carriers import header_of
from sandlane.meshes.gateway_api.attached_routes import Route, backend, homes, references_of
from sandlane.meshes.gateway_api.copies import Copying
from sandlane.meshes.gateway_api.dialects import Dialect
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def inside(routes: Sequence[Route], entry: str) -> tuple[Route, ...]:
    """Returns routes with the parents at which tenants may be chosen: with `entry: mesh` not with Gateways."""
    if entry == "any":
        return tuple(routes)
    found = (dataclasses.replace(r, parents=tuple(a for a in r.parents if a.is_service)) for r in routes)
    return tuple(route for route in found if route.parents)


_WAY = (
    "say 'routes.entry: mesh' if tenants are not for outside, or let what stands before the Gateway remove the carriers"
)
"""`routes.strip` is for Istio's own gateways (SL477)."""


def public_gateways(base: Base, copyings: Sequence[Copying]) -> Iterator[Problem]:
    """Yields the Gateways at which a request's header chooses its tenant, whoever sends it."""
    first: dict[ResourceId, Copying] = {}
    for copying in copyings:
        for attached in copying.parents:
            if not attached.is_service:
                first.setdefault(attached.parent.target, copying)
    for gateway, copying in sorted(first.items(), key=lambda item: item[0]):
        resource = base.by_id.get(gateway) or copying.route.resource
        yield report("SL441", source=resource.source, path=("spec",), object=str(gateway), hint=_WAY)


def passed_on(plan: Plan, dialect: Dialect, routes: Sequence[Route]) -> Iterator[Problem]:
    """Yields the Gateways behind which Linkerd may choose a tenant by a header from outside, though no tenant is chosen at them.

    Their pods may be meshed: then routes of Services act on what they send on (rule R-G14).
    """
    if plan.environment.routes.entry != "mesh" or not dialect.falls_to_parent:
        return
    carriers = dict.fromkeys(header_of(carrier) for carrier in plan.environment.carriers)
    cloned = plan.cloned
    first: dict[ResourceId, Route] = {}
    for route in routes:
        gateways = [attached for attached in route.parents if not attached.is_service]
        if gateways and any(
            _passes(rule, homes(route, gateways, dialect)[0], cloned, carriers) for rule in route.rules
        ):
            for attached in gateways:
                first.setdefault(attached.parent.target, route)
    for gateway, route in sorted(first.items(), key=lambda item: item[0]):
        resource = plan.base.by_id.get(gateway) or route.resource
        headers = ", ".join(carriers)
        yield report("SL479", source=resource.source, path=("spec",), object=str(gateway), headers=headers)


def _passes(rule: Manifest, home: str, cloned: Collection[ResourceId], carriers: Collection[str]) -> bool:
    """Tells whether a rule sends to a cloned Service, with a carrier that it does not remove."""
    removed = {
        str(name).lower()
        for item in rule.get("filters") or ()
        for name in (item.get("requestHeaderModifier") or {}).get("remove") or ()
    }
    return not removed.issuperset(carriers) and any(backend(b, home) in cloned for b in references_of(rule))


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
