"""Which ports Linkerd, and a mesh of which nothing else is known, can route by headers."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.ports import linkerd_unroutable, plain_unroutable

OPAQUE = "it is an opaque port of Linkerd"
HEADLESS = "a headless Service is no parent of a route"


def service(opaque: str | None = None, **spec: Any) -> dict[str, Any]:
    annotations = {} if opaque is None else {"annotations": {"config.linkerd.io/opaque-ports": opaque}}
    return {"metadata": {"name": "a", **annotations}, "spec": spec}


@pytest.mark.parametrize(
    ("manifest", "port", "expected"),
    [
        pytest.param(service(), {"port": 80}, None, id="plain"),
        pytest.param(service(), {"port": 80, "name": "tcp-x"}, None, id="names-mean-nothing"),
        *(
            pytest.param(service(), {"port": n}, OPAQUE, id=f"default-{n}")
            for n in (25, 587, 3306, 4444, 5432, 6379, 9300, 11211)
        ),
        pytest.param(service(), {"port": 443}, None, id="443-is-detected"),
        pytest.param(service("80"), {"port": 80}, OPAQUE, id="annotated"),
        pytest.param(service("8080, 80-90"), {"port": 85}, OPAQUE, id="range"),
        pytest.param(service("80-90"), {"port": 91}, None, id="past-a-range"),
        pytest.param(service("db,8080"), {"port": 80, "name": "db"}, OPAQUE, id="by-name"),
        pytest.param(service("8080"), {"port": 6379}, None, id="annotation-replaces-the-default"),
        pytest.param(service(""), {"port": 6379}, None, id="empty-annotation"),
        pytest.param(service("nonsense,-,1-x,"), {"port": 80}, None, id="nonsense"),
        pytest.param(service("80"), {"port": 80, "appProtocol": "http"}, None, id="app-protocol-wins"),
        pytest.param(service(), {"port": 80, "appProtocol": "kubernetes.io/h2c"}, None, id="h2c"),
        pytest.param(service(), {"port": 80, "appProtocol": ""}, None, id="empty-app-protocol"),
        *(
            pytest.param(service(), {"port": 80, "appProtocol": p}, f"appProtocol '{p}' is opaque to Linkerd", id=p)
            for p in ("grpc", "https", "http2", "linkerd.io/opaque", "linkerd.io/tcp")
        ),
        *(
            pytest.param(service(), {"port": 80, "appProtocol": p}, None, id=p)  # it ignores case
            for p in ("HTTP", "Kubernetes.io/H2C")
        ),
        pytest.param(service(), {"port": 53, "protocol": "UDP"}, "UDP carries no headers", id="udp"),
        pytest.param(service(), {"port": 80, "protocol": "SCTP"}, "SCTP carries no headers", id="sctp"),
        pytest.param(service(clusterIP="None"), {"port": 80}, HEADLESS, id="headless"),
    ],
)  # fmt: skip
def test_linkerd(manifest: dict[str, Any], port: dict[str, Any], expected: str | None) -> None:
    assert linkerd_unroutable(manifest, port, {}) == expected


def namespace(opaque: str) -> dict[str, Any]:
    return {"metadata": {"name": "shop", "annotations": {"config.linkerd.io/opaque-ports": opaque}}}


@pytest.mark.parametrize(
    ("manifest", "port", "owner", "expected"),
    [
        pytest.param(service(), {"port": 80}, namespace("80"), OPAQUE, id="its-own"),
        pytest.param(service(), {"port": 6379}, namespace("80"), None, id="replaces-the-default"),
        pytest.param(service("8080"), {"port": 80}, namespace("80"), None, id="the-services-own-wins"),
        pytest.param(service(""), {"port": 80}, namespace("80"), None, id="an-empty-one-wins-too"),
        pytest.param(service(), {"port": 80, "appProtocol": "http"}, namespace("80"), None, id="app-protocol-wins"),
        pytest.param(service(), {"port": 80}, {"metadata": {"name": "shop"}}, None, id="none"),
    ],
)
def test_linkerd_by_namespace(
    manifest: dict[str, Any], port: dict[str, Any], owner: dict[str, Any], expected: str | None
) -> None:
    assert linkerd_unroutable(manifest, port, owner) == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param([{"port": 80, "targetPort": 3306}], [80], id="target-port"),
        pytest.param([{"port": 3306, "targetPort": 80}], [3306], id="no-patch-so-the-default"),
        pytest.param([{"port": 3306, "targetPort": 80}, {"port": 25}], [25], id="a-patch-replaces-the-default"),
        pytest.param([{"port": 80, "targetPort": "mysql"}, {"port": 6379}], [6379], id="named-target-port"),
    ],
)
def test_linkerd_by_the_webhook(ports: list[dict[str, Any]], expected: list[int]) -> None:
    assert [p["port"] for p in ports if linkerd_unroutable(service(ports=ports), p, {}) == OPAQUE] == expected


@pytest.mark.parametrize(
    ("manifest", "port", "expected"),
    [
        pytest.param(service(), {"port": 80}, None, id="plain"),
        pytest.param(service(), {"port": 80, "name": "grpc"}, None, id="grpc"),
        pytest.param(service(), {"port": 9999, "name": "x"}, None, id="unknown"),
        pytest.param(service(), {"port": 6379, "name": "x"}, "port 6379 is one of a protocol that is not HTTP",
                     id="well-known"),
        pytest.param(service(), {"port": 6379, "name": "http"}, None, id="well-known-named-http"),
        pytest.param(service(), {"port": 80, "name": "tcp-x"}, "TCP carries no headers", id="tcp"),
        pytest.param(service(), {"port": 443, "name": "https"}, "HTTPS carries no headers", id="https"),
        pytest.param(service(), {"port": 80, "appProtocol": "kubernetes.io/wss"}, "HTTPS carries no headers", id="wss"),
        pytest.param(service(), {"port": 3306}, "TCP carries no headers", id="never-sniffed"),
        pytest.param(service(), {"port": 53, "protocol": "UDP"}, "UDP carries no headers", id="udp"),
        pytest.param(service("80"), {"port": 80}, None, id="linkerds-annotation"),
        pytest.param(service(clusterIP="None"), {"port": 80}, HEADLESS, id="headless"),
    ],
)  # fmt: skip
def test_plain(manifest: dict[str, Any], port: dict[str, Any], expected: str | None) -> None:
    assert plain_unroutable(manifest, port, {}) == expected
