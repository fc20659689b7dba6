"""What proof says of a default beside routes of clients' namespaces, by the mesh that reads both (rule R-G6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object
from tests.proof.test_proof import Edit, add, put
from tests.proof.test_routes import A, G, L, attached, said_of_web

WEB = {"name": "web", "namespace": "shop", "port": 80}
TIMEOUT = {"timeouts": {"request": "1s"}}


def consumer(*rules: Object, kind: str = "HTTPRoute", namespace: str = "other", name: str = "x", **more: Any) -> Edit:
    """Puts a route of a client's namespace into the base."""
    made = attached({}, name, kind=kind, namespace=namespace, parent={"namespace": "shop"}, **more)
    made["spec"]["rules"] = list(rules)
    return add(name, made)


def to_web(**more: Any) -> Object:
    return {"backendRefs": [WEB], **more}


def at(kind: str, value: str, **more: Any) -> Object:
    return to_web(matches=[{"path": {"type": kind, "value": value}}], **more)


TUNED = {"annotations": {"retry.linkerd.io/http": "5xx"}}
NO_LABEL = put("Namespace/shop", ("metadata", "labels"), {})
INFRA = put("Namespace/shop", ("metadata", "labels", "istio.io/use-waypoint-namespace"), "infra")


@pytest.mark.parametrize(
    ("mesh", "edits", "is_found"),
    [
        pytest.param(L, [consumer(to_web())], False, id="forwards"),
        pytest.param(L, [consumer({})], False, id="forwards-to-its-parent"),
        pytest.param(L, [consumer(to_web(name="all"))], False, id="a-name-changes-nothing"),
        pytest.param(L, [consumer(to_web(**TIMEOUT))], True, id="with-a-timeout"),
        pytest.param(L, [consumer(to_web(), metadata=TUNED)], True, id="with-an-annotation"),
        pytest.param(L, [consumer({"backendRefs": [{**WEB, "port": 81}]})], True, id="to-another-port"),
        pytest.param(L, [consumer({"backendRefs": [{**WEB, "name": "w"}]})], True, id="to-another-service"),
        pytest.param(L, [consumer({"backendRefs": [{**WEB, "weight": 0}]})], True, id="to-nothing"),
        pytest.param(L, [consumer(to_web(), at("Exact", "/", **TIMEOUT))], False, id="the-root"),
        pytest.param(L, [consumer(to_web(), at("RegularExpression", "/.*", **TIMEOUT))], False, id="perhaps-the-root"),
        pytest.param(L, [consumer(to_web(), at("RegularExpression", "(", **TIMEOUT))], False, id="no-expression"),
        pytest.param(L, [consumer(to_web(), at("PathPrefix", "/a", **TIMEOUT))], False, id="a-longer-path"),
        pytest.param(L, [consumer(to_web(), to_web(matches=[{"method": "GET"}], **TIMEOUT))], False, id="a-method"),
        pytest.param(L, [consumer(at("PathPrefix", "/a"))], True, id="one-path"),
        pytest.param(L, [consumer(to_web(), kind="GRPCRoute")], False, id="grpc"),
        pytest.param(L, [consumer(to_web()), consumer(to_web(), kind="GRPCRoute", name="y", port=None)], False,
                     id="grpc-switches-it-off"),
        pytest.param(G, [consumer(to_web(**TIMEOUT))], False, id="elsewhere-it-replaces-the-default"),
        pytest.param(G, [consumer(at("PathPrefix", "/a"))], False, id="elsewhere-one-path"),
        pytest.param(A, [consumer(at("PathPrefix", "/a"))], False, id="no-waypoint-heeds-it"),
        pytest.param(A, [INFRA, consumer(at("PathPrefix", "/a"))], False, id="no-waypoint-of-another-namespace-heeds-it"),
        pytest.param(A, [INFRA, consumer(at("PathPrefix", "/a"), namespace="infra")], True, id="its-waypoint-heeds-it"),
        pytest.param(A, [NO_LABEL, consumer(to_web(), namespace="infra")], False, id="no-waypoint-at-all"),
    ],
)  # fmt: skip
def test_routes_of_clients(mesh: str, edits: list[Edit], is_found: bool) -> None:
    assert any("SL601" in text for text in said_of_web(mesh, *edits)) == is_found
