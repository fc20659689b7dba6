"""What cannot be routed in any mesh: said each time, so that nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.catalogue import report
from renderer.kinds import at
from renderer.meshes.base import Unroutable
from renderer.meshes.carriers import header_of
from renderer.model import ResourceId
from renderer.plan import Plan
from renderer.ports import number_and_protocol
from renderer.problems import Problem


def notices(plan: Plan, unroutable: Unroutable) -> Iterator[Problem]:
    """Yields the ports of cloned Services that cannot be routed, and the Ingresses that enter them past the mesh."""
    cloned = sorted({service for tenant in plan.tenants for service in tenant.services})
    for id in cloned:
        service = plan.base.by_id[id]
        for number, port in enumerate((service.manifest.get("spec") or {}).get("ports") or ()):
            reason = unroutable.get((id, number_and_protocol(port)))
            if reason:
                path = ("spec", "ports", number)
                yield report("SL410", source=service.source, path=path, port=port["port"], service=id, reason=reason)
    yield from _ingresses(plan, frozenset(cloned))
    if cloned:
        yield from _touched_carriers(plan)


def _ingresses(plan: Plan, cloned: frozenset[ResourceId]) -> Iterator[Problem]:
    for ingress in plan.base.of("networking.k8s.io", "Ingress"):
        spec = ingress.manifest.get("spec") or {}
        paths = (path for rule in spec.get("rules") or () for path in at(rule, ("http", "paths")) or ())
        backends = [spec.get("defaultBackend"), *(path.get("backend") for path in paths)]
        names = dict.fromkeys(at(backend, ("service", "name")) or "" for backend in backends)
        for name in names:
            id = ResourceId("", "Service", ingress.id.namespace, name)
            if id in cloned:
                yield report("SL415", source=ingress.source, object=str(ingress.id), service=id)


def _touched_carriers(plan: Plan) -> Iterator[Problem]:
    """Yields base routes that set or remove a header in which a carrier lies: behind them the tenant is another, or none."""
    carriers = {header_of(carrier) for carrier in plan.environment.carriers}
    for group, kind in _ROUTES:
        for route in plan.base.of(group, kind):
            touched = sorted({name.lower() for name in _changed_headers(route.manifest.get("spec") or {})} & carriers)
            for header in touched:
                yield report("SL419", source=route.source, path=("spec",), object=str(route.id), header=header)


_ROUTES = (
    ("networking.istio.io", "VirtualService"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("gateway.networking.k8s.io", "GRPCRoute"),
    ("policy.linkerd.io", "HTTPRoute"),
)


def _changed_headers(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yields the names of the request headers that a route changes."""
    for entry in spec.get("http") or ():
        for place in (entry, *(entry.get("route") or ())):
            operations = at(place, ("headers", "request")) or {}
            yield from (
                *(operations.get("set") or ()),
                *(operations.get("add") or ()),
                *(operations.get("remove") or ()),
            )
    for rule in spec.get("rules") or ():
        for place in (rule, *(rule.get("backendRefs") or ())):
            for item in place.get("filters") or ():
                modifier = item.get("requestHeaderModifier") or {}
                named = (*(modifier.get("set") or ()), *(modifier.get("add") or ()))
                yield from (*(str(header["name"]) for header in named), *(modifier.get("remove") or ()))
