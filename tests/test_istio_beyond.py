from __future__ import annotations

from typing import Any

import pytest

from tests.build import (
    Object,
    app,
    deployment,
    destination_rule,
    object_of,
    plan,
    route,
    sandbox,
    service,
    texts,
    to,
    virtual_service,
)

A = "a.shop.svc.cluster.local"
TO_A = {"route": [to("a")]}


def found(*base: Object, code: str = "SL402") -> list[str]:
    """Returns what is said under a code of a base with the Services a and b, of which a is cloned."""
    routed = route(plan([*app("a"), *app("b"), *base], sandbox("dev1", "a")))
    return list(dict.fromkeys(texts([p for p in routed.problems if p.code == code])))


def beyond(object: str, what: str, way: str) -> list[str]:
    return [f"base.yaml: SL402 '{object}' {what}: sandlane cannot route that yet\n  hint: {way}"]


def bound(name: str, gateway: str, namespace: str = "", host: str = "x.org", **match: Any) -> Object:
    return virtual_service(
        name, {**TO_A, "route": [to(A)], **match}, namespace=namespace, hosts=[host], gateways=[gateway]
    )


def shared(one: str, two: str) -> list[str]:
    what = f"shares host 'x.org' of a gateway with 'VirtualService/{two}'"
    return beyond(f"VirtualService/{one}", what, "merge the two in the base")


BOTH = [*shared("shop/r", "shop/s"), *shared("shop/s", "shop/r")]


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([virtual_service("a", TO_A)], [], id="fine"),
        pytest.param(
            [virtual_service("r", TO_A, hosts=[])],
            beyond("VirtualService/shop/r", "is a delegate", "move its routes into the VirtualService that delegates to it"),
            id="delegate",
        ),
        pytest.param([virtual_service("r", {"route": [to("b")]}, hosts=[])], [], id="delegate-unaffected"),
        pytest.param(
            [virtual_service("a", {"match": [{"uri": {"prefix": "/x"}}], "delegate": {"name": "d"}}, TO_A)],
            beyond("VirtualService/shop/a", "delegates requests for 'Service/shop/a'", "write the delegate's routes into it"),
            id="delegates",
        ),
        pytest.param(
            [virtual_service("b", {"match": [{"uri": {"prefix": "/x"}}], "delegate": {"name": "d"}}, {"route": [to("b")]})], [],
            id="delegates-for-another",
        ),
        pytest.param(
            [virtual_service("a", {"route": [to("a"), to("b")]})],
            beyond("VirtualService/shop/a", "has several destinations without a weight", "give one of them a weight"),
            id="no-weight",
        ),
        pytest.param([virtual_service("a", {"route": [to("a", weight=1), to("b")]})], [], id="one-weight"),
        pytest.param([virtual_service("b", {"route": [to("b"), to("c")]})], [], id="no-weight-of-another"),
        pytest.param([bound("r", "gw"), bound("s", "gw")], BOTH, id="gateway-group"),
        pytest.param(
            [bound("r", "gw"), bound("s", "shop/gw", "web")],
            [*shared("shop/r", "web/s"), *shared("web/s", "shop/r")],
            id="gateway-group-across-namespaces",
        ),
        pytest.param([bound("r", "gw"), bound("s", "gw", "web")], [], id="gateways-of-two-namespaces"),
        pytest.param([bound("r", "gw"), bound("s", "gw", host="y.org")], [], id="hosts-differ"),
        pytest.param(
            [bound("r", "gw"), virtual_service("s", {"route": [to("b")]}, hosts=["x.org"], gateways=["gw"])],
            shared("shop/r", "shop/s"), id="gateway-group-with-an-unaffected-one",
        ),
        pytest.param(
            [virtual_service("a", TO_A, exportTo=["."])],
            beyond("VirtualService/shop/a", "is visible in some namespaces only (exportTo)", "export it to every namespace"), id="scope",
        ),
        pytest.param([virtual_service("a", TO_A, exportTo=["*"])], [], id="scope-of-all"),
        pytest.param(
            [virtual_service("a", {"match": [{"port": 8080}], **TO_A})],
            beyond("VirtualService/shop/a", "has no entry for port 80 of 'Service/shop/a', so Istio's default route serves it",
                   "give it an entry for port 80 that every client meets"),
            id="R-I9-port",
        ),
        pytest.param(
            [virtual_service("a", {"match": [{"sourceLabels": {"x": "1"}}], **TO_A})],
            beyond("VirtualService/shop/a", "has entries for port 80 of 'Service/shop/a' for some clients only",
                   "give it an entry for port 80 that every client meets"),
            id="R-I9-clients",
        ),
        pytest.param(
            [virtual_service("a", {"match": [{"sourceLabels": {"x": "1"}, "gateways": ["mesh"]}], **TO_A})], [],
            id="gateways-switch-source-labels-off",
        ),
        pytest.param(
            [virtual_service("a", {"match": [{"uri": {"exact": "/x"}}], **TO_A})], [], id="scenario-4-404-stays-404",
        ),
        pytest.param(
            [virtual_service("r", {"route": [to("b")]}, hosts=["*.shop.svc.cluster.local"])],
            beyond("VirtualService/shop/r", "catches 'Service/shop/a' by a wildcard host",
                   "name the Service's host in a VirtualService of its own"),
            id="wildcard",
        ),
        pytest.param(
            [virtual_service("r", {"route": [to("b")]}, hosts=["*.shop.svc.cluster.local"]), virtual_service("a", TO_A)], [],
            id="wildcard-behind-an-exact-host",
        ),
    ],
)  # fmt: skip
def test_beyond(base: list[Object], expected: list[str]) -> None:
    assert found(*base) == expected


@pytest.mark.parametrize(
    "gateway", [pytest.param("./gw", id="dot"), pytest.param("gw.shop.svc.cluster.local", id="full")]
)
def test_spellings_of_a_gateway(gateway: str) -> None:
    assert found(bound("r", "gw"), bound("s", gateway)) == BOTH


def istio_gateway(name: str, port: int = 80, **selector: str) -> Object:
    servers = [{"port": {"number": port, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
    return object_of("networking.istio.io/v1", "Gateway", name, selector=selector, servers=servers)


@pytest.mark.parametrize(
    ("gateways", "expected"),
    [
        pytest.param([istio_gateway("gw", istio="in"), istio_gateway("gx", istio="in")], BOTH, id="one-place"),
        pytest.param([istio_gateway("gw", istio="in"), istio_gateway("gx", istio="out")], [], id="selectors-differ"),
        pytest.param([istio_gateway("gw", istio="in"), istio_gateway("gx", 8080, istio="in")], [], id="ports-differ"),
        pytest.param([istio_gateway("gw"), istio_gateway("gx")], [], id="no-selector"),
        pytest.param([], [], id="unknown"),
    ],
)
def test_places_of_gateways(gateways: list[Object], expected: list[str]) -> None:
    assert found(bound("r", "gw"), bound("s", "gx"), *gateways) == expected


def http_route(name: str, *ports: int) -> Object:
    parents = [{"group": "", "kind": "Service", "name": "a", "port": port} for port in ports]
    rules = [{"backendRefs": [{"name": "a", "port": ports[0]}]}]
    return object_of("gateway.networking.k8s.io/v1", "HTTPRoute", name, parentRefs=parents, rules=rules)


def test_two_kinds_of_routes_of_one_service() -> None:
    assert found(virtual_service("a", TO_A), http_route("h", 80)) == beyond(
        "VirtualService/shop/a",
        "serves 'Service/shop/a' beside 'HTTPRoute/shop/h'",
        "route the Service by one of the two kinds",
    )


def test_wildcard_of_part_of_a_label() -> None:
    routed = route(
        plan([*app("x-a"), virtual_service("r", TO_A, hosts=["*-a.shop.svc.cluster.local"])], sandbox("dev1", "x-a"))
    )
    assert [p.code for p in routed.problems] == ["SL402"]


@pytest.mark.parametrize(
    ("istio_spec", "is_wrong"),
    [
        pytest.param({"virtualService": {"name": "a"}}, True, id="no-routes"),
        pytest.param({"virtualService": {"name": "a", "routes": ["r"]}}, False, id="routes"),
        pytest.param({"virtualServices": [{"name": "b"}, {"name": "a"}]}, True, id="several"),
        pytest.param({"virtualService": {"name": "b"}}, False, id="another"),
    ],
)
def test_rollouts(istio_spec: Object, is_wrong: bool) -> None:
    rollout = object_of(
        "argoproj.io/v1alpha1", "Rollout", "x", strategy={"canary": {"trafficRouting": {"istio": istio_spec}}}
    )
    expected = beyond(
        "Rollout/shop/x", "takes 'VirtualService/shop/a' to have one route", "name the route in 'virtualService.routes'"
    )
    assert found(virtual_service("a", TO_A), rollout) == (expected if is_wrong else [])


HASH = {"loadBalancer": {"consistentHash": {"httpHeaderName": "x"}}}
RETRIES = (
    "base.yaml: SL413 notice: 'DestinationRule/shop/a' hashes requests to 'Service/shop/a', which has no VirtualService in the base: "
    "with one, Istio no longer avoids the previous host when it retries"
)
OLDER = "Istio uses the older one\n  hint: merge the two in the base"


@pytest.mark.parametrize(
    ("code", "base", "expected"),
    [
        pytest.param("SL410", [service("t", {"name": "tcp", "port": 1}, selector={"app": "a"})],
                     [("base.yaml: SL410 notice: port 1 of 'Service/shop/t' cannot be routed by tenant, "
                      "and stays with the base: TCP carries no headers")], id="tcp"),
        pytest.param("SL410", [service("t", {"name": "tcp", "port": 1})], [], id="tcp-of-another"),
        pytest.param("SL413", [destination_rule("a", "a", trafficPolicy=HASH)], [RETRIES], id="hash"),
        pytest.param("SL413", [destination_rule("a", "a", trafficPolicy={"portLevelSettings": [HASH]})], [RETRIES], id="hash-of-a-port"),
        pytest.param("SL413", [destination_rule("a", "a", trafficPolicy=HASH), virtual_service("a", TO_A)], [], id="hash-with-route"),
        pytest.param("SL414", [virtual_service("r", {"route": [to("a.shop")]})],
                     [(f"base.yaml: SL414 notice: host 'a.shop' of 'VirtualService/shop/r' is no Service name: Istio takes a dotted name "
                      f"literally\n  hint: did you mean '{A}'?")], id="literal-destination"),
        pytest.param("SL414", [virtual_service("r", {"route": [to("b")]}, hosts=["a.shop.svc"])],
                     [(f"base.yaml: SL414 notice: host 'a.shop.svc' of 'VirtualService/shop/r' is no Service name: Istio takes a dotted "
                      f"name literally\n  hint: did you mean '{A}'?")], id="literal-host"),
        pytest.param("SL414", [virtual_service("r", {"route": [to("b.shop")]})], [], id="literal-of-another"),
        pytest.param("SL415", [object_of("networking.k8s.io/v1", "Ingress", "i", defaultBackend={"service": {"name": "a"}})],
                     [("base.yaml: SL415 notice: 'Ingress/shop/i' enters 'Service/shop/a' past the mesh's routes: its requests stay with "
                      "the base\n  hint: route through a Gateway of the mesh to choose tenants at the entry")], id="ingress"),
        pytest.param("SL416", [object_of("networking.istio.io/v1", "Sidecar", "s", egress=[{"hosts": ["./*"]}])],
                     [("base.yaml: SL416 notice: 'Sidecar/shop/s' limits which hosts its workloads see: clients that do not see "
                      "'Service/shop/a' are not routed")], id="sidecar"),
        pytest.param("SL417", [deployment("c", {"app": "c", "sidecar.istio.io/inject": "false"})],
                     [("base.yaml: SL417 notice: 'Deployment/shop/c' has no proxy of the mesh (sidecar.istio.io/inject: 'false'): "
                      "requests that it sends are not routed")], id="no-proxy"),
        pytest.param("SL418", [virtual_service("a", TO_A), virtual_service("r", TO_A, hosts=["a"])],
                     [("base.yaml: SL418 notice: two VirtualServices serve 'Service/shop/a' in the mesh: 'VirtualService/shop/a' and "
                      f"'VirtualService/shop/r'; {OLDER}")], id="scenario-59"),
    ],
)  # fmt: skip
def test_notices(code: str, base: list[Object], expected: list[str]) -> None:
    assert found(*base, code=code) == expected


def test_literal_host_of_a_mirror() -> None:
    assert [
        t[:25] for t in found(virtual_service("r", {"route": [to("b")], "mirror": {"host": "a.shop"}}), code="SL414")
    ] == ["base.yaml: SL414 notice: "]


def test_not_adopted() -> None:
    base = [*app("a"), virtual_service("a", TO_A), virtual_service("r", {"route": [to(A)]}, namespace="web")]
    routed = route(plan(base, sandbox("dev1", "a"), output={"base": "none"}))
    said = "sandboxes/dev1.yaml: SL401 cloning 'Service/shop/a' changes 'VirtualService/{}' (base.yaml), which the output does not own\n"
    hint = "  hint: add '- {{kind: VirtualService, name: {}}}' to 'spec.routes.adopt' in sandlane.yaml"
    assert texts(routed.problems) == [
        said.format("shop/a") + hint.format("a"),
        said.format("web/r") + hint.format("r, namespace: web"),
    ]


def test_adopted_although_nothing_changes() -> None:
    vs = virtual_service("a", TO_A)
    made = plan([*app("a"), vs], output={"base": "none"}, routes={"adopt": [{"kind": "VirtualService", "name": "a"}]})
    routed = route(made)
    assert [(o.directory, o.manifest) for o in routed.objects] == [
        ("shared", {**vs, "metadata": {"name": "a", "namespace": "shop"}})
    ]


def test_adopted_and_unknown() -> None:
    made = plan([*app("a"), virtual_service("a", TO_A)], routes={"adopt": [{"kind": "VirtualService", "name": "b"}]})
    assert texts(route(made).problems) == [
        "sandlane.yaml: SL220 'VirtualService/shop/b' in 'spec.routes.adopt' is not in the base\n  hint: known: a"
    ]
