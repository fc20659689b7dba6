"""P2, completeness: before every base entry that sends to what a tenant cloned stands that tenant's entry (rules R-I2 to R-I8).

The entry's matches are the base's with the carriers, and all else is the base's but for clones: so a tenant's request meets
what it would meet in the base. Where that cannot be said, because the base's own entries are not found in order or a destination
does not exist, the obligations for these speak alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from renderer.catalogue import report
from renderer.hosts import ServiceHost
from renderer.model import Manifest, Resource, ResourceId
from renderer.ports import is_http, istio_protocol
from renderer.problems import Path, Problem, Source
from renderer.proof.alignment import Insertion, called, entries
from renderer.proof.clients import met_by
from renderer.proof.conditions import Unjudged, demands_of, expected_matches
from renderer.proof.entries import Cause, Expectation, differences
from renderer.proof.obligations.defaults import gateway_api, gateways, mesh_server, served, served_service
from renderer.proof.readers import VIRTUAL_SERVICE
from renderer.proof.substitution import make_clones, routed_hosts
from renderer.proof.world import World


def check(world: World) -> Iterator[Problem]:
    """Yields tenants' entries that are missing, too many, out of order, or other than the base's entries with clones."""
    if not world.reader.reads_virtual_services:
        return
    carriers = world.claims.environment.carriers
    demands = {tenant: demands_of(carriers, tenant) for tenant in world.reach}
    expectation = Expectation(world=world, clones=make_clones(world), demands=demands)
    for vs in world.base.of(*VIRTUAL_SERVICE):
        yield from _transformed(expectation, vs)
        if (
            vs.id not in world.output.by_id
            and world.specs[vs.id] != (vs.manifest.get("spec") or {})
            and not _is_owned(world, vs)
        ):
            yield _wrong(vs.source, f"'{vs.id}': has conditions for clones as clients, and is not in the output")
    if VIRTUAL_SERVICE in world.reader.shared:
        yield from _new(expectation)


def _wrong(source: Source, what: str, path: Path = ()) -> Problem:
    return report("SL602", source=source, path=path, what=what)


def _transformed(expectation: Expectation, ours: Resource) -> Iterator[Problem]:
    """Yields what is wrong with the tenants' entries in a VirtualService of the base."""
    world = expectation.world
    by_host, unserved = _by_host(expectation, ours)
    alignment, vs = world.alignments.get(ours.id), world.output.by_id.get(ours.id, ours)
    if alignment and (alignment.missing is not None or any(i.tenant is None for i in alignment.insertions)):
        return
    for service, tenant in unserved:
        what = f"serves '{service}' among other hosts or at a gateway, and sends to no clone of '{tenant}'"
        yield _wrong(vs.source, f"'{ours.id}': {what}", ("spec", "hosts"))
    found: dict[int, list[Insertion]] = {}
    for insertion in alignment.insertions if alignment else ():
        found.setdefault(insertion.before_number, []).append(insertion)
    for number, entry in enumerate(world.specs[ours.id].get("http") or ()):
        causes = _causes(expectation, by_host, ours, entry)
        if alignment is not None:
            yield from _entries(expectation, vs, called(entry, number), entry, causes, found.get(number, []))
        elif causes and not _is_owned(world, ours):
            what = f"sends to clones of '{next(iter(causes))}', and is not in the output"
            yield _wrong(
                ours.source, f"'{ours.id}': the base's {called(entry, number)} {what}", ("spec", "http", number)
            )


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
    hosts = (vs.manifest.get("spec") or {}).get("hosts") or ()
    named = [service for host in hosts if (service := expectation.world.service(host, vs.id.namespace)) in tenants]
    bound = gateways(vs.manifest)
    if not named or "mesh" not in bound:
        return {}, []
    sent = {
        tenant
        for service in routed_hosts(expectation.world, vs, *entries(vs.manifest))
        for tenant in tenants.get(service, ())
    }
    found = [(s, tenant) for s in dict.fromkeys(named) if s for tenant in tenants[s] if tenant not in sent]
    if len(hosts) == 1 and bound == {"mesh"}:
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


def _entries(
    expectation: Expectation,
    vs: Resource,
    base: str,
    entry: Manifest,
    causes: Mapping[str, Cause],
    insertions: Sequence[Insertion],
) -> Iterator[Problem]:
    """Yields what is wrong with the entries that stand directly before an entry of the base; `base` is how it is called."""
    found: dict[str, Insertion] = {}
    for insertion in insertions:
        first = found.setdefault(str(insertion.tenant), insertion)
        if first is not insertion:
            yield _entry_wrong(vs, insertion, f"is a second entry of '{insertion.tenant}' before {base}")
    order = [tenant for tenant in found if tenant in causes]
    if order != sorted(order):
        yield _entry_wrong(vs, found[order[0]], f"and the others before {base} are not in the order of their tenantIDs")
    for tenant, cause in causes.items():
        try:
            conditions = met_by(entry.get("match") or (), expectation.world.reach[tenant])
            matches = expected_matches(conditions, expectation.demands[tenant])
        except Unjudged as unjudged:
            yield _wrong(vs.source, f"'{vs.id}': {base} {unjudged}", ("spec", "http"))
            found.pop(tenant, None)
            continue
        insertion_or_none = found.pop(tenant, None) if matches else None
        if insertion_or_none is not None:
            for what in differences(expectation, vs, entry, cause, tenant, matches, insertion_or_none):
                yield _entry_wrong(vs, insertion_or_none, f"of '{tenant}' {what} {base}")
        elif matches:
            yield _wrong(vs.source, f"'{vs.id}': '{tenant}' has no entry before {base}", ("spec", "http"))
    sent = routed_hosts(expectation.world, vs, entry)
    for tenant, insertion in found.items():
        # A clone that is claimed and missing is a matter of P4.
        if all(expectation.clones.name(s, tenant) for s in sent & expectation.world.cloned[tenant]):
            yield _entry_wrong(vs, insertion, f"of '{tenant}' stands before {base}, of which it cloned nothing")


def _entry_wrong(vs: Resource, insertion: Insertion, what: str) -> Problem:
    return _wrong(vs.source, f"'{vs.id}': entry {insertion.number + 1} {what}", ("spec", "http", insertion.number))


def _new(expectation: Expectation) -> Iterator[Problem]:
    """Yields what is wrong with the VirtualServices of cloned Services that have none in the base (rule R-I8)."""
    world, tenants = expectation.world, expectation.clones.tenants
    by_service: dict[ResourceId, Resource] = {}
    added = [resource for resource in world.added if (resource.id.group, resource.id.kind) == VIRTUAL_SERVICE]
    for vs in added:
        service = served_service(world, vs)
        if service:
            by_service.setdefault(service.id, vs)
    serving, by_route = served(world), dict(gateway_api(world.base))
    for id in sorted(tenants.keys() | by_service.keys()):
        ports = (world.base.by_id[id].manifest.get("spec") or {}).get("ports") or ()
        routable = [port["port"] for port in ports if is_http(istio_protocol(port))]
        if mesh_server(world, serving, id) or id in by_route:
            continue  # an added one beside these is a matter of P1
        if id in by_service:
            yield from _ports(expectation, by_service[id], id, routable, len(ports) > 1)
        elif routable and len(by_service) == len(added):  # one for no Service is a matter of P1
            what = f"'{id}': no VirtualService sends requests of '{next(iter(tenants[id]))}' to its clone"
            yield _wrong(world.base.by_id[id].source, what)


def _ports(
    expectation: Expectation, vs: Resource, service: ResourceId, routable: Sequence[int], is_one_of_many: bool
) -> Iterator[Problem]:
    """Yields what is wrong with tenants' entries for each port of a Service."""
    world = expectation.world
    host = ServiceHost(service.namespace, service.name).fqdn(world.claims.environment.cluster.domain)
    causes = {tenant: Cause(service=service) for tenant in expectation.clones.tenants.get(service, ())}
    found: dict[int | None, list[Insertion]] = {}
    for insertion in world.alignments[vs.id].insertions:
        if insertion.tenant is not None:
            named = {match.get("port") for match in insertion.entry["match"]}
            port = named.pop() if len(named) == 1 else None
            found.setdefault(port if is_one_of_many else routable[0] if routable else None, []).append(insertion)
    for port in routable:
        match = {"match": [{"port": port}]} if is_one_of_many else {}
        entry = {**match, "route": [{"destination": {"host": host, "port": {"number": port}}}]}
        yield from _entries(expectation, vs, f"port {port} of '{service}'", entry, causes, found.pop(port, []))
    for insertion in (i for insertions in found.values() for i in insertions):
        yield _entry_wrong(vs, insertion, f"of '{insertion.tenant}' is for no one HTTP port of '{service}'")
