"""The tables of fields of routes, against the schemas of their CRDs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandlane.k8s.known_fields import fields_of
from sandlane.k8s.route_fields import KINDS, TYPES, unknown_route_fields
from tests.shared import SHARED, needs_shared

SCHEMAS = {
    "gateway.networking.k8s.io/grpcroute_v1": "GRPCRouteSpec",
    "gateway.networking.k8s.io/httproute_v1": "HTTPRouteSpec",
    "networking.istio.io/virtualservice_v1": "VirtualServiceSpec",
}


def compared(name: str, schema: dict[str, Any], seen: set[str]) -> None:
    """Compares a type with the schema of its values, whatever lies between the two: lists, or values of a mapping."""
    while "items" in schema:
        schema = schema["items"]
    if name.startswith("*"):
        name, schema = name[1:], schema["additionalProperties"]
    seen.add(name)
    assert list(fields_of(TYPES, name)) == sorted(schema["properties"])
    for field, inner in fields_of(TYPES, name).items():
        if inner:
            compared(inner, schema["properties"][field], seen)


@needs_shared
def test_types_have_the_fields_of_the_schemas() -> None:
    seen: set[str] = set()
    for file, name in SCHEMAS.items():
        schema = json.loads((SHARED / "schemas" / f"{file}.json").read_text())
        compared(name, schema["properties"]["spec"], seen)
    assert seen == set(TYPES)


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (
            ("networking.istio.io", "VirtualService"),
            {"hosts": ["a"], "http": [{"rout": []}, {"match": [{"headers": {"x": {"exakt": "1"}}}]}]},
            [(("spec", "http", 0, "rout"), "HTTPEntry"), (("spec", "http", 1, "match", 0, "headers", "x", "exakt"), "StringMatch")],
        ),
        (
            ("gateway.networking.k8s.io", "HTTPRoute"),
            {"rules": [{"backendRef": [{"name": "a", "prot": 80}]}, {"backendRefs": [{"name": "a", "prot": 80}]}]},
            [(("spec", "rules", 0, "backendRef"), "HTTPRouteRule"), (("spec", "rules", 1, "backendRefs", 0, "prot"), "HTTPBackendRef")],
        ),
        (("gateway.networking.k8s.io", "GRPCRoute"), {"rules": [{"retry": {}}]}, [(("spec", "rules", 0, "retry"), "GRPCRouteRule")]),
        (("policy.linkerd.io", "HTTPRoute"), {"rules": "none"}, []),
    ],
)  # fmt: skip
def test_unknown_fields(kind: tuple[str, str], spec: dict[str, Any], expected: list[tuple[Any, str]]) -> None:
    assert kind in KINDS
    found = list(unknown_route_fields(kind, {"spec": spec}))
    assert found == [(path, fields_of(TYPES, name)) for path, name in expected]
