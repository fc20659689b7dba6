"""What the page tells of each tenant: its clones, what answers it, the way of its requests, and how clients are set up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId
from sandlane.plan.model import Plan, Tenant, Unroutable
from sandlane.problems.problem import Path, dotted
from sandlane.reports.answers import Place
from sandlane.reports.calls import CallGraph
from sandlane.reports.connect.clients import CLIENTS
from sandlane.reports.connect.entrances import doors_of
from sandlane.reports.connect.reach import reach_of
from sandlane.reports.page.graph import Graph
from sandlane.reports.survey import addresses, carrying, cell
from sandlane.semantics.request import Request
from sandlane.semantics.tables import Table
from sandlane.semantics.trace import Traced, Tracer

SHOWN = ("curl", "grpcurl", "httpie", "k6", "modheader", "playwright")
"""The clients whose set-up the page holds; `sandlane connect` knows more."""


@frozen(kw_only=True)
class Row:
    """A port of a Service, as clients in the environment's namespace name it, and who answers there without a tenant."""

    service: ResourceId
    address: str
    answer: str
    request: Request
    tables: tuple[Table, ...]


@frozen(kw_only=True)
class Own:
    """What answers a tenant at a row, where it has a clone behind the Service: by which rule, and where that stands."""

    row: int
    answer: str
    rule: str
    place: str


@frozen(kw_only=True)
class Told:
    """All that the page tells of a tenant. `clones`: number of a node -> names; `way`: numbers of edges."""

    name: str
    header: tuple[str, str]
    preview: str | None
    clones: Mapping[int, str]
    way: tuple[int, ...]
    own: tuple[Own, ...]
    setups: Mapping[str, str]


def rows_of(base: Base, tracer: Tracer, request: Request) -> tuple[Row, ...]:
    """Returns who answers every port of every Service."""
    rows = []
    for service, host, port in addresses(base, request.client.namespace):
        asked = replace(request, host=host, port=port)
        tables = tracer.compiled_plain(asked)
        answer = cell(tracer.trace(asked, tables))
        rows.append(Row(service=service, address=f"{host}:{port}", answer=answer, request=asked, tables=tables))
    return tuple(rows)


def told(
    plan: Plan,
    unroutable: Unroutable,
    graph: Graph,
    calls: CallGraph,
    tracer: Tracer,
    rows: Sequence[Row],
    place: Place,
) -> tuple[Told, ...]:
    """Returns what is told of every tenant of a plan.

    Only Services behind which a tenant has clones are asked: that all others answer as without it is what the proof has shown.
    """
    by_service: dict[ResourceId, list[int]] = {}
    for number, row in enumerate(rows):
        by_service.setdefault(row.service, []).append(number)
    carrier = plan.environment.carriers[0]
    doors = doors_of(tracer, plan)
    traced = {
        tenant.name: [
            (number, tracer.trace(carrying(rows[number].request, carrier, tenant.id), rows[number].tables))
            for service in sorted(tenant.services)
            for number in by_service.get(service, ())
        ]
        for tenant in plan.tenants
    }
    places = _places((found for one in traced.values() for _, found in one), place)

    def tell(tenant: Tenant) -> Told:
        reach = reach_of(plan, tenant, unroutable, doors)
        has_grpc = any(address.is_grpc for address in reach.addresses)
        return Told(
            name=tenant.name, header=reach.header, preview=reach.preview_url,
            clones=_clones(plan, tenant, graph), way=_way(tenant, graph, calls),
            own=tuple(_own(number, found, places) for number, found in traced[tenant.name]),
            setups={client: CLIENTS[client](reach) for client in SHOWN if has_grpc or client != "grpcurl"},
        )  # fmt: skip

    return tuple(tell(tenant) for tenant in plan.tenants)


_Places = Mapping[tuple[ResourceId, Path], str]


def _places(traced: Iterable[Traced], place: Place) -> _Places:
    """Returns where the rules stand that decide, file by file, so that each file is parsed once."""
    origins = {(o.resource.id, o.path): o for found in traced if (o := found.answer.origin)}
    told: dict[tuple[ResourceId, Path], str] = {}
    for key in sorted(origins, key=lambda key: (key[0], [str(step) for step in key[1]])):
        file, line = place(origins[key])
        told[key] = f"{file}:{line}" if line else file
    return told


def _clones(plan: Plan, tenant: Tenant, graph: Graph) -> dict[int, str]:
    """Returns the clones of a tenant, or the workloads that it uses, by the nodes in whose place they answer."""
    found: dict[int, list[str]] = {}
    members = set(tenant.members)
    for clone in plan.clones:
        if clone.sandbox.name in members and clone.origin.id in graph.node_of:
            found.setdefault(graph.node_of[clone.origin.id], []).append(clone.id.name)
    for service in tenant.services.values():
        for id, number in graph.node_of.items():
            if service.workload.use == f"{id.kind}/{id.name}" and id.namespace == service.origin.id.namespace:
                found.setdefault(number, []).append(f"{id.name}, as it is")
    return {number: ", ".join(dict.fromkeys(names)) for number, names in sorted(found.items())}


def _way(tenant: Tenant, graph: Graph, calls: CallGraph) -> tuple[int, ...]:
    """Returns the edges by which requests come to the Services behind which a tenant has clones, entries among them."""
    wanted = set(tenant.services)
    made = {(graph.node_of.get(call.caller), call.service) for call in calls.callers(frozenset(wanted))}
    callers = {start for start, _ in made}
    return tuple(
        number
        for number, arrow in enumerate(graph.arrows)
        if (arrow.start, arrow.service) in made
        or (graph.nodes[arrow.start].kind == "entry" and (arrow.service in wanted or arrow.end in callers))
    )


def _own(row: int, traced: Traced, places: _Places) -> Own:
    origin = traced.answer.origin
    if origin is None:
        return Own(row=row, answer=cell(traced), rule="", place="")
    what = f"{origin} {dotted(origin.path)}" if traced.answer.is_rule else f"no rule of {origin}"
    return Own(row=row, answer=cell(traced), rule=what, place=places[(origin.resource.id, origin.path)])
