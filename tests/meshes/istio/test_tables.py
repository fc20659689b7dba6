"""Random bases of several VirtualServices, in the mesh, at gateways and behind delegates: rendered, proved, and traced.

What a request gets from the output is compared with what it gets from the base: the same without a carrier, and with a tenant's the same
with clones in place of what the tenant cloned. Both are the evaluator's answers, which shares no decision with the renderer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sandlane.k8s.resource import Resource
from sandlane.pipeline import Rendered, render
from sandlane.problems.problem import Invalid, Source
from sandlane.reports.answers import said
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.outcomes import Forward, Outcome
from sandlane.semantics.request import Client, Request
from tests.build import Object, app, inputs, object_of, sandbox, to, virtual_service
from tests.networks import decide_request

TENANTS = ("dev1", "dev10", "xdev1")
SERVICES = ("a", "b", "c")
END = ".shop.svc.cluster.local"
REFUSED = {"SL402", "SL403", "SL431", "SL432", "SL433", "SL444", "SL445"}
"""What some of these bases are refused for: each has its own test."""

paths = st.sampled_from(
    [{"exact": "/a"}, {"prefix": "/a"}, {"prefix": "/b"}, {"exact": "/c"}, {"prefix": "/"}, {"regex": ".*"}]
)
matches = st.fixed_dictionaries(
    {},
    optional={
        "uri": paths,
        "ignoreUriCase": st.booleans(),
        "method": st.just({"exact": "GET"}),
        "headers": st.sampled_from([{"x": {"exact": "1"}}, {"x": {}}, {"tenantid": {"exact": "dev1"}}]),
        "withoutHeaders": st.sampled_from([{"x": {}}, {"tenantid": {}}]),
        "queryParams": st.just({"q": {"exact": "1"}}),
    },
)
hosts = st.sampled_from([s + END for s in SERVICES])
routes = st.one_of(
    hosts.map(lambda host: [to(host)]),
    st.tuples(hosts, hosts).map(lambda two: [to(two[0], weight=30), to(two[1], weight=70)]),
)
actions = st.one_of(
    st.fixed_dictionaries({"route": routes}, optional={"timeout": st.just("1s"), "rewrite": st.just({"uri": "/z"})}),
    st.just({"redirect": {"uri": "/new"}}),
)
entries = st.builds(
    lambda match, action: {**({"match": match} if match else {}), **action}, st.lists(matches, max_size=2), actions
)
tables = st.lists(entries, max_size=3)
ports = st.sampled_from([None, None, 80, 8080])


def ported(http: list[Object], port: int | None) -> list[Object]:
    """Returns entries that are for one port."""
    return [{**e, "match": [{**m, "port": port} for m in e.get("match") or [{}]]} for e in http] if port else http


def in_mesh(
    name: str, http: list[Object], scope: tuple[str, list[str]], port: int | None, *, is_whole: bool = True
) -> Object:
    own = [*http, {"route": [to(f"{name}{END}")]}] if is_whole or not http else http
    more = {"exportTo": scope[1]} if scope[1] else {}
    return virtual_service(name, *ported(own, port), namespace=scope[0], hosts=[name + END], **more)


scopes: Any = st.sampled_from([("", []), ("", []), ("client", ["."]), ("", ["*"])])
meshed = st.dictionaries(st.sampled_from(SERVICES), st.tuples(tables, scopes, ports, st.booleans()), max_size=2)
hostnames: Any = st.sampled_from([("*",), ("*",), ("*",), ("shop.example.com",), ("*", "x.org")])
loose: Any = st.lists(st.tuples(tables, hostnames), max_size=3)


def tidy(names: tuple[str, ...], several: list[list[Object]], last: int, sent: list[Object]) -> list[Any]:
    """Returns tables for one virtual host that share no path, one of them with a catch-all at its end."""
    found = []
    for number, http in enumerate(several):
        path = {"uri": {"prefix": f"/{'abc'[number]}"}}
        own = [{**e, "match": [{**m, **path} for m in e.get("match") or [{}]]} for e in http]
        found.append(([*own, {"route": sent}] if number == last % len(several) else own, names))
    return found


tidied = st.builds(tidy, hostnames, st.lists(tables, min_size=2, max_size=3), st.integers(0, 2), routes)
# Each has a catch-all of its own: the first hides the others'.
crowded = st.builds(
    lambda names, several, sent: [
        ([*http, {"route": [to(s + END)]}], names) for http, s in zip(several, sent, strict=False)
    ],
    hostnames,
    st.lists(tables, min_size=2, max_size=3),
    st.permutations(SERVICES),
)
entered: Any = st.one_of(tidied, tidied, crowded, loose)
rooted = st.fixed_dictionaries(
    {}, optional={"uri": paths, "ignoreUriCase": st.booleans(), "sourceNamespace": st.just("client")}
)
delegating = st.lists(st.one_of(rooted, rooted, rooted, matches), max_size=3)
delegated = st.tuples(tables, delegating, st.sampled_from(["mesh", "gw"]))
GATE = object_of("networking.istio.io/v1", "Gateway", "gw", selector={"istio": "in"}, servers=[
    {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]},
    {"port": {"number": 8080, "name": "http-alt", "protocol": "HTTP"}, "hosts": ["*"]}])  # fmt: skip
limits: Any = st.lists(st.sampled_from([None, None, 80, 8080]), min_size=1, max_size=4)
exports: Any = st.lists(st.sampled_from([None, None, None, ["."], ["client"]]), min_size=3, max_size=3)
clones = st.dictionaries(st.sampled_from(TENANTS), st.sets(st.sampled_from(SERVICES), min_size=1), min_size=1)
values = st.sampled_from([*TENANTS, "no"])
requests = st.fixed_dictionaries(
    {
        "to": st.sampled_from(
            [("", "a" + END), ("", "b" + END), ("", "c" + END), ("gw", "shop.example.com"), ("gw", "x.org")]
        ),
        "namespace": st.sampled_from(["shop", "client", "other"]),
        "port": st.sampled_from([80, 8080]),
        "path": st.sampled_from(["/a", "/A", "/ab", "/b", "/c", "/z?q=1"]),
        "method": st.sampled_from(["GET", "POST"]),
        "headers": st.fixed_dictionaries(
            {},
            optional={
                "tenantid": values,
                "baggage": values.map(lambda v: f"tenantID={v}"),
                "x": st.sampled_from(["1", "2"]),
            },
        ),
    }
)


def rendered(base: list[Object], cloned: Mapping[str, set[str]]) -> tuple[Network, Network, Rendered]:
    """Returns the network of the base and that with the output, which is proved; bases that are refused are passed over."""
    found = inputs(base, *(sandbox(tenant, *sorted(services)) for tenant, services in cloned.items()))
    try:
        made = render(found)
    except Invalid as invalid:
        codes = {problem.code for problem in invalid.problems if problem.level == "error"}
        assert codes <= REFUSED
        assume(False)
        raise
    written = [Resource(id=o.id, manifest=o.manifest, source=Source(file="output")) for o in made.objects]
    before, after = (
        make_network(b, mesh="istio", domain="cluster.local", root="istio-system")
        for b in (found.base, overlaid(found.base, written))
    )
    return before, after, made


def asked(given: Any, *, is_bare: bool) -> Request:
    gateway, host = given["to"]
    kind: Any = "gateway" if gateway else "sidecar"
    headers = given["headers"].items()
    return Request(
        client=Client(kind=kind, namespace="shop" if gateway else given["namespace"], name=gateway),
        host=host,
        port=given["port"],
        path=given["path"],
        method=given["method"],
        headers=tuple((k, v) for k, v in headers if not is_bare or k not in ("tenantid", "baggage")),
    )


def tenant_of(given: Any) -> str:
    headers = given["headers"]
    return str(headers["tenantid"] if "tenantid" in headers else headers.get("baggage", "").partition("=")[2])


def view(outcome: Outcome, names: Mapping[str, str], whole: str = "") -> Any:
    """Returns what is done with a request, with clones (by host) in place of what they replace; `whole` takes what meets none."""
    if not isinstance(outcome, Forward):
        return said(outcome)
    found = [d for d in outcome.destinations if d.host in names] or list(outcome.destinations)
    if whole and found[0].host not in names:
        found = [replace(found[0], host=whole, failure="")]
    total = sum(d.weight for d in found)
    shares: dict[tuple[str, int, str], float] = {}
    for d in found:
        key = (names.get(d.host, d.host), d.port, d.failure)
        shares[key] = round(shares.get(key, 0) + d.weight / total, 6)
    return shares, outcome.timeout, outcome.rewrite, outcome.changes


def whole_of(base: list[Object], given: Any, names: Mapping[str, str]) -> str:
    """Returns the clone that gets all requests of its host, where the VirtualService of the host sends to nothing else cloned."""
    host = given["to"][1]
    serving = [o["spec"] for o in base if o["kind"] == "VirtualService" and o["spec"].get("hosts") == [host]]
    if given["to"][0] or host not in names or not serving:
        return ""
    routes = [entry.get("route") or [] for entry in serving[0]["http"]]
    live = [[d for d in route if len(route) == 1 or d.get("weight")] or route for route in routes]
    return "" if any(d["destination"]["host"] in names for route in live for d in route) else names[host]


def outcomes(network: Network, request: Request, names: Mapping[str, str], whole: str = "") -> list[Any]:
    found: list[Any] = []
    for choice in decide_request(network, request):
        one = view(choice.outcome, names, whole)
        found += [] if one in found else [one]
    return found


def check(base: list[Object], cloned: Mapping[str, set[str]], given: list[Any]) -> None:
    before, after, made = rendered(base, cloned)
    is_open = any(problem.code == "SL430" for problem in made.notices)
    for one in given:
        bare = asked(one, is_bare=True)
        assert (one, outcomes(after, bare, {})) == (one, outcomes(before, bare, {}))
        tenant = tenant_of(one)
        names = {s + END: f"{s}-{tenant}{END}" for s in cloned.get(tenant, ())}
        request = asked(one, is_bare=False)
        # Where the age of objects decides, the tenant's outcome is that of objects of one age, by their names (rule R-I12).
        some = 1 if is_open and one["to"][0] else None
        expected = outcomes(before, request, names, whole_of(base, one, names))
        assert (one, outcomes(after, request, {})[:some]) == (one, expected[:some])


APPS = [*app("a", 80, 8080), *app("b", 80, 8080), *app("c", 80, 8080)]
several = st.lists(requests, min_size=15, max_size=30)
EVERYWHERE = [
    {
        "to": ("gw", host),
        "namespace": "",
        "port": port,
        "path": f"/{path}",
        "method": "GET",
        "headers": {"tenantid": tenant},
    }
    for port in (80, 8080)
    for tenant in TENANTS
    for path in "abcz"
    for host in ("shop.example.com", "x.org")
]
BY_DELEGATES = [
    {"to": to, "namespace": namespace, "port": 80, "path": path, "method": "GET", "headers": {"tenantid": tenant}}
    for tenant in TENANTS
    for path in ("/a", "/A", "/z")
    for to, namespace in ((("", "a" + END), "shop"), (("", "a" + END), "client"), (("gw", "shop.example.com"), ""))
]
ON_PORTS = [
    {
        "to": ("", s + END),
        "namespace": "shop",
        "port": port,
        "path": "/q",
        "method": "PUT",
        "headers": {"tenantid": "dev1"},
    }
    for s in SERVICES
    for port in (80, 8080)
]
slow = settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


def base_in_mesh(tables: Any) -> list[Object]:
    """Returns applications with a VirtualService for some of their hosts."""
    return [*APPS, GATE, *(in_mesh(name, *parts, is_whole=whole) for name, (*parts, whole) in tables.items())]


def base_at_gateway(tables: Any, limits: Any, exports: Any) -> list[Object]:
    """Returns applications with VirtualServices for the hosts of a gateway, entries for ports and exports."""
    made = [
        virtual_service(
            f"v{n}",
            *(one for i, entry in enumerate(http) for one in ported([entry], limits[(n + i) % len(limits)])),
            hosts=list(names),
            gateways=["gw"],
            **({"exportTo": exports[n]} if exports[n] else {}),
        )
        for n, (http, names) in enumerate(tables)
    ]
    return [*APPS, GATE, *made]


def base_of_delegates(one: Any, other: Any) -> list[Object]:
    """Returns applications with a VirtualService to which others delegate."""
    leaf = virtual_service("leaf", *one[0], {"route": [to("a" + END)]}, hosts=[])
    roots = [
        virtual_service(
            f"r{n}",
            {**({"match": match} if match else {}), "delegate": {"name": "leaf"}},
            {"route": [to("a" + END)]},
            hosts=["a" + END] if place == "mesh" else ["shop.example.com"],
            gateways=[place],
        )
        for n, (_, match, place) in enumerate((one, other))
        if n == 0 or place != one[2]
    ]
    return [*APPS, GATE, leaf, *roots]


# Entries for a port that the base's VirtualService leaves out must not answer on its own port, where there is a 404.
ONE_PORT: Any = {"a": ([{"match": [{"uri": {"exact": "/a"}}], "route": [to("a" + END)]}], ("", []), 8080, False)}


@slow
@example(ONE_PORT, {"dev1": {"a"}}, [])
@given(meshed, clones, several)
def test_in_the_mesh(tables: Any, cloned: Any, given: list[Any]) -> None:
    check(base_in_mesh(tables), cloned, [*ON_PORTS, *given])


@slow
@given(entered, st.one_of(st.just([None]), limits), st.one_of(st.just([None] * 3), exports), clones, several)
def test_at_a_gateway(tables: Any, limits: Any, exports: Any, cloned: Any, given: list[Any]) -> None:
    check(base_at_gateway(tables, limits, exports), cloned, [*EVERYWHERE, *given])


@slow
@given(delegated, delegated, clones, several)
def test_delegates(one: Any, other: Any, cloned: Any, given: list[Any]) -> None:
    check(base_of_delegates(one, other), cloned, [*BY_DELEGATES, *given])
