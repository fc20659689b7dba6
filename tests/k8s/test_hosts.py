from __future__ import annotations

import pytest

from sandlane.k8s.hosts import ServiceHost, covers, renamed, service_of

WEB = ServiceHost("shop", "web")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("web", WEB, id="short"),
        pytest.param("web.shop.svc.cluster.local", WEB, id="full"),
        pytest.param("web.other.svc.cluster.local", ServiceHost("other", "web"), id="full-elsewhere"),
        pytest.param("web.shop", None, id="dotted-is-literal"),
        pytest.param("web.shop.svc", None, id="dotted-with-svc-is-literal"),
        pytest.param("web.shop.svc.cluster", None, id="half-a-domain"),
        pytest.param("web.shop.svc.example.org", None, id="another-domain"),
        pytest.param("web-0.web.shop.svc.cluster.local", None, id="a-pod"),
        pytest.param("*.shop.svc.cluster.local", None, id="wildcard"),
        pytest.param("*", None, id="everything"),
        pytest.param("", None, id="empty"),
        pytest.param(".shop.svc.cluster.local", None, id="no-name"),
        pytest.param("shop.svc.cluster.local", None, id="no-namespace"),
        pytest.param("shop.example.com", None, id="outside"),
        pytest.param("10.0.0.1", None, id="address"),
    ],
)
def test_service_of(host: str, expected: ServiceHost | None) -> None:
    assert service_of(host, "shop", "cluster.local") == expected


@pytest.mark.parametrize("host", [pytest.param("::1", id="loopback"), pytest.param("2001:db8::1", id="address")])
def test_ipv6(host: str) -> None:
    assert service_of(host, "shop", "cluster.local") is None


def test_another_domain() -> None:
    assert service_of("web.shop.svc.corp.example", "x", "corp.example") == WEB
    assert WEB.fqdn("corp.example") == "web.shop.svc.corp.example"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("web", "web-dev1", id="short"),
        pytest.param("web.shop.svc.cluster.local", "web-dev1.shop.svc.cluster.local", id="full"),
    ],
)
def test_renamed(host: str, expected: str) -> None:
    assert renamed(host, "web-dev1") == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("*", True, id="everything"),
        pytest.param("*.shop.svc.cluster.local", True, id="namespace"),
        pytest.param("*.local", True, id="domain"),
        pytest.param("web.shop.svc.cluster.local", True, id="literal"),
        pytest.param("*.other.svc.cluster.local", False, id="another-namespace"),
        pytest.param("*.web.shop.svc.cluster.local", False, id="below"),
        pytest.param("eb.shop.svc.cluster.local", False, id="no-suffix-without-star"),
    ],
)
def test_covers(pattern: str, expected: bool) -> None:
    assert covers(pattern, "web.shop.svc.cluster.local") == expected


def test_covers_by_part_of_a_label() -> None:
    patterns = ["*-web.shop.svc.cluster.local", "*web.shop.svc.cluster.local"]
    assert [covers(pattern, "my-web.shop.svc.cluster.local") for pattern in patterns] == [True, True]
