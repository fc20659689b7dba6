"""What cannot be routed in any mesh: said each time, so that nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sandlane.k8s.hosts import service_of
from sandlane.k8s.ports import number_and_protocol
from sandlane.k8s.resource import Resource, ResourceId, at, spec_of
from sandlane.meshes.carriers import header_of
from sandlane.plan.model import Plan, Unroutable
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def notices(plan: Plan, unroutable: Unroutable, entered: Collection[ResourceId] = ()) -> Iterator[Problem]:
    """Yields the ports of cloned Services that cannot be routed, and the Ingresses that enter them past the mesh.

    `entered` are Services to which Gateways send tenants all the same.
    """
    cloned = sorted(plan.cloned)
    for id in cloned:
        service = plan.base.by_id[id]
        where, there = (" inside the mesh", " there") if id in entered else ("", "")
        for number, port in enumerate(spec_of(service.manifest).get("ports") or ()):
            reason = unroutable.get((id, number_and_protocol(port)))
            if reason:
                said = {"port": port["port"], "service": id, "where": where, "there": there, "reason": reason}
                yield report("SL410", source=service.source, path=("spec", "ports", number), **said)
    yield from _ingresses(plan)
    if cloned:
        yield from _touched_carriers(plan)
        yield from _absent_ports(plan)


def _ingresses(plan: Plan) -> Iterator[Problem]:
    cloned = plan.cloned
    for ingress in plan.base.of("networking.k8s.io", "Ingress"):
        spec = spec_of(ingress.manifest)
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
            touched = sorted({name.lower() for name in _changed_headers(spec_of(route.manifest))} & carriers)
            for header in touched:
                yield report("SL419", source=route.source, path=("spec",), object=str(route.id), header=header)


def _absent_ports(plan: Plan) -> Iterator[Problem]:
    """Yields base routes that send to ports which a cloned Service has not: nobody gets an answer there, nor do tenants."""
    cloned = plan.cloned
    for group, kind in _ROUTES:
        for route in plan.base.of(group, kind):
            for id, port in dict.fromkeys(_sent(route, plan.environment.cluster.domain)):
                service = plan.base.by_id[id] if id in cloned else None
                if service and port not in [p.get("port") for p in at(service.manifest, ("spec", "ports")) or ()]:
                    yield report(
                        "SL460", source=route.source, path=("spec",), object=str(route.id), service=id, port=port
                    )


def _sent(route: Resource, domain: str) -> Iterator[tuple[ResourceId, int]]:
    """Yields the Services to which a route sends requests, with the ports that it names."""
    spec, home = spec_of(route.manifest), route.id.namespace
    for destination in (d["destination"] for entry in spec.get("http") or () for d in entry.get("route") or ()):
        named, port = service_of(destination["host"], home, domain), at(destination, ("port", "number"))
        if named and port is not None:
            yield ResourceId("", "Service", named.namespace, named.name), port
    for reference in (r for rule in spec.get("rules") or () for r in rule.get("backendRefs") or ()):
        if reference.get("kind", "Service") == "Service" and reference.get("port") is not None:
            yield ResourceId("", "Service", reference.get("namespace") or home, reference["name"]), reference["port"]


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
