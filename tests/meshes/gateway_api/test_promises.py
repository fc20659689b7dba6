"""Promises 1 to 3 for random route tables, judged by proof's own compiler: HTTPRoutes and GRPCRoutes of Services and Gateways.

Each example is rendered with its proof (which must raise no false alarm), and base and output are compiled to decisions as each
mesh makes them. What a request may get from the output, whichever of objects that tie is the oldest, must be what it may get
from the base, with the tenant's clones in place of what it cloned.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource
from sandlane.pipeline import Rendered, render
from sandlane.problems.problem import Invalid, Source
from sandlane.semantics.istio_matches import MESH, Proxy
from sandlane.semantics.istio_rules import destination
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.outcomes import Destination, Forward, Outcome, Redirect
from sandlane.semantics.request import Client, Request
from sandlane.specs.inputs import Inputs
from tests.build import WAYPOINT, Object, app, deployment, destination_rule, group, inputs, meta, sandbox, service
from tests.meshes.gateway_api.test_properties import (
    GATEWAY,
    PORTS,
    SERVICES,
    clones,
    grpc_matches,
    http_matches,
    ignored,
    in_shop,
    requests,
    rules,
    rules_of,
    tenant_of,
)
from tests.networks import decide_request
from tests.profiles import examples

DOMAIN = ".svc.cluster.local"
LISTENERS = [
    {"name": "all", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}},
    {"name": "test", "port": 8080, "protocol": "HTTP", "hostname": "*.test", "allowedRoutes": {"namespaces": {"from": "All"}}},
]  # fmt: skip
GATE: Object = {"apiVersion": f"{GATEWAY}/v1", "kind": "Gateway", "metadata": meta("gate"),
                "spec": {"gatewayClassName": "any", "listeners": LISTENERS}}  # fmt: skip
POLICY = {
    "connectionPool": {"http": {"maxRetries": 1}},
    "portLevelSettings": [{"port": {"number": 8080}, "tls": {"mode": "DISABLE"}}],
}
REFUSED = {"SL402", "SL424", "SL440"}
"""What bases may be refused for: ports or meanings that are not written out, clients' routes, ReferenceGrants that are missing."""


@dataclass(frozen=True)
class Case:
    """Routes of a base with its other objects, and who cloned what."""

    mesh: str
    routes: list[Object]
    others: list[Object]
    cloned: dict[str, set[str]]
    carriers: list[Object]
    entry: str

    @property
    def base(self) -> list[Object]:
        shop = [
            *(o for name in SERVICES for o in app(name, *PORTS)),
            deployment("d"),
            service("d", *PORTS),
            GATE,
            WAYPOINT,
        ]
        return [*shop, *self.others, *self.routes]


# Random bases.


def parents(mesh: str) -> st.SearchStrategy[Object]:
    services = st.fixed_dictionaries(
        {"group": st.sampled_from(["", "core"]), "kind": st.just("Service"), "name": st.sampled_from(["a", "b"]),
         "namespace": st.just("shop")},
        optional={"port": st.sampled_from(PORTS)},
    )  # fmt: skip
    gate = st.fixed_dictionaries(
        {"name": st.just("gate"), "namespace": st.just("shop")},
        optional={"sectionName": st.sampled_from(["all", "test"]), "port": st.sampled_from(PORTS)},
    )
    return st.one_of(services, services, gate)


def has_share(rule: Object) -> Object:
    """Returns a rule that sends somewhere: one of zeros alone is a 500 of the base's own, a case in test_gateway_copies.py."""
    backends = rule.get("backendRefs", [])
    if backends and not any(b.get("weight", 1) for b in backends):
        return {**rule, "backendRefs": [{**backends[0], "weight": 1}, *backends[1:]]}
    return rule


def with_methods(rule: Object) -> Object:
    """Returns a rule whose matches have methods: others are refused on Linkerd (rule R-L1), as test_properties.py holds."""
    matches = [{"method": {"service": "a"}, **match} for match in rule.get("matches") or [{}]]
    return {**rule, "matches": matches}


@st.composite
def routes(draw: st.DrawFn, mesh: str, number: int) -> Object:
    kind = draw(st.sampled_from(["HTTPRoute", "HTTPRoute", "HTTPRoute", "GRPCRoute"]))
    found = [draw(parents(mesh))]
    if draw(st.integers(0, 3)) == 0:
        other = draw(parents(mesh))
        found += [other] if other["name"] != found[0]["name"] else []
    at_gate = any(p["name"] == "gate" for p in found)
    home = draw(st.sampled_from(["shop", "shop", "shop", "client"]))
    is_linkerd = mesh == "linkerd" and not at_gate
    matches = http_matches if kind == "HTTPRoute" else grpc_matches
    listed = draw(st.lists(rules(matches, is_linkerd, kind == "HTTPRoute"), min_size=1, max_size=3))
    listed = (
        [has_share(in_shop(r)) for r in listed] if home != "shop" or len(found) > 1 else [has_share(r) for r in listed]
    )
    if mesh == "linkerd" and kind == "GRPCRoute" and any(p["name"] != "gate" for p in found):
        listed = [with_methods(rule) for rule in listed]
    names = draw(st.lists(st.sampled_from(["x.test", "*.test", "y.test"]), max_size=2, unique=True))
    spec = {"parentRefs": found, **({"hostnames": names} if names else {}), "rules": listed}
    metadata = {"name": f"r{number}", "namespace": home}
    return {"apiVersion": f"{GATEWAY}/v1", "kind": kind, "metadata": metadata, "spec": spec}


def grant(*to: str) -> Object:
    sources = [{"group": GATEWAY, "kind": kind, "namespace": "client"} for kind in ("HTTPRoute", "GRPCRoute")]
    named = [{"group": "", "kind": "Service", "name": name} for name in to] or [{"group": "", "kind": "Service"}]
    return {"apiVersion": f"{GATEWAY}/v1beta1", "kind": "ReferenceGrant", "metadata": meta("-".join(("g", *to)), "shop"),
            "spec": {"from": sources, "to": named}}  # fmt: skip


@st.composite
def cases(draw: st.DrawFn, mesh: str) -> Case:
    count = draw(st.integers(1, 4))
    drawn = [draw(routes(mesh, number)) for number in range(count)]
    grants = [grant()] if draw(st.booleans()) else [grant("a", "d"), grant("b"), grant("c", "b")]
    policies = [destination_rule(name, name, "shop", trafficPolicy=POLICY)
                for name in draw(st.sets(st.sampled_from("ab"))) if mesh.startswith("istio")]  # fmt: skip
    carriers = [*draw(st.sampled_from([[], [{"header": "X-Dev"}]])), {"header": "tenantID"}, {"baggage": "tenantID"}]
    return Case(mesh=mesh, routes=drawn, others=[*grants, *policies], cloned=draw(clones), carriers=carriers,
                entry=draw(st.sampled_from(["any", "any", "mesh"])))  # fmt: skip


# What requests get.


def network_of(case: Case, base: Base) -> Network:
    return make_network(base, mesh=case.mesh, domain="cluster.local", root="istio-system")


def told(outcome: Outcome) -> str:
    """Returns an outcome as text: data in one spelling, without the places of manifests that it comes from."""
    if isinstance(outcome, Forward):
        sent = sorted(
            json.dumps(
                [d.host, d.port, d.subset, d.weight, d.changes, d.policy.traffic if d.policy else None, d.failure],
                sort_keys=True,
            )
            for d in outcome.destinations
        )
        rest = [outcome.changes, outcome.rewrite, outcome.timeout, outcome.retries, outcome.cors, outcome.other]
        return json.dumps(["forward", sent, *rest, [mirrored(m) for m in outcome.mirrors]], sort_keys=True)
    if isinstance(outcome, Redirect):
        return json.dumps(["redirect", outcome.how, outcome.changes], sort_keys=True)
    return str(outcome)


def mirrored(mirror: Object) -> Object:
    """Returns a mirror; whether it leads to the clone depends on whether its route is copied: test_gateway_copies.py."""
    reference = mirror["backendRef"]
    return {
        **mirror,
        "backendRef": {"group": "", "kind": "Service", **reference, "name": reference["name"].partition("-")[0]},
    }


def may_get(network: Network, request: Request) -> list[Outcome]:
    return [choice.outcome for choice in decide_request(network, request)]


def as_origin(network: Network, request: Request, clone: str) -> Destination:
    """Returns a clone as the only destination of a request, called as its origin is."""
    if network.mesh not in ("istio", "istio-ambient"):
        return Destination(host=clone, port=request.port)
    kind: Any = "waypoint" if network.mesh == "istio-ambient" else "sidecar"
    client = replace(request.client, kind=kind, namespace="shop" if kind == "waypoint" else request.client.namespace)
    proxy = Proxy(client=client, gateway=MESH, port=request.port)
    return replace(destination(network, proxy, request.host, request.port), host=clone)


def replaced(outcome: Outcome, cloned: Mapping[str, str], whole: Destination | None) -> Outcome:
    """Returns the base's outcome with clones in place of what was cloned; `whole` takes all requests of its Service's host."""
    if not isinstance(outcome, Forward):
        return outcome
    if whole:
        return replace(outcome, destinations=(whole,))
    merged: dict[str, Destination] = {}
    for d in (d for d in outcome.destinations if d.host in cloned):
        made = replace(d, host=cloned[d.host], weight=1)
        key = told(Forward(destinations=(made,)))
        merged[key] = replace(made, weight=d.weight + (merged[key].weight if key in merged else 0))
    sent = tuple(merged.values())
    if len(sent) == 1:
        sent = (replace(sent[0], weight=1),)
    return replace(outcome, destinations=sent) if sent else outcome


def whole_of(case: Case, host: str, port: int, mine: frozenset[str]) -> bool:
    """Tells whether a cloned Service has routes on a port of which none sends to anything that the tenant cloned."""
    if host not in mine:
        return False
    places = [
        (r, p)
        for r in case.routes
        for p in r["spec"]["parentRefs"]
        if p["name"] == host and not ignored(r, case.mesh) and not is_kept_out(case, r, p)
    ]
    part = [(r, p) for r, p in places if p.get("port", port) == port]
    for _, parent in part:  # grows while it is walked
        near = [
            (r, p)
            for r, p in places
            if (r, p) not in part and ("port" not in p or p.get("port") == parent.get("port", p["port"]))
        ]
        part += near
    return bool(part) and not any(name in mine for r, _ in part for name in sent_to(case, r))


def is_kept_out(case: Case, route: Object, parent: Object) -> bool:
    """Tells whether Linkerd ignores an HTTPRoute for a GRPCRoute with an equal parentRef, which is said (SL443)."""
    calls = [p for r in case.routes if r["kind"] == "GRPCRoute" for p in r["spec"]["parentRefs"]]
    equal = [p for p in calls if (p["name"], p.get("port")) == (parent["name"], parent.get("port"))]
    return case.mesh == "linkerd" and route["kind"] == "HTTPRoute" and parent["name"] != "gate" and bool(equal)


def sent_to(case: Case, route: Object) -> Iterator[str]:
    for rule in rules_of(route):
        backends = rule.get("backendRefs", [])
        live = [b for b in backends if b.get("weight", 1)] or backends
        yield from (b["name"] for b in live if b.get("namespace", route["metadata"]["namespace"]) == "shop")
        is_redirect = any(f["type"] == "RequestRedirect" for f in rule.get("filters", []))
        if case.mesh == "linkerd" and not backends and not is_redirect:
            yield from (p["name"] for p in route["spec"]["parentRefs"] if p["name"] != "gate")


def is_kept_off(case: Case, host: str, port: int, client: str) -> bool:
    """Tells whether a GRPCRoute that Linkerd ignores keeps tenants' HTTPRoutes off a port without routes, which is said (SL410)."""
    places = [(r, p) for r in case.routes for p in r["spec"]["parentRefs"] if p["name"] == host != "gate"]
    calls = [p.get("port") for r, p in places if r["kind"] == "GRPCRoute"]
    serving = [p for r, p in places if p.get("port", port) == port and not ignored(r, case.mesh)
               and r["metadata"]["namespace"] in ("shop", client)
               and not is_kept_out(case, r, p)]  # fmt: skip
    return case.mesh == "linkerd" and port in calls and not serving


def asked(case: Case, given: Mapping[str, Any], target: str) -> Request:
    kind: Any = "gateway" if target == "gate" else "linkerd" if case.mesh == "linkerd" else "sidecar"
    client = Client(
        kind=kind, namespace="shop" if target == "gate" else given["client"], name=target if target == "gate" else ""
    )
    full = f"{target}.shop{DOMAIN}"
    is_named = target == "gate" or case.mesh == "linkerd"
    return Request(
        client=client,
        host=given["host"] if target == "gate" else full,
        port=given["port"],
        authority=given["host"] if is_named else full,
        method=given["method"],
        path=given["path"] + ("?q=1" if given["query"] else ""),
        headers=tuple(sorted(given["headers"].items())),
    )


def rendered_or_refused(read: Inputs) -> Rendered | Invalid:
    """Renders and proves, or returns why the base is refused, which must be for one of the reasons above."""
    try:
        return render(read)
    except Invalid as invalid:
        codes = {problem.code for problem in invalid.problems}
        if not codes <= REFUSED:
            raise
        return invalid


def read_inputs_of(case: Case, specs: Sequence[Object]) -> Inputs:
    """Returns the inputs of a random base with sandboxes and groups."""
    routes = {"entry": case.entry}
    return inputs(case.base, *specs, mesh=case.mesh, output={"base": "none"}, carriers=case.carriers, routes=routes)


def disjoint(cloned: Mapping[str, set[str]]) -> tuple[str, str] | None:
    """Returns two tenants that cloned nothing in common, who may be in one route group (tenantID 'dev')."""
    return next(((a, b) for a, b in combinations(sorted(cloned), 2) if not cloned[a] & cloned[b]), None)


def check(case: Case, given: Sequence[Mapping[str, Any]]) -> None:
    specs = [sandbox(tenant, *sorted(services)) for tenant, services in case.cloned.items()]
    owners = {tenant: dict.fromkeys(services, tenant) for tenant, services in case.cloned.items()}
    if members := disjoint(case.cloned):
        specs.append(group("release", tenantID="dev", sandboxes=list(members)))
        owners["dev"] = {**owners[members[0]], **owners[members[1]]}
    read = read_inputs_of(case, specs)
    rendered = rendered_or_refused(read)
    assume(not isinstance(rendered, Invalid))
    assert not isinstance(rendered, Invalid)
    written = [Resource(id=o.id, manifest=o.manifest, source=Source(file="x")) for o in rendered.objects]
    before, after = network_of(case, read.base), network_of(case, overlaid(read.base, written))
    for each in given:
        mine = owners.get(tenant_of(each), {})
        for target in ("a", "b", "c", "gate"):
            cloned = {f"{name}.shop{DOMAIN}": f"{name}-{owner}.shop{DOMAIN}" for name, owner in mine.items()}
            request = asked(case, each, target)
            whole = None
            if whole_of(case, target, each["port"], frozenset(mine)):
                whole = as_origin(before, request, cloned[request.host])
            if (target, case.entry) == ("gate", "mesh"):  # tenants are chosen in the mesh alone (rule R-G14)
                cloned = {}
            if is_kept_off(case, target, each["port"], each["client"]):
                cloned, whole = {}, None
            wanted = {told(replaced(o, cloned, whole)) for o in may_get(before, request)}
            assert (sorted({told(o) for o in may_get(after, request)}), target) == (sorted(wanted), target)


asked_for = st.lists(requests, min_size=8, max_size=16)


@examples(80)
@given(cases("linkerd"), asked_for)
def test_linkerd(case: Case, given: list[Mapping[str, Any]]) -> None:
    check(case, given)


@examples(80)
@given(cases("gateway-api"), asked_for)
def test_gateway_api(case: Case, given: list[Mapping[str, Any]]) -> None:
    check(case, given)


@examples(60)
@given(cases("istio-ambient"), asked_for)
def test_ambient(case: Case, given: list[Mapping[str, Any]]) -> None:
    check(case, given)


@examples(60)
@given(cases("istio"), asked_for)
def test_istio(case: Case, given: list[Mapping[str, Any]]) -> None:
    check(case, given)


@examples(40)
@given(
    st.sampled_from(["linkerd", "gateway-api", "istio"]).flatmap(cases), st.sampled_from(["x.test", "*.test", "y.test"])
)
def test_r_g15_previews_of_random_gateways_hold_what_proof_asks(case: Case, of: str) -> None:
    specs = [sandbox(tenant, *sorted(services)) for tenant, services in case.cloned.items()]
    preview = {"host": "{tenantID}.preview.test", "gateway": "shop/gate", "of": of}
    read = inputs(case.base, *specs, mesh=case.mesh, output={"base": "none"}, carriers=case.carriers,
                  routes={"entry": case.entry}, preview=preview)  # fmt: skip
    try:
        found = render(read)
    except Invalid as invalid:
        if not {problem.code for problem in invalid.problems if problem.level == "error"} <= REFUSED | {"SL455"}:
            raise
        return
    made = [o.id.name.partition("-preview-") for o in found.objects if "-preview-" in o.id.name]
    by_tenant = {tenant: {name for name, _, other in made if other == tenant} for tenant in case.cloned}
    assert len({frozenset(names) for names in by_tenant.values()}) == 1
