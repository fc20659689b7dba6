"""Previews: a host for each tenant that answers as the base's host does for that tenant, and touches no other host.

What the gateway makes of the preview's host is compiled from the output, what it makes of the base's host from the base, and the two
lists of rules are laid beside each other: the same conditions, the same actions with clones for what was cloned, and carriers that
name the tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.k8s.resource import Resource, ResourceId, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import hosts, same
from sandlane.proof.preview_outcomes import network_after, route_gateway, sent_otherwise
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.world import World, directory
from sandlane.semantics import istio_gateways
from sandlane.semantics.istio_matches import gateway_name
from sandlane.semantics.network import ISTIO, Network
from sandlane.semantics.outcomes import Forward
from sandlane.semantics.request import Address, Client
from sandlane.semantics.tables import Rule
from sandlane.specs.model import Carrier

_SPEC = {"hosts", "gateways", "http"}


def check(world: World) -> Iterator[Problem]:
    """Yields previews that are missing, for other hosts or gateways, or other than the base's routes with clones."""
    preview = world.claims.environment.preview
    if preview is None or not world.reader.reads_virtual_services or route_gateway(world):
        return
    found: dict[str, list[Resource]] = {}
    for vs in previews_of(world):
        found.setdefault(directory(vs), []).append(vs)
    after = network_after(world)
    for where, holder in sorted(world.holders.items()):
        own = found.get(where, ())
        for vs in own:
            host = preview.host.replace("{tenantID}", holder.tenant)
            problems = list(_bounds(world, vs, host, preview.gateway))
            yield from problems or _rules(world, after, vs, host, holder.tenant)
        if len(own) != 1 and world.clones.cloned.get(holder.tenant):
            what = f"'{holder.name}' has {len(own)} previews, expected one"
            yield report("SL602", source=holder.source, what=what)


def previews_of(world: World) -> list[Resource]:
    """Returns the VirtualServices of the output that lie in the directories of sandboxes."""
    return [
        vs
        for vs in world.added
        if (vs.id.group, vs.id.kind) == VIRTUAL_SERVICE and directory(vs).startswith("sandboxes/")
    ]


def _wrong(code: str, vs: Resource, what: str, path: Path = ()) -> Problem:
    return report(code, source=vs.source, path=path, what=f"'{vs.id}' {what}")


def _bounds(world: World, vs: Resource, host: str, gateway: str) -> Iterator[Problem]:
    """Yields where a preview answers for anything but its tenant's host at the gateway."""
    spec = spec_of(vs.manifest)
    if list(spec.get("hosts") or ()) != [host]:
        yield _wrong("SL601", vs, f"has other hosts than '{host}'", ("spec", "hosts"))
    if list(spec.get("gateways") or ()) != [gateway]:
        yield _wrong("SL601", vs, f"has other gateways than '{gateway}'", ("spec", "gateways"))
    for field in sorted(spec.keys() - _SPEC):
        yield _wrong("SL601", vs, f"has '{field}', which previews have not", ("spec", field))
    for other in world.base.of(*VIRTUAL_SERVICE):
        if host in hosts(other.manifest):
            yield _wrong("SL601", vs, f"has the host of '{other.id}'", ("spec", "hosts"))


def _rules(world: World, after: Network, vs: Resource, host: str, tenant: str) -> Iterator[Problem]:
    preview = world.claims.environment.preview
    home, _, name = preview.gateway.partition("/") if preview else ("", "", "")
    gateway = world.base.by_id.get(ResourceId(ISTIO, "Gateway", home, name))
    if gateway is None or preview is None:
        yield _wrong("SL601", vs, "is for a gateway that the base has not", ("spec", "gateways"))
        return
    for port in _ports(gateway):
        client = Client(kind="gateway", namespace=home, name=name)
        of = preview.of or _only_host(world, gateway)
        base = _list(world.network, gateway, Address(client=client, host=of, port=port, authority=of))
        mine = _list(after, gateway, Address(client=client, host=host, port=port, authority=host))
        if len(base) != len(mine):
            path = mine[len(base)].origin.path if len(mine) > len(base) else ("spec", "http")
            text = f"has {len(mine)} rules for port {port}, expected {len(base)} as the base's '{of}'"
            yield _wrong("SL602", vs, text, path)
            continue
        for number, (ours, rule) in enumerate(zip(base, mine, strict=True)):
            what = _difference(world, ours, rule, tenant)
            if what:
                yield _wrong("SL602", vs, f"{what} in rule {number + 1} for port {port}", rule.origin.path)


def _ports(gateway: Resource) -> list[int]:
    servers = spec_of(gateway.manifest).get("servers") or ()
    numbers = ((server.get("port") or {}).get("number") for server in servers)
    return list(dict.fromkeys(number for number in numbers if isinstance(number, int)))


def _only_host(world: World, gateway: Resource) -> str:
    """Returns the one host that the base has at a gateway, or ''."""
    servers = spec_of(gateway.manifest).get("servers") or []
    full = f"{gateway.id.namespace}/{gateway.id.name}"
    found = {
        host
        for vs in world.base.of(*VIRTUAL_SERVICE)
        if any(gateway_name(name, vs.id.namespace) == full for name in spec_of(vs.manifest).get("gateways") or ())
        for host in istio_gateways.served_hosts(world.network, vs, gateway, servers)
    }
    return next(iter(found)) if len(found) == 1 else ""


def _list(network: Network, gateway: Resource, address: Address) -> list[Rule]:
    """Returns the rules of a host in the order in which they are met; of catch-alls the first."""
    rules = istio_gateways.tables_of(network, gateway, address)[0].rules
    last = [rule for rule in rules if rule.rank == (0,)]
    return [*(rule for rule in rules if rule.rank != (0,)), *last[:1]]


def _difference(world: World, ours: Rule, mine: Rule, tenant: str) -> str:
    """Returns how a rule of a preview differs from the base's, but for clones and carriers."""
    if ours.predicate != mine.predicate or ours.doubt != mine.doubt:
        return "has other conditions"
    if not isinstance(ours.outcome, Forward) or not isinstance(mine.outcome, Forward):
        return "" if ours.outcome == mine.outcome else "answers otherwise"
    carriers = world.claims.environment.carriers
    if not _carries(ours.outcome.changes, mine.outcome.changes, carriers, tenant):
        return "does not give requests the carriers alone"
    return sent_otherwise(world, ours.outcome, mine.outcome, tenant)


def _carries(ours: Any, mine: Any, carriers: Sequence[Carrier], tenant: str) -> bool:
    """Tells whether header operations are the base's with the carriers of a tenant."""
    before, after = ((changes or {}).get("request") or {} for changes in (ours, mine))
    headers = {c.header.lower(): tenant for c in carriers if c.header}
    members = ",".join(f"{c.baggage}={tenant}" for c in carriers if c.baggage)
    kept = {n: v for n, v in (before.get("set") or {}).items() if n.lower() not in headers}
    added = {n: v for n, v in (before.get("add") or {}).items() if n.lower() != "baggage"}
    own = [v for n, v in (before.get("add") or {}).items() if n.lower() == "baggage"]
    expected: dict[str, Any] = {**before}
    if headers:
        expected["set"] = {**kept, **headers}
    if members:
        expected["add"] = {**added, "baggage": ",".join([*own, members])}
    return same(dict(after), expected)
