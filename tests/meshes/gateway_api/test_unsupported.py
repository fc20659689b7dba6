"""Ways to cloned Services on which no tenant is told from another: none of them is silent."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.meshes.registry import MESHES
from tests.build import Object, app, object_of, sandbox, service
from tests.meshes.gateway_api.test_attached_routes import gateway, route, rule, shown, to_service

API = "gateway.networking.k8s.io/v1alpha2"
EGRESS = {"group": "policy.linkerd.io", "kind": "EgressNetwork", "name": "all"}
ENTRY = {"group": "networking.istio.io", "kind": "ServiceEntry", "name": "ext", "namespace": "mesh"}
HOST = "a.shop.svc.cluster.local"
LISTENERS = {"group": "gateway.networking.x-k8s.io", "kind": "XListenerSet", "name": "more"}
SERVER = {"group": "policy.linkerd.io", "kind": "Server", "name": "a"}
GATE = {"name": "gate"}
BASE = [*app("a"), *app("b"), gateway()]


def hostname(name: str = HOST) -> Object:
    return {"group": "networking.istio.io", "kind": "Hostname", "name": name, "port": 80}


def alias(host: str = HOST) -> Object:
    return service("alias", selector={}, type="ExternalName", externalName=host)


def l4(kind: str, parent: Object, *to: str) -> Object:
    backends = [{"name": name, "port": 80} for name in to]
    return object_of(API, kind, "t", parentRefs=[parent], rules=[{"backendRefs": backends}])


def said(reason: str, way: str, route: str = "HTTPRoute/shop/r") -> str:
    what = f"'{route}' sends requests to 'Service/shop/a' that stay with the base, whoever's they are"
    return f"base.yaml: SL462 notice: {what}: {reason}\n  hint: {way}"


def of_parent(parent: str) -> str:
    reason = f"sandlane cannot tell tenants apart at its parent '{parent}'"
    return said(reason, "attach the route to a Service or a Gateway to have tenants routed")


def of_connections(kind: str) -> str:
    reason = f"a {kind} tells connections apart, which carry no tenantID"
    return said(reason, "use an HTTPRoute to have tenants routed", f"{kind}/shop/t")


def by_name(what: str) -> str:
    return said(f"it names the Service by {what}", "name the Service itself in the route's backendRefs")


def found(*base: Object, mesh: str = "linkerd", **environment: Any) -> list[str]:
    return [text for text in shown([*BASE, *base], sandbox("dev1", "a"), mesh=mesh, **environment) if "SL462" in text]


def r(*backends: str | Object, parents: list[Object] | None = None, **more: Any) -> Object:
    return route("r", rule(*backends), parents=[GATE] if parents is None else parents, **more)


@pytest.mark.parametrize("mesh", sorted(MESHES))
@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param([r("a", parents=[LISTENERS])], [of_parent("XListenerSet/shop/more")], id="listener-set"),
        pytest.param([r("a", parents=[ENTRY])], [of_parent("ServiceEntry/mesh/ext")], id="service-entry"),
        pytest.param([r("a", parents=[EGRESS, GATE])], [of_parent("EgressNetwork/shop/all")], id="beside-a-gateway"),
        pytest.param([r("a", parents=[EGRESS], kind="GRPCRoute")],
                     [of_parent("EgressNetwork/shop/all").replace("HTTPRoute", "GRPCRoute")], id="grpc"),
        pytest.param([r("b", parents=[EGRESS])], [], id="to-what-is-not-cloned"),
        pytest.param([r("a", parents=[SERVER])], [], id="server"),
        pytest.param([r("a", parents=[GATE, to_service("a", 80)])], [], id="parents-that-are-read"),
        pytest.param([l4("TLSRoute", GATE, "a")], [of_connections("TLSRoute")], id="tls"),
        pytest.param([l4("TCPRoute", GATE, "b", "a")], [of_connections("TCPRoute")], id="tcp"),
        pytest.param([l4("UDPRoute", GATE, "a")], [of_connections("UDPRoute")], id="udp"),
        pytest.param([l4("TCPRoute", to_service("b", 80), "a")], [of_connections("TCPRoute")], id="tcp-of-another-service"),
        pytest.param([l4("TCPRoute", to_service("a", 80), "a")], [], id="tcp-of-the-service-itself"),
        pytest.param([r(hostname())], [by_name(f"the Hostname '{HOST}'")], id="hostname"),
        pytest.param([r(hostname("example.com"))], [], id="another-hostname"),
        pytest.param([alias(), r("alias")], [by_name("'Service/shop/alias', an ExternalName")], id="external-name"),
        pytest.param([alias(f"{HOST}."), r("alias")], [by_name("'Service/shop/alias', an ExternalName")], id="absolute"),
        pytest.param([alias("example.com"), r("alias")], [], id="another-external-name"),
        pytest.param([alias(), r("alias", "a")], [], id="beside-the-service-itself"),
        pytest.param([r(hostname(), parents=[to_service("a", 80)])], [], id="of-the-service-itself"),
        pytest.param([r(hostname(), parents=[to_service("b", 80)])], [by_name(f"the Hostname '{HOST}'")], id="of-another-service"),
    ],
)  # fmt: skip
def test_what_leads_to_a_clones_origin_past_its_tenants(mesh: str, base: list[Object], expected: list[str]) -> None:
    assert found(*base, mesh=mesh) == expected


@pytest.mark.parametrize(
    "base",
    [
        pytest.param([r("a", parents=[LISTENERS])], id="listener-set"),
        pytest.param([l4("TLSRoute", GATE, "a")], id="tls"),
        pytest.param([r(hostname())], id="hostname"),
    ],
)
def test_tenants_that_are_not_for_outside(base: list[Object]) -> None:
    assert found(*base, routes={"entry": "mesh"}) == []
    assert found(r("a", parents=[EGRESS]), routes={"entry": "mesh"}) == [of_parent("EgressNetwork/shop/all")]


def test_nothing_is_said_where_nothing_is_cloned() -> None:
    assert shown([*BASE, r("a", parents=[EGRESS])]) == []
