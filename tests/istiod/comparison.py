"""Holds renders to istiod: the base and the base with output, request by request, and object by object."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.pipeline import Rendered, written
from sandlane.proof.claims import claims_of
from sandlane.proof.requests.addresses import pairs_of
from sandlane.proof.requests.case import Case as Judged
from sandlane.proof.requests.case import make_case
from sandlane.proof.requests.clients import Calling, clients_of
from sandlane.proof.world import make_world
from sandlane.semantics.request import Address, Request
from sandlane.specs.inputs import Inputs
from tests.istiod.answers import (
    Seen,
    agrees,
    as_tenant,
    difference,
    evaluated,
    requests_for,
    seen,
    way_of,
    without_subsets,
)
from tests.istiod.control_plane import ask
from tests.istiod.envoy_routes import Pushed, Way, pushed_of
from tests.istiod.worlds import Addresses, Asker, askers_of, is_istios, objects_of

STRANGER = "no-such-tenant"
_MOST_TENANTS = 3
_ROUTES = ("HTTPRoute", "GRPCRoute")
NAMED_MESSAGES = {
    "IST0109": (
        "SL470",
        "IST0109: the analyzer does not look at whom MeshConfig shows VirtualServices to (SL470 says so)",
    ),
    "IST0130": ("", "IST0130: a base entry that names a tenant itself is met by nobody but through that tenant's copy"),
}
"""Code of the analyzers -> the notice that says it, and why it is right."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A render that is held to istiod."""

    id: str
    inputs: Inputs
    found: Rendered


@dataclass(kw_only=True)
class Tally:
    """What was compared, and what differs. `named` counts differences that have a name and a reason."""

    requests: int = 0
    unknown: int = 0
    worlds: int = 0
    named: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A case laid out: the proof has both networks and who has which clone."""

    case: Case
    judge: Judged
    callings: Sequence[Calling]
    addresses: Addresses
    askers: Sequence[Asker]
    worlds: Sequence[dict[str, Any]]


def compare(cases: Sequence[Case], tally: Tally, *, is_ambient: bool = False) -> None:
    """Asks istiod about both worlds of some cases, and notes what differs."""
    laid = [laid_out(case) for case in cases]
    answers = ask([world for each in laid for world in each.worlds], is_ambient=is_ambient)
    tally.worlds += len(answers)
    for each in laid:
        before, after = (answers[world["id"]] for world in each.worlds)
        for found in (*_objects(each, before, after, tally), *_requests(each, before, after, tally)):
            tally.differences.append(f"{each.case.id}: {found}")


def laid_out(case: Case) -> Laid:
    world = make_world(case.inputs.base, written(case.found.objects), claims_of(case.inputs))
    judge = make_case(world)
    callings = list(clients_of(judge.before, judge.after, (), {}))
    addresses = Addresses()
    original = judge.before.base
    objects = [objects_of(network.base, original, addresses) for network in (judge.before, judge.after)]
    askers = askers_of(judge.before, [calling.before for calling in callings], addresses)
    has_routes = any(o.get("kind") in _ROUTES for listed in objects for o in listed)
    defaults = case.inputs.base.export_defaults
    mesh = {
        "defaultServiceExportTo": list(defaults.service),
        "defaultVirtualServiceExportTo": list(defaults.virtual_service),
        "defaultDestinationRuleExportTo": list(defaults.destination_rule),
        "trustDomain": "cluster.local",
    }
    common = {"proxies": [asker.proxy for asker in askers], "mesh": json.dumps(mesh), "analyze": True}
    worlds = [
        {"id": f"{case.id} {which}", "objects": listed, "statuses": has_routes, **common}
        for which, listed in zip(("before", "after"), objects, strict=True)
    ]
    return Laid(case=case, judge=judge, callings=callings, addresses=addresses, askers=askers, worlds=worlds)


def _objects(laid: Laid, before: Mapping[str, Any], after: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    """Yields objects of the output that istiod refuses, statuses that are not accepted, and messages of its analyzers that are new."""
    old = set(before["refused"] or ())
    yield from (f"refused: {text}" for text in after["refused"] or () if text not in old)
    for name, status in after["statuses"].items():
        if name not in before["statuses"] and _is_attached(laid.judge, name):
            parents = (status or {}).get("parents") or [{"conditions": [{"type": "Accepted", "status": "missing"}]}]
            for condition in (c for parent in parents for c in parent["conditions"]):
                if condition["type"] in ("Accepted", "ResolvedRefs") and condition["status"] != "True":
                    yield f"{name}: {condition['type']} is {condition['status']}: {condition.get('message')}"
    known = {_shape(message) for message in before["messages"] or ()}
    said = {problem.code for problem in laid.case.found.notices}
    for message in after["messages"] or ():
        if not message.startswith(("Error", "Warning")) or _shape(message) in known:
            continue
        named = next(
            (why for code, (notice, why) in NAMED_MESSAGES.items() if code in message and notice in {"", *said}), ""
        )
        if named:
            tally.named[named] += 1
        else:
            yield f"analysis: {message}"


def _is_attached(judge: Judged, name: str) -> bool:
    """Tells whether all parents of a route are there: istiod writes no status for others."""
    kind, home, own = name.split("/")
    route = judge.after.base.by_id[ResourceId("gateway.networking.k8s.io", kind, home, own)]
    gateways = [p for p in spec_of(route.manifest).get("parentRefs") or () if (p.get("kind") or "Gateway") == "Gateway"]
    ids = (ResourceId("gateway.networking.k8s.io", "Gateway", p.get("namespace") or home, p["name"]) for p in gateways)
    return all(id in judge.after.base.by_id and is_istios(judge.after.base.by_id[id]) for id in ids)


def _shape(message: str) -> str:
    """Returns the level and code of a message: what the base provokes already is not the output's."""
    return " ".join(message.split()[:2])


def _requests(laid: Laid, before: Mapping[str, Any], after: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    judge = laid.judge
    by_client = by_clients(laid)
    for asker in laid.askers:
        old, new = (pushed_of(answer["proxies"][asker.name]) for answer in (before, after))
        for address in addresses_of(laid, asker, by_client):
            ways = [way_of(judge.before, laid.addresses, asker, pushed, address) for pushed in (old, new)]
            plains = {(r.method, r.path, r.headers): r for r in requests_for(ways, asker, address)}
            for plain in plains.values():
                yield from _compared(laid, asker, (old, new), ways, plain, tally)
        yield from _structure(laid, old, new)


def by_clients(laid: Laid) -> Mapping[Any, list[Address]]:
    """Returns what each class of clients may call."""
    found: dict[Any, list[Address]] = {}
    for pair in pairs_of(laid.judge.before, laid.judge.after, laid.callings, _new_hosts(laid)):
        found.setdefault(_key(pair.before.client), []).append(pair.before)
    return found


def _new_hosts(laid: Laid) -> frozenset[str]:
    """Returns the hosts of clones and of previews, which nobody calls in the base."""
    preview = laid.case.inputs.environment.preview
    named = [preview.host_of(tenant).lower() for tenant in laid.judge.clones] if preview else []
    return frozenset({*named, *laid.judge.after.hosts} - {*laid.judge.before.hosts})


def _key(client: Any) -> Any:
    return client.kind, client.namespace, tuple(sorted(client.labels.items())), client.name


def addresses_of(laid: Laid, asker: Asker, by_client: Mapping[Any, list[Address]]) -> Iterator[Address]:
    if asker.client.kind != "waypoint":
        yield from by_client.get(_key(asker.client), ())
        return
    seen_hosts = {
        (a.host, a.port, a.authority): a for found in by_client.values() for a in found if a.client.kind == "sidecar"
    }
    for address in seen_hosts.values():
        yield replace(address, client=asker.client)


def _compared(
    laid: Laid, asker: Asker, pushed: tuple[Pushed, Pushed], ways: Sequence[Way], plain: Request, tally: Tally
) -> Iterator[str]:
    environment = laid.case.inputs.environment
    is_exact = not (environment.routes.answer_header or environment.routes.strip)
    for tenants, headers in _carried(laid.judge, laid.case):
        request = replace(plain, headers=(*plain.headers, *headers))
        base, met = seen(pushed[0], ways[0], request), seen(pushed[1], ways[1], request)
        tally.requests += 1
        told = f"{asker.name}: {plain.method} {plain.named}:{plain.port}{plain.path} {dict(headers)} {plain.headers}"
        expected = list(_expected(laid, asker, request, base, tenants, pushed[0].clusters))
        found = without_subsets(met, {c: c for own in laid.judge.clones.values() for c in own.values()})
        if found not in expected and (is_exact or found.plain not in [one.plain for one in expected]):
            name = name_of(laid, request, base, expected[0], found)
            tally.named.update([name] if name else [])
            yield from () if name else (f"{told}: {difference(found, expected[-1])}",)
        yield from _traced(laid, asker, request, met, tally, told)


def _expected(
    laid: Laid, asker: Asker, request: Request, base: Seen, tenants: Sequence[str], known: frozenset[str]
) -> Iterator[Seen]:
    """Yields what a request may meet: the base's, with the clones of the tenant that its carriers choose.

    Two tenants by two carriers: the first carrier decides in VirtualServices, and the age of objects in the Gateway API.
    """
    routes = laid.case.inputs.environment.routes
    gateway = f"{asker.client.namespace}/{asker.client.name}"
    if asker.client.kind == "gateway" and (routes.entry == "mesh" or gateway in routes.strip):
        tenants = ()
    is_by_age = any(o.id.kind in _ROUTES for o in laid.case.found.objects)
    is_whole = is_by_age or any(problem.code == "SL412" for problem in laid.case.found.notices)
    for tenant in tenants if is_by_age else tenants[:1]:
        clones = laid.judge.clones[tenant]
        yield from as_tenant(base, clones, known, _called(laid.judge, request, base, clones) if is_whole else ())
    if not tenants or _is_unrouted(laid, request):
        yield base


def _is_unrouted(laid: Laid, request: Request) -> bool:
    """Tells whether a notice says that a port cannot be routed by tenant."""
    host = laid.judge.before.hosts.get(laid.judge.before.meant(request.host, request.client.namespace))
    told = [problem.text for problem in laid.case.found.notices if problem.code == "SL410"]
    return host is not None and any(f"port {request.port} of '{host.resource.id}'" in text for text in told)


def _traced(laid: Laid, asker: Asker, request: Request, met: Seen, tally: Tally, told: str) -> Iterator[str]:
    if asker.client.kind == "waypoint":
        request = replace(request, client=replace(request.client, kind="sidecar"))
    ours = evaluated(laid.judge.after, request)
    if None in ours:
        tally.unknown += 1
    elif asker.client.kind == "waypoint" and met.kind == "nothing":
        return  # another waypoint's Service, or none's
    elif not agrees(ours, met):
        others = [(one.kind, dict(one.shares)) for one in ours if one]
        yield f"{told}: istiod gives {met.kind} {dict(met.shares)}, the evaluator {others}"


def _called(judge: Judged, request: Request, base: Seen, clones: Mapping[str, str]) -> list[str]:
    """Returns the clusters of the clone of the host that a request calls: by its port, or by one that the base's routes name."""
    clone = clones.get(judge.before.concrete(judge.before.meant(request.host, request.client.namespace)))
    ports = [str(request.port), *(name.split("|")[1] for name, _ in base.shares if "|" in name)]
    return [f"outbound|{port}||{clone}" for port in dict.fromkeys(ports)] if clone else []


def _carried(judge: Judged, case: Case) -> Iterator[tuple[tuple[str, ...], tuple[tuple[str, str], ...]]]:
    """Yields carriers, each with the tenants that it names: none, a stranger's, each tenant's by each, and two tenants' by two."""
    carriers = case.inputs.environment.carriers
    yield (), ()
    yield from (((), (carried_line(carrier, STRANGER),)) for carrier in carriers)
    tenants = sorted(judge.clones)[:_MOST_TENANTS]
    for number, tenant in enumerate(tenants):
        for carrier in carriers:
            yield (tenant,), (carried_line(carrier, tenant),)
            yield (), (carried_line(carrier, f"{tenant}0x"),)
        other = tenants[(number + 1) % len(tenants)]
        if len(carriers) > 1 and other != tenant:
            yield (tenant, other), (carried_line(carriers[0], tenant), carried_line(carriers[1], other))


def carried_line(carrier: Any, tenant: str) -> tuple[str, str]:
    """Returns the header that carries a tenantID, baggage among other members and with properties."""
    name, value = carrier.line(tenant)
    return name.lower(), value if carrier.header else f"x=1, {value};p=q"


def name_of(laid: Laid, request: Request, base: Seen, expected: Seen, found: Seen) -> str:
    """Returns the name of a difference that is known and right, or ''."""
    if expected.plain == found.plain and _without_hash(expected) == _without_hash(found):
        return "D-I1: with a VirtualService the consistent hash of a DestinationRule is another (SL413 says so)"
    if found == base and _stays(laid, request):
        return "SL464: a destination named by an ExternalName Service, or a mirror, stays with the base"
    return ""


def _stays(laid: Laid, request: Request) -> bool:
    """Tells whether a notice says of a VirtualService of a request's host that it sends tenants to the base's (SL464)."""
    judge = laid.judge.before
    for problem in (problem for problem in laid.case.found.notices if problem.code == "SL464"):
        kind, home, own = problem.text.split("'")[1].split("/")
        spec = spec_of(judge.base.by_id[ResourceId("networking.istio.io", kind, home, own)].manifest)
        called = {request.host, request.named, judge.meant(request.host, request.client.namespace)}
        for host in spec.get("hosts") or ["*"]:
            names = (host, judge.meant(host, home))
            if any(fnmatchcase(one, name) for one in called for name in names):
                return True
    return False


def _without_hash(found: Seen) -> Any:
    """Returns the rest of an answer without hash policies, and what istiod writes only where there are none."""
    rest = json.loads(found.rest or "{}")
    route = {key: value for key, value in rest.get("route", {}).items() if key not in ("hash_policy", "retry_policy")}
    return {**rest, "route": route}


def _structure(laid: Laid, old: Pushed, new: Pushed) -> Iterator[str]:
    """Yields clusters and virtual hosts of the base that output takes away, and new ones that are no clones' and no previews'."""
    judge = laid.judge
    services = [s.id for s in judge.after.base.of("", "Service") if s.id not in judge.before.base.by_id]
    mine = {clone for clones in judge.clones.values() for clone in clones.values()} | _new_hosts(laid)
    mine |= {f"{id.name}.{id.namespace}.svc.{judge.before.domain}" for id in services}
    yield from (f"cluster {name} is gone" for name in sorted(old.clusters - new.clusters))
    yield from (
        f"cluster {name} is new" for name in sorted(new.clusters - old.clusters) if name.split("|")[-1] not in mine
    )
    domains, others = _domains(old), _domains(new)
    yield from (f"domain {place} is gone" for place in sorted(domains.keys() - others.keys()))
    for place in sorted(others.keys() - domains.keys()):
        if others[place].partition(":")[0] not in {*mine, "allow_any", "block_all"}:
            yield f"domain {place} is new, of virtual host {others[place]}"


def _domains(pushed: Pushed) -> dict[tuple[str, str], str]:
    """Returns the domains of all virtual hosts by the names of their route configurations, each with its virtual host's name."""
    return {
        (name, domain): host["name"]
        for name, config in pushed.routes.items()
        for host in config.get("virtual_hosts", ())
        for domain in host["domains"]
    }
