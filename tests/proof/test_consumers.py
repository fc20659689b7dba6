"""What proof says of a default beside routes of clients' namespaces, by the mesh that reads both (rule R-G6)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object
from tests.proof.test_proof import Edit, add, put
from tests.proof.test_routes import A, G, L, attached, said_of_web

WEB = {"name": "web", "namespace": "shop", "port": 80}
TIMEOUT = {"timeouts": {"request": "1s"}}
LEFT = "leaves requests of its namespace over"
YOUNGER = "may be younger, and answers otherwise"


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
    ("mesh", "edits", "expected"),
    [
        pytest.param(L, [consumer(to_web())], [], id="forwards"),
        pytest.param(L, [consumer({})], [], id="forwards-to-its-parent"),
        pytest.param(L, [consumer(to_web(name="all"))], [], id="a-name-changes-nothing"),
        pytest.param(L, [consumer(to_web(**TIMEOUT))], [YOUNGER], id="with-a-timeout"),
        pytest.param(L, [consumer(to_web(), metadata=TUNED)], [YOUNGER], id="with-an-annotation"),
        pytest.param(L, [consumer({"backendRefs": [{**WEB, "port": 81}]})], [YOUNGER], id="to-another-port"),
        pytest.param(L, [consumer({"backendRefs": [{**WEB, "name": "w"}]})], [YOUNGER], id="to-another-service"),
        pytest.param(L, [consumer({"backendRefs": [{**WEB, "weight": 0}]})], [YOUNGER], id="to-nothing"),
        pytest.param(L, [consumer(to_web(), at("Exact", "/", **TIMEOUT))], [YOUNGER], id="the-root"),
        pytest.param(L, [consumer(to_web(), at("RegularExpression", "/.*", **TIMEOUT))], [YOUNGER], id="perhaps-the-root"),
        pytest.param(L, [consumer(to_web(), at("RegularExpression", "(", **TIMEOUT))], [], id="no-expression"),
        pytest.param(L, [consumer(to_web(), at("PathPrefix", "/a", **TIMEOUT))], [], id="a-longer-path"),
        pytest.param(L, [consumer(to_web(), to_web(matches=[{"method": "GET"}], **TIMEOUT))], [], id="a-method"),
        pytest.param(L, [consumer(at("PathPrefix", "/a"))], [LEFT], id="one-path"),
        pytest.param(L, [consumer(to_web(), kind="GRPCRoute")], [LEFT], id="grpc"),
        pytest.param(L, [consumer(to_web()), consumer(to_web(), kind="GRPCRoute", name="y", port=None)], [YOUNGER],
                     id="grpc-switches-it-off"),
        pytest.param(G, [consumer(to_web(**TIMEOUT))], [], id="elsewhere-it-replaces-the-default"),
        pytest.param(G, [consumer(at("PathPrefix", "/a"))], [LEFT], id="elsewhere-one-path"),
        pytest.param(A, [consumer(at("PathPrefix", "/a"))], [], id="no-waypoint-heeds-it"),
        pytest.param(A, [INFRA, consumer(at("PathPrefix", "/a"))], [], id="no-waypoint-of-another-namespace-heeds-it"),
        pytest.param(A, [INFRA, consumer(at("PathPrefix", "/a"), namespace="infra")], ["serves it"], id="its-waypoint-heeds-it"),
        pytest.param(A, [NO_LABEL, consumer(to_web(), namespace="infra")], [], id="no-waypoint-at-all"),
    ],
)  # fmt: skip
def test_routes_of_clients(mesh: str, edits: list[Edit], expected: list[str]) -> None:
    said = [text for text in said_of_web(mesh, *edits) if "SL601" in text]
    assert [text.rpartition(" of the base ")[2] for text in said] == expected
