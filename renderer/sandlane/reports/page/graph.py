"""The picture's nodes and edges: workloads of the base, Services without any, what lets requests in, and who calls whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.plan.origins import hook_of
from sandlane.problems.problem import Path, Source
from sandlane.reports.calls import CallGraph
from sandlane.reports.page.entries import entries


@frozen(kw_only=True)
class Node:
    """One box: its name, what stands below it, and the object that it is; what lets requests in is no object of its own."""

    kind: Literal["workload", "service", "entry"]
    name: str
    note: str
    id: ResourceId | None


@frozen(kw_only=True)
class Arrow:
    """One edge, by the Service that is called; `by` and the place tell what shows the call, of entries nothing does."""

    start: int
    end: int
    service: ResourceId
    by: str = ""
    place: tuple[Source, Path] | None = None


@frozen(kw_only=True)
class Graph:
    """Nodes, and edges between them by number; `node_of` finds those of objects."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    node_of: Mapping[ResourceId, int]


def graph_of(base: Base, calls: CallGraph, domain: str, home: str) -> Graph:
    """Returns who calls whom in a base, seen from a namespace: objects of others are named with theirs."""
    services_of: dict[ResourceId, list[ResourceId]] = {}
    for service, behind in calls.behind.items():
        for workload in behind:
            services_of.setdefault(workload, []).append(service)
    callers = {call.caller for call in calls.calls}
    ids = [
        resource.id
        for row in WORKLOADS.values()
        for resource in base.of(row.group, row.kind)
        if not hook_of(resource.manifest) and (row.is_clonable or resource.id in services_of or resource.id in callers)
    ]
    ids.sort(key=lambda id: (id.namespace != home, id.namespace, id.name, id.kind))
    nodes = [_workload(id, services_of.get(id, ()), home) for id in ids]
    node_of = {id: number for number, id in enumerate(ids)}
    outside = entries(base, domain)
    called = {call.service for call in calls.calls} | {service for found in outside.values() for service in found}
    for service in sorted(called - set(calls.behind)):
        node_of[service] = len(nodes)
        nodes.append(Node(kind="service", name=_named(service, home), note="Service without workloads", id=service))
    arrows: dict[tuple[int, int], Arrow] = {}

    def add(start: int, service: ResourceId, by: str, place: tuple[Source, Path] | None) -> None:
        for end in calls.behind.get(service) or (service,):
            key = (start, node_of[end])
            if end in node_of and start != key[1]:
                arrows.setdefault(key, Arrow(start=key[0], end=key[1], service=service, by=by, place=place))

    for (kind, namespace, name), services in outside.items():
        nodes.append(Node(kind="entry", name=name if namespace == home else f"{name}.{namespace}", note=kind, id=None))
        for service in services:
            add(len(nodes) - 1, service, "", None)
    for call in calls.calls:
        if call.caller in node_of:
            add(node_of[call.caller], call.service, call.by, (call.source, call.path))
    return Graph(nodes=tuple(nodes), arrows=tuple(arrows[key] for key in sorted(arrows)), node_of=node_of)


def _workload(id: ResourceId, services: list[ResourceId] | tuple[()], home: str) -> Node:
    """Returns the node of a workload; Services that are named otherwise stand below."""
    others = [service.name for service in services if service.name != id.name]
    kind = "" if id.kind == "Deployment" else id.kind
    note = ", ".join(filter(None, (kind, *others))) or ("" if services else "no Service")
    return Node(kind="workload", name=_named(id, home), note=note, id=id)


def _named(id: ResourceId, home: str) -> str:
    return id.name if id.namespace == home else f"{id.name}.{id.namespace}"
