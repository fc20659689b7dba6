"""Ports that cannot be routed by tenant: what is said of them, and when nothing else is left."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from tests.build import Object, app, deployment, inputs, object_of, sandbox, service, texts
from tests.meshes.gateway_api.test_attached_routes import gateway, public, route, rule, shown, to_service

PROFILE = "linkerd.io/v1alpha2"
FULL = "a.shop.svc.cluster.local"


def said(reason: str, port: int = 80, name: str = "a") -> str:
    return (
        f"base.yaml: SL410 notice: port {port} of 'Service/shop/{name}' cannot be routed by tenant, and stays with the base: "
        f"{reason}"
    )


def l4(kind: str = "TCPRoute", **parent: Any) -> Object:
    parent = {"group": "", "kind": "Service", "name": "a", **parent}
    return object_of("gateway.networking.k8s.io/v1alpha2", kind, "t", parentRefs=[parent], rules=[])


def mirroring(parent: Object) -> Object:
    filters = [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "a", "port": 80}}}]
    return route(
        "g", rule("a", match={"method": {"service": "s"}}, filters=filters), parents=[parent], kind="GRPCRoute"
    )


def consumers(namespace: str) -> Object:
    """Returns a route for clients of a namespace alone."""
    sent = rule({"name": "a", "namespace": "shop", "port": 80})
    return route("r", sent, parents=[to_service("a", 80, namespace="shop")], namespace=namespace)


KEPT_OFF = "'GRPCRoute/shop/g' has no effect, since its filter RequestMirror is not known, and keeps HTTPRoutes off"
KNOWN_NOT = (
    "base.yaml: SL425 notice: 'GRPCRoute/shop/g' has a filter RequestMirror, for which the mesh ignores the whole route: so does "
    "sandlane"
)
ROUTED = route("r", rule("a"), parents=[to_service("a", 80)])
GRPC = route("r", rule("a", match={"method": {"service": "s"}}), parents=[to_service("a")], kind="GRPCRoute")
BEHIND = f"'ServiceProfile/shop/{FULL}' makes Linkerd ignore its routes"
SWITCHED = "'TCPRoute/shop/t' serves it, which an HTTPRoute would switch off"


@pytest.mark.parametrize(
    ("mesh", "objects", "expected"),
    [
        pytest.param("linkerd", [object_of(PROFILE, "ServiceProfile", FULL, routes=[{"name": "x"}])], [said(BEHIND)],
                     id="profile-with-routes"),
        pytest.param("linkerd", [object_of(PROFILE, "ServiceProfile", FULL, dstOverrides=[{"authority": "b"}])],
                     [said(BEHIND)], id="profile-with-overrides"),
        pytest.param("linkerd", [object_of(PROFILE, "ServiceProfile", FULL, "client", routes=[{"name": "x"}])],
                     [said(f"'ServiceProfile/client/{FULL}' makes Linkerd ignore its routes")], id="profile-of-clients"),
        pytest.param("linkerd", [object_of(PROFILE, "ServiceProfile", FULL, retryBudget={"ttl": "10s"})], [],
                     id="profile-with-a-budget-alone"),
        pytest.param("linkerd", [object_of(PROFILE, "ServiceProfile", "a.other.svc.cluster.local", routes=[{"name": "x"}])],
                     [], id="profile-of-another"),
        pytest.param("linkerd", [object_of(PROFILE, "ServiceProfile", "a", routes=[{"name": "x"}])], [],
                     id="profile-without-a-full-name"),
        pytest.param("gateway-api", [object_of(PROFILE, "ServiceProfile", FULL, routes=[{"name": "x"}])], [],
                     id="profile-elsewhere"),
        pytest.param("linkerd", [l4()], [said(SWITCHED)], id="tcp-route"),
        pytest.param("linkerd", [l4(group="core")], [said(SWITCHED)], id="tcp-route-of-group-core"),
        pytest.param("gateway-api", [l4("TLSRoute", port=80)], [said(SWITCHED.replace("TCP", "TLS"))], id="tls-route"),
        pytest.param("istio-ambient", [l4()], [said(SWITCHED)], id="tcp-route-ambient"),
        pytest.param("linkerd", [l4(port=81)], [], id="tcp-route-of-another-port"),
        pytest.param("linkerd", [l4(), ROUTED], [], id="tcp-route-that-an-http-route-switches-off"),
        pytest.param("linkerd", [l4(port=80), GRPC], [], id="tcp-route-that-a-grpc-route-switches-off"),
        pytest.param("gateway-api", [l4(port=80), ROUTED], [], id="tcp-route-switched-off-elsewhere"),
        pytest.param("linkerd", [l4(), consumers("other")], [said(SWITCHED)], id="tcp-route-that-is-on-for-most"),
        pytest.param("istio-ambient", [l4(), consumers("other")], [said(SWITCHED)], id="tcp-route-beside-an-unheeded-one"),
        pytest.param("linkerd", [mirroring(to_service("a", 80))], [KNOWN_NOT, said(KEPT_OFF)], id="grpc-with-a-strange-filter"),
        pytest.param("linkerd", [mirroring(to_service("a"))], [KNOWN_NOT], id="grpc-with-a-strange-filter-for-all-ports"),
        pytest.param("linkerd", [mirroring(to_service("a", 80)), route("r", rule("a"), parents=[to_service("a")])], [KNOWN_NOT],
                     id="grpc-with-a-strange-filter-beside-a-route-of-all-ports"),
        pytest.param("gateway-api", [mirroring(to_service("a", 80))], [], id="grpc-with-a-filter-elsewhere"),
        pytest.param("linkerd", [l4(namespace="other")], [], id="tcp-route-of-another-namespace"),
        pytest.param("linkerd", [l4(kind="Gateway", group="gateway.networking.k8s.io")], [], id="tcp-route-of-a-gateway"),
        pytest.param(
            "linkerd",
            [{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "i"},
              "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}}}],
            ["base.yaml: SL415 notice: 'Ingress/shop/i' enters 'Service/shop/a' past the mesh's routes: its requests stay "
             "with the base\n  hint: route through a Gateway of the mesh to choose tenants at the entry"],
            id="ingress",
        ),
    ],
)  # fmt: skip
def test_notices(mesh: str, objects: list[Object], expected: list[str]) -> None:
    label = {"metadata": {"name": "a", "labels": {"istio.io/use-waypoint": "w"}}}
    base = [deployment("a"), {**service("a"), **label}, *objects]
    assert shown(base, sandbox("dev1", "a"), mesh=mesh) == expected


def tenant_error(name: str, why: str) -> str:
    is_tcp = why == "TCP carries no headers"
    way = (
        f"if port 80 'tcp' of 'Service/shop/{name}' is HTTP, rename it to http-... or grpc-..., or set 'appProtocol: http'; else "
        if is_tcp
        else ""
    )
    return (
        f"sandboxes/dev1.yaml: SL411 no request can reach the clone of 'Deployment/shop/{name}': {why}\n"
        f"  hint: {way}clone a workload that serves HTTP too, or give other clones its address by 'env', or accept it at the workload: "
        f"accept: [{{code: SL411, object: Deployment/shop/{name}, reason: ...}}]"
    )


OPAQUE = "it is an opaque port of Linkerd"
HEADLESS = "a headless Service is no parent of a route"
OPAQUE_NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "annotations": {"config.linkerd.io/opaque-ports": "80"}},
}


@pytest.mark.parametrize(
    ("mesh", "ports", "spec", "objects", "why"),
    [
        pytest.param("linkerd", [6379], {}, [], OPAQUE, id="opaque"),
        pytest.param("gateway-api", [{"name": "redis", "port": 6379}], {}, [], "REDIS carries no headers", id="redis"),
        pytest.param("linkerd", [80], {"clusterIP": "None"}, [], HEADLESS, id="headless"),
        pytest.param("gateway-api", [80], {"clusterIP": "None"}, [], HEADLESS, id="headless-elsewhere"),
        pytest.param("linkerd", [80], {}, [OPAQUE_NAMESPACE], OPAQUE, id="opaque-by-its-namespace"),
        pytest.param("linkerd", [80], {}, [l4()], SWITCHED, id="tcp-route"),
        pytest.param("linkerd", [80, 6379], {}, [l4(port=80)], f"{SWITCHED}, {OPAQUE}", id="two-reasons"),
        pytest.param("linkerd", [{"name": "x", "port": 80, "appProtocol": "grpc"}], {}, [],
                     "appProtocol 'grpc' is opaque to Linkerd", id="app-protocol"),
        pytest.param("linkerd", [80], {}, [object_of(PROFILE, "ServiceProfile", FULL, routes=[{"name": "x"}])], BEHIND,
                     id="profile"),
    ],
)  # fmt: skip
def test_a_sandbox_that_nothing_reaches(
    mesh: str, ports: list[Any], spec: Object, objects: list[Object], why: str
) -> None:
    base = [deployment("a"), service("a", *ports, **spec), *objects]
    with pytest.raises(Invalid) as invalid:
        render(inputs(base, sandbox("dev1", "a"), mesh=mesh))
    assert texts(invalid.value.problems) == [tenant_error("a", why)]


@pytest.mark.parametrize(
    ("mesh", "port", "spec", "why"),
    [
        pytest.param("linkerd", 80, {"clusterIP": "None"}, HEADLESS, id="headless"),
        pytest.param("gateway-api", 80, {"clusterIP": "None"}, HEADLESS, id="headless-elsewhere"),
        pytest.param("linkerd", {"name": "x", "port": 80, "appProtocol": "grpc"}, {}, "appProtocol 'grpc' is opaque to Linkerd",
                     id="opaque"),
        pytest.param("istio-ambient", {"name": "tcp", "port": 80}, {}, "TCP carries no headers", id="tcp"),
    ],
)  # fmt: skip
def test_what_a_gateway_reaches_is_reached(mesh: str, port: Any, spec: Object, why: str) -> None:
    labelled = {"metadata": {"name": "a", "labels": {"istio.io/use-waypoint": "w"}}}
    base = [
        deployment("a"),
        {**service("a", port, **spec), **labelled},
        gateway(),
        route("r", rule("a"), parents=[{"name": "gate"}]),
    ]
    found = render(inputs(base, sandbox("dev1", "a"), mesh=mesh))
    assert texts([notice for notice in found.notices if notice.code != "SL253"]) == [
        f"base.yaml: SL410 notice: port 80 of 'Service/shop/a' cannot be routed by tenant inside the mesh, and stays with the base "
        f"there: {why}",
        public("Gateway/shop/gate"),
    ]
    with pytest.raises(Invalid) as invalid:
        render(inputs(base, sandbox("dev1", "a"), mesh=mesh, routes={"entry": "mesh"}))
    assert texts(invalid.value.problems) == [tenant_error("a", why)]


NO_GRPC = "'GRPCRoute/shop/g' is for it, which has no effect where 'appProtocol' is http"


@pytest.mark.parametrize(
    ("mesh", "grpc", "others", "expected"),
    [
        pytest.param("linkerd", to_service("a", 80), [], [said(NO_GRPC)], id="of-the-port"),
        pytest.param("linkerd", to_service("a"), [], [], id="of-all-ports"),
        pytest.param("linkerd", to_service("a", 80), [route("r", rule("a"), parents=[to_service("a")])], [], id="beside-an-http-route"),
        pytest.param("linkerd", to_service("a", 81), [], [], id="of-another-port"),
        pytest.param("gateway-api", to_service("a", 80), [], [], id="elsewhere"),
    ],
)  # fmt: skip
def test_a_grpc_route_of_a_port_for_http(mesh: str, grpc: Object, others: list[Object], expected: list[str]) -> None:
    port = {"name": "x", "port": 80, "appProtocol": "http"}
    methods = rule({"name": "a", "port": 80}, match={"method": {"service": "s"}})
    base = [deployment("a"), service("a", port, 81), route("g", methods, parents=[grpc], kind="GRPCRoute"), *others]
    assert [text for text in shown(base, sandbox("dev1", "a"), mesh=mesh) if "SL410" in text] == expected


def test_everything_at_once() -> None:
    base = [
        deployment("a"), service("a", 6379),
        *app("b"), route("r", rule("b", match={"headers": [{"name": "tenantID", "value": "x"}]}), parents=[to_service("b", 80)]),
        *app("c"), gateway(),
    ]  # fmt: skip
    with pytest.raises(Invalid) as invalid:
        render(inputs(base, sandbox("dev1", "a"), sandbox("dev2", "b"), sandbox("dev3", "c", "nope"), mesh="linkerd"))
    assert texts(invalid.value.problems) == [
        "base.yaml: SL421 a match of 'HTTPRoute/shop/r' names the header 'tenantid', which carries the tenantID\n"
        "  hint: use another carrier in 'spec.carriers', or take the header out of the base route",
        tenant_error("a", OPAQUE),
        "sandboxes/dev3.yaml: SL210 workload 'Deployment/shop/nope' is not in the base\n  hint: known: a, b, c",
    ]
