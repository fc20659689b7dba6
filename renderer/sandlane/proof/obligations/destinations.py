"""P4, destinations: where tenants' entries send to exists, and leads to that tenant's pods (rules R-I5 and R-I17)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source
from sandlane.proof.alignment import Insertion, destinations, hosts, same
from sandlane.proof.claims import Claim, Use
from sandlane.proof.clones import origin_of, unfit_clone
from sandlane.proof.literals import ORIGIN
from sandlane.proof.world import World, is_headless, replaced_by, services_of


def check(world: World) -> Iterator[Problem]:
    """Yields entries that lead nowhere or to the wrong pods, unfit clones of Services, and claims without a clone."""
    for id, alignment in world.alignments.items():
        vs = world.output.by_id[id]
        for insertion in alignment.insertions:
            if insertion.tenant is not None:
                yield from _entry(world, vs, insertion, insertion.tenant)
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


def _entry(world: World, vs: Resource, insertion: Insertion, tenant: str) -> Iterator[Problem]:
    base = known_destinations(world, vs, insertion)
    if not _may_answer(world, vs, insertion) and not any(
        sends for _, sends in destinations({"route": insertion.entry.get("route")})
    ):
        text = f"'{vs.id}': entry {insertion.number + 1} of '{tenant}' sends nowhere"
        yield _wrong(vs.source, text, ("spec", "http", insertion.number))
    for destination, sends in destinations(insertion.entry):
        what = unfit(world, vs, destination, tenant, base, sends)
        if what:
            text = f"'{vs.id}': entry {insertion.number + 1} of '{tenant}' {what}"
            yield _wrong(vs.source, text, ("spec", "http", insertion.number))
    header = world.claims.environment.routes.answer_header
    value = _answer(insertion.entry, header) if header else None
    services = (
        world.added_service(world.service(str(d.get("host") or ""), vs.id.namespace))
        for d, _ in destinations(insertion.entry)
    )
    if value is not None and value not in [f"{tenant}/{origin_of(service).name}" for service in services if service]:
        text = f"'{vs.id}': entry {insertion.number + 1} of '{tenant}' answers with '{header}: {value}', which is none of its clones"
        yield _wrong(vs.source, text, ("spec", "http", insertion.number))


def _answer(entry: Manifest, header: str) -> str | None:
    """Returns what an entry sets the header to by which responses say their route, or None."""
    values = ((entry.get("headers") or {}).get("response") or {}).get("set") or {}
    return next((value for name, value in values.items() if name.lower() == header.lower()), None)


def _may_answer(world: World, vs: Resource, insertion: Insertion) -> bool:
    """Tells whether an entry that sends nothing on can be the copy of one that does neither (rule R-I12)."""
    last = world.lasts.get((vs.id, insertion.before_number))
    others = last.before if last else ()
    return any(
        entry.get(how) and same(entry[how], insertion.entry.get(how))
        for _, entry in others
        for how in ("redirect", "directResponse")
    )


def known_destinations(world: World, vs: Resource, insertion: Insertion) -> list[Manifest]:
    """Returns where the base sends what an entry stands for: the entry behind it, and those whose copies go before a catch-all."""
    found = [destination for destination, _ in destinations(insertion.before)] if insertion.before else []
    last = world.lasts.get((vs.id, insertion.before_number))
    if last:
        for owner, entry in last.before:
            for destination, _ in destinations(entry):
                service = service_of(str(destination.get("host") or ""), owner.id.namespace, world.network.domain)
                found.append({**destination, "host": service.fqdn(world.network.domain)} if service else destination)
    return found


def unfit(
    world: World, vs: Resource, destination: Manifest, tenant: str, base: list[Manifest], sends: bool
) -> str | None:
    """Returns why a tenant's entry must not send to a destination, or None."""
    host = str(destination.get("host") or "")
    id = world.service(host, vs.id.namespace)
    if sends and id in world.cloned[tenant]:
        return f"sends to '{id}', of which it has a clone"
    if any(same(destination, known) for known in base):
        return None
    service = world.added_service(id)
    if service is None:
        return f"sends to host '{host}', neither a base destination nor a clone"
    return _wrong_clone(world, vs, service, tenant, base) or _wrong_port(service, destination, base)


def _wrong_clone(world: World, vs: Resource, service: Resource, tenant: str, base: list[Manifest]) -> str | None:
    what = unfit_clone(world, service, tenant)
    if what:
        return what
    named = [*(str(d.get("host") or "") for d in base), *hosts(vs.manifest)]
    origin = origin_of(service)
    if origin not in {world.service(host, vs.id.namespace) for host in named}:
        return f"sends to '{service.id}', the clone of '{origin}', not of the base's destination"
    return None


def _wrong_port(service: Resource, destination: Manifest, base: list[Manifest]) -> str | None:
    """Returns why a clone's Service has not the port, unless the base names one that is not there: that is the base's own error."""
    number = (destination.get("port") or {}).get("number")
    known = [port.get("port") for port in spec_of(service.manifest).get("ports") or ()]
    known += [(ours.get("port") or {}).get("number") for ours in base]
    return None if number is None or number in known else f"sends to port {number}, which '{service.id}' has not"


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
    selected = world.selected.get(service.id, ())
    if not selected and not (world.may_select(service) and world.selected_base.get(service.id)):
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
    for service in services_of(world.base, world.base_services, origin):
        copy = world.clone_services.get((service.id, claim.tenant))
        if copy is None:
            yield _wrong(
                claim.source, f"'{claim.name}' claims '{origin}', and the output has no clone of '{service.id}'"
            )
        elif clone not in world.selected.get(copy.id, ()):
            yield _wrong(copy.source, f"'{copy.id}': does not select '{clone.resource.id}'", ("spec", "selector"))


def _used(world: World, claim: Claim, use: Use) -> Iterator[Problem]:
    """Yields what is missing of a `use`: the Services that lead to the workload that takes another's place."""
    for service in replaced_by(world.base, world.base_services, use):
        copy = world.clone_services.get((service.id, claim.tenant))
        if copy is None:
            yield _wrong(
                claim.source, f"'{claim.name}' uses '{use.used}', and the output has no clone of '{service.id}'"
            )
        elif use.used not in [pods.resource.id for pods in world.selected_base.get(copy.id, ())]:
            yield _wrong(copy.source, f"'{copy.id}': does not select '{use.used}'", ("spec", "selector"))
