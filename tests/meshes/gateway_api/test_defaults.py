"""Routes for Services that have none, and the ties that they must not make."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from tests.build import (
    WAYPOINT,
    Object,
    app,
    deployment,
    inputs,
    object_of,
    plan,
    sandbox,
    service,
    texts,
    virtual_service,
)
from tests.build import to as destination
from tests.meshes.gateway_api.test_attached_routes import gateway, route, routed, rule, shown, specs_of, to_service

HEADER = {"type": "Exact", "name": "tenantid", "value": "dev1"}
ROOT = {"type": "PathPrefix", "value": "/"}
A = {**to_service("a", 80), "namespace": "shop"}
ALL = {**to_service("a"), "namespace": "shop"}


def reference(name: str, port: int = 80) -> Object:
    return {"group": "", "kind": "Service", "name": name, "namespace": "shop", "port": port, "weight": 1}


@pytest.mark.parametrize(
    ("mesh", "default"),
    [
        pytest.param("linkerd", {"matches": [{"path": ROOT}]}, id="linkerd"),
        pytest.param("gateway-api", {"matches": [{"path": ROOT}], "backendRefs": [reference("a")]}, id="gateway-api"),
        pytest.param("istio-ambient", {"matches": [{"path": ROOT}], "backendRefs": [reference("a")]}, id="ambient"),
    ],
)
def test_the_default(mesh: str, default: Object) -> None:
    assert specs_of([*app("a"), WAYPOINT], "a", mesh=mesh) == {
        "a-80": {
            "parentRefs": [to_service("a", 80)],
            "rules": [
                {"matches": [{"path": ROOT, "headers": [HEADER]}], "backendRefs": [reference("a-dev1")]},
                default,
            ],
        }
    }


def test_metadata() -> None:
    made = plan(app("a"), sandbox("dev1", "a"), mesh="linkerd")
    assert [(o.directory, str(o.id), o.manifest["metadata"]) for o in routed(made).objects] == [
        ("sandboxes/dev1", f"HTTPRoute/shop/a-80-dev1-{end}", {
            "name": f"a-80-dev1-{end}", "namespace": "shop",
            "labels": {"app.kubernetes.io/managed-by": "sandlane", "tenantID": "dev1", "sandlane.dev/tenant": "dev1",
                       "sandlane.dev/sandbox": "dev1", "sandlane.dev/origin": "a"},
            "annotations": {"sandlane.dev/spec": "sandboxes/dev1.yaml"},
        })
        for end in "hb"
    ]  # fmt: skip


@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api", "istio-ambient"])
@pytest.mark.parametrize("is_first", [True, False])
def test_one_number_for_tcp_and_udp(mesh: str, is_first: bool) -> None:
    ports: list[Object] = [{"name": "quic", "port": 80, "protocol": "UDP"}, {"name": "http", "port": 80}]
    base = [WAYPOINT, deployment("a"), service("a", *(ports if is_first else reversed(ports)))]
    made = render(inputs(base, sandbox("dev1", "a"), mesh=mesh)).objects
    assert sorted(o.id.name for o in made if o.id.kind == "HTTPRoute") == ["a-80-dev1-b", "a-80-dev1-h"]


def test_a_profile_without_a_full_name_hides_nothing() -> None:
    profile = object_of("linkerd.io/v1alpha2", "ServiceProfile", "a", routes=[{"name": "x"}])
    made = render(inputs([*app("a"), profile], sandbox("dev1", "a"), mesh="linkerd")).objects
    assert sorted(o.id.name for o in made if o.id.kind == "HTTPRoute") == ["a-80-dev1-b", "a-80-dev1-h"]


def test_answer_header() -> None:
    rules = specs_of(app("a"), "a", routes={"answerHeader": "x-route"})["a-80"]["rules"]
    answer = {"type": "ResponseHeaderModifier",
              "responseHeaderModifier": {"set": [{"name": "x-route", "value": "dev1/a"}]}}  # fmt: skip
    assert [r.get("filters") for r in rules] == [[answer], None]


HOME = {"name": "a", "namespace": "shop", "port": 80}
CONSUMER = route("r", rule(HOME), parents=[A], namespace="client")
PATH_ONLY = route("r", rule(HOME, match={"path": {"value": "/x"}}), parents=[A], namespace="client")


@pytest.mark.parametrize(
    ("base", "cloned", "expected"),
    [
        pytest.param(app("a", 80, 8080), ["a"], ["a-80", "a-8080"], id="one-a-port"),
        pytest.param([*app("a", 80, {"name": "smtp", "port": 25})], ["a"], ["a-80"], id="no-opaque-port"),
        pytest.param([*app("a", 80, 8080), route("r", rule("a"), parents=[to_service("a", 80)])], ["a"], ["a-8080", "r"],
                     id="ports-without-routes"),
        pytest.param([*app("a", 80, 8080), route("r", rule({"name": "a", "port": 80}), parents=[to_service("a")])], ["a"],
                     ["r"], id="a-route-of-all-ports"),
        pytest.param([*app("a"), gateway(), route("r", rule("a"), parents=[{"name": "gate"}])], ["a"], ["a-80", "r"],
                     id="a-gateways-route-is-none-of-the-mesh"),
        pytest.param([*app("a"), *app("b"), route("r", rule("a"), parents=[to_service("b", 80)])], ["a"], ["a-80", "r"],
                     id="anothers-route"),
        pytest.param([*app("a"), service("a-admin", 9000, selector={"app": "a"})], ["a"], ["a-80", "a-admin-9000"],
                     id="two-services"),
        pytest.param([*app("a"), PATH_ONLY, route("p", rule("a"), parents=[to_service("a", 80)])], ["a"], ["p", "r"],
                     id="producers-do"),
    ],
)  # fmt: skip
def test_which_services(base: list[Object], cloned: list[str], expected: list[str]) -> None:
    assert sorted(specs_of(base, *cloned)) == expected


@pytest.mark.parametrize("mesh", ["gateway-api", "istio-ambient"])
def test_routes_of_consumers_do_not_serve_others(mesh: str) -> None:
    assert sorted(specs_of([*app("a"), WAYPOINT, CONSUMER], "a", mesh=mesh)) == ["a-80", "r"]


def consumers(name: str, namespace: str = "client", kind: str = "HTTP", form: str = "") -> str:
    way = "give the Service a route in its own namespace"
    if form:
        way = f"give the Service an HTTPRoute in its own namespace whose parentRef {form}: with a parentRef equal to the GRPCRoute's "
        way += "it has no effect"
    return (
        f"base.yaml: SL424 '{kind}Route/{namespace}/{name}' routes 'Service/shop/a' for clients of its own namespace alone, and a "
        "default route of port 80 for all others would answer its requests too\n"
        f"  hint: {way}"
    )


@pytest.mark.parametrize(
    ("port", "own", "form"),
    [
        pytest.param(80, None, "names no port", id="of-a-port"),
        pytest.param(None, 80, "names the port", id="of-all-ports"),
    ],
)
def test_the_way_out_beside_a_consumers_grpc_route(port: int | None, own: int | None, form: str) -> None:
    backend = {"name": "a", "namespace": "shop", "port": 80}
    parent = to_service("a", port, namespace="shop")
    methods = rule(backend, match={"method": {"service": "s"}})
    base = [*app("a"), route("g", methods, parents=[parent], kind="GRPCRoute", namespace="client")]
    alike = route("r", rule("a"), parents=[to_service("a", port)])
    for given in (base, [*base, alike]):
        assert [text for text in shown(given, sandbox("dev1", "a")) if "SL424" in text] == [
            consumers("g", kind="GRPC", form=form)
        ]
    assert "r" in specs_of([*base, route("r", rule("a"), parents=[to_service("a", own)])], "a")


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([], ["VirtualService/shop/a-sandlane"], id="no-routes"),
        pytest.param([route("r", rule("a"), parents=[to_service("a", 80)])],
                     ["HTTPRoute/shop/a-8080-dev1-h", "HTTPRoute/shop/r-dev1-h"], id="one-port"),
        pytest.param([route("r", rule("a"), parents=[to_service("a")])], ["HTTPRoute/shop/r-dev1-h"], id="all-ports"),
        pytest.param([CONSUMER], ["HTTPRoute/client/r-dev1-h", "HTTPRoute/shop/a-80-dev1-h", "HTTPRoute/shop/a-8080-dev1-h"],
                     id="a-clients-alone"),
        pytest.param([PATH_ONLY], ["HTTPRoute/client/r-dev1-h", "HTTPRoute/shop/a-80-dev1-h", "HTTPRoute/shop/a-8080-dev1-h"],
                     id="a-clients-that-leaves-requests-over"),
        pytest.param([route("r", rule("a"), parents=[{"kind": "Service", "name": "a"}])], ["VirtualService/shop/a-sandlane"],
                     id="a-parent-without-a-group-is-none"),
    ],
)  # fmt: skip
def test_istio_keeps_to_the_kind_that_a_service_has(objects: list[Object], expected: list[str]) -> None:
    """Rule R-G1: HTTPRoutes of some ports or clients get company of their own kind, and VirtualServices stay away from them."""
    base = [*app("a", 80, 8080), *objects]
    carriers = [{"header": "tenantID"}]
    made = render(inputs(base, sandbox("dev1", "a"), carriers=carriers, output={"base": "none"})).objects
    assert sorted(str(o.id) for o in made if o.id.kind not in ("Deployment", "Service")) == expected


TIMEOUT = {"timeouts": {"request": "1s"}}
GET: Object = {"method": "GET"}
EXACT: Object = {"path": {"type": "Exact", "value": "/"}}
ANY: Object = {"path": {"type": "RegularExpression", "value": "/.*"}}
LONGER: Object = {"path": {"type": "RegularExpression", "value": "/.+"}}


def consumer(name: str, *rules: Object, namespace: str = "client", **more: Any) -> Object:
    return route(name, *rules, parents=[more.pop("parent", A)], namespace=namespace, **more)


def tuned(manifest: Object) -> Object:
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": {"timeout.linkerd.io/request": "1s"}}}


@pytest.mark.parametrize(
    ("base", "expected", "merged"),
    [
        pytest.param([CONSUMER], [], [], id="every-path"),
        pytest.param([PATH_ONLY], ["r"], ["r"], id="one-path"),
        pytest.param([consumer("r", rule(HOME, match=GET))], ["r"], ["r"], id="one-method"),
        pytest.param([consumer("r", rule(HOME, match=EXACT))], ["r"], ["r"], id="exact-root"),
        pytest.param([PATH_ONLY, consumer("rest", rule(HOME))], [], [], id="two-routes-together"),
        pytest.param([consumer("r", rule(HOME), hostnames=["a.test"])], ["r"], ["r"], id="one-host"),
        pytest.param(
            [consumer("r", rule(HOME), namespace="x"), consumer("q", rule(HOME, match={"path": {"value": "/x"}}))],
            ["q"], ["q"], id="another-namespace-does-not-help",
        ),
        pytest.param([PATH_ONLY, route("p", rule("a"), parents=[to_service("a", 80)])], [], [], id="a-producer-helps"),
        pytest.param([PATH_ONLY, route("p", rule("a"), parents=[to_service("a", 8080)]), consumer("s", rule(HOME), parent=ALL)], [], [],
                     id="a-producer-of-another-port"),
        pytest.param([consumer("r", rule())], [], [], id="without-backends"),
        pytest.param([consumer("r", {"backendRefs": [HOME, HOME]})], [], [], id="to-itself-twice"),
        pytest.param([consumer("r", {"backendRefs": [{**HOME, "weight": 0}]})], [], ["r"], id="to-nothing"),
        pytest.param([consumer("r", rule({**HOME, "name": "b"}))], [], ["r"], id="elsewhere"),
        pytest.param([consumer("r", rule({**HOME, "port": 8080}))], [], ["r"], id="to-another-port"),
        pytest.param([consumer("r", rule(HOME, **TIMEOUT))], [], ["r"], id="with-a-timeout"),
        pytest.param([tuned(consumer("r", rule(HOME)))], [], ["r"], id="with-an-annotation"),
        pytest.param([consumer("r", rule(HOME), rule(HOME, match={"path": {"value": "/x"}}, **TIMEOUT))], [], [],
                     id="a-longer-path-with-a-timeout"),
        pytest.param([consumer("r", rule(HOME), rule(HOME, match=GET, **TIMEOUT))], [], [], id="a-method-with-a-timeout"),
        pytest.param([consumer("r", rule(HOME), rule(HOME, match=EXACT, **TIMEOUT))], [], ["r"], id="the-root-with-a-timeout"),
        pytest.param([consumer("r", rule(HOME), rule(HOME, match=ANY, **TIMEOUT))], [], ["r"], id="perhaps-the-root"),
        pytest.param([consumer("r", rule(HOME), rule(HOME, match=LONGER, **TIMEOUT))], [], [], id="never-the-root"),
        pytest.param([consumer("r", rule(HOME)), consumer("q", rule(HOME, **TIMEOUT), hostnames=["x.test"])], [], [],
                     id="a-host-with-a-timeout"),
        pytest.param([consumer("r", rule(HOME)), consumer("q", rule(HOME), kind="GRPCRoute")], [], ["q"], id="grpc-switches-it-off"),
    ],
)  # fmt: skip
def test_routes_of_other_namespaces(base: list[Object], expected: list[str], merged: list[str]) -> None:
    """Linkerd merges the routes of both namespaces, so that a default competes with all of them."""
    base = [*app("a", 80, 8080), *app("b"), WAYPOINT, *base]
    said = {mesh: [text for text in shown(base, sandbox("dev1", "a"), mesh=mesh) if "SL424" in text and "port 80 " in text]
            for mesh in ("gateway-api", "linkerd", "istio-ambient")}  # fmt: skip
    assert said == {
        "gateway-api": [consumers(name) for name in expected],
        "linkerd": [consumers(name, **({"kind": "GRPC", "form": "names no port"} if any(
            r["kind"] == "GRPCRoute" and r["metadata"]["name"] == name for r in base) else {})) for name in merged],
        "istio-ambient": [],
    }  # fmt: skip


def test_a_producer_of_another_port_is_none_of_this_one() -> None:
    base = [
        *app("a", 80, 8080),
        route("p", rule("a"), parents=[to_service("a", 8080)]),
        consumer("s", rule(HOME), parent=ALL),
    ]
    assert sorted(specs_of(base, "a", mesh="gateway-api")) == ["a-80", "p", "s"]


def test_a_default_does_not_tie_with_a_copy() -> None:
    """Linkerd merges both for clients of that namespace, and both are of one age: the timeout would hold or not."""
    base = [*app("a"), route("z", rule(HOME, timeouts={"request": "1s"}), parents=[A], namespace="client")]
    assert shown(base, sandbox("dev1", "a")) == [consumers("z")]


INERT = (
    "base.yaml: SL428 notice: 'VirtualService/shop/v' has no effect in this mesh, and tenants get no rules in it\n"
    "  hint: remove it from the base, or set 'mesh: istio'"
)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("a", [INERT], id="short"),
        pytest.param("a.shop.svc.cluster.local", [INERT], id="full"),
        pytest.param("b", [], id="not-cloned"),
        pytest.param("a.other.svc.cluster.local", [], id="another-namespace"),
        pytest.param("a.example.com", [], id="an-outside-host"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mesh", ["linkerd", "gateway-api"])
def test_inert_virtual_services(host: str, expected: list[str], mesh: str) -> None:
    base = [*app("a"), *app("b"), virtual_service("v", {"route": [destination(host)]})]
    assert shown(base, sandbox("dev1", "a"), mesh=mesh) == expected


def test_names_of_defaults_and_copies_differ() -> None:
    base = [*app("a"), *app("b"), *app("c"), route("a-80", rule("b"), parents=[to_service("c", 80)])]
    with pytest.raises(Invalid) as invalid:
        render(inputs(base, sandbox("dev1", "a", "b"), mesh="linkerd"))
    assert texts(invalid.value.problems) == [
        f"sandboxes/dev1.yaml: SL302 'HTTPRoute/shop/a-80-dev1-{end}' is taken by sandbox 'dev1', so it cannot be written for "
        "sandbox 'dev1'\n  hint: rename 'HTTPRoute/shop/a-80' in the base: its copy has the name of a first route, "
        "<Service>-<port>-<tenantID>"
        for end in "bh"
    ]
