"""P2, completeness: before every base entry that sends to what a tenant cloned stands that tenant's entry (rules R-I2 to R-I8).

The entry's matches are the base's with the carriers, and all else is the base's but for clones: so a tenant's request meets
what it would meet in the base. Where that cannot be said, because the base's own entries are not found in order or a destination
does not exist, the obligations for these speak alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.problems.problem import Problem
from sandlane.proof.alignment import Insertion, called, entries, hosts
from sandlane.proof.conditions import demands_of
from sandlane.proof.coverage import Served, routable, served
from sandlane.proof.entries import Cause, Expectation
from sandlane.proof.literals import is_disabled
from sandlane.proof.obligations.defaults import gateway_api, served_service
from sandlane.proof.places import Place, compare, entry_wrong, wrong
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.substitution import make_clones, routed_hosts
from sandlane.proof.trust import chosen, is_stripping
from sandlane.proof.world import World, directory
from sandlane.semantics.delegates import entries_of


def check(world: World) -> Iterator[Problem]:
    """Yields tenants' entries that are missing, too many, out of order, or other than the base's entries with clones."""
    if not world.reader.reads_virtual_services:
        return
    carriers = world.claims.environment.carriers
    demands = {tenant: demands_of(carriers, tenant) for tenant in world.reach}
    expectation = Expectation(world=world, clones=make_clones(world), demands=demands)
    for vs in world.base.of(*VIRTUAL_SERVICE):
        yield from _transformed(expectation, vs)
        if vs.id not in world.output.by_id and world.specs[vs.id] != spec_of(vs.manifest) and not _is_owned(world, vs):
            yield wrong(vs.source, f"'{vs.id}': has conditions for clones as clients, and is not in the output")
    if VIRTUAL_SERVICE in world.reader.shared:
        yield from _new(expectation)


def _transformed(expectation: Expectation, ours: Resource) -> Iterator[Problem]:
    """Yields what is wrong with the tenants' entries in a VirtualService of the base."""
    world = expectation.world
    by_host, unserved = _by_host(expectation, ours)
    alignment, vs = world.alignments.get(ours.id), world.output.by_id.get(ours.id, ours)
    if alignment and (alignment.missing is not None or any(_is_foreign(world, ours, i) for i in alignment.insertions)):
        return
    for service, tenant in unserved if not is_disabled(ours) else ():
        what = f"serves '{service}' among other hosts or at a gateway, and sends to no clone of '{tenant}'"
        yield wrong(vs.source, f"'{ours.id}': {what}", ("spec", "hosts"))
    found: dict[int, list[Insertion]] = {}
    for insertion in alignment.insertions if alignment else ():
        if insertion.tenant is not None:
            found.setdefault(insertion.before_number, []).append(insertion)
    for number, entry in enumerate(world.specs[ours.id].get("http") or ()):
        causes = _causes(expectation, by_host, ours, entry) if chosen(world, ours) and not is_disabled(ours) else {}
        last_here = world.lasts.get((ours.id, number))
        if causes and last_here and last_here.why_not:
            what = f"copies of {called(entry, number)} would hide entries of others: it {last_here.why_not}"
            yield wrong(vs.source, f"'{ours.id}': {what}", ("spec", "http", number))
        elif alignment is not None:
            place = Place(vs=vs, called=called(entry, number), owner=ours, entry=entry, last=last_here)
            yield from compare(expectation, place, causes, found.get(number, []))
        elif causes and not _is_owned(world, ours) and not (last_here and not last_here.is_met):
            what = f"sends to clones of '{next(iter(causes))}', and is not in the output"
            yield wrong(
                ours.source, f"'{ours.id}': the base's {called(entry, number)} {what}", ("spec", "http", number)
            )


def _is_foreign(world: World, ours: Resource, insertion: Insertion) -> bool:
    """Tells whether an entry is neither a tenant's nor one that removes carriers: a matter of P1. The first behind the base's may be."""
    return insertion.tenant is None and (
        not is_stripping(world, ours, insertion) if insertion.before is not None else not _may_be_longer(world, ours)
    )


def _may_be_longer(world: World, ours: Resource) -> bool:
    """Tells whether entries may stand behind those of a VirtualService (rule R-I9)."""
    named = hosts(ours.manifest)
    id = world.service(named[0], ours.id.namespace) if len(named) == 1 else None
    service = world.base.by_id.get(id) if id else None
    how = served(world, service) if service else None
    return bool(how and how.home and how.home.id == ours.id and how.ports)


def _is_owned(world: World, vs: Resource) -> bool:
    """Tells whether the output has to hold a VirtualService anyhow, which is a matter of P1."""
    environment = world.claims.environment
    named = [(o.kind, o.namespace, o.name) for o in environment.routes.adopt]
    return environment.output.base == "full" or (vs.id.kind, vs.id.namespace, vs.id.name) in named


def _by_host(expectation: Expectation, vs: Resource) -> tuple[dict[str, Cause], list[tuple[ResourceId, str]]]:
    """Returns the tenants of whose clones a VirtualService serves the host and sends to none, and those it cannot serve so.

    With several hosts, or at a gateway, its entries answer requests as well that are not for the Service.
    """
    tenants = expectation.clones.tenants
    own = hosts(vs.manifest)
    named = [service for host in own if (service := expectation.world.service(host, vs.id.namespace)) in tenants]
    bound = spec_of(vs.manifest).get("gateways") or ["mesh"]
    if not named or "mesh" not in bound:
        return {}, []
    written = [entry.body for entry in entries_of(expectation.world.network, vs)]
    sent = {tenant for service in routed_hosts(expectation.world, vs, *written) for tenant in tenants.get(service, ())}
    found = [(s, tenant) for s in dict.fromkeys(named) if s for tenant in tenants[s] if tenant not in sent]
    if len(own) == 1 and bound == ["mesh"] and not any(entry.get("delegate") for entry in entries(vs.manifest)):
        return {tenant: Cause(service=service, is_host_only=True) for service, tenant in found}, []
    return {}, found


def _causes(
    expectation: Expectation, by_host: Mapping[str, Cause], vs: Resource, entry: Manifest
) -> Mapping[str, Cause]:
    """Returns for which tenants an entry has to be copied, sorted."""
    found = dict(by_host) if entry.get("route") else {}
    for service in expectation.clones.sent(entry, vs.id.namespace):
        for tenant in expectation.clones.tenants[service]:
            found.setdefault(tenant, Cause(service=service))
    return {tenant: found[tenant] for tenant in sorted(found)}


def _new(expectation: Expectation) -> Iterator[Problem]:
    """Yields what is wrong with the VirtualServices of cloned Services that have none in the base (rule R-I8)."""
    world, tenants = expectation.world, expectation.clones.tenants
    by_service: dict[ResourceId, Resource] = {}
    added = [r for r in world.added if (r.id.group, r.id.kind) == VIRTUAL_SERVICE and directory(r) == "shared"]
    for vs in added:
        service = served_service(world, vs)
        if service:
            by_service.setdefault(service.id, vs)
    by_route = dict(gateway_api(world.reader, world.base))
    for id in sorted(tenants.keys() | by_service.keys()):
        service = world.base.by_id[id]
        ports, how = routable(service), served(world, service)
        if id in by_route:
            continue  # an added one beside these is a matter of P1
        if how.by:
            yield from _behind(expectation, how, service)
        elif id in by_service:
            vs = by_service[id]
            own = [i for i in world.alignments[vs.id].insertions if i.tenant is not None]
            yield from _ports(expectation, vs, service, ports, own, {})
        elif ports and len(by_service) == len(added):  # one for no Service is a matter of P1
            what = f"'{id}': no VirtualService sends requests of '{next(iter(tenants[id]))}' to its clone"
            yield wrong(service.source, what)


def _behind(expectation: Expectation, how: Served, service: Resource) -> Iterator[Problem]:
    """Yields what is wrong with tenants' entries for ports on which a VirtualService of the base has none (rule R-I9)."""
    if how.by and how.lost:
        what = f"port {how.lost[0]} of '{service.id}' has no entry in it, and may get none"
        yield wrong(how.by.source, f"'{how.by.id}': {what}", ("spec", "http"))
    if not how.home or not how.ports:
        return
    alignment = expectation.world.alignments.get(how.home.id)
    if alignment is None:
        if not _is_owned(expectation.world, how.home):
            what = f"port {how.ports[0]} of '{service.id}' has no entry in it, and it is not in the output"
            yield wrong(how.home.source, f"'{how.home.id}': {what}", ("spec", "http"))
        return
    if alignment.missing is not None:
        return
    vs = expectation.world.output.by_id[how.home.id]
    behind = [i for i in alignment.insertions if i.before is None and i.tenant is not None]
    is_meshed = (spec_of(vs.manifest).get("gateways") or ["mesh"]) == ["mesh"]
    more: Manifest = {} if is_meshed else {"gateways": ["mesh"]}
    yield from _ports(expectation, vs, service, how.ports, behind, more)


def _ports(
    expectation: Expectation,
    vs: Resource,
    service: Resource,
    ports: Sequence[int],
    insertions: Sequence[Insertion],
    more: Manifest,
) -> Iterator[Problem]:
    """Yields what is wrong with tenants' entries for each port of a Service; `more` stands beside it in matches."""
    id = service.id
    host = ServiceHost(id.namespace, id.name).fqdn(expectation.world.claims.environment.cluster.domain)
    causes = {tenant: Cause(service=id) for tenant in expectation.clones.tenants.get(id, ())}
    found: dict[int | None, list[Insertion]] = {}
    for insertion in insertions:
        named = {match.get("port") for match in insertion.entry["match"]}
        port = named.pop() if len(named) == 1 else None
        found.setdefault(port, []).append(insertion)
    for port in ports:
        entry = {
            "match": [{"port": port, **more}],
            "route": [{"destination": {"host": host, "port": {"number": port}}}],
        }
        place = Place(vs=vs, called=f"port {port} of '{id}'", owner=vs, entry=entry)
        yield from compare(expectation, place, causes, found.pop(port, []))
    for insertion in (i for insertions in found.values() for i in insertions):
        yield entry_wrong(vs, insertion, f"of '{insertion.tenant}' is for no one HTTP port of '{id}'")
