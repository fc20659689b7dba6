"""DestinationRules and VirtualServices of a base whose mesh is routed by the Gateway API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object, app, destination_rule, plan, sandbox, to, virtual_service
from tests.meshes.gateway_api.test_attached_routes import routed, shown

A = app("a", 80)
POLICY = {"connectionPool": {"tcp": {"maxConnections": 4}}}
REPLACED = (
    "sandboxes/dev1.yaml: SL467 'VirtualService/shop/v' routes 'Service/shop/a' in the mesh, and the HTTPRoutes of tenants would take "
    "its place for everyone\n  hint: set 'mesh: istio', or turn the VirtualService into an HTTPRoute, or accept it at the workload: "
    "accept: [{code: SL467, object: VirtualService/shop/v, reason: ...}]"
)
INERT = (
    "base.yaml: SL428 notice: 'VirtualService/shop/v' has no effect in this mesh, and tenants get no rules in it\n"
    "  hint: remove it from the base, or set 'mesh: istio'"
)


@pytest.mark.parametrize("mesh", ["gateway-api", "linkerd", "istio"])
def test_destination_rules_are_copied_whatever_routes(mesh: str) -> None:
    made = plan([*A, destination_rule("r", "a", trafficPolicy=POLICY)], sandbox("dev1", "a"), mesh=mesh)
    found = [(o.directory, o.manifest["spec"]) for o in routed(made).objects if o.id.kind == "DestinationRule"]
    assert found == [("sandboxes/dev1", {"host": "a-dev1", "trafficPolicy": POLICY})]


def test_a_base_without_objects_of_istio_gets_none() -> None:
    kinds = {o.id.kind for o in routed(plan(A, sandbox("dev1", "a"), mesh="gateway-api")).objects}
    assert kinds == {"HTTPRoute"}


@pytest.mark.parametrize(
    ("vs", "mesh", "expected"),
    [
        pytest.param(virtual_service("v", {"route": [to("a")]}, hosts=["a"]), "gateway-api", [REPLACED], id="its-host"),
        pytest.param(virtual_service("v", {"route": [to("b")]}, hosts=["a"]), "gateway-api", [REPLACED], id="sends-elsewhere"),
        pytest.param(virtual_service("v", {"route": [to("a")]}, hosts=["*.local"]), "gateway-api", [REPLACED], id="wildcard"),
        pytest.param(virtual_service("v", {"route": [to("a")]}, hosts=["a"], gateways=["g"]), "gateway-api", [INERT], id="gateway"),
        pytest.param(virtual_service("v", {"route": [to("a")]}, hosts=["b"]), "gateway-api", [INERT], id="another-host"),
        pytest.param(virtual_service("v", hosts=["a"], tcp=[{"route": [to("a")]}]), "gateway-api", [], id="no-http"),
        pytest.param(virtual_service("v", {"route": [to("a")]}, hosts=["a"]), "linkerd", [INERT], id="linkerd"),
    ],
)  # fmt: skip
def test_virtual_services_that_httproutes_would_replace(vs: Object, mesh: str, expected: list[str]) -> None:
    base: list[Any] = [*A, *app("b", 80), vs]
    assert shown(base, sandbox("dev1", "a"), mesh=mesh) == expected
