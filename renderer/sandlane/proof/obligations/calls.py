"""P1, calls: nothing that the output adds answers for a name that the base calls, and that meant nothing, or another, before.

Read on purpose by less than what the renderer's guard goes by: URLs with a bare name, and names with their namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.world import World

_BARE = re.compile(r"(?://|@)([a-z0-9-]+)(?![\w.-])")
_DOTTED = re.compile(r"(?<![\w.-])([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?![\w-])")

Called = tuple[str, str]
"""Namespace and name: of a Service, or of a pod by its host name and subdomain."""


def check(world: World) -> Iterator[Problem]:
    """Yields Services and pods of the output that answer for names which the base calls."""
    added: dict[Called, Resource] = {}
    for resource in world.added:
        for answer in _answers(world, resource):
            added.setdefault(answer, resource)
    for (_, name), resource in added.items():
        first, _, rest = name.partition(".")
        if rest and ResourceId("", "Service", rest, first) in world.base.by_id:
            yield _wrong(resource, name, f"'Service/{rest}/{first}' of the base")
    found: dict[Called, Resource] = {}
    for caller in world.base.resources if added else ():
        if caller.id.kind != "CustomResourceDefinition":
            body = {
                key: value for key, value in caller.manifest.items() if key not in ("metadata", "status", "apiVersion")
            }
            for called in _called(world, body, caller.id.namespace):
                if called in added:
                    found.setdefault(called, caller)
    for called, caller in found.items():
        yield _wrong(added[called], called[1], f"'{caller.id}' of the base")


def _wrong(resource: Resource, name: str, caller: str) -> Problem:
    what = f"'{resource.id}' answers for '{name}', by which {caller} calls or is called"
    return report("SL601", source=resource.source, what=what)


def _answers(world: World, resource: Resource) -> Iterator[Called]:
    if (resource.id.group, resource.id.kind) == ("", "Service"):
        yield resource.id.namespace, resource.id.name
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    spec = (at(resource.manifest, (*row.template, "spec")) or {}) if row and world.is_brought(resource) else {}
    if spec.get("subdomain"):
        yield resource.id.namespace, f"{spec.get('hostname') or resource.id.name}.{spec['subdomain']}"


def _called(world: World, value: Any, home: str) -> Iterator[Called]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _called(world, inner, home)
    elif isinstance(value, list):
        for inner in value:
            yield from _called(world, inner, home)
    elif isinstance(value, str):
        yield from ((home, name) for name in _BARE.findall(value))
        for host in _DOTTED.findall(value):
            parts = host.removesuffix(f".svc.{world.claims.environment.cluster.domain}").removesuffix(".svc").split(".")
            if len(parts) == 2:
                yield parts[1], parts[0]
                yield home, ".".join(parts)
            elif len(parts) == 3:
                yield parts[2], ".".join(parts[:2])
