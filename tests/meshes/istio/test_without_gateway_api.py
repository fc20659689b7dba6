"""Istio imports the routes of the Gateway API for bases that hold objects of it alone: for others they come to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.meshes.gateway_api.dialects import ISTIO
from sandlane.meshes.gateway_api.routes import route_base, route_services
from sandlane.meshes.istio.routes import route, services_of
from sandlane.meshes.registry import MESHES
from sandlane.meshes.routed import Routed, RoutedBase
from sandlane.plan.make import make_plan
from tests.build import app, inputs, sandbox, service

PREVIEW = {"preview": {"host": "{tenantID}.x.test", "gateway": "shop/gate"}}


@pytest.mark.parametrize("more", [{}, PREVIEW, {"routes": {"entry": "mesh"}}], ids=["plain", "preview", "entry-mesh"])
def test_a_base_without_gateway_api_has_no_routes_of_it(more: dict[str, Any]) -> None:
    read = inputs(
        [*app("a"), *app("b"), service("c")], sandbox("dev1", "a"), sandbox("dev2", "a", "b"), mesh="istio", **more
    )
    plan = make_plan(read, MESHES["istio"].pod_labels)
    unroutable = MESHES["istio"].unroutable(plan.environment, plan.base)
    assert route_base(plan, ISTIO) == RoutedBase(Routed((), ()), (), frozenset())
    assert route_services(plan, ISTIO, unroutable, (), frozenset(services_of(plan))) == Routed((), ())
    assert [str(placed.id) for placed in route(plan, ISTIO, unroutable).objects] == [
        "VirtualService/shop/a-sandlane",
        "VirtualService/shop/b-sandlane",
    ]
