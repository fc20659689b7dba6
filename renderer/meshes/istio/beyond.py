"""What a base has that sandlane does not route yet: found before anything is written, and named.

Each check looks at what tenants touch only; a rule written without regard to these would change what requests without a
carrier get, or miss what a tenant should get.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from renderer.catalogue import report
from renderer.kinds import at
from renderer.meshes.gateway_api.components import Component
from renderer.meshes.istio.synthesis import http_ports
from renderer.meshes.istio.view import MESH, View, bindings, entries, gateways, hosts
from renderer.model import Manifest, Resource, ResourceId
from renderer.plan import Plan, Tenant
from renderer.problems import Path, Problem

Affected = Mapping[ResourceId, Sequence[Tenant]]


def beyond(plan: Plan, view: View, by_service: Affected, affected: Sequence[Resource]) -> Iterator[Problem]:
    """Yields a problem for each object that tenants touch and that is beyond the rules; `affected` are VirtualServices."""
    for vs in affected:
        yield from _delegates(vs)
        yield from _weightless(view, by_service, vs)
        yield from _gateway_groups(view, vs)
        yield from _one_route_rollouts(plan, vs)
    for id in by_service:
        service = plan.base.by_id[id]
        for vs in view.in_mesh.get(id, ()):
            yield from _scope(vs)
            yield from _delegating(vs, id)
            yield from _ports(vs, service)
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


def _problem(resource: Resource, what: str, way: str, path: Path = ()) -> Problem:
    return report("SL402", source=resource.source, path=path, object=str(resource.id), what=what, way=way)


def _delegates(vs: Resource) -> Iterator[Problem]:
    if not hosts(vs.manifest):
        yield _problem(vs, "is a delegate", "move its routes into the VirtualService that delegates to it")


def _delegating(vs: Resource, service: ResourceId) -> Iterator[Problem]:
    for number, entry in enumerate(entries(vs.manifest)):
        if entry.get("delegate"):
            what = f"delegates requests for '{service}'"
            yield _problem(vs, what, "write the delegate's routes into it", ("spec", "http", number))


def _weightless(view: View, by_service: Affected, vs: Resource) -> Iterator[Problem]:
    for number, entry in enumerate(entries(vs.manifest)):
        route = entry.get("route") or ()
        services = [view.service(d["destination"]["host"], vs.id.namespace) for d in route]
        if len(route) > 1 and not any(d.get("weight") for d in route) and any(s in by_service for s in services if s):
            what = "has several destinations without a weight"
            yield _problem(vs, what, "give one of them a weight", ("spec", "http", number))


def _gateway_groups(view: View, vs: Resource) -> Iterator[Problem]:
    """Yields the other VirtualServices of a gateway's host: Istio merges them and moves catch-alls to the end."""
    others = {
        other: host
        for place, host in bindings(view.base, vs)
        for other in view.bindings[(place, host)]
        if other.id != vs.id
    }
    for other, host in others.items():
        what = f"shares host '{host}' of a gateway with '{other.id}'"
        yield _problem(vs, what, "merge the two in the base", ("spec", "hosts"))


def _scope(vs: Resource) -> Iterator[Problem]:
    export = at(vs.manifest, ("spec", "exportTo"))
    if export and "*" not in export:
        yield _problem(
            vs, "is visible in some namespaces only (exportTo)", "export it to every namespace", ("spec", "exportTo")
        )


def _ports(vs: Resource, service: Resource) -> Iterator[Problem]:
    """Yields the routable ports of a Service for which its VirtualService has no entry for every client (rule R-I9)."""
    for port in http_ports(service.manifest):
        applying = [c for entry in entries(vs.manifest) for c in _clients(vs, entry, port)]
        if "all" in applying:
            continue
        what = (
            f"has entries for port {port} of '{service.id}' for some clients only"
            if applying
            else (f"has no entry for port {port} of '{service.id}', so Istio's default route serves it")
        )
        yield _problem(vs, what, f"give it an entry for port {port} that every client meets", ("spec", "http"))


def _clients(vs: Resource, entry: Manifest, port: int) -> Iterator[str]:
    """Yields for each match of an entry that can apply in the mesh on a port whether it does for all clients or some."""
    everything: list[dict[str, Any]] = [{}]
    for match in entry.get("match") or everything:
        bound = match.get("gateways")
        if MESH in (bound or gateways(vs.manifest)) and match.get("port") in (None, port):
            # With gateways of its own a match ignores its sourceLabels and sourceNamespace.
            yield "some" if not bound and (match.get("sourceLabels") or match.get("sourceNamespace")) else "all"


def _one_route_rollouts(plan: Plan, vs: Resource) -> Iterator[Problem]:
    """Yields Rollouts that write into a VirtualService and take it to have one route (rule R-I20)."""
    for rollout in plan.base.of("argoproj.io", "Rollout"):
        istio = at(rollout.manifest, ("spec", "strategy", "canary", "trafficRouting", "istio")) or {}
        named = [
            *(istio.get("virtualServices") or ()),
            *([istio["virtualService"]] if istio.get("virtualService") else []),
        ]
        for reference in named:
            if (
                rollout.id.namespace == vs.id.namespace
                and reference.get("name") == vs.id.name
                and not reference.get("routes")
            ):
                yield _problem(
                    rollout, f"takes '{vs.id}' to have one route", "name the route in 'virtualService.routes'"
                )


def mixed_services(plan: Plan, view: View, by_service: Affected, parts: Sequence[Component]) -> Iterator[Problem]:
    """Yields Services that VirtualServices and HTTPRoutes serve both: the two kinds are never mixed (rules R-G1, R-I16)."""
    for part in {p.target: p for p in parts if p.target in by_service}.values():
        for vs in view.in_mesh.get(part.target, ()):
            what = f"serves '{part.target}' beside '{part.pairs[0][0].resource.id}'"
            yield _problem(vs, what, "route the Service by one of the two kinds", ("spec", "hosts"))
