"""Of several Servers, and of several routes of one Server, one counts: which compete."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.problems.problem import Source
from sandlane.semantics.inbound import compete, ports_of, tie

POD = {
    "containers": [
        {"name": "a", "ports": [{"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]},
        {"name": "b", "ports": [{"name": "http", "containerPort": 8081, "protocol": "TCP"}]},
    ],
    "initContainers": [{"name": "c", "ports": [{"name": "admin", "containerPort": 4191}]}],
}  # fmt: skip


def server(port: int | str) -> dict[str, Any]:
    return {"spec": {"port": port}}


@pytest.mark.parametrize(
    ("port", "expected"),
    [("http", {8080, 8081}), ("admin", {4191}), ("dns", set()), ("none", set()), (9000, {9000})],
)  # fmt: skip
def test_r_l2_ports_of_a_server(port: int | str, expected: set[int]) -> None:
    assert ports_of(server(port), POD) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("http", 8080, True), ("http", "http", True), (9000, 9000, True), ("http", "admin", False), ("dns", 53, False)],
)  # fmt: skip
def test_r_l2_servers_that_compete(one: int | str, other: int | str, *, expected: bool) -> None:
    assert compete(server(one), server(other), POD) is expected


def route(*matches: dict[str, Any], kind: str = "HTTPRoute", **spec: Any) -> Resource:
    manifest = {"kind": kind, "spec": {"rules": [{"matches": list(matches)}], **spec}}
    return Resource(id=ResourceId("policy.linkerd.io", kind, "shop", "r"), manifest=manifest, source=Source(file="x"))


def path(value: str, kind: str = "PathPrefix", **more: Any) -> dict[str, Any]:
    return {"path": {"type": kind, "value": value}, **more}


def called(service: str, method: str = "") -> dict[str, Any]:
    return {"method": {"service": service, **({"method": method} if method else {})}}


X1, X2 = ({"name": "x", "value": value} for value in "12")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(route(path("/a")), route(path("/a")), True, id="equal"),
        pytest.param(route(path("/a")), route(path("/a/", "Exact")), False, id="lengths"),
        pytest.param(route(path("/a")), route(path("/a", "Exact")), True, id="a-prefix-and-a-path"),
        pytest.param(route(path("/a")), route(path("/b")), False, id="paths"),
        pytest.param(route(path("/a", method="GET")), route(path("/a", method="POST")), False, id="methods"),
        pytest.param(route(path("/a", method="GET")), route(path("/a")), False, id="a-method-ranks-higher"),
        pytest.param(route(path("/a", headers=[X1])), route(path("/a", headers=[X2])), True, id="lines-of-one-header"),
        pytest.param(route(path("/a")), route(path("/[ab]", "RegularExpression")), True, id="an-expression"),
        pytest.param(route(path("/c", "Exact")), route(path("/[ab]", "RegularExpression")), False, id="an-expression-for-others"),
        pytest.param(route(path("/a"), hostnames=["a.test"]), route(path("/a"), hostnames=["b.test"]), False, id="host-names"),
        pytest.param(route(path("/a"), hostnames=["A.test"]), route(path("/a"), hostnames=["a.test"]), True, id="a-host-name"),
        pytest.param(route(called("s"), kind="GRPCRoute"), route(called("t"), kind="GRPCRoute"), False, id="services"),
        pytest.param(route(called("s", "M"), kind="GRPCRoute"), route(called("s", "M"), kind="GRPCRoute"), True, id="calls"),
        pytest.param(route(called("s")), route(called("s"), kind="GRPCRoute"), False, id="kinds"),
        pytest.param(route(path("/a"), path("/b")), route(path("/b")), True, id="one-of-several"),
    ],
)  # fmt: skip
def test_r_l4_routes_that_tie(one: Resource, other: Resource, *, expected: bool) -> None:
    assert tie(one, other) is expected
    assert tie(other, one) is expected
