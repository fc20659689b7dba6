"""P4 and P8, storage: no StatefulSet that the output adds gets claims that the base, or another sandbox, has or makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sandlane.k8s.resource import Manifest, Resource, at
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.world import World, base_pods, directory

_NUMBERED = re.compile(r"(.+)-\d+")

Series = tuple[str, str]
"""Namespace, and what the names of a claim template's claims have before their ordinals."""


def check(world: World) -> Iterator[Problem]:
    """Yields added StatefulSets whose claims are another's."""
    sets = [r for r in world.added if (r.id.group, r.id.kind) == ("apps", "StatefulSet") and _series(r)]
    if not sets:
        return
    of_base = {series: f"'{r.id}' of the base" for r in world.base.of("apps", "StatefulSet") for series in _series(r)}
    of_base |= dict.fromkeys(_of_base(world), "the base")
    others: dict[Series, set[str]] = {}
    for resource in world.added:
        is_claim = (resource.id.group, resource.id.kind) == ("", "PersistentVolumeClaim")
        found = _numbered([resource.id.name], resource.id.namespace) if is_claim else _series(resource)
        for series in found:
            others.setdefault(series, set()).add(directory(resource))
    for each in sets:
        for series in _series(each):
            if series in of_base:
                yield _wrong(each, series, of_base[series])
            elif others[series] != {directory(each)}:
                yield _wrong(each, series, "another sandbox")


def _wrong(resource: Resource, series: Series, whose: str) -> Problem:
    return report("SL608", source=resource.source, what=f"pods of '{resource.id}' get claim '{series[1]}-0' of {whose}")


def _series(resource: Resource) -> list[Series]:
    if (resource.id.group, resource.id.kind) != ("apps", "StatefulSet"):
        return []
    templates = at(resource.manifest, ("spec", "volumeClaimTemplates")) or ()
    return [(resource.id.namespace, f"{at(t, ('metadata', 'name'))}-{resource.id.name}") for t in templates]


def _numbered(names: Iterable[str], namespace: str) -> list[Series]:
    return [(namespace, found[1]) for name in names if (found := _NUMBERED.fullmatch(name))]


def _of_base(world: World) -> Iterator[Series]:
    """Yields series with a claim that the base has, or that its pods name."""
    for claim in world.base.of("", "PersistentVolumeClaim"):
        yield from _numbered([claim.id.name], claim.id.namespace)
    for pods in base_pods(world.base):
        row = WORKLOADS.get((pods.resource.id.group, pods.resource.id.kind))
        spec: Manifest = at(pods.resource.manifest, (*row.template, "spec") if row else ("spec",)) or {}
        names = (at(volume, ("persistentVolumeClaim", "claimName")) for volume in spec.get("volumes") or ())
        yield from _numbered((str(name) for name in names if name), pods.resource.id.namespace)
