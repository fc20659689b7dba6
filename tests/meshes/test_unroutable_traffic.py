"""What is said of every mesh's routes."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.meshes.registry import MESHES
from tests.build import app, plan, sandbox, texts, to, virtual_service

HINT = "\n  hint: leave the header alone, or behind this route requests belong to another tenant or to none"


def http_route(*filters: Any) -> Any:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "r"},
        "spec": {
            "parentRefs": [{"group": "", "kind": "Service", "name": "a", "port": 80}],
            "rules": [{"filters": list(filters), "backendRefs": [{"name": "a", "port": 80}]}],
        },
    }


def modifier(**operations: Any) -> Any:
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": operations}


@pytest.mark.parametrize(
    ("mesh", "route", "headers"),
    [
        pytest.param("istio", virtual_service("r", {"headers": {"request": {"remove": ["TenantID"]}}, "route": [to("b")]}),
                     [("VirtualService", "tenantid")], id="remove"),
        pytest.param("istio", virtual_service("r", {"route": [{**to("b"), "headers": {"request": {"set": {"baggage": "x=1"}}}}]}),
                     [("VirtualService", "baggage")], id="destination"),
        pytest.param("istio", virtual_service("r", {"headers": {"request": {"add": {"x": "1"}}}, "route": [to("b")]}), [], id="other"),
        pytest.param("linkerd", http_route(modifier(set=[{"name": "tenantID", "value": "x"}], remove=["Baggage"])),
                     [("HTTPRoute", "baggage"), ("HTTPRoute", "tenantid")], id="filters"),
    ],
)  # fmt: skip
def test_routes_that_touch_a_carrier(mesh: str, route: Any, headers: list[tuple[str, str]]) -> None:
    made = plan([*app("a"), *app("b"), route], sandbox("dev1", "a"), mesh=mesh)
    routed = MESHES[mesh].route(made, MESHES[mesh].unroutable(made.environment, made.base))
    assert [text for text in texts(routed.problems) if "SL419" in text] == [
        f"base.yaml: SL419 notice: '{kind}/shop/r' sets or removes the request header '{header}', in which the tenantID is carried{HINT}"
        for kind, header in headers
    ]
