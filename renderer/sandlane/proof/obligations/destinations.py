"""P4, destinations: clones of Services exist, have their ports, and lead to their own sandbox's pods alone (rule R-I17)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.k8s.resource import Resource, ResourceId, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source
from sandlane.proof.alignment import same
from sandlane.proof.claims import Claim, Use
from sandlane.proof.clones import origin_of
from sandlane.proof.literals import ORIGIN
from sandlane.proof.world import World, is_headless


def check(world: World) -> Iterator[Problem]:
    """Yields unfit clones of Services, and claims without a clone."""
    for service in world.added:
        is_clone = (service.id.group, service.id.kind) == ("", "Service") and not world.is_brought(service)
        if is_clone and not is_headless(service):
            yield from _service(world, service)
    for claim in world.claims.sandboxes:
        for origin in claim.origins:
            yield from _claimed(world, claim, origin)
        for use in claim.uses:
            yield from _used(world, claim, use)


def _wrong(source: Source, what: str, path: Path = ()) -> Problem:
    return report("SL604", source=source, path=path, what=what)


def _service(world: World, service: Resource) -> Iterator[Problem]:
    """Yields what keeps an added Service from being a faithful clone that leads to its own sandbox's pods alone."""
    spec = spec_of(service.manifest)
    if spec.get("type", "ClusterIP") != "ClusterIP":
        yield _wrong(service.source, f"'{service.id}': type is {spec['type']}, expected ClusterIP", ("spec", "type"))
    origin = world.base.by_id.get(origin_of(service))
    if origin is None:
        yield _wrong(
            service.source, f"'{service.id}': label '{ORIGIN}' names no Service of the base", ("metadata", "labels")
        )
    elif not same(_ports(origin), list(spec.get("ports") or ())):
        yield _wrong(service.source, f"'{service.id}': ports are not those of '{origin.id}'", ("spec", "ports"))
    selected = world.clones.selected.get(service.id, ())
    if not selected and not (world.may_select(service) and world.clones.selected_base.get(service.id)):
        yield _wrong(service.source, f"'{service.id}': selects no workload of the output", ("spec", "selector"))
    owner, label = world.owner(service), world.claims.environment.tenant_label
    for pods in selected:
        if owner and pods.labels.get(label) != owner.tenant:
            text = f"'{service.id}': selects '{pods.resource.id}', whose pods are not tenant '{owner.tenant}'s"
            yield _wrong(service.source, text, ("spec", "selector"))


def _ports(origin: Resource) -> list[dict[str, Any]]:
    """Returns the ports of a Service for its clone: without those of nodes, which only one Service can have."""
    ports = spec_of(origin.manifest).get("ports") or ()
    return [{key: value for key, value in port.items() if key != "nodePort"} for port in ports]


def _claimed(world: World, claim: Claim, origin: ResourceId) -> Iterator[Problem]:
    """Yields what is missing of a claim: the clone of its origin, or of a Service that leads to it."""
    clone = world.clone_of(origin, claim.tenant)
    if clone is None:
        yield _wrong(claim.source, f"'{claim.name}' claims '{origin}', of which the output has no clone")
        return
    for service in world.services_of(origin):
        copy = world.clones.services.get((service.id, claim.tenant))
        if copy is None:
            yield _wrong(
                claim.source, f"'{claim.name}' claims '{origin}', and the output has no clone of '{service.id}'"
            )
        elif clone not in world.clones.selected.get(copy.id, ()):
            yield _wrong(copy.source, f"'{copy.id}': does not select '{clone.resource.id}'", ("spec", "selector"))


def _used(world: World, claim: Claim, use: Use) -> Iterator[Problem]:
    """Yields what is missing of a `use`: the Services that lead to the workload that takes another's place."""
    for service in world.replaced_by(use):
        copy = world.clones.services.get((service.id, claim.tenant))
        if copy is None:
            yield _wrong(
                claim.source, f"'{claim.name}' uses '{use.used}', and the output has no clone of '{service.id}'"
            )
        elif use.used not in [pods.resource.id for pods in world.clones.selected_base.get(copy.id, ())]:
            yield _wrong(copy.source, f"'{copy.id}': does not select '{use.used}'", ("spec", "selector"))
