"""Which protocol a Service port speaks, by mesh: whether a request on it can be routed by its headers.

Istio: pkg/config/kube/conversion.go (ConvertProtocol) and pkg/config/protocol/instance.go at 1.30; `appProtocol` wins over
the port's name, an unknown one means that the proxy sniffs, and a few well-known ports are never sniffed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HTTP = frozenset({"http", "http2", "grpc", "grpc-web"})
_NOT_HTTP = frozenset({"https", "tls", "tcp", "udp", "mongo", "redis", "mysql"})
_BY_APP_PROTOCOL = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}
_NEVER_SNIFFED = frozenset({25, 53, 3306, 27017})

SNIFFED = "sniffed"


def istio_protocol(port: Mapping[str, Any]) -> str:
    """Returns what Istio takes a Service port for: a protocol name in lower case, or `sniffed`."""
    if str(port.get("protocol") or "TCP").upper() == "UDP":
        return "udp"
    named = _istio_name(port.get("appProtocol"), port.get("name"))
    if named:
        return named
    return "tcp" if port.get("port") in _NEVER_SNIFFED else SNIFFED


def _istio_name(app_protocol: str | None, name: str | None) -> str | None:
    if app_protocol and app_protocol in _BY_APP_PROTOCOL:
        return _BY_APP_PROTOCOL[app_protocol]
    text = (app_protocol or name or "").lower()
    token = "grpc-web" if text.startswith("grpc-web") else text.split("-")[0]
    if token == "http_proxy":
        return "http"
    return token if token in _HTTP | _NOT_HTTP else None


def is_http(protocol: str) -> bool:
    """Tells whether requests of a protocol can be routed by headers; sniffed ports can where they carry HTTP."""
    return protocol in _HTTP or protocol == SNIFFED
