"""Where a sandbox is reached at gateways: `connect`, `set`, `list` and `diff` say what `trace --gateway` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_diff import git, sandlane
from tests.cli.test_diff_at_a_gateway import APPLICATION, ENVIRONMENT, GATEWAY, sandbox

GATEWAY_API = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: istio
  listeners:
  - {name: http, port: 8080, protocol: HTTP, hostname: "*.example.com"}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: in}
spec:
  parentRefs: [{name: gw}]
  hostnames: [shop.example.com]
  rules:
  - matches: [{path: {type: PathPrefix, value: /pay}}]
    backendRefs: [{name: checkout, port: 80}]
"""
ADOPTED = "{adopt: [{kind: VirtualService, name: in}]}"
PREVIEW = '  preview: {host: "{tenantID}.preview.example.com", gateway: shop/gw}\n'
WILD = GATEWAY.replace("hosts: [shop.example.com]", "hosts: ['*']")
SECURE = "{port: {number: 8443, name: tls, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE, credentialName: c}}"
HTTPS = WILD.replace("protocol: HTTP}", "protocol: HTTP}, tls: {httpsRedirect: true}").replace(
    "hosts: ['*']}]", f"hosts: ['*']}}, {SECURE}]", 1
)


def place(tmp_path: Path, gateway: str, environment: str) -> Path:
    for name, text in (
        ("base/checkout.yaml", APPLICATION),
        ("base/gw.yaml", gateway),
        ("sandlane.yaml", environment),
        ("sandboxes/dev1.yaml", sandbox("dev1")),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main", ".")
    done = sandlane(tmp_path, "render", "-q")
    assert done.exit_code == 0, done.stderr
    return tmp_path


def connected(here: Path, *arguments: str) -> str:
    done = sandlane(here, "connect", "dev1", *arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("gateway", "environment", "urls", "traced"),
    [
        (GATEWAY, ENVIRONMENT, ["http://shop.example.com/"], "http://shop.example.com/"),
        (
            WILD.replace("{hosts: ['*']", "{hosts: [shop.example.com]"),
            ENVIRONMENT,
            ["http://shop.example.com/"],
            "http://shop.example.com/",
        ),
        (WILD, ENVIRONMENT, ["http://*/"], "http://any.host/"),
        (
            GATEWAY_API,
            ENVIRONMENT.replace(ADOPTED, "{adopt: []}"),
            ["http://shop.example.com:8080/pay"],
            "http://shop.example.com:8080/pay",
        ),
        (GATEWAY.replace("host: checkout,", "host: other,"), ENVIRONMENT, [], None),
    ],
    ids=["Istio", "a wide gateway", "every host", "Gateway API", "another Service"],
)
def test_hosts_at_gateways(gateway: str, environment: str, urls: list[str], traced: str | None, tmp_path: Path) -> None:
    here = place(tmp_path, gateway, environment)
    kind = "Gateway/shop/gw"
    found = json.loads(connected(here, "--format", "json"))["environments"][0]["gateways"]
    assert found == [{"gateway": kind, "url": url, "clones": ["checkout-dev1"]} for url in urls]
    lines = [line for line in connected(here).splitlines() if line.startswith("gateway")]
    assert lines == [f"gateway  {url} at {kind} → checkout-dev1" for url in urls]
    if traced:
        told = sandlane(here, "trace", traced, "--gateway", "gw", "-H", "tenantID: dev1").stdout
        assert "answers  Deployment/shop/checkout-dev1" in told


def test_a_gateway_of_every_host_is_named_by_a_placeholder(tmp_path: Path) -> None:
    here = place(tmp_path, WILD, ENVIRONMENT)
    assert connected(here, "--for", "curl") == (
        "curl -H 'tenantID: dev1' http://GATEWAY/\ncurl -H 'tenantID: dev1' http://checkout.shop/\n"
    )
    assert connected(here, "--for", "httpie") == (
        "http http://GATEWAY/ 'tenantID:dev1'\nhttp http://checkout.shop/ 'tenantID:dev1'\n"
    )
    urls = [f["urlRegex"] for f in json.loads(connected(here, "--for", "modheader"))[0]["urlFilters"]]
    assert urls == [r"^https?://checkout\.shop(:|/|$)"]


def test_clients_and_the_other_commands_have_the_host(tmp_path: Path) -> None:
    here = place(tmp_path, GATEWAY, ENVIRONMENT)
    curl = "curl -H 'tenantID: dev1' http://shop.example.com/\ncurl -H 'tenantID: dev1' http://checkout.shop/\n"
    assert connected(here, "--for", "curl") == curl
    assert 'baseURL: "http://shop.example.com/"' in connected(here, "--for", "playwright")
    urls = [f["urlRegex"] for f in json.loads(connected(here, "--for", "modheader"))[0]["urlFilters"]]
    assert urls == [r"^https?://checkout\.shop(:|/|$)", r"^https?://shop\.example\.com(:|/|$)"]
    assert connected(here, "--for", "grpcurl") == "grpcurl -plaintext -H 'tenantid: dev1' checkout.shop:80 list\n"
    told = sandlane(here, "set", "dev2", "checkout=r/checkout:2", "--owner", "dana")
    assert "  http://shop.example.com → checkout-dev2 (at Gateway/shop/gw)\n" in told.stderr + told.stdout
    git(here, "add", "-A")
    git(here, "commit", "-q", "-m", "first")
    (here / "sandboxes/dev3.yaml").write_text(sandbox("dev3"))
    assert (
        "    reached at http://shop.example.com/ (Gateway/shop/gw) with 'tenantID: dev3'\n"
        in sandlane(here, "diff", "HEAD").stdout
    )


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        (WILD, "http://dev1.preview.example.com/"),
        (
            WILD.replace("number: 80, name: http, protocol: HTTP}", "number: 8080, name: http, protocol: HTTP}"),
            "http://dev1.preview.example.com:8080/",
        ),
        (HTTPS, "https://dev1.preview.example.com:8443/"),
    ],
    ids=["HTTP", "another port", "HTTPS"],
)
def test_previews_have_the_scheme_and_the_port_of_their_gateway(gateway: str, url: str, tmp_path: Path) -> None:
    gateway = gateway.replace("{hosts: ['*']", "{hosts: [shop.example.com]")
    here = place(tmp_path, gateway, ENVIRONMENT)
    git(here, "add", "-A")
    git(here, "commit", "-q", "-m", "first")
    (here / "sandlane.yaml").write_text(ENVIRONMENT + PREVIEW)
    assert sandlane(here, "diff", "HEAD").stdout.splitlines()[2:4] == [
        "preview: + {tenantID}.preview.example.com, at shop/gw",
        "baseline: unchanged, proved for 1 combination of tenant, Service and port",
    ]
    assert sandlane(here, "render", "-q").exit_code == 0
    assert f"preview  {url}\n" in connected(here)
    assert connected(here, "--for", "browser") == f"{url}\n"
    assert f"preview {url}" in sandlane(here, "list").stdout
    told = sandlane(here, "trace", url, "--gateway", "gw").stdout
    assert "answers  Deployment/shop/checkout-dev1" in told


def test_a_browser_starts_behind_a_gateway_of_every_host(tmp_path: Path) -> None:
    """Its host is nowhere written, so that the Service to which it leads is the next best thing."""
    here = place(tmp_path, WILD, ENVIRONMENT)
    other = APPLICATION.replace("checkout", "aaa")
    (here / "base/other.yaml").write_text(other)
    assert sandlane(here, "set", "dev1", "aaa=registry.example/aaa:2").exit_code == 0
    assert 'baseURL: "http://checkout.shop/"' in connected(here, "--for", "playwright")
