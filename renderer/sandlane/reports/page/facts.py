"""All that the page of an environment tells, gathered from its inputs, what they render to and what was proved of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource as Object
from sandlane.k8s.resource import ResourceId
from sandlane.meshes.registry import MESHES
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import Path, Problem, Source
from sandlane.reports.answers import Place
from sandlane.reports.calls import call_graph
from sandlane.reports.connect.passing import passed_on, passing
from sandlane.reports.listing import expired, sandboxes
from sandlane.reports.networks import network_of
from sandlane.reports.page.graph import Graph, graph_of
from sandlane.reports.page.picture import Picture, picture_of
from sandlane.reports.page.tenants import Row, Told, rows_of, told
from sandlane.semantics.request import Request
from sandlane.semantics.trace import client_of, make_tracer
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Carrier


@frozen(kw_only=True)
class Proved:
    """What was proved: for how many tenants, combinations of tenant, Service and port, and objects; and what cannot be judged."""

    tenants: int
    combinations: int
    objects: int
    unjudged: tuple[tuple[ResourceId, int, str], ...]


@frozen(kw_only=True)
class Group:
    """The problems of one code, errors before notices: the places where it was found, and what is said there."""

    code: str
    level: str
    why: str
    problems: tuple[Problem, ...]


@frozen(kw_only=True)
class Record:
    """A sandbox or route group as it is listed, and what is told of its tenant where it has clones or routes."""

    listed: Mapping[str, Any]
    told: Told | None
    is_expired: bool


@frozen(kw_only=True)
class Facts:
    """The page's content. `passing`: number of a node -> whether its manifest shows that it passes the carrier on, and how."""

    name: str
    file: str
    mesh: str
    carriers: tuple[Carrier, ...]
    as_of: str | None
    graph: Graph
    picture: Picture
    passing: Mapping[int, tuple[bool, str]]
    call_places: tuple[str, ...]
    rows: tuple[Row, ...]
    records: tuple[Record, ...]
    groups: tuple[Group, ...]
    proved: Proved


@frozen(kw_only=True)
class Result:
    """What inputs render to: the plan, the objects as they are written, and the problems, with lines and columns."""

    plan: Plan
    objects: tuple[Object, ...]
    problems: tuple[Problem, ...]
    wrong: frozenset[Source]
    proved: Proved


Locate = Callable[[Source, Path], str]
"""A place -> file and line, as the page shows it."""


def gather(inputs: Inputs, result: Result, place: Place, located: Locate, as_of: str | None) -> Facts:
    """Returns what the page tells. `place` names the places of rules, `located` those of calls; `as_of` is the day of expiry."""
    environment, base, plan = inputs.environment, inputs.base, result.plan
    home, domain = environment.default_namespace, environment.cluster.domain
    calls = call_graph(base, environment)
    graph = graph_of(base, calls, domain, home)
    network = network_of(inputs, result.objects)
    tracer = make_tracer(network)
    rows = rows_of(base, tracer, Request(client=client_of(network, None, home), host="", port=80))
    unroutable = MESHES[environment.mesh].unroutable(environment, base)
    tenants = {tenant.name: tenant for tenant in told(plan, unroutable, graph, calls, tracer, rows, place)}
    carrier = passed_on(environment)
    passed = passing(base, calls, frozenset(calls.behind), carrier)
    gone = {record.name for record in expired(inputs, as_of)} if as_of else set()
    return Facts(
        name=environment.name, file=environment.source.file, mesh=environment.mesh, carriers=environment.carriers, as_of=as_of,
        graph=graph, picture=picture_of(graph),
        passing={graph.node_of[p.call.caller]: (p.is_shown, p.shows) for p in passed if p.call.caller in graph.node_of},
        call_places=tuple(located(*arrow.place) if arrow.place else "" for arrow in graph.arrows),
        rows=rows,
        records=tuple(
            Record(listed=row, told=tenants.get(row["name"]), is_expired=row["name"] in gone)
            for row in sorted(sandboxes(inputs, result.wrong), key=lambda row: str(row["name"]))
        ),
        groups=_grouped(result.problems), proved=result.proved,
    )  # fmt: skip


def _grouped(problems: Iterable[Problem]) -> tuple[Group, ...]:
    found: dict[tuple[bool, str], list[Problem]] = {}
    for problem in problems:
        found.setdefault((problem.level != "error", problem.code), []).append(problem)
    return tuple(
        Group(code=code, level="notice" if is_notice else "error", why=CATALOGUE[code].why, problems=tuple(found[key]))
        for key in sorted(found)
        for is_notice, code in (key,)
    )
