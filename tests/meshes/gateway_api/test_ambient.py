"""Istio's ambient mode: HTTPRoutes at waypoints, VirtualServices where the base has them, never both for one Service."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.pipeline import render
from tests.build import Object, app, deployment, inputs, meta, object_of, plan, sandbox, service, virtual_service
from tests.build import to as destination
from tests.meshes.gateway_api.test_attached_routes import gateway, public, route, routed, rule, shown, to_service

LABEL = "istio.io/use-waypoint"
DEV1 = sandbox("dev1", "a")


def labelled(value: str | None = "w") -> list[Object]:
    return [deployment("a"), {**service("a"), "metadata": meta("a", labels={LABEL: value} if value else {})}]


def namespace(value: str = "", **labels: str) -> Object:
    named = {LABEL: value, **labels} if value else labels
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": named}}


def waypoint(home: str = "infra", **allowed: Any) -> Object:
    listener = {
        "name": "mesh",
        "port": 15008,
        "protocol": "HBONE",
        **({"allowedRoutes": {"namespaces": allowed}} if allowed else {}),
    }
    made = object_of(
        "gateway.networking.k8s.io/v1", "Gateway", "w", gatewayClassName="istio-waypoint", listeners=[listener]
    )
    return {**made, "metadata": {"name": "w", "namespace": home}}


ELSEWHERE = [
    deployment("a"),
    {**service("a"), "metadata": meta("a", labels={LABEL: "w", f"{LABEL}-namespace": "infra"})},
]
UNKNOWN = (
    "base.yaml: SL427 notice: the base shows no waypoint for 'Service/shop/a': the base does not hold Namespace 'shop', which may name "
    "one: say it by 'cluster.waypoint'"
)
DENIED = [
    "base.yaml: SL427 notice: the base shows no waypoint for 'Service/shop/a': 'Gateway/infra/w' does not admit Services of namespace "
    "'shop' ('allowedRoutes' of its HBONE listener)",
    "sandboxes/dev1.yaml: SL411 no request can reach the clone of 'Deployment/shop/a': the base shows no waypoint for "
    "'Service/shop/a'\n  hint: admit namespace 'shop' in the HBONE listener's 'allowedRoutes' of 'Gateway/infra/w' in the base, or "
    "accept it at the workload: accept: [{code: SL411, object: Deployment/shop/a, reason: ...}]",
]
UNTOLD = (
    "base.yaml: SL469 notice: no manifest says whether 'Gateway/infra/w' admits 'Service/shop/a': if it does not, tenants are not routed"
    "\n  hint: add the waypoint to the base, and the Namespace where its listener asks for labels"
)
SELECTED: Any = {"from": "Selector", "selector": {"matchLabels": {"mesh": "on"}}}


UNSEEN = (
    f"base.yaml: SL427 notice: the base shows no waypoint for 'Service/shop/a': without the label '{LABEL}' on it or on its "
    "namespace nothing is routed"
)
NO_WAYPOINT = [
    UNSEEN,
    "sandboxes/dev1.yaml: SL411 no request can reach the clone of 'Deployment/shop/a': the base shows no waypoint for "
    f"'Service/shop/a'\n  hint: label the Service or its Namespace '{LABEL}: <waypoint>' in the base, or accept it at the workload: "
    "accept: [{code: SL411, object: Deployment/shop/a, reason: ...}]",
]


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(labelled(), [], id="service"),
        pytest.param([namespace("w"), *labelled(None)], [], id="namespace"),
        pytest.param([namespace(), *labelled(None)], NO_WAYPOINT, id="none"),
        pytest.param(labelled(None), [UNKNOWN], id="namespace-not-in-the-base"),
        pytest.param([waypoint(), *ELSEWHERE], DENIED, id="of-another-namespace"),
        pytest.param([waypoint(**{"from": "Same"}), *ELSEWHERE], DENIED, id="for-its-own-namespace"),
        pytest.param([waypoint(**{"from": "All"}), *ELSEWHERE], [], id="for-all-namespaces"),
        pytest.param([waypoint(**SELECTED), namespace(mesh="on"), *ELSEWHERE], [], id="for-a-namespace-by-its-labels"),
        pytest.param(
            [waypoint(**SELECTED), namespace(), *ELSEWHERE], DENIED, id="for-other-namespaces-by-their-labels"
        ),
        pytest.param([waypoint(**SELECTED), *ELSEWHERE], [UNTOLD], id="for-namespaces-by-labels-that-are-not-known"),
        pytest.param(ELSEWHERE, [UNTOLD], id="of-another-namespace-and-not-in-the-base"),
        pytest.param([waypoint("shop"), *labelled()], [], id="of-its-own-namespace"),
        pytest.param(labelled("none"), NO_WAYPOINT, id="switched-off"),
        pytest.param([namespace("w"), *labelled("none")], NO_WAYPOINT, id="switched-off-for-the-service"),
        pytest.param([namespace("none"), *labelled(None)], NO_WAYPOINT, id="switched-off-for-the-namespace"),
        pytest.param(
            [namespace(), *labelled(None), gateway(), route("r", rule("a"), parents=[{"name": "gate"}])],
            [public(), UNSEEN],
            id="a-gateway-sends-to-it",
        ),
        pytest.param(
            [
                namespace(),
                *labelled(None),
                virtual_service("v", {"route": [destination("a")]}, hosts=["x.test"], gateways=["gate"]),
            ],
            [public(way="remove the carriers of outside requests ('routes.strip')"), UNSEEN],
            id="istios-gateway-sends-to-it",
        ),
        pytest.param(
            [
                namespace(),
                *labelled(None),
                *app("b"),
                virtual_service("v", {"route": [destination("b")]}, hosts=["x.test"], gateways=["gate"]),
            ],
            NO_WAYPOINT,
            id="a-gateway-sends-elsewhere",
        ),
        pytest.param([namespace("none"), *labelled()], [], id="switched-on-for-the-service"),
    ],
)
def test_waypoints(base: list[Object], expected: list[str]) -> None:
    assert shown(base, DEV1, mesh="istio-ambient") == expected


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param(labelled(None), [], id="namespace-not-in-the-base"),
        pytest.param([namespace(), *labelled(None)], NO_WAYPOINT, id="namespace-without-one"),
        pytest.param(labelled("none"), NO_WAYPOINT, id="switched-off"),
        pytest.param([waypoint("shop", **{"from": "Same"}), *labelled(None)], [], id="shown"),
    ],
)  # fmt: skip
def test_the_waypoint_of_the_environment(base: list[Object], expected: list[str]) -> None:
    cluster = {"waypoint": {"name": "w", "namespace": "shop"}}
    assert shown(base, DEV1, mesh="istio-ambient", cluster=cluster) == expected


def test_a_sandbox_that_is_reached_in_part() -> None:
    base = [namespace(), *labelled(), *app("b")]
    assert shown(base, sandbox("dev1", "a", "b"), mesh="istio-ambient") == [UNSEEN.replace("shop/a", "shop/b")]


@pytest.mark.parametrize(
    ("labels", "home", "expected"),
    [
        pytest.param({}, "infra", ["HTTPRoute/infra/r-dev1-h"], id="of-the-waypoints-namespace"),
        pytest.param({}, "client", ["HTTPRoute/client/r-dev1-h", "HTTPRoute/shop/a-80-dev1-h"], id="of-a-clients"),
        pytest.param({LABEL: "none"}, "infra", ["HTTPRoute/infra/r-dev1-h", "HTTPRoute/shop/a-80-dev1-h"], id="no-waypoint"),
    ],
)  # fmt: skip
def test_routes_that_a_waypoint_heeds(labels: dict[str, str], home: str, expected: list[str]) -> None:
    labels = {LABEL: "w", f"{LABEL}-namespace": "infra", **labels}
    parent = to_service("a", 80, namespace="shop")
    backend = {"name": "a", "namespace": "shop", "port": 80}
    base = [deployment("a"), {**service("a"), "metadata": meta("a", labels=labels)},
            route("r", rule(backend, match={"path": {"value": "/x"}}), parents=[parent], namespace=home)]  # fmt: skip
    made = plan(base, DEV1, mesh="istio-ambient", carriers=[{"header": "tenantID"}])
    assert sorted(str(o.id) for o in routed(made).objects) == expected


def kinds(*objects: Object) -> list[str]:
    made = plan([*labelled(), *app("b"), *objects], DEV1, mesh="istio-ambient", carriers=[{"header": "tenantID"}])
    return sorted(str(o.id) for o in routed(made).objects)


@pytest.mark.parametrize(
    ("homes", "expected"),
    [
        pytest.param(["client"], ["a-80-dev1-b", "a-80-dev1-h"], id="of-a-client"),
        pytest.param(["client", "shop"], [], id="of-a-client-and-its-own"),
    ],
)
def test_a_virtual_service_that_no_waypoint_heeds_is_none_to_proof(homes: list[str], expected: list[str]) -> None:
    host = "a.shop.svc.cluster.local"
    given = [virtual_service("v", {"route": [destination(host)]}, hosts=[host], namespace=home) for home in homes]
    made = render(inputs([*labelled(), *given], DEV1, mesh="istio-ambient")).objects
    assert sorted(o.id.name for o in made if o.id.kind == "HTTPRoute") == expected


HTTP = virtual_service("v", {"route": [destination("a")]}, hosts=["a"])


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([], ["HTTPRoute/shop/a-80-dev1-h"], id="no-route"),
        pytest.param([HTTP], ["VirtualService/shop/v"], id="virtual-service"),
        pytest.param([route("r", rule("a"), parents=[to_service("a", 80)])], ["HTTPRoute/shop/r-dev1-h"], id="http-route"),
        pytest.param(
            [virtual_service("v", {"route": [destination("a")]}, hosts=["b"])],
            ["HTTPRoute/shop/a-80-dev1-h", "VirtualService/shop/v"],
            id="virtual-service-of-another-host",
        ),
        pytest.param(
            [virtual_service("v", {"route": [destination("a.shop.svc.cluster.local")]}, hosts=["a.shop.svc.cluster.local"],
                             namespace="client")],
            ["HTTPRoute/shop/a-80-dev1-h", "VirtualService/client/v"],
            id="virtual-service-of-a-clients-namespace",
        ),
        pytest.param(
            [object_of("networking.istio.io/v1", "DestinationRule", "d", host="a", trafficPolicy={"tls": {"mode": "DISABLE"}})],
            ["DestinationRule/shop/d-dev1", "HTTPRoute/shop/a-80-dev1-h"],
            id="destination-rule",
        ),
    ],
)  # fmt: skip
def test_what_is_written(objects: list[Object], expected: list[str]) -> None:
    assert kinds(*objects) == expected


def test_the_clone_has_its_origins_waypoint() -> None:
    made = plan(labelled(), DEV1, mesh="istio-ambient")
    from sandlane.clone.service import clone_service

    (copy,) = made.services
    assert clone_service(made.environment, copy)["metadata"]["labels"][LABEL] == "w"


def beyond(what: str, way: str) -> str:
    return f"base.yaml: SL402 'VirtualService/shop/v' {what}: sandlane cannot route that yet\n  hint: {way}"


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param(
            [virtual_service("v", {"route": [destination("b")]}, hosts=["*.shop.svc.cluster.local"])],
            [beyond("catches 'Service/shop/a' by a wildcard host", "name the Service's host in a VirtualService of its own")],
            id="wildcard",
        ),
        pytest.param(
            [object_of("networking.istio.io/v1", "VirtualService", "v", hosts=["a"], tcp=[{"route": [destination("a")]}])],
            [beyond("has no entry for port 80 of 'Service/shop/a', so Istio's default route serves it",
                    "give it an entry for port 80 that every client meets")],
            id="tcp-only",
        ),
        pytest.param(
            [HTTP, route("r", rule("a"), parents=[to_service("a", 80)])],
            [beyond("serves 'Service/shop/a' beside 'HTTPRoute/shop/r'", "route the Service by one of the two kinds")],
            id="both-kinds",
        ),
    ],
)  # fmt: skip
def test_problems(objects: list[Object], expected: list[str]) -> None:
    assert shown([*labelled(), *app("b"), *objects], DEV1, mesh="istio-ambient") == expected
