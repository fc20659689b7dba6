"""Routes of the Gateway API as Linkerd, Istio and the specification read them, by the numbers of docs/rules/model.md."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.semantics.gateway_api_matches import ISTIO_ORDER, LINKERD, SPEC, host_rank, http_match
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import trace
from tests.build import Object, app, object_of, service, to, virtual_service
from tests.networks import network_of, said_of

GATEWAY = "gateway.networking.k8s.io/v1"
A, B, C, D = (app(name, 80) for name in "abcd")
ALL = [*A, *B, *C, *D]
ON_A = {"group": "core", "kind": "Service", "name": "a"}


def route(name: str, *rules: Object, kind: str = "HTTPRoute", api: str = GATEWAY, namespace: str = "", parent: Object = ON_A,
          **spec: Any) -> Object:  # fmt: skip
    return object_of(api, kind, name, namespace, parentRefs=[parent], rules=list(rules), **spec)


def rule(target: str, *matches: Object, **more: Any) -> Object:
    ref = {"name": target, "port": 80, **({"namespace": more.pop("namespace")} if "namespace" in more else {})}
    return {**({"matches": list(matches)} if matches else {}), "backendRefs": [ref], **more}


def path(value: str, kind: str = "PathPrefix", **more: Any) -> Object:
    return {"path": {"type": kind, "value": value}, **more}


def header(name: str, value: str, kind: str = "Exact") -> Object:
    return {"name": name, "value": value, "type": kind}


def ask(mesh: str, base: list[Object], asked: str = "/", *headers: tuple[str, str], host: str = "a", namespace: str = "shop",
        gateway: str = "", **more: Any) -> list[str]:  # fmt: skip
    kind: Any = "gateway" if gateway else "linkerd" if mesh == "linkerd" else "sidecar"
    client = Client(kind=kind, namespace=namespace, name=gateway)
    return said_of(
        trace(network_of(base, mesh), Request(client=client, host=host, port=80, path=asked, headers=headers, **more))
    )


OLDEST = "if '{}' is the oldest of 'HTTPRoute/shop/1' and 'HTTPRoute/shop/2'"
X = ("x", "1")
SHORT_WITH_HEADER = [route("r", rule("b", path("/a", headers=[header("x", "1")])), rule("c", path("/a/b")))]
METHOD_OR_HEADER = [route("r", rule("b", path("/a", headers=[header("x", "1")])), rule("c", path("/a", method="GET")))]
EXACT_OR_LONGER = [route("r", rule("b", path("/a/b", "Exact")), rule("c", path("/a/b"), path("/a/b/c")))]
QUERY = {"queryParams": [{"name": "q", "value": "x y"}]}
EXPRESSION = [route("r", rule("b", path("/a.*", "RegularExpression")), rule("c", path("/a/b")))]
BOTH_KINDS = [route("h", rule("b")), route("g", rule("c"), kind="GRPCRoute")]


@pytest.mark.parametrize(
    ("mesh", "base", "asked", "expected"),
    [
        pytest.param("linkerd", [], ("/",), ["a:80"], id="S5 no route, the default"),
        pytest.param("linkerd", [route("r", rule("b", path("/x")))], ("/",), ["404"], id="S6 no match"),
        pytest.param("linkerd", [route("r", rule("b", path("/x")))], ("/xy",), ["404"], id="prefixes are of segments"),
        pytest.param("linkerd", [route("r", rule("b", path("/x/")))], ("/x",), ["b:80"], id="a slash at the end is none"),
        pytest.param("gateway-api", SHORT_WITH_HEADER, ("/a/b", X), ["c:80"], id="S1 length before headers"),
        pytest.param("linkerd", SHORT_WITH_HEADER, ("/a/b", X), ["c:80"], id="S19 length before headers"),
        pytest.param("gateway-api", METHOD_OR_HEADER, ("/a", X), ["c:80"], id="S1 method before headers"),
        pytest.param("istio", METHOD_OR_HEADER, ("/a", X), ["c:80"], id="S1 method before headers in Istio"),
        pytest.param("linkerd", METHOD_OR_HEADER, ("/a", X), ["b:80"], id="S19 headers before the method"),
        pytest.param("gateway-api", EXACT_OR_LONGER[::-1], ("/a/b",), ["b:80"], id="S1 exact before prefix"),
        pytest.param("linkerd", [route("r", rule("c", path("/a")), rule("b", path("/a", "Exact")))], ("/a",), ["c:80"],
                     id="S19 length alone: the first of equals"),
        pytest.param("linkerd", EXPRESSION, ("/a/b/c",), ["b:80"], id="S19 an expression has the path's length"),
        pytest.param("istio", EXPRESSION, ("/a/b/c",), ["c:80"], id="expressions rank last in Istio"),
        pytest.param("gateway-api", EXPRESSION, ("/a/b/c",),
                     ["c:80 [if regular expressions of paths rank last]", "b:80 [if regular expressions of paths rank first]"],
                     id="the specification leaves them open"),
        pytest.param("linkerd", [route("r", rule("b", {"headers": [header("x", "a|ab", "RegularExpression")]}), rule("c"))],
                     ("/", ("x", "ab")), ["c:80"], id="S3 Linkerd finds the first alternative"),
        pytest.param("gateway-api", [route("r", rule("b", {"headers": [header("x", "a|ab", "RegularExpression")]}), rule("c"))],
                     ("/", ("x", "ab")), ["b:80"], id="S3 full match elsewhere"),
        pytest.param("linkerd", [route("1", rule("b")), route("2", rule("c"))], ("/",),
                     [f"b:80 [{OLDEST.format('HTTPRoute/shop/1')}]", f"c:80 [{OLDEST.format('HTTPRoute/shop/2')}]"],
                     id="ties: the older"),
        pytest.param("linkerd", [route("1", rule("b")), route("2", rule("b"))], ("/",), ["b:80"], id="a tie without a difference"),
        pytest.param("linkerd", BOTH_KINDS, ("/",), ["c:80"], id="S20 a GRPCRoute disables HTTPRoutes, R-L9 whatever the method"),
        pytest.param("gateway-api", BOTH_KINDS, ("/",), ["404"], id="S20 in the specification too"),
        pytest.param("linkerd", [route("r", rule("b", filters=[{"type": "URLRewrite"}]))], ("/",), ["a:80"],
                     id="an unsupported filter makes a route inert"),
        pytest.param("linkerd", [route("r", {"matches": [path("/")]})], ("/",), ["a:80"], id="no backendRefs: the parent"),
        pytest.param("istio", [route("r", {"matches": [path("/")]})], ("/",), ["500: the rule has no backendRefs"],
                     id="no backendRefs elsewhere"),
        pytest.param("linkerd", [route("r", rule("b"), hostnames=["a.example.com"])], ("/",), ["404"], id="S26 hostnames count"),
        pytest.param("gateway-api", [route("r", rule("b"), hostnames=["a.example.com"])], ("/",), ["b:80"], id="S26 or not"),
        pytest.param("linkerd", [route("1", rule("b", path("/long")), hostnames=None), route("2", rule("c"), hostnames=["a"])],
                     ("/long",), ["c:80"], id="S26 a host name before everything"),
        pytest.param("linkerd", [route("r", rule("b", QUERY), rule("c"))], ("/?q=1&q=x+y",), ["b:80"], id="R-L8 any value of a form"),
        pytest.param("linkerd", [route("r", rule("b", QUERY), rule("c"))], ("/?q=x%20y",), ["b:80"], id="R-L8 decoded"),
        pytest.param("linkerd", [route("r", rule("b", QUERY), rule("c"))], ("/?q=",), ["c:80"], id="R-L8 an empty value"),
        pytest.param("gateway-api", [route("r", rule("b", QUERY), rule("c"))], ("/?q=1&q=x+y",), ["c:80"],
                     id="R-L8 elsewhere the first as it was sent"),
        pytest.param("linkerd", [route("r", rule("b", path("/[a-z&&[^x]]", "RegularExpression")))], ("/a",),
                     ["unknown: '/[a-z&&[^x]]' may be another regular expression in Rust than in RE2, which is not modelled"],
                     id="R-L13 Rust's own expressions"),
        pytest.param("linkerd", [route("r", {"backendRefs": [{"name": "b", "port": 81}]})], ("/",),
                     ["504: 'b.shop.svc.cluster.local' has no port 81"], id="R-L15 a port that is not there"),
        pytest.param("linkerd", [route("r", rule("b", {"headers": [header("x", ".*", "RegularExpression")]}), rule("c"))],
                     ("/", ("x", "zoé")), ["c:80"], id="R-L14 not ASCII"),
        pytest.param("linkerd", [route("r", rule("b", {"headers": [header("x", "zoé")]}), rule("c"))],
                     ("/", ("x", "zoé")), ["b:80"], id="R-L14 an exact value"),
        pytest.param("linkerd", [route("r", rule("gone"))], ("/",), ["500: 'gone.shop.svc.cluster.local' is no Service"],
                     id="no Service"),
        pytest.param("linkerd", [route("r", {"backendRefs": [{"name": "b", "port": 80, "weight": 3}, {"name": "c", "port": 80}]})],
                     ("/",),
                     ["b:80*3 c:80*1"], id="S7 weights, 1 by default"),
        pytest.param("linkerd", [route("r", {"backendRefs": [{"name": "b"}]})], ("/",), ["500: the backendRef names no port"],
                     id="no port"),
        pytest.param("istio", [route("r", {"backendRefs": [{"name": "b", "port": 80, "weight": 0}]})], ("/",), ["500: all weights are 0"],
                     id="S7 no weight"),
        pytest.param("istio", [route("1", rule("b")), route("2", rule("c"), parent={**ON_A, "port": 80})], ("/",),
                     ["b:80 [if 'HTTPRoute/shop/1' is the oldest of 'HTTPRoute/shop/1' and 'HTTPRoute/shop/2']",
                      "c:80 [if 'HTTPRoute/shop/2' is the oldest of 'HTTPRoute/shop/1' and 'HTTPRoute/shop/2']"],
                     id="S18 with and without port are not merged"),
        pytest.param("istio", [route("1", rule("b", path("/b"))), route("2", rule("c"))], ("/b",), ["b:80"], id="S18 one form is merged"),
        pytest.param("istio", [route("1", rule("b")), virtual_service("a", {"route": [to("c")]})], ("/",),
                     ["c:80 [if 'VirtualService/shop/a' is the oldest of 'VirtualService/shop/a' and 'HTTPRoute/shop/1']",
                      "b:80 [if 'HTTPRoute/shop/1' is the oldest of 'VirtualService/shop/a' and 'HTTPRoute/shop/1']"],
                     id="a VirtualService beside"),
        pytest.param("linkerd", [route("r", {"filters": [{"type": "RequestRedirect", "requestRedirect": {"port": 1}}]})], ("/",),
                     ["redirect {port: 1}"], id="S28 redirect"),
        pytest.param("linkerd", [route("r", rule("b"), api="policy.linkerd.io/v1beta3")], ("/",), ["b:80"], id="Linkerd's own kind"),
        pytest.param("gateway-api", [route("r", rule("b"), api="policy.linkerd.io/v1beta3")], ("/",), ["a:80"], id="not read elsewhere"),
        pytest.param("linkerd", [route("r", rule("b"), parent={"kind": "Service", "name": "a", "group": "", "port": 81})], ("/",),
                     ["a:80"],
                     id="another port"),
        pytest.param("linkerd", [object_of("linkerd.io/v1alpha2", "ServiceProfile", "a.shop.svc.cluster.local", routes=[{"name": "x"}]),
                                 route("r", rule("b"))], ("/",), ["a:80"], id="S21 a ServiceProfile overrides"),
        pytest.param("linkerd", [object_of("linkerd.io/v1alpha2", "ServiceProfile", "a.shop.svc.cluster.local", retryBudget={}),
                                 route("r", rule("b"))], ("/",), ["b:80"], id="S21 one with a budget alone does not"),
        pytest.param("linkerd", [object_of("linkerd.io/v1alpha2", "ServiceProfile", "a.shop.svc.cluster.local", dstOverrides=[
                                     {"authority": "b.shop.svc.cluster.local:80", "weight": "3"},
                                     {"authority": "c.shop.svc.cluster.local:80", "weight": "1"}])], ("/",), ["b:80*3 c:80*1"],
                     id="S21 dstOverrides"),
    ],
)  # fmt: skip
def test_routes_of_a_service(mesh: str, base: list[Object], asked: tuple[Any, ...], expected: list[str]) -> None:
    assert ask(mesh, [*ALL, *base], *asked) == expected


def test_one_number_for_tcp_and_udp() -> None:
    ports = [{"name": "http", "port": 80}, {"name": "quic", "port": 80, "protocol": "UDP"}]
    for listed in (ports, ports[::-1]):
        assert ask("gateway-api", [service("a", *listed), *B]) == ["a:80"]


OPAQUE_NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "annotations": {"config.linkerd.io/opaque-ports": "80"}},
}


def test_a_rule_without_backends_keeps_its_timeout_and_filters() -> None:
    """Linkerd forwards to the parent (linkerd2: policy-controller/grpc/src/outbound/http.rs), with all that the rule says."""
    assert ask("linkerd", [*ALL, route("r", {"timeouts": {"request": "1s"}})]) == ["a:80 timeout={'request': '1s'}"]


def only(port: Object, **spec: Any) -> list[Object]:
    return [service("a", {"port": 80, **port}, **spec), *B, route("r", rule("b"))]


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(only({"appProtocol": "http"}), ["b:80"], id="http"),
        pytest.param(only({"appProtocol": "kubernetes.io/h2c"}), ["b:80"], id="h2c"),
        pytest.param(only({"appProtocol": "grpc"}), ["L4 a:80"], id="any other is opaque"),
        pytest.param([*only({}), OPAQUE_NAMESPACE], ["L4 a:80"], id="opaque by its namespace"),
        pytest.param([*only({}, clusterIP="None")], ["a:80"], id="S23 headless"),
        pytest.param([*only({})[:1], *B, route("r", rule("b"), kind="TCPRoute")],
                     ["unknown: 'TCPRoute/shop/r' routes connections, which is not modelled"], id="a TCPRoute"),
    ],
)  # fmt: skip
def test_s22_protocols_of_linkerd(base: list[Object], expected: list[str]) -> None:
    assert ask("linkerd", base) == expected


CONSUMER = route("mine", rule("b", path("/b"), namespace="shop"), namespace="x", parent={**ON_A, "namespace": "shop"})
PRODUCER = route("theirs", rule("c", path("/c")))


@pytest.mark.parametrize(
    ("mesh", "namespace", "asked", "expected"),
    [
        pytest.param("linkerd", "x", "/c", ["c:80"], id="Linkerd joins both"),
        pytest.param("linkerd", "x", "/b", ["b:80"], id="Linkerd joins both, the client's"),
        pytest.param("linkerd", "shop", "/b", ["404"], id="another client's have no effect"),
        pytest.param("gateway-api", "x", "/c", ["404"], id="the client's replace the Service's"),
        pytest.param("istio", "x", "/c", ["404"], id="in Istio too"),
        pytest.param("istio", "shop", "/c", ["c:80"], id="the Service's for others"),
    ],
)
def test_producers_and_consumers(mesh: str, namespace: str, asked: str, expected: list[str]) -> None:
    assert ask(mesh, [*ALL, CONSUMER, PRODUCER], asked, host="a.shop", namespace=namespace) == expected


def test_s24_a_backend_without_namespace() -> None:
    base = [*ALL, route("mine", rule("b"), namespace="x", parent={**ON_A, "namespace": "shop"})]
    assert ask("linkerd", base, host="a.shop", namespace="x") == ["b:80"]
    assert ask("istio", base, host="a.shop", namespace="x") == [
        "500: 'b.x.svc.cluster.local' is no host that the mesh knows"
    ]


@pytest.mark.parametrize(
    ("match", "order", "expected"),
    [
        pytest.param({}, SPEC, (1, 1, 0, 0, 0), id="S25 defaults"),
        pytest.param({}, LINKERD, (1, 0, 0, 0), id="S25 defaults, Linkerd"),
        pytest.param(path("/a", "Exact", method="GET", queryParams=[{"name": "q", "value": "1"}]), SPEC, (2, 2, 1, 0, 1), id="all parts"),
        pytest.param({"headers": [header("x", "1"), header("X", "2")]}, SPEC, (1, 1, 0, 1, 0), id="one name twice: the first"),
        pytest.param({"headers": [header("x", "1"), header("X", "2")]}, LINKERD, (1, 2, 0, 0), id="one name twice: both"),
    ],
)  # fmt: skip
def test_ranks(match: Object, order: Any, expected: tuple[int, ...]) -> None:
    assert http_match(order, match).rank == expected


def test_which_of_two_conditions_on_a_header_counts() -> None:
    match = {"headers": [header("x", "1"), header("X", "2")]}
    found = {
        order.name: [a.text.value for a in http_match(order, match).predicate] for order in (SPEC, ISTIO_ORDER, LINKERD)
    }
    assert found == {"the Gateway API": ["1"], "Istio": ["2"], "Linkerd": ["1", "2"]}


@pytest.mark.parametrize(
    ("hostnames", "expected"),
    [([], (0, 0)), (["a.b.c"], (2, 5)), (["*.b.c"], (1, 5)), (["*.b.c", "a.b.c"], (2, 5)), (["x.y"], None), (["*.a.b.c"], None)],
)  # fmt: skip
def test_host_rank(hostnames: list[str], expected: tuple[int, int] | None) -> None:
    assert host_rank(hostnames, "a.b.c") == expected


def call(service: str, method: str) -> Object:
    return {"method": {"service": service, **({"method": method} if method else {})}}


GRPC = route(
    "g",
    rule("b", call("s", "")),
    rule("c", call("s", "M")),
    rule("d", {"headers": [header("x", "1")]}),
    kind="GRPCRoute",
)


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api", "istio"])
@pytest.mark.parametrize(
    ("asked", "expected"),
    [(("/s/M",), "c:80"), (("/s/N",), "b:80"), (("/s/M", X), "c:80"), (("/t/M", X), "d:80"), (("/t/M",), "404")],
)
def test_grpc(mesh: str, asked: tuple[Any, ...], expected: str) -> None:
    assert ask(mesh, [*ALL, GRPC], *asked, method="POST") == [expected]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(("/s/M/x",), "c:80", id="two segments alone"),
        pytest.param(("/s/",), "b:80", id="an empty method"),
        pytest.param(("/s",), "404", id="no method"),
        pytest.param(("s/M",), "404", id="no slash"),
    ],
)
def test_r_l9_linkerd_looks_at_two_segments(asked: tuple[Any, ...], expected: str) -> None:
    assert ask("linkerd", [*ALL, GRPC], *asked, method="POST") == [expected]


def test_r_l9_a_rule_without_matches_takes_any_method() -> None:
    grpc = route("g", rule("b"), rule("c", call("s", "")), kind="GRPCRoute")
    assert ask("linkerd", [*ALL, grpc], "/s/M", method="GET") == ["b:80"]
    assert ask("linkerd", [*ALL, grpc], "/s/M", method="POST") == ["c:80"]


GATE = object_of(GATEWAY, "Gateway", "gate", listeners=[
    {"name": "any", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}},
    {"name": "own", "port": 80, "protocol": "HTTP", "hostname": "own.example.com"},
    {"name": "tls", "port": 443, "protocol": "TLS", "hostname": "tls.example.com"},
    {"name": "some", "port": 80, "protocol": "HTTP", "hostname": "some.example.com",
     "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"a": "1"}}}}},
])  # fmt: skip
AT_GATE = {"name": "gate"}
GRANT: Object = {
    "apiVersion": "gateway.networking.k8s.io/v1beta1",
    "kind": "ReferenceGrant",
    "metadata": {"name": "g"},
    "spec": {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "x"}],
        "to": [{"group": "", "kind": "Service", "name": "b"}],
    },
}


@pytest.mark.parametrize(
    ("base", "host", "expected"),
    [
        pytest.param([route("r", rule("b"), parent=AT_GATE)], "e.example.com", ["b:80"], id="any host"),
        pytest.param([route("r", rule("b"), parent=AT_GATE, hostnames=["f.example.com"])], "e.example.com", ["404"], id="another host"),
        pytest.param([route("r", rule("b"), parent={**AT_GATE, "sectionName": "own"})], "e.example.com", ["404"], id="another listener"),
        pytest.param([route("r", rule("b"), parent={**AT_GATE, "sectionName": "own"})], "own.example.com", ["b:80"], id="a listener"),
        pytest.param([route("r", rule("b"), parent={**AT_GATE, "sectionName": "some"})], "some.example.com",
                     ["unknown: no manifest says whether namespace 'shop' may attach routes"], id="a selector of unknown labels"),
        pytest.param([route("r", rule("b", namespace="shop"), namespace="x", parent={**AT_GATE, "namespace": "shop"})], "e.example.com",
                     ["500: no ReferenceGrant lets routes of namespace 'x' name 'b.shop.svc.cluster.local'"], id="no grant"),
        pytest.param([GRANT, route("r", rule("b", namespace="shop"), namespace="x", parent={**AT_GATE, "namespace": "shop"})],
                     "e.example.com", ["b:80"], id="a grant"),
        pytest.param([route("1", rule("b", path("/b")), parent=AT_GATE, hostnames=["e.example.com"]),
                      route("2", rule("c"), parent=AT_GATE, hostnames=["*.example.com"])], "e.example.com",
                     ["c:80 [if the gateway goes on to less close host names]", "404 [if the gateway keeps to the closest host name]"],
                     id="implementations differ"),
    ],
)  # fmt: skip
def test_gateway(base: list[Object], host: str, expected: list[str]) -> None:
    assert ask("gateway-api", [*ALL, GATE, *base], host=host, gateway="gate") == expected


paths = st.builds(path, st.sampled_from(["/", "/a", "/a/", "/a/b"]), st.sampled_from(["Exact", "PathPrefix"]))
matches = st.builds(
    lambda p, x, m: {**p, **({"headers": [header("x", x)]} if x else {}), **({"method": m} if m else {})},
    paths, st.sampled_from(["", "1", "2"]), st.sampled_from(["", "GET"]),
)  # fmt: skip
rules = st.lists(st.tuples(matches, st.sampled_from("bcd")), min_size=1, max_size=5)


@given(
    rules,
    st.sampled_from(["/", "/a", "/a/b", "/ab"]),
    st.sampled_from(["1", "2", "no"]),
    st.sampled_from(["spec", "linkerd"]),
)
def test_precedence_against_brute_force(written: list[tuple[Object, str]], asked: str, x: str, order: str) -> None:
    def met(match: Object) -> bool:
        kind, value = match["path"]["type"], match["path"]["value"]
        inside = [p.strip("/").split("/") for p in (value, asked)]
        begins = value == "/" or inside[1][: len(inside[0])] == inside[0]
        fits = asked == value if kind == "Exact" else begins
        return fits and all(h["value"] == x for h in match.get("headers", []))

    def key(match: Object) -> tuple[int, ...]:
        kind, value = match["path"]["type"], match["path"]["value"]
        headers, method = len(match.get("headers", [])), int("method" in match)
        if order == "spec":
            return int(kind == "Exact"), len(value), method, headers
        return len(value.rstrip("/") or "/") if kind == "PathPrefix" else len(value), headers, 0, method

    found = [(match, target) for match, target in written if met(match)]
    best = max((key(match) for match, _ in found), default=None)
    expected = next((f"{target}:80" for match, target in found if key(match) == best), "404")
    base = [*ALL, route("r", *(rule(target, match) for match, target in written))]
    assert ask("linkerd" if order == "linkerd" else "gateway-api", base, asked, ("x", x)) == [expected]


FORMS = "if 'HTTPRoute/shop/{}' is older than those with another form of parentRef"
LABELLED = [{**o, "metadata": {**o["metadata"], "labels": {"istio.io/use-waypoint": "w"}}} for o in A]


@pytest.mark.parametrize(
    ("base", "asked", "expected"),
    [
        pytest.param([route("r", rule("b"))], "/", ["b:80"], id="one"),
        pytest.param([route("r", rule("b", path("/a"))), route("s", rule("c"))], "/a", ["b:80"], id="one form is merged"),
        pytest.param(
            [route("r", rule("b", path("/a"))), route("s", rule("c"), parent={**ON_A, "port": 80})], "/a",
            [f"b:80 [{FORMS.format('r')}]", f"c:80 [{FORMS.format('s')}]"], id="two forms are apart",
        ),
        pytest.param(
            [route("r", rule("b", path("/a"))), route("s", rule("c"), parent={**ON_A, "port": 80})], "/x", ["c:80"],
            id="the second is looked at where the first has nothing",
        ),
        pytest.param(
            [route("r", rule("b", path("/a"))), route("s", rule("c"), parent={**ON_A, "port": 81})], "/x", ["404"],
            id="another port is none",
        ),
        pytest.param([route("r", rule("b"), namespace="x", parent={**ON_A, "namespace": "shop"})], "/", ["a:80"],
                     id="clients' own have no effect"),
    ],
)  # fmt: skip
def test_waypoints(base: list[Object], asked: str, expected: list[str]) -> None:
    assert ask("istio-ambient", [*LABELLED, *B, *C, *base], asked) == expected
