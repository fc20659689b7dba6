"""Sandboxes no clone of which any request can reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.ports import NO_HEADERS_IN_TCP, binary_protocol, number_and_protocol
from sandlane.k8s.resource import ResourceId
from sandlane.plan.model import Plan, Unroutable, WorkloadClone
from sandlane.plan.problem_at import problem_at
from sandlane.problems.problem import Problem

_WAY_FOR_TCP = (
    "if {ports} is HTTP, rename it to http-... or grpc-..., or set 'appProtocol: http'; "
    "else clone a workload that serves HTTP too, or give other clones its address by 'env'"
)


def unreachable(plan: Plan, unroutable: Unroutable, entered: frozenset[ResourceId]) -> Iterator[Problem]:
    """Yields an error for each clone of a sandbox no clone of which can be reached, by routes or by its own queue."""
    by_sandbox: dict[str, list[tuple[str | None, object]]] = {}
    for clone in plan.clones:
        ports = [(s.id, number_and_protocol(port)) for s in clone.services for port in s.manifest["spec"]["ports"]]
        reasons = [unroutable.get(port) for port in ports]
        reached = not clone.services or None in reasons or any(s.id in entered for s in clone.services)
        why_not = None if reached else ", ".join(dict.fromkeys(r for r in reasons if r)) or "its Services have no ports"
        by_sandbox.setdefault(clone.sandbox.name, []).append((why_not, clone))
    for clone in plan.clones:
        if all(why_not for why_not, _ in by_sandbox[clone.sandbox.name]):
            why_not = next(why for why, other in by_sandbox[clone.sandbox.name] if other is clone)
            hint = (
                _WAY_FOR_TCP.format(ports=_tcp_ports(clone, unroutable)) if NO_HEADERS_IN_TCP in str(why_not) else None
            )
            yield problem_at(clone, "SL411", object=str(clone.origin.id), why_not=why_not, hint=hint)


def without_headers(plan: Plan, unroutable: Unroutable) -> Iterator[Problem]:
    """Yields a notice for each Service of a clone with ports of which is known, though not by the mesh, that they carry no headers."""
    for clone in plan.clones:
        for service in clone.services:
            known = [
                f"{_named(port)} ({protocol})"
                for port in service.manifest["spec"]["ports"]
                if (protocol := binary_protocol(port)) and (service.id, number_and_protocol(port)) not in unroutable
            ]
            if known:
                values = {"ports": " and ".join(known), "origin": clone.origin.id.name}
                yield problem_at(clone, "SL481", object=str(service.id), **values)


def _named(port: Mapping[str, Any]) -> str:
    return f"port {port['port']}{f' {name!r}' if (name := port.get('name')) else ''}"


def _tcp_ports(clone: WorkloadClone, unroutable: Unroutable) -> str:
    """Returns the ports of a clone's Services that are TCP for all that their names say."""
    return " or ".join(
        f"{_named(port)} of '{service.id}'"
        for service in clone.services
        for port in service.manifest["spec"]["ports"]
        if unroutable.get((service.id, number_and_protocol(port))) == NO_HEADERS_IN_TCP
    )
