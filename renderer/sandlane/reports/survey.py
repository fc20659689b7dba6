"""A survey: who answers each port of each Service, for each tenant and for requests without a carrier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.reports.answers import said
from sandlane.reports.mermaid import label
from sandlane.reports.tables import lines
from sandlane.semantics.network import Network
from sandlane.semantics.request import Request
from sandlane.semantics.trace import Traced, make_tracer
from sandlane.specs.model import Carrier

NONE = "none"
"""Stands for a request without a carrier."""


@frozen(kw_only=True)
class Row:
    """One port of a Service, as the client names it, and who answers there: `none` and tenantIDs -> names of workloads."""

    host: str
    port: int
    cells: Mapping[str, str]

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


def survey(network: Network, base: Base, request: Request, carrier: Carrier, tenants: Sequence[str]) -> tuple[Row, ...]:
    """Sends one request to every port of every Service of a base, without a carrier and with it for every tenant."""
    tracer = make_tracer(network)
    rows = []
    for _, host, port in addresses(base, request.client.namespace):
        asked = replace(request, host=host, port=port)
        tables = tracer.compiled(asked)
        cells = {NONE: cell(tracer.trace(asked, tables))}
        for tenant in tenants:
            cells[tenant] = cell(tracer.trace(carrying(asked, carrier, tenant), tables))
        rows.append(Row(host=host, port=port, cells=cells))
    return tuple(rows)


def carrying(request: Request, carrier: Carrier, tenant: str) -> Request:
    """Returns a request with a tenantID in a carrier."""
    name, value = carrier.line(tenant)
    return replace(request, headers=(*request.headers, (name.lower(), value)))


def addresses(base: Base, namespace: str) -> Iterator[tuple[ResourceId, str, int]]:
    """Yields every port of every Service, with its Service and the host that a client of a namespace names."""
    for service in base.of("", "Service"):
        home = service.id.namespace
        name = service.id.name if home == namespace else f"{service.id.name}.{home}"
        for port in spec_of(service.manifest).get("ports") or ():
            yield service.id, name, port["port"]


def cell(traced: Traced) -> str:
    """Returns who answers, or what else becomes of a request; a question mark where that depends on what is not known."""
    names = dict.fromkeys(str(workload.id) for target in traced.answer.targets for workload in target.workloads)
    found = [*names] or [said(traced.answer.outcome)]
    return " + ".join(name.rpartition("/")[2] for name in found) + (" ?" if traced.others else "")


def tabulated(rows: Iterable[Row], tenants: Sequence[str], width: int | None = None) -> list[str]:
    """Returns the lines of a table, with a column for each tenant, folded to a width where one is given."""
    table = [["SERVICE", NONE.upper(), *tenants], *([row.address, *row.cells.values()] for row in rows)]
    return lines(table, width)


def pictured(rows: Iterable[Row]) -> str:
    """Returns a flowchart: an edge from each address to who answers without a carrier, and one for each tenant that differs."""
    nodes: dict[str, str] = {}
    lines = ["flowchart LR"]

    def node(name: str, left: str, right: str) -> str:
        if name not in nodes:
            nodes[name] = f"n{len(nodes)}"
            lines.append(f"  {nodes[name]}{left}{label(name)}{right}")
        return nodes[name]

    for row in rows:
        address = node(row.address, "[", "]")
        for tenant, found in row.cells.items():
            if tenant == NONE:
                lines.append(f"  {address} --> {node(found, '[(', ')]')}")
            elif found != row.cells[NONE]:
                lines.append(f"  {address} -->|{label(tenant)}| {node(found, '[(', ')]')}")
    return "\n".join(lines) + "\n"
