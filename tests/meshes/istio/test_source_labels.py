"""Conditions for clones as clients beside delegates, ports without entries and gateways where carriers are removed."""

from __future__ import annotations

from typing import Any

from sandlane.pipeline import render
from tests.build import Object, app, inputs, sandbox, to, virtual_service

TO_B = {"route": [to("b")]}
DEV1, DEV2 = sandbox("dev1", "a"), sandbox("dev2", "b")
FROM_A: Object = {"sourceLabels": {"app": "a"}}
FROM_CLONE: Object = {"sourceLabels": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}}
BY_HEADER: Any = {"carriers": [{"header": "tenantid"}]}
DEV2S: Object = {"headers": {"tenantid": {"exact": "dev2"}}}


def spec_of(name: str, *base: Object, **env: Any) -> dict[str, Any]:
    """Returns the spec of a VirtualService of the proved output of two tenants: one clones 'a', one 'b'."""
    found = render(inputs([*app("a"), *app("b", 80, 8080), *base], DEV1, DEV2, **BY_HEADER, **env))
    return next(dict(o.manifest["spec"]) for o in found.objects if str(o.id) == f"VirtualService/shop/{name}")


def tenants(*matches: Object) -> Object:
    return {"name": "tenant-dev2", "match": [{**m, **DEV2S} for m in matches], "route": [to("b-dev2")]}


def to_8080(name: str) -> Object:
    return {"destination": {"host": f"{name}.shop.svc.cluster.local", "port": {"number": 8080}}}


def test_of_a_delegate() -> None:
    root = virtual_service("r", {"match": [{"uri": {"prefix": "/"}}], "delegate": {"name": "leaf"}}, hosts=["b"])
    leaf = virtual_service("leaf", {"match": [FROM_A], **TO_B}, TO_B, hosts=[])
    assert spec_of("leaf", root, leaf)["http"] == [
        tenants(FROM_A), {"match": [FROM_A, FROM_CLONE], **TO_B}, tenants({}), TO_B,
    ]  # fmt: skip


def test_of_a_root() -> None:
    root = virtual_service("r", {"match": [FROM_A], "delegate": {"name": "leaf"}}, TO_B, hosts=["b"])
    leaf = virtual_service("leaf", TO_B, hosts=[])
    delegating = {"match": [FROM_A, FROM_CLONE], "delegate": {"name": "leaf"}}
    assert spec_of("r", root, leaf)["http"] == [delegating, tenants({}), TO_B]
    assert spec_of("leaf", root, leaf)["http"] == [tenants({}), TO_B]


def test_beside_a_port_without_an_entry() -> None:
    on_80: Object = {"port": 80}
    http = spec_of("b", virtual_service("b", {"match": [{**FROM_A, **on_80}], **TO_B}, {"match": [on_80], **TO_B}))[
        "http"
    ]
    assert http == [
        tenants({**FROM_A, **on_80}), {"match": [{**FROM_A, **on_80}, {**FROM_CLONE, **on_80}], **TO_B},
        tenants(on_80), {"match": [on_80], **TO_B},
        {**tenants({"port": 8080}), "route": [to_8080("b-dev2")]},
        {"name": "default", "match": [{"port": 8080}], "route": [to_8080("b")]},
    ]  # fmt: skip


def test_at_a_gateway_where_carriers_are_removed() -> None:
    gateway = {
        "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "gw", "namespace": "shop"},
        "spec": {"servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]},
    }  # fmt: skip
    at_gate: Object = {"gateways": ["gw"]}
    listed = [{"match": [{"gateways": ["mesh"], "uri": {"prefix": "/x"}}, at_gate], **TO_B}, TO_B]
    tcp = [{"match": [FROM_A], "route": [to("b")]}]
    base = virtual_service("b", *listed, gateways=["mesh", "gw"], tcp=tcp)
    spec = spec_of("b", gateway, base, routes={"strip": ["gw"]})
    stripped = {"name": "strip", "match": [{"gateways": ["gw"], "headers": {"tenantid": {}}}], **TO_B,
                "headers": {"request": {"remove": ["tenantid"]}}}  # fmt: skip
    in_mesh: Object = {"gateways": ["mesh"]}
    assert spec["http"] == [
        stripped, tenants({**in_mesh, "uri": {"prefix": "/x"}}), listed[0], stripped, tenants(in_mesh), TO_B,
    ]  # fmt: skip
    assert spec["tcp"] == [{"match": [FROM_A, FROM_CLONE], "route": [to("b")]}]
