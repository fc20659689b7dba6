"""Scenarios for meshes of the Gateway API, numbered: a base, a tenant, and what proof says requests get."""

# ruff: noqa: E501 — whole messages stand on one line, so that they can be searched for

from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.resource import Resource
from sandlane.pipeline import Rendered, render
from sandlane.problems.problem import Invalid, Source
from sandlane.semantics.network import make_network, overlaid
from sandlane.semantics.request import Client, Request
from sandlane.semantics.trace import trace
from tests.build import (
    WAYPOINT,
    Object,
    app,
    deployment,
    destination_rule,
    inputs,
    meta,
    object_of,
    sandbox,
    service,
    texts,
)
from tests.meshes.gateway_api.test_attached_routes import GATEWAY, gateway, route, rule, to_service
from tests.meshes.gateway_api.test_bases import broken
from tests.networks import said_of

L, G, A, I = "linkerd", "gateway-api", "istio-ambient", "istio"  # noqa: E741
ABC = [*app("a"), *app("b"), *app("c")]
DEV1 = ("tenantid", "dev1")
BAGGAGE = ("baggage", "a=1, tenantID=dev1;p, z=2")
X = ("x", "1")
ON_A = to_service("a", 80)
HEADER_X: Object = {"headers": [{"name": "x", "value": "1"}]}


def at(path: str, kind: str = "PathPrefix", **more: Any) -> Object:
    return {"path": {"type": kind, "value": path}, **more}


def rendered(mesh: str, base: list[Object], *cloned: str, **environment: Any) -> Rendered:
    """Renders and proves a base for one tenant."""
    return render(inputs(base, sandbox("dev1", *cloned), mesh=mesh, output={"base": "none"}, **environment))


def asked(mesh: str, base: list[Object], cloned: tuple[str, ...], to: str, *headers: tuple[str, str], path: str = "/",
          client: str = "shop", port: int = 80, authority: str = "", method: str = "GET", proved: bool = True) -> list[str]:  # fmt: skip
    """Returns what a request may get from base and output; `to` is a Service of the namespace shop, or a Gateway with its own."""
    read = inputs(base, sandbox("dev1", *cloned), mesh=mesh, output={"base": "none"})
    written = [
        Resource(id=o.id, manifest=o.manifest, source=Source(file="x")) for o in render(read, is_proved=proved).objects
    ]
    network = make_network(overlaid(read.base, written), mesh=mesh, domain="cluster.local", root="istio-system")
    home, slash, name = to.partition("/")
    kind: Any = "gateway" if slash else "linkerd" if mesh == L else "sidecar"
    sender = Client(kind=kind, namespace=home if slash else client, name=name)
    host = authority or "any.test" if slash else f"{to}.shop.svc.cluster.local"
    request = Request(
        client=sender, host=host, port=port, authority=authority or host, path=path, method=method, headers=headers
    )
    return said_of(trace(network, request))


def tenant_error(mesh: str, base: list[Object], *cloned: str) -> list[str]:
    """Returns what is wrong with a base for a tenant."""
    with pytest.raises(Invalid) as invalid:
        rendered(mesh, base, *cloned)
    return texts(invalid.value.problems)


ROUTED = [*ABC, route("r", rule("c", match=at("/a", **HEADER_X)), rule("a"), parents=[ON_A])]
GRPC = [*ABC, route("r", rule("b", match={"method": {"service": "s"}}), parents=[ON_A], kind="GRPCRoute")]
EXACT = [*ABC, route("r", rule("b", match=at("/foo", "Exact")), rule("c", match=at("/foo")), parents=[ON_A])]
HOSTED = [*ABC, route("r", rule("b"), parents=[ON_A], hostnames=["x.test"]), route("s", rule("c"), parents=[ON_A])]
CONSUMER = [*ABC, route("r", rule({"name": "b", "namespace": "shop", "port": 80}, match=at("/x")), rule({"name": "a", "namespace": "shop", "port": 80}),
                        parents=[{**ON_A, "namespace": "shop"}], namespace="client")]  # fmt: skip
HOMELESS = [
    *ABC,
    route("r", rule("b"), parents=[{**ON_A, "namespace": "shop"}], namespace="client"),
    route("s", rule("c"), parents=[ON_A]),
]
GRANTED = [
    *ABC, {**gateway(), "metadata": meta("gate", "infra")},
    route("r", rule({"name": "a", "namespace": "shop", "port": 80}), parents=[{"name": "gate"}], namespace="infra"),
    object_of(f"{GATEWAY}/v1", "ReferenceGrant", "g", "shop", **{"from": [{"group": GATEWAY, "kind": "HTTPRoute", "namespace": "infra"}]},
              to=[{"group": "", "kind": "Service", "name": "a"}]),
]  # fmt: skip
FORMS = [*app("a", 80, 81), *app("b"), route("r", rule("b", match=at("/r")), rule("a"), parents=[to_service("a")])]
REWRITE = {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
IGNORED = [*ABC, route("r", rule("b", filters=[REWRITE], match=at("/x")), parents=[ON_A])]
DISABLED = destination_rule("a", "a", "shop", trafficPolicy={"tls": {"mode": "DISABLE"}})


@pytest.mark.parametrize(
    ("mesh", "base", "cloned", "request_", "expected"),
    [
        pytest.param(L, ABC, ("a",), ("a",), ["a:80"], id="1 a request without a carrier"),
        pytest.param(L, ABC, ("a",), ("a", ("tenantid", "dev2")), ["a:80"], id="1 an unknown tenant"),
        pytest.param(G, ABC, ("a",), ("a", DEV1), ["a-dev1:80"], id="1 a tenant"),
        pytest.param(L, ABC, ("a",), ("a", BAGGAGE), ["a-dev1:80"], id="2 by baggage alone"),
        pytest.param(L, ABC, ("a",), ("a", ("baggage", "tenantID=dev10")), ["a:80"], id="2 of another tenant"),
        pytest.param(L, ABC, ("a",), ("a", ("baggage", "xtenantID=dev1")), ["a:80"], id="2 under another key"),
        pytest.param(L, ABC, ("a",), ("a", DEV1), ["a-dev1:80"], id="15 no HTTPRoute on Linkerd, a tenant"),
        pytest.param(L, ABC, ("a",), ("b", DEV1), ["b:80"], id="6 what is not cloned"),
        pytest.param(L, ROUTED, ("a",), ("a", DEV1, X), ["a-dev1:80"], id="16 another path"),
        pytest.param(L, [*ROUTED], ("a",), ("a", DEV1), ["a-dev1:80"], id="16 without the header"),
        pytest.param(L, GRPC, ("b",), ("a", DEV1), ["404"], id="17 a GRPCRoute matches calls alone"),
        pytest.param(I, FORMS, ("b",), ("a", DEV1), ["a:80"], id="35 the form without a port, another rule"),
        pytest.param(G, CONSUMER, ("a",), ("a", DEV1), ["a-dev1:80"], id="36 a client of another namespace"),
        pytest.param(L, CONSUMER, ("a",), ("a",), ["a:80"], id="36 a client of another namespace, no tenant"),
        pytest.param(G, GRANTED, ("a",), ("infra/gate", DEV1), ["a-dev1:80"], id="37 a granted backend"),
        pytest.param(G, GRANTED, ("a",), ("infra/gate",), ["a:80"], id="37 a granted backend, no tenant"),
        pytest.param(L, [WAYPOINT, *IGNORED], ("a",), ("a", DEV1), ["a-dev1:80"], id="54 an unsupported filter is no route on Linkerd"),
        pytest.param(A, [WAYPOINT, *ABC, DISABLED], ("a",), ("a", DEV1), ["a-dev1:80"], id="49 a Service with a waypoint"),
    ],
)  # fmt: skip
def test_outcomes(mesh: str, base: list[Object], cloned: tuple[str, ...], request_: Any, expected: list[str]) -> None:
    assert asked(mesh, base, cloned, *request_) == expected


@pytest.mark.parametrize(
    ("mesh", "base", "cloned", "request_", "more", "expected"),
    [
        pytest.param(L, ROUTED, ("a",), ("a", DEV1, X), {"path": "/a/1"}, ["c:80"], id="16 what is not cloned stays as it ranks"),
        pytest.param(L, ROUTED, ("c",), ("a", DEV1, X), {"path": "/a/1"}, ["c-dev1:80"], id="16 the other is cloned"),
        pytest.param(L, GRPC, ("b",), ("a", DEV1), {"path": "/s/m", "method": "POST"}, ["b-dev1:80"], id="17 a GRPCRoute"),
        pytest.param(L, GRPC, ("b",), ("a",), {"path": "/s/m", "method": "POST"}, ["b:80"], id="17 a GRPCRoute, no tenant"),
        pytest.param(I, FORMS, ("b",), ("a", DEV1), {"path": "/r", "port": 81}, ["b-dev1:80"], id="35 the form without a port"),
        pytest.param(G, CONSUMER, ("b",), ("a", DEV1), {"path": "/x", "client": "client"}, ["b-dev1:80"], id="36 a client's own route"),
        pytest.param(G, CONSUMER, ("b",), ("a", DEV1), {"path": "/x"}, ["a:80"], id="36 it is for its namespace alone"),
        pytest.param(L, CONSUMER, ("a",), ("a", DEV1), {"client": "client"}, ["a-dev1:80"], id="36 a client with a route of its own"),
        pytest.param(L, HOMELESS, ("b",), ("a", DEV1), {"client": "client"}, [
            "b-dev1:80 [if 'HTTPRoute/client/r-dev1-h' is the oldest of 'HTTPRoute/client/r-dev1-h' and 'HTTPRoute/shop/s-dev1-h']",
            "c:80 [if 'HTTPRoute/shop/s-dev1-h' is the oldest of 'HTTPRoute/client/r-dev1-h' and 'HTTPRoute/shop/s-dev1-h']",
        ], id="38 a backendRef without a namespace is the parent's on Linkerd"),
        pytest.param(L, EXACT, ("b",), ("a", DEV1), {"path": "/foo"}, ["b-dev1:80"], id="41 the base's order, its first rule"),
        pytest.param(L, EXACT, ("b", "c"), ("a", DEV1), {"path": "/foo/x"}, ["c-dev1:80"], id="41 the base's order, its second"),
        pytest.param(L, HOSTED, ("b",), ("a", DEV1), {"authority": "x.test"}, ["b-dev1:80"], id="42 hostnames on a Service"),
        pytest.param(L, HOSTED, ("b",), ("a", DEV1), {"authority": "y.test"}, ["c:80"], id="42 another host"),
    ],
)  # fmt: skip
def test_outcomes_of_more(
    mesh: str, base: list[Object], cloned: tuple[str, ...], request_: Any, more: Any, expected: list[str]
) -> None:
    assert asked(mesh, base, cloned, *request_, **more) == expected


def unroutable(why: str) -> list[str]:
    return [
        f"sandboxes/dev1.yaml: SL411 no request can reach the clone of 'Deployment/shop/a': {why}\n"
        "  hint: clone a workload that serves HTTP too, or give other clones its address by 'env', or accept it at the workload: "
        "accept: [{code: SL411, object: Deployment/shop/a, reason: ...}]"
    ]


PROFILE = object_of("linkerd.io/v1alpha2", "ServiceProfile", "a.shop.svc.cluster.local", routes=[{"name": "x"}])
TCP = object_of(f"{GATEWAY}/v1alpha2", "TCPRoute", "t", parentRefs=[to_service("a")], rules=[{"backendRefs": []}])
SIXTEEN = {"headers": [{"name": f"x{n}", "value": "1"} for n in range(16)]}


@pytest.mark.parametrize(
    ("mesh", "base", "expected"),
    [
        pytest.param(L, [*ABC, PROFILE], unroutable("'ServiceProfile/shop/a.shop.svc.cluster.local' makes Linkerd ignore its routes"),
                     id="18 a ServiceProfile with routes"),
        pytest.param(L, [deployment("a"), service("a", clusterIP="None")], unroutable("a headless Service is no parent of a route"),
                     id="33 headless on Linkerd"),
        pytest.param(L, [deployment("a"), service("a", {"name": "x", "port": 80, "appProtocol": "grpc"})],
                     unroutable("appProtocol 'grpc' is opaque to Linkerd"), id="34 appProtocol grpc on Linkerd"),
        pytest.param(L, [*ABC, route("r", rule("a", match=SIXTEEN), parents=[ON_A])], [
            "base.yaml: SL422 a match of 'HTTPRoute/shop/r' has 16 headers already, as many as the Gateway API allows\n"
            "  hint: take a header out of the match"], id="40 sixteen headers"),
        pytest.param(A, [*ABC, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}], [
            "sandboxes/dev1.yaml: SL411 no request can reach the clone of 'Deployment/shop/a': the base shows no waypoint for "
            "'Service/shop/a'\n  hint: label the Service or its Namespace 'istio.io/use-waypoint: <waypoint>' in the base, or accept it at "
            "the workload: accept: [{code: SL411, object: Deployment/shop/a, reason: ...}]"], id="49 no waypoint"),
        pytest.param(G, [*ABC, TCP], unroutable("'TCPRoute/shop/t' serves it, which an HTTPRoute would switch off"), id="55 a TCPRoute"),
    ],
)  # fmt: skip
def test_refusals(mesh: str, base: list[Object], expected: list[str]) -> None:
    assert tenant_error(mesh, base, "a") == expected


@pytest.mark.parametrize(
    ("mesh", "base", "cloned", "expected"),
    [
        pytest.param(
            L,
            GRPC,
            "b",
            {"GRPCRoute/shop/r-dev1-h", "HTTPRoute/shop/b-80-dev1-h"},
            id="17 no HTTPRoute beside a GRPCRoute",
        ),
        pytest.param(L, ROUTED, "a", {"HTTPRoute/shop/r-dev1-h"}, id="17 an HTTPRoute serves gRPC as well"),
        pytest.param(I, FORMS, "a", {"HTTPRoute/shop/r-dev1-h"}, id="35 no other form"),
    ],
)
def test_kinds(mesh: str, base: list[Object], cloned: str, expected: set[str]) -> None:
    found = rendered(mesh, base, cloned, carriers=[{"header": "tenantID"}]).objects
    assert {str(o.id) for o in found if o.id.kind not in ("Deployment", "Service")} == expected


@pytest.mark.parametrize(
    ("rules", "each", "most"),
    [pytest.param(16, 8, 8, id="19 v1.1.1", marks=pytest.mark.slow), pytest.param(2, 64, 64, id="19 v1.2.1")],
)
def test_the_largest_routes_fit(rules: int, each: int, most: int) -> None:
    full = [{**rule("a"), "matches": [at(f"/{n}/{m}", "Exact") for m in range(each)]} for n in range(rules)]
    found = rendered(L, [*ABC, route("r", *full, parents=[ON_A])], "a").objects
    copies = [dict(o.manifest) for o in found if o.id.kind == "HTTPRoute"]
    assert [(m["metadata"]["name"], len(m["spec"]["rules"]), broken(m, most)) for m in copies] == [
        ("r-dev1-h", rules, []),
        ("r-dev1-b", rules, []),
    ]


def test_20_twenty_tenants_of_one_route() -> None:
    specs = [sandbox(f"dev{n}", "a") for n in range(20)]
    found = render(inputs(ROUTED, *specs, mesh=L, output={"base": "none"})).objects
    assert sorted(o.id.name for o in found if o.id.kind == "HTTPRoute") == sorted(
        f"r-dev{n}-{end}" for n in range(20) for end in "hb"
    )


def test_38_the_namespace_is_written() -> None:
    found = {o.id.name: o.manifest for o in rendered(L, HOMELESS, "b").objects}
    assert found["r-dev1-h"]["spec"]["rules"][0]["backendRefs"] == [
        {"group": "", "kind": "Service", "name": "b-dev1", "namespace": "shop", "port": 80, "weight": 1}
    ]


def test_39_a_rewritten_prefix_is_valid() -> None:
    given = rule("a", match=at("/a"), filters=[REWRITE])
    found = rendered(G, [*ABC, route("r", given, parents=[ON_A])], "a").objects
    assert [broken(dict(o.manifest)) for o in found if o.id.kind == "HTTPRoute"] == [[], []]


def test_49_the_clone_has_the_waypoint() -> None:
    base = [
        deployment("a"),
        {**service("a"), "metadata": meta("a", labels={"istio.io/use-waypoint": "w", "team": "x"})},
    ]
    found = {o.id.name: o.manifest for o in rendered(A, base, "a").objects if o.id.kind == "Service"}
    assert found["a-dev1"]["metadata"]["labels"]["istio.io/use-waypoint"] == "w"
