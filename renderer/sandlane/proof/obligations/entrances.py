"""Entrances: no tenant is chosen at a gateway where the environment keeps that out, and carriers are removed where it says so."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import Resource
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import Insertion, called, same
from sandlane.proof.claims import may_choose
from sandlane.proof.conditions import Unjudged
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.trust import gateways_of, is_stripped, stripping
from sandlane.proof.world import World
from sandlane.semantics.istio_matches import gateway_name


def check(world: World) -> Iterator[Problem]:
    """Yields tenants' entries and routes at gateways that are closed to them, and base entries there that carriers pass."""
    routes = world.claims.environment.routes
    if routes.entry == "any" and not routes.strip:
        return
    for vs in world.base.of(*VIRTUAL_SERVICE):
        yield from _virtual_service(world, vs)
    for added in world.added_routes if routes.entry == "mesh" else ():
        if any(not parent.is_service for parent in added.parents):
            yield _wrong(added.resource, "is attached to a Gateway")


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL613", source=resource.source, path=path, what=f"'{resource.id}' {what}")


def _virtual_service(world: World, ours: Resource) -> Iterator[Problem]:
    vs, alignment = world.output.by_id.get(ours.id, ours), world.alignments.get(ours.id)
    bound = gateways_of(world, ours)
    for insertion in alignment.insertions if alignment else ():
        if insertion.tenant is not None:
            for gateway in (g for g in _reached(ours, insertion, bound) if not may_choose(world.claims.environment, g)):
                path: Path = ("spec", "http", insertion.number)
                yield _wrong(vs, f"has entry {insertion.number + 1} of '{insertion.tenant}' at '{gateway}'", path)
    if not any(is_stripped(world, gateway) for gateway in bound) or (alignment and alignment.missing is not None):
        return
    found = [(i.before_number, i.entry) for i in alignment.insertions] if alignment else []
    for number, entry in enumerate(world.specs[ours.id].get("http") or ()):
        try:
            meant = stripping(world, ours, entry, number)
        except Unjudged as unjudged:
            yield _wrong(vs, f"{called(entry, number)} {unjudged}", ("spec", "http"))
            continue
        if any(not any(n == number and same(e, one) for n, e in found) for one in meant):
            yield _wrong(vs, f"lets carriers pass by {called(entry, number)}", ("spec", "http"))


def _reached(ours: Resource, insertion: Insertion, bound: dict[str, str]) -> Iterator[str]:
    """Yields the gateways at which a match of an entry applies."""
    for match in insertion.entry.get("match") or ():
        own = match.get("gateways")
        names = {gateway_name(name, ours.id.namespace) for name in own} & bound.keys() if own else bound
        yield from sorted(names)
