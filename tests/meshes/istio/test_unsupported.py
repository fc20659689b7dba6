from __future__ import annotations

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


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([virtual_service("a", TO_A)], [], id="fine"),
        pytest.param(
            [virtual_service("a", {"route": [to("a"), to("b")]})],
            beyond("VirtualService/shop/a", "has several destinations without a weight", "give one of them a weight"),
            id="no-weight",
        ),
        pytest.param([virtual_service("a", {"route": [to("a", weight=1), to("b")]})], [], id="one-weight"),
        pytest.param([virtual_service("b", {"route": [to("b"), to("c")]})], [], id="no-weight-of-another"),
    ],
)  # fmt: skip
def test_beyond(base: list[Object], expected: list[str]) -> None:
    assert found(*base) == expected


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
        pytest.param("SL416", [object_of("networking.istio.io/v1", "Sidecar", "s", egress=[{"hosts": ["istio-system/*"]}])],
                     [("base.yaml: SL416 notice: 'Sidecar/shop/s' limits which hosts its workloads see: clients that do not see "
                      "'Service/shop/a' are not routed")], id="sidecar"),
        pytest.param("SL417", [deployment("c", {"app": "c", "sidecar.istio.io/inject": "false"})],
                     [("base.yaml: SL417 notice: 'Deployment/shop/c' has no proxy of the mesh (sidecar.istio.io/inject: 'false'): "
                      "requests that it sends are not routed")], id="no-proxy"),
        pytest.param("SL417", [deployment("c", {"app": "c", "sidecar.istio.io/inject": "false"}, containers=[
                         {"name": "istio-proxy", "image": "proxyv2", "args": ["proxy", "router", "--domain"]}])],
                     [], id="a-gateway"),
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


@pytest.mark.parametrize(
    ("homes", "adopted", "hint"),
    [
        pytest.param(("edge",), {}, "'{kind: VirtualService, name: a, namespace: edge}'", id="elsewhere"),
        pytest.param(("shop",), {"namespace": "edge"}, "'{kind: VirtualService, name: a}'", id="at-home"),
        pytest.param(
            ("edge", "web"), {},
            "'{kind: VirtualService, name: a, namespace: edge}' or '{kind: VirtualService, name: a, namespace: web}'", id="two",
        ),
    ],
)  # fmt: skip
def test_adopted_in_another_namespace(homes: tuple[str, ...], adopted: Object, hint: str) -> None:
    base = [*app("a"), *(virtual_service("a", TO_A, namespace=home) for home in homes)]
    made = plan(base, routes={"adopt": [{"kind": "VirtualService", "name": "a", **adopted}]})
    home = adopted.get("namespace", "shop")
    assert texts(route(made).problems) == [
        (
            f"sandlane.yaml: SL220 'VirtualService/{home}/a' in 'spec.routes.adopt' is not in the base\n"
            f"  hint: did you mean {hint}?"
        )
    ]
