"""Routes of which their age decides: said exactly where a request meets two that rank alike (rule R-G10)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.semantics import compile_address
from sandlane.semantics.request import Client, Request
from sandlane.semantics.tables import choose
from tests.build import Object, app, meta, sandbox
from tests.meshes.gateway_api.test_attached_routes import GATEWAY, route, rule, shown, to_service
from tests.networks import network_of

A = to_service("a", 80)
GATE: Object = {"name": "gate"}
EXPLICIT: Object = {"path": {"type": "PathPrefix", "value": "/"}}


def tie(target: str = "Service/shop/a", one: str = "HTTPRoute/shop/r1", two: str = "HTTPRoute/shop/r2") -> str:
    return (
        f"base.yaml: SL426 notice: '{two}' and '{one}' may both answer a request to '{target}', and rank alike: the older "
        "route wins, for a tenant the older copy\n  hint: merge the two routes, or set one apart by a header more"
    )


def forms(one: str, two: str) -> str:
    return (
        f"base.yaml: SL442 notice: 'HTTPRoute/shop/{two}' and 'HTTPRoute/shop/{one}' name 'Service/shop/a' with a port and without "
        "one: Istio takes them apart, and the older goes first\n  hint: write the port in both parentRefs, or in none"
    )


def pair(one: Object, two: Object) -> list[Object]:
    """Returns two routes; each is given by its parent, match and other fields."""
    return [route(name, rule(to, match=given.pop("match", None)), parents=[given.pop("parent", A)], **given)
            for name, to, given in (("r1", "a", dict(one)), ("r2", "b", dict(two)))]  # fmt: skip


def path(value: str, kind: str = "PathPrefix", **more: Any) -> Object:
    return {"match": {"path": {"type": kind, "value": value}, **more}}


def header(value: str, name: str = "x", kind: str = "Exact") -> Object:
    return {"match": {"headers": [{"name": name, "value": value, "type": kind}]}}


def listening(*hosts: str) -> Object:
    spec = {"gatewayClassName": "any", "listeners": [
        {"name": f"l{n}", "port": 80 + n, "protocol": "HTTP", "hostname": host} for n, host in enumerate(hosts)]}  # fmt: skip
    return {"apiVersion": f"{GATEWAY}/v1", "kind": "Gateway", "metadata": meta("gate"), "spec": spec}


AT_GATE = tie("Gateway/shop/gate")


@pytest.mark.parametrize(
    ("mesh", "one", "two", "expected"),
    [
        pytest.param("gateway-api", {}, {}, [tie()], id="equal"),
        pytest.param("gateway-api", {"match": EXPLICIT}, {}, [tie()], id="defaults-left-out"),
        pytest.param("gateway-api", {}, {"match": {"method": "GET"}}, [], id="one-ranks-higher"),
        pytest.param("gateway-api", {"match": {"method": "GET"}}, {"match": {"method": "PUT"}}, [], id="methods"),
        pytest.param("gateway-api", header("1"), header("2"), [], id="one-header-two-values"),
        pytest.param("gateway-api", header("1"), header("1", "y"), [tie()], id="two-headers"),
        pytest.param("gateway-api", header("1"), header("[0-9]", "X", "RegularExpression"), [tie()], id="a-header-that-matches"),
        pytest.param("gateway-api", header("1"), header("[a-z]", "X", "RegularExpression"), [], id="a-header-that-does-not"),
        pytest.param("gateway-api", header("1"), header("(", "X", "RegularExpression"), [], id="no-expression"),
        pytest.param("gateway-api", path("/a"), path("/b"), [], id="paths"),
        pytest.param("gateway-api", path("/a/"), path("/ab"), [], id="paths-of-one-length"),
        pytest.param("gateway-api", path("/a"), path("/a", "Exact"), [], id="types"),
        pytest.param("linkerd", path("/a"), path("/a", "Exact"), [tie()], id="linkerd-types-do-not-count"),
        pytest.param("linkerd", path("/a/"), path("/a", "Exact"), [tie()], id="linkerd-a-slash-does-not-count"),
        pytest.param("linkerd", path("/[ab]", "RegularExpression"), path("/a"), [tie()], id="linkerd-an-expression"),
        pytest.param("linkerd", path("/[bc]", "RegularExpression"), path("/a"), [], id="linkerd-another-expression"),
        pytest.param("gateway-api", path("/a.*", "RegularExpression"), path("/b.*", "RegularExpression"), [], id="expressions"),
        pytest.param("gateway-api", path("/a+b", "RegularExpression"), path("/ab?", "RegularExpression"), [tie()], id="perhaps"),
        pytest.param("gateway-api", path("/a|/x", "RegularExpression"), path("/x|/b", "RegularExpression"), [tie()], id="either"),
        pytest.param("gateway-api", {"hostnames": ["x.test"]}, {"hostnames": ["y.test"]}, [tie()], id="hosts-do-not-count"),
        pytest.param("linkerd", {"hostnames": ["x.test"]}, {"hostnames": ["y.test"]}, [], id="linkerd-hosts"),
        pytest.param("linkerd", {"hostnames": ["x.test"]}, {}, [], id="linkerd-a-host-ranks-higher"),
        pytest.param("linkerd", {"hostnames": ["x.test", "*.test"]}, {"hostnames": ["*.test"]}, [tie()], id="linkerd-a-host-in-common"),
        pytest.param("gateway-api", {"parent": GATE}, {"parent": GATE}, [AT_GATE], id="gateway"),
        pytest.param("gateway-api", {"parent": GATE, "hostnames": ["x.test"]}, {"parent": GATE, "hostnames": ["*.test"]}, [],
                     id="gateway-closer-host"),
        pytest.param("gateway-api", {"parent": GATE, "hostnames": ["x.test"]}, {"parent": GATE}, [AT_GATE],
                     id="gateway-host-of-the-listener"),
        pytest.param("gateway-api", {"parent": {**GATE, "sectionName": "l1"}, "hostnames": ["x.test"]}, {"parent": GATE}, [],
                     id="gateway-host-of-another-listener"),
        pytest.param("gateway-api", {"parent": {**GATE, "sectionName": "l0"}}, {"parent": {**GATE, "sectionName": "l1"}}, [],
                     id="gateway-listeners"),
        pytest.param("gateway-api", {"parent": {**GATE, "name": "far"}}, {"parent": {**GATE, "name": "far"}},
                     [tie("Gateway/shop/far")], id="gateway-that-is-not-in-the-base"),
        pytest.param("gateway-api", {"parent": to_service("a", 80)}, {"parent": to_service("a", 81)}, [], id="ports"),
        pytest.param("gateway-api", {"parent": to_service("a")}, {}, [tie()], id="all-ports"),
        pytest.param("istio", {"parent": to_service("a")}, {"parent": to_service("a")}, [tie()], id="istio"),
        pytest.param("istio", {"parent": to_service("a")}, path("/x"), [forms("r1", "r2")], id="istio-port-forms"),
        pytest.param("istio", {"parent": GATE, "hostnames": ["x.test"]}, {"parent": {**GATE, "port": 80}, "hostnames": ["x.test"]},
                     [AT_GATE], id="istio-a-gateway-has-no-forms"),
    ],
)  # fmt: skip
def test_ties(mesh: str, one: Object, two: Object, expected: list[str]) -> None:
    base = [*app("a", 80, 81), *app("b"), listening("x.test", "y.test"), *pair(one, two)]
    said = shown(base, sandbox("dev1", "a"), mesh=mesh)
    assert [text for text in said if "SL426" in text or "SL442" in text] == expected


OURS = {"name": "a", "namespace": "shop", "port": 80}


@pytest.mark.parametrize(
    ("mesh", "homes", "expected"),
    [
        pytest.param("linkerd", ("client", "shop"), ["HTTPRoute/shop/r2"], id="linkerd-merges"),
        pytest.param("gateway-api", ("shop", "client"), [], id="replaced"),
        pytest.param("gateway-api", ("client", "client"), ["HTTPRoute/client/r2"], id="of-one-client"),
        pytest.param("linkerd", ("client", "other"), [], id="of-two-clients"),
        pytest.param("istio", ("shop", "client"), [], id="istio"),
    ],
)
def test_ties_of_namespaces(mesh: str, homes: tuple[str, str], expected: list[str]) -> None:
    parent = to_service("a", 80, namespace="shop")
    base = [
        *app("a"),
        *(route(f"r{n + 1}", rule(OURS), parents=[parent], namespace=home) for n, home in enumerate(homes)),
    ]
    said = [text for text in shown(base, sandbox("dev1", "a"), mesh=mesh) if "SL426" in text]
    assert said == [tie(one=f"HTTPRoute/{homes[0]}/r1", two=two) for two in expected]


def test_a_parent_that_is_not_cloned() -> None:
    assert shown([*app("a"), *app("b"), *pair({}, {})], sandbox("dev1", "b"), mesh="gateway-api") == [tie()]


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        pytest.param({"service": "s"}, {"service": "s"}, True, id="one-service"),
        pytest.param({"service": "s"}, {"service": "t"}, False, id="two-services"),
        pytest.param({"service": "s", "method": "m"}, {"service": "s", "method": "n"}, False, id="two-methods"),
        pytest.param({"service": "s"}, {"method": "n"}, False, id="a-service-ranks-higher"),
        pytest.param({"service": ".+", "type": "RegularExpression"}, {"service": "ab"}, True, id="an-expression"),
        pytest.param(None, None, True, id="all"),
    ],
)
def test_ties_of_grpc(one: Object | None, two: Object | None, expected: bool) -> None:
    given = [{"match": {"method": m} if m else None, "kind": "GRPCRoute"} for m in (one, two)]
    base = [*app("a"), *app("b"), *pair(*given)]
    wanted = tie(one="GRPCRoute/shop/r1", two="GRPCRoute/shop/r2")
    assert shown(base, sandbox("dev1", "a"), mesh="gateway-api") == ([wanted] if expected else [])


matches: st.SearchStrategy[Object] = st.fixed_dictionaries(
    {"path": st.builds(lambda kind, value: {"type": kind, "value": value}, st.sampled_from(["Exact", "PathPrefix"]),
                       st.sampled_from(["/", "/a", "/b", "/a/", "/a/b"]))},
    optional={
        "method": st.sampled_from(["GET", "POST"]),
        "headers": st.lists(st.builds(lambda n, v: {"name": n, "value": v}, st.sampled_from(["x", "y"]), st.sampled_from(["1", "2"])),
                            min_size=1, max_size=2, unique_by=lambda h: str(h["name"])),
        "queryParams": st.builds(lambda v: [{"name": "q", "value": v}], st.sampled_from(["1", "2"])),
    },
)  # fmt: skip
fields = st.fixed_dictionaries(
    {"match": matches}, optional={"hostnames": st.lists(st.sampled_from(["x.test", "*.test"]), max_size=2, unique=True)}
)
REQUESTS = [
    (host, path, method, headers)
    for host in ("x.test", "y.test", "a")
    for path in (f"{p}{q}" for p in ("/", "/a", "/b", "/a/", "/a/b") for q in ("", "?q=1", "?q=2"))
    for method in ("GET", "POST")
    for headers in ((), *((("x", v),) for v in "12"), *((("y", v),) for v in "12"), *((("x", v), ("y", w)) for v in "12" for w in "12"))
]  # fmt: skip


@given(st.sampled_from(["gateway-api", "linkerd"]), fields, fields)
def test_what_is_said_is_what_proof_sees(mesh: str, one: Object, two: Object) -> None:
    """On every request of a grid that has all combinations of what the matches name, the choice depends on age or does not."""
    base = [*app("a"), *app("b"), *pair(one, two)]
    network = network_of(base, mesh)
    depends = False
    for host, asked, method, headers in REQUESTS:
        client = Client(kind="sidecar", namespace="shop", name="")
        request = Request(client=client, host="a", port=80, authority=host, path=asked, method=method, headers=headers)
        tables = compile_address(network, request.address)
        depends = depends or any(len(choose(table, request, "any line")) > 1 for table in tables)
    assert shown(base, sandbox("dev1", "a"), mesh=mesh) == ([tie()] if depends else [])
