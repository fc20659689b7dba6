from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.ports import SNIFFED, is_http, istio_protocol


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        pytest.param({"name": "http", "port": 80}, "http", id="http"),
        pytest.param({"name": "http-web", "port": 80}, "http", id="suffix"),
        pytest.param({"name": "HTTP-x", "port": 80}, "http", id="upper-case"),
        pytest.param({"name": "httpx", "port": 80}, SNIFFED, id="not-a-prefix"),
        pytest.param({"name": "http2", "port": 80}, "http2", id="http2"),
        pytest.param({"name": "grpc", "port": 80}, "grpc", id="grpc"),
        pytest.param({"name": "grpc-web", "port": 80}, "grpc-web", id="grpc-web"),
        pytest.param({"name": "grpc-web-x", "port": 80}, "grpc-web", id="grpc-web-suffix"),
        pytest.param({"name": "grpc-x", "port": 80}, "grpc", id="grpc-suffix"),
        pytest.param({"name": "http_proxy", "port": 80}, "http", id="http-proxy"),
        pytest.param({"name": "https", "port": 443}, "https", id="https"),
        pytest.param({"name": "tls-x", "port": 443}, "tls", id="tls"),
        pytest.param({"name": "tcp-x", "port": 80}, "tcp", id="tcp"),
        pytest.param({"name": "redis", "port": 6379}, "redis", id="redis"),
        pytest.param({"name": "mongo-x", "port": 1}, "mongo", id="mongo"),
        pytest.param({"name": "mysql", "port": 1}, "mysql", id="mysql"),
        pytest.param({"port": 80}, SNIFFED, id="no-name"),
        pytest.param({"name": "foo", "port": 80}, SNIFFED, id="unknown"),
        pytest.param({"name": "foo", "port": 3306}, "tcp", id="never-sniffed"),
        pytest.param({"name": "http", "port": 3306}, "http", id="named-although-never-sniffed"),
        pytest.param({"name": "foo", "port": 53, "protocol": "UDP"}, "udp", id="udp"),
        pytest.param({"name": "http", "port": 80, "protocol": "UDP"}, "udp", id="udp-wins"),
        pytest.param({"name": "tcp", "port": 80, "appProtocol": "http"}, "http", id="app-protocol-wins"),
        pytest.param({"name": "http", "port": 80, "appProtocol": "tcp"}, "tcp", id="app-protocol-wins-for-tcp"),
        pytest.param({"name": "http", "port": 80, "appProtocol": "foo"}, SNIFFED, id="app-protocol-unknown"),
        pytest.param({"name": "x", "port": 80, "appProtocol": "kubernetes.io/h2c"}, "http2", id="h2c"),
        pytest.param({"name": "x", "port": 80, "appProtocol": "kubernetes.io/ws"}, "http", id="ws"),
        pytest.param({"name": "x", "port": 80, "appProtocol": "kubernetes.io/wss"}, "https", id="wss"),
        pytest.param({"name": "kubernetes.io/h2c", "port": 80}, SNIFFED, id="h2c-is-no-name"),
        pytest.param({"name": "http", "port": 80, "appProtocol": None, "protocol": None}, "http", id="nulls"),
    ],
)
def test_istio_protocol(port: dict[str, Any], expected: str) -> None:
    assert istio_protocol(port) == expected


def test_is_http() -> None:
    names = ["http", "http2", "grpc", "grpc-web", SNIFFED, "https", "tls", "tcp", "udp", "mongo", "redis", "mysql"]
    assert [name for name in names if is_http(name)] == ["http", "http2", "grpc", "grpc-web", SNIFFED]
