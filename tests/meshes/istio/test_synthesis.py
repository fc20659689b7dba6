# ruff: noqa: E501 — whole messages stand on one line

from __future__ import annotations

import pytest

from sandlane.k8s.resource import ResourceId
from sandlane.meshes.istio.coverage import http_ports
from sandlane.meshes.istio.synthesis import synthesised_id
from sandlane.problems.problem import Invalid
from tests.build import Object, app, carried, deployment, inputs, plan, route, sandbox, service, texts, virtual_service

A = "a.shop.svc.cluster.local"
DEV1 = sandbox("dev1", "a")
TCP = {"name": "tcp-x", "port": 9000}


def routes(base: list[Object], *specs: Object) -> list[Object]:
    """Returns the VirtualServices that are made."""
    routed = route(plan(base, *specs))
    assert [p.code for p in routed.problems if p.level == "error"] == []
    return [dict(o.manifest) for o in routed.objects if o.id.kind == "VirtualService" and o.base is None]


def to(host: str, port: int) -> list[Object]:
    return [{"destination": {"host": host, "port": {"number": port}}}]


def tenant(name: str, port: int, match: Object | None = None) -> Object:
    return {
        "name": f"tenant-{name}",
        "match": carried(name, match or {"port": port}),
        "route": to(f"a-{name}.shop.svc.cluster.local", port),
    }


def made(*http: Object, **spec: object) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {
            "name": "a-sandlane",
            "namespace": "shop",
            "labels": {"app.kubernetes.io/managed-by": "sandlane", "sandlane.dev/origin": "a"},
        },
        "spec": {"hosts": [A], "exportTo": ["*"], **spec, "http": list(http)},
    }


P80, P8080 = {"port": 80}, {"port": 8080}
DEFAULT = {"name": "default", "match": [P80], "route": to(A, 80)}


def default(port: int) -> Object:
    return {"name": "default", "match": [{"port": port}], "route": to(A, port)}


@pytest.mark.parametrize(
    ("ports", "tenants", "expected"),
    [
        pytest.param([80], ["dev1"], [tenant("dev1", 80), DEFAULT], id="scenario-1"),
        pytest.param(
            [80],
            ["xdev1", "dev10", "dev1"],
            [tenant("dev1", 80), tenant("dev10", 80), tenant("xdev1", 80), DEFAULT],
            id="tenants",
        ),
        pytest.param(
            [80, 8080, TCP],
            ["dev1"],
            [tenant("dev1", 80, P80), default(80), tenant("dev1", 8080, P8080), default(8080)],
            id="scenario-7-several-ports",
        ),
        pytest.param([80, TCP], ["dev1"], [tenant("dev1", 80, P80), default(80)], id="one-of-two-is-http"),
    ],
)
def test_synthesised(ports: list[int | Object], tenants: list[str], expected: list[Object]) -> None:
    specs = [sandbox(f"s{n}", "a", tenantID=t) for n, t in enumerate(tenants)]
    assert routes(app("a", *ports), *specs) == [made(*expected)]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param(".", ["."], id="scenario-28"),
        pytest.param("web, shop", ["web", "shop"], id="list"),
        pytest.param("*", ["*"], id="everywhere"),
    ],
)
def test_visibility(scope: str, expected: list[str]) -> None:
    base = app("a")
    base[1]["metadata"]["annotations"] = {"networking.istio.io/exportTo": scope}
    assert routes(base, DEV1) == [made(tenant("dev1", 80), DEFAULT, exportTo=expected)]


@pytest.mark.parametrize(
    "base",
    [
        pytest.param(app("a", TCP), id="tcp-only"),
        pytest.param([deployment("a")], id="no-service"),
        pytest.param([*app("a"), virtual_service("a", {"route": [{"destination": {"host": "a"}}]})], id="in-the-base"),
        pytest.param(
            [*app("a"), virtual_service("r", {"route": [{"destination": {"host": "a"}}]}, hosts=[A], namespace="web")],
            id="in-another-namespace",
        ),
    ],
)
def test_nothing_is_made(base: list[Object]) -> None:
    assert routes(base, DEV1) == []


def test_gateway_virtual_service_does_not_serve_the_mesh() -> None:
    base = [
        *app("a"),
        virtual_service("shop", {"route": [{"destination": {"host": "a"}}]}, hosts=["x.org"], gateways=["gw"]),
    ]
    assert routes(base, DEV1) == [made(tenant("dev1", 80), DEFAULT)]


def test_no_tenants_no_objects() -> None:
    assert routes(app("a"), sandbox("dev1", "a", suspend=True)) == []


def test_two_services() -> None:
    found = routes([deployment("a"), service("a"), service("a2", selector={"app": "a"})], DEV1)
    assert [o["metadata"]["name"] for o in found] == ["a-sandlane", "a2-sandlane"]


def test_ports_and_id() -> None:
    assert http_ports(service("a", 80, TCP, {"name": "grpc", "port": 1}, {"name": "https", "port": 443})) == [80, 1]
    assert http_ports({"spec": None}) == []
    assert str(synthesised_id(ResourceId("", "Service", "shop", "a"))) == "VirtualService/shop/a-sandlane"


def test_tcp_is_named() -> None:
    routed = route(plan(app("a", 80, TCP), DEV1))
    assert texts(routed.problems) == [
        (
            "base.yaml: SL410 notice: port 9000 of 'Service/shop/a' cannot be routed by tenant, "
            "and stays with the base: TCP carries no headers"
        )
    ]


def test_mesh_config_that_cannot_be_read() -> None:
    def problems(mesh: str) -> list[str]:
        data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}}
        with pytest.raises(Invalid) as found:
            inputs([*app("a"), {**data, "data": {"mesh": mesh}}], DEV1)
        return texts(found.value.problems)

    assert problems("defaultServiceExportTo: .") == [
        "base.yaml: SL132 'ConfigMap/istio-system/istio' has a MeshConfig that cannot be read: 'defaultServiceExportTo' is no list of strings\n"
        "  hint: correct the base: istiod reads it as well"
    ]
    assert problems("- a") == [
        "base.yaml: SL132 'ConfigMap/istio-system/istio' has a MeshConfig that cannot be read: expected a mapping\n"
        "  hint: correct the base: istiod reads it as well"
    ]
