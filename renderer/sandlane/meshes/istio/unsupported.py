"""What a base has that sandlane does not route yet: found before anything is written, and named.

Each check looks at what tenants touch only; a rule written without regard to these would change what requests without a
carrier get, or miss what a tenant should get.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from sandlane.k8s.resource import Resource, at
from sandlane.meshes.istio.coverage import clients, http_ports
from sandlane.meshes.istio.route_index import Affected, RouteIndex
from sandlane.meshes.istio.virtual_service_fields import entries, mirrors
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem

if TYPE_CHECKING:
    from sandlane.meshes.gateway_api.components import Component


def weightless(view: RouteIndex, by_service: Affected, affected: Sequence[Resource]) -> Iterator[Problem]:
    """Yields entries that send to several destinations, a cloned Service among them, without a weight; `affected` are VirtualServices."""
    for vs in affected:
        for number, entry in enumerate(entries(vs.manifest)):
            route = entry.get("route") or ()
            services = [view.service(d["destination"]["host"], vs.id.namespace) for d in route]
            is_plain = len(route) > 1 and not any(d.get("weight") for d in route)
            if is_plain and any(s in by_service for s in services if s):
                what = "has several destinations without a weight"
                yield _problem(vs, what, "give one of them a weight", ("spec", "http", number))


def unsupported_by_waypoints(plan: Plan, view: RouteIndex, by_service: Affected) -> Iterator[Problem]:
    """Yields what VirtualServices may say to sidecars and not to waypoints, where several of one host are put together."""
    for id in by_service:
        service = plan.base.by_id[id]
        for vs in view.in_mesh.get(id, ()):
            yield from _scope(vs)
            yield from _ports(view, vs, service)
        if not view.in_mesh.get(id, ()):
            yield from (
                _problem(
                    vs,
                    f"catches '{id}' by a wildcard host",
                    "name the Service's host in a VirtualService of its own",
                    ("spec", "hosts"),
                )
                for vs in view.caught_by(id)
            )


def _problem(resource: Resource, what: str, way: str, path: Path) -> Problem:
    return report("SL402", source=resource.source, path=path, object=str(resource.id), what=what, way=way)


def only_mirrored(
    view: RouteIndex, by_service: Affected, vs: Resource, number: int, copied: Collection[str]
) -> Iterator[Problem]:
    """Yields cloned Services to which an entry sends copies of requests, and that have tenants for whom it is not copied."""
    services = [view.service(d["host"], vs.id.namespace) for d in mirrors(entries(vs.manifest)[number])]
    for service in dict.fromkeys(services):
        if service and any(tenant.id not in copied for tenant in by_service.get(service, ())):
            what = f"sends copies of requests to '{service}' from an entry that sends the requests to nothing cloned"
            way = "clone what the entry sends to as well"
            path = ("spec", "http", number)
            yield report("SL464", source=vs.source, path=path, object=str(vs.id), what=what, way=way)


def _scope(vs: Resource) -> Iterator[Problem]:
    export = at(vs.manifest, ("spec", "exportTo"))
    if export and "*" not in export:
        yield _problem(
            vs, "is visible in some namespaces only (exportTo)", "export it to every namespace", ("spec", "exportTo")
        )


def _ports(view: RouteIndex, vs: Resource, service: Resource) -> Iterator[Problem]:
    """Yields the routable ports of a Service for which its VirtualService has no entry for every client (rule R-I9)."""
    for port in http_ports(service.manifest):
        applying = list(clients(view.base, vs, port))
        if "all" in applying:
            continue
        what = (
            f"has entries for port {port} of '{service.id}' for some clients only"
            if applying
            else (f"has no entry for port {port} of '{service.id}', so Istio's default route serves it")
        )
        yield _problem(vs, what, f"give it an entry for port {port} that every client meets", ("spec", "http"))


def mixed_services(view: RouteIndex, by_service: Affected, parts: Sequence[Component]) -> Iterator[Problem]:
    """Yields Services that VirtualServices and HTTPRoutes serve both: the two kinds are never mixed (rules R-G1, R-I16)."""
    for part in {p.target: p for p in parts if p.target in by_service}.values():
        for vs in view.in_mesh.get(part.target, ()):
            what = f"serves '{part.target}' beside '{part.pairs[0][0].resource.id}'"
            yield _problem(vs, what, "route the Service by one of the two kinds", ("spec", "hosts"))
