"""Which routes Linkerd's policy controller cannot convert, and what it takes for a Service."""

from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.linkerd_routes import is_service, unconvertible, unknown_filter


def route(*rules: dict[str, Any], kind: str = "HTTPRoute", **annotations: str) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "r", "annotations": annotations}, "spec": {"rules": list(rules)}}


def annotated(key: str, value: str, kind: str = "HTTPRoute") -> dict[str, Any]:
    return route(kind=kind, **{key: value})


def matching(kind: str = "HTTPRoute", **match: Any) -> dict[str, Any]:
    return route({"matches": [match]}, kind=kind)


def redirecting(**path: str) -> dict[str, Any]:
    return route({"filters": [{"type": "RequestRedirect", "requestRedirect": {"path": path}}]})


QUOTED = {"name": "x", "type": "RegularExpression", "value": r"\Qa.b\E"}
NO_RUST = r"'\Qa.b\E' is no regular expression of Rust's"
TIMEOUT = "timeout.linkerd.io/request"


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param(route(), None, id="nothing"),
        pytest.param(matching(path={"type": "RegularExpression", "value": r"\Qa.b\E"}), NO_RUST, id="path"),
        pytest.param(matching(headers=[QUOTED]), NO_RUST, id="header"),
        pytest.param(matching(queryParams=[QUOTED]), NO_RUST, id="query"),
        pytest.param(matching("GRPCRoute", headers=[QUOTED]), NO_RUST, id="header-of-grpc"),
        pytest.param(matching(headers=[{**QUOTED, "type": "Exact"}]), None, id="exact"),
        pytest.param(matching(path={"type": "RegularExpression", "value": "/a.*"}), None, id="expression"),
        pytest.param(matching(path={"value": "a"}), "a path does not begin with '/': 'a'", id="path-without-slash"),
        pytest.param(matching("GRPCRoute", method={"type": "RegularExpression", "service": "s"}),
                     "a match has a method of type RegularExpression", id="method-expression"),
        pytest.param(matching("GRPCRoute", method={"service": "s"}), None, id="method"),
        pytest.param(redirecting(type="ReplaceFullPath", replaceFullPath="x"),
                     "a redirect leads to a path without '/' at its beginning: 'x'", id="redirect"),
        pytest.param(redirecting(type="ReplacePrefixMatch", replacePrefixMatch=""),
                     "a redirect leads to a path without '/' at its beginning: ''", id="redirect-of-a-prefix"),
        pytest.param(redirecting(type="ReplaceFullPath", replaceFullPath="/x"), None, id="redirect-to-a-path"),
        pytest.param(redirecting(type="ReplaceFullPath"),
                     "a redirect's path says neither replaceFullPath nor replacePrefixMatch", id="redirect-to-nothing"),
        *(pytest.param(annotated(TIMEOUT, value), None, id=f"duration-{value}") for value in ("10s", "0", "5ms", "+1h", " 2m ", "1d")),
        *(pytest.param(annotated(TIMEOUT, value), f"annotation '{TIMEOUT}' is no duration of its own kind: '{value}'",
                       id=f"no-duration-{value}") for value in ("1m30s", "5", "0.5s", "-1s", "", "1us", "999999999999999999d")),
        pytest.param(annotated("retry.linkerd.io/timeout", "1"),
                     "annotation 'retry.linkerd.io/timeout' is no duration of its own kind: '1'", id="retry-timeout"),
        pytest.param(annotated("retry.linkerd.io/limit", "65536"),
                     "annotation 'retry.linkerd.io/limit' is no number: '65536'", id="limit"),
        pytest.param(annotated("retry.linkerd.io/limit", "3"), None, id="limit-of-3"),
        *(pytest.param(annotated("retry.linkerd.io/http", value), None, id=f"http-{value}")
          for value in ("5xx", "Gateway-Error", "500", "500-502", "5xx,404")),
        *(pytest.param(annotated("retry.linkerd.io/http", value),
                       f"annotation 'retry.linkerd.io/http' has a condition that it does not know: '{value.split(',')[-1]}'",
                       id=f"http-{value}")
          for value in ("5xx, gateway-error", "600", "502-500", "", "x")),
        pytest.param(annotated("retry.linkerd.io/grpc", "internal,UNAVAILABLE", "GRPCRoute"), None, id="grpc"),
        pytest.param(annotated("retry.linkerd.io/grpc", "unknown", "GRPCRoute"),
                     "annotation 'retry.linkerd.io/grpc' has a condition that it does not know: 'unknown'", id="grpc-unknown"),
        pytest.param(annotated("retry.linkerd.io/grpc", "unknown"), None, id="grpc-of-an-http-route"),
    ],
)  # fmt: skip
def test_r_l11_unconvertible_routes(manifest: dict[str, Any], expected: str | None) -> None:
    assert unconvertible(manifest) == expected


def test_r_l5_unknown_filters() -> None:
    assert unknown_filter({"filters": [{"type": "RequestHeaderModifier"}, {"type": "URLRewrite"}]}) == "URLRewrite"
    assert unknown_filter({"filters": [{"type": "RequestRedirect"}]}) is None
    assert unknown_filter({}) is None


@pytest.mark.parametrize(
    ("group", "kind", "expected"),
    [("", "Service", True), ("Core", "service", True), ("core", "SERVICE", True), ("apps", "Service", False), ("", "Server", False)],
)  # fmt: skip
def test_r_l6_services(group: str, kind: str, *, expected: bool) -> None:
    assert is_service(group, kind) is expected
