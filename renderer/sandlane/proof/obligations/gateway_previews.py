"""Previews at Gateways of the Gateway API: a tenant's host answers as the base's host does for that tenant (rule R-G15).

What the Gateway makes of the preview's host is compiled from the output, what it makes of the base's host from the base; the rules of
each route and of its copy are laid beside each other: the same conditions, the same actions with clones, and carriers of the tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.additional import AddedRoute, route_previews
from sandlane.proof.alignment import same
from sandlane.proof.copied_metadata import other_metadata
from sandlane.proof.preview_outcomes import network_after, route_gateway, sent_otherwise
from sandlane.proof.routes import parents_of
from sandlane.proof.spelling import spelled_filter, without_answer
from sandlane.proof.world import World, directory
from sandlane.semantics import gateways
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import Forward, Outcome, Redirect
from sandlane.semantics.request import Address, Client
from sandlane.semantics.tables import Rule
from sandlane.specs.model import Carrier

_OWN = ("hostnames", "parentRefs", "rules")
_NOWHERE = "sandlane-no-such-label"
"""A label for a pattern of hosts, to ask for one that no route names."""


@frozen
class _Case:
    """A Gateway with the host that previews are of, the base's routes for it, and the ports of its listeners."""

    gateway: Resource
    of: str
    routes: tuple[Resource, ...]
    hosts: frozenset[str]
    ports: tuple[int, ...]


def check(world: World) -> Iterator[Problem]:
    """Yields previews that are missing, for other Gateways, or other than the base's routes with clones and carriers."""
    preview, case = world.claims.environment.preview, _case(world)
    if preview is None:
        return
    previews: dict[str, list[AddedRoute]] = {}
    for added in route_previews(world):
        previews.setdefault(directory(added.resource), []).append(added)
        if case is None:
            yield _wrong("SL601", added, "has the host of a preview that no Gateway serves")
    if case is None:
        return
    after = network_after(world)
    for where, holder in sorted(world.holders.items()):
        own = previews.get(where, [])
        host = preview.host.replace("{tenantID}", holder.tenant)
        bounds = [problem for added in own for problem in _bounds(world, case, added, host)]
        yield from bounds
        for route in case.routes if world.clones.cloned.get(holder.tenant) and not bounds else ():
            copies = [added for added in own if added.origin and added.origin.id == route.id]
            if len(copies) != 1:
                what = f"'{holder.name}' has {len(copies)} previews of '{route.id}', expected one"
                yield report("SL602", source=holder.source, what=what)
            else:
                yield from _rules(world, after, case, route, copies[0], host)


def _wrong(code: str, added: AddedRoute, what: str, path: Path = ()) -> Problem:
    return report(code, source=added.resource.source, path=path, what=f"'{added.resource.id}' {what}")


def _case(world: World) -> _Case | None:
    preview = world.claims.environment.preview
    if preview is None:
        return None
    gateway = route_gateway(world)
    if gateway is None:
        return None
    listeners: Sequence[Manifest] = spec_of(gateway.manifest).get("listeners") or ()
    by_route = [(r, _hosts(world, gateway, r)) for kind in world.reader.kinds for r in world.base.of(*kind)]
    hosts = frozenset(host for _, found in by_route for host in found)
    of = preview.of.lower() if preview.of else next(iter(hosts)) if len(hosts) == 1 else ""
    ports = tuple(dict.fromkeys(x["port"] for x in listeners if x.get("port")))
    groups = {group for port in ports for group in _compiled(world.network, gateway, _asked(of), port)}
    routes = tuple(route for route, _ in by_route if str(route.id) in groups)
    return _Case(gateway, of, routes, hosts, ports)


def _hosts(world: World, gateway: Resource, route: Resource) -> set[str]:
    """Returns the hosts for which a Gateway has a route, where its listeners narrow the route's down."""
    listeners: Sequence[Manifest] = spec_of(gateway.manifest).get("listeners") or ()
    names = [str(name).lower() for name in spec_of(route.manifest).get("hostnames") or ["*"]]
    known = {
        str(x.get("hostname") or "*").lower()
        for parent in parents_of(world.reader, route.manifest, route.id.namespace)
        for x in listeners
        if parent.target == gateway.id
        and parent.section in (None, x.get("name"))
        and parent.port in (None, x.get("port"))
    }
    return {
        one if one == other or covers(other, one) else other
        for one in names
        for other in known
        if one == other or covers(one, other) or covers(other, one)
    }


def _bounds(world: World, case: _Case, added: AddedRoute, host: str) -> Iterator[Problem]:
    """Yields where a preview may answer for anything but its tenant's host at the Gateway, or is no route's copy."""
    resource, origin = added.resource, added.origin
    if host in case.hosts:
        yield _wrong("SL601", added, "has a host of the base", ("spec", "hostnames"))
    for number, parent in enumerate(added.parents):
        if parent.target != case.gateway.id:
            path: Path = ("spec", "parentRefs", number)
            yield _wrong("SL601", added, f"has a parentRef to another than '{case.gateway.id}'", path)
    if not added.parents:
        yield _wrong("SL601", added, "has no parentRefs", ("spec",))
    if origin is None or origin.id not in {route.id for route in case.routes}:
        yield _wrong("SL601", added, f"is the copy of no route for '{case.of}'", ("metadata", "labels"))
        return
    mine, base = spec_of(resource.manifest), spec_of(origin.manifest)
    if resource.manifest.get("apiVersion") != origin.manifest.get("apiVersion"):
        yield _wrong("SL601", added, f"has another 'apiVersion' than '{origin.id}'", ("apiVersion",))
    for field in dict.fromkeys((*base, *mine)):
        if field not in _OWN and not same(mine.get(field) or None, base.get(field) or None):
            yield _wrong("SL601", added, f"has another 'spec.{field}' than '{origin.id}'", ("spec", field))
    yield from other_metadata(world, resource, origin)


def _rules(
    world: World, after: Network, case: _Case, route: Resource, added: AddedRoute, host: str
) -> Iterator[Problem]:
    """Yields how the rules of a preview differ from those of the base's route, at each port of the Gateway."""
    for port in case.ports:
        base = _compiled(world.network, case.gateway, _asked(case.of), port).get(str(route.id), [])
        mine = _compiled(after, case.gateway, host, port).get(str(added.resource.id), [])
        if len(base) != len(mine):
            text = f"has {len(mine)} matches for port {port}, expected {len(base)} as '{route.id}' for '{case.of}'"
            yield _wrong("SL602", added, text, ("spec", "rules"))
            continue
        for number, (ours, rule) in enumerate(zip(base, mine, strict=True)):
            what = _difference(world, ours, rule, added.holder.tenant)
            if what:
                yield _wrong("SL602", added, f"{what} in match {number + 1} for port {port}", rule.origin.path)


def _asked(host: str) -> str:
    """Returns a host that a pattern covers, and no closer one."""
    return host.replace("*", _NOWHERE, 1)


def _compiled(network: Network, gateway: Resource, host: str, port: int) -> dict[str, list[Rule]]:
    """Returns the rules that a Gateway has for a host, of the closest host names, by the route that they are of."""
    client = Client(kind="gateway", namespace=gateway.id.namespace, name=gateway.id.name)
    table = gateways.tables_of(network, Address(client=client, host=host, port=port, authority=host))[0]
    best = max((rule.rank[:2] for rule in table.rules), default=())
    found: dict[str, list[Rule]] = {}
    for rule in table.rules:
        if rule.rank[:2] == best:
            found.setdefault(rule.group, []).append(rule)
    return found


def _difference(world: World, ours: Rule, mine: Rule, tenant: str) -> str:
    """Returns how a rule of a preview differs from the base's, but for clones and carriers."""
    if ours.predicate != mine.predicate or ours.doubt != mine.doubt or ours.rank[2:] != mine.rank[2:]:
        return "has other conditions"
    if not isinstance(ours.outcome, Forward) or not isinstance(mine.outcome, Forward):
        return "" if _spelled(ours.outcome) == _spelled(mine.outcome) else "answers otherwise"
    if not _carries(world, ours.outcome.changes or (), mine.outcome.changes or (), tenant):
        return "does not give requests the carriers alone"
    return sent_otherwise(world, ours.outcome, mine.outcome, tenant)


def _spelled(outcome: Outcome) -> Outcome:
    """Returns a redirect with the CRD's default of its status, and other outcomes as they are."""
    return (
        replace(outcome, how={"statusCode": 302, **(outcome.how or {})}) if isinstance(outcome, Redirect) else outcome
    )


def _carries(world: World, ours: Sequence[Manifest], mine: Sequence[Manifest], tenant: str) -> bool:
    """Tells whether filters are the base's with the carriers of a tenant, and with the header that answers with the route."""
    environment = world.claims.environment
    header = environment.routes.answer_header
    before, rest = _split(ours)
    after, found = _split(mine)
    if header:
        names = tuple(f"{tenant}/{service.name}" for service in world.clones.cloned[tenant])
        stripped = without_answer(found, header, names)
        if stripped is not found:
            found, rest = stripped, without_answer(rest, header, None)
    return after == _with_carriers(before, environment.carriers, tenant) and same(list(found), list(rest))


def _split(filters: Sequence[Manifest]) -> tuple[dict[str, Any], Sequence[dict[str, Any]]]:
    """Returns what filters do to a request's headers, by operation, and the other filters."""
    found: dict[str, Any] = {"set": {}, "add": {}, "remove": set()}
    for item in filters:
        modifier: Mapping[str, Any] = item.get("requestHeaderModifier") or {}
        for operation in ("set", "add"):
            found[operation] |= {str(h["name"]).lower(): h["value"] for h in modifier.get(operation) or ()}
        found["remove"] |= {str(name).lower() for name in modifier.get("remove") or ()}
    return found, [spelled_filter(item) for item in filters if item.get("type") != "RequestHeaderModifier"]


def _with_carriers(changes: Mapping[str, Any], carriers: Sequence[Carrier], tenant: str) -> dict[str, Any]:
    headers = {c.header.lower(): tenant for c in carriers if c.header}
    members = ",".join(f"{c.baggage}={tenant}" for c in carriers if c.baggage)
    own = ",".join(part for part in (changes["add"].get("baggage"), members) if part)
    return {
        "set": {**changes["set"], **headers},
        "add": {**changes["add"], **({"baggage": own} if members else {})},
        "remove": changes["remove"] - headers.keys() - ({"baggage"} if members else set()),
    }
