"""`sandlane diff` where the base has a VirtualService whose rules have no names, at a Gateway and in the mesh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_diff import git, sandlane

APPLICATION = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers:
      - {name: server, image: "registry.example/checkout:1"}
---
apiVersion: v1
kind: Service
metadata: {name: checkout}
spec:
  selector: {app: checkout}
  ports:
  - {name: http, port: 80, targetPort: 8080}
"""
GATEWAY = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: gw}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: in}
spec: {hosts: [shop.example.com], gateways: [gw], http: [{route: [{destination: {host: checkout, port: {number: 80}}}]}]}
"""
ENVIRONMENT = """\
apiVersion: sandlane.dev/v1alpha1
kind: Environment
metadata: {name: staging}
spec:
  base: [base]
  defaultNamespace: shop
  mesh: istio
  routes: {adopt: [{kind: VirtualService, name: in}]}
"""


def sandbox(name: str, more: str = "", image: str = "registry.example/checkout:pr-42") -> str:
    return f"""\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {{name: {name}}}
spec:
  owner: dana
{more}  workloads:
  - {{name: checkout, image: "{image}"}}
"""


Place = Callable[..., Path]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An environment of one sandbox, rendered and committed."""
    for name, text in (
        ("base/checkout.yaml", APPLICATION),
        ("base/gw.yaml", GATEWAY),
        ("sandlane.yaml", ENVIRONMENT),
        ("sandboxes/dev1.yaml", sandbox("dev1")),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sandlane(tmp_path, "render", "-q").exit_code == 0
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def diff(place: Path, *arguments: str) -> str:
    done = sandlane(place, "diff", *(arguments or ("HEAD",)))
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def test_rules_of_a_tenant_that_comes_and_of_one_that_goes(here: Path) -> None:
    (here / "sandboxes/dev2.yaml").write_text(sandbox("dev2"))
    (here / "sandboxes/dev1.yaml").unlink()
    told = diff(here).partition("objects:")[2]
    assert (
        told
        == """\
 2 added, 2 removed, 2 changed
+ Service/shop/checkout-dev2  sandboxes/dev2/shop/service-checkout-dev2.yaml
+ Deployment/shop/checkout-dev2  sandboxes/dev2/shop/deployment-checkout-dev2.yaml
~ VirtualService/shop/checkout-sandlane  shared/shop/virtualservice-checkout-sandlane.yaml
    - dev1: tenant-dev1
    + dev2: tenant-dev2
~ VirtualService/shop/in  shared/shop/virtualservice-in.yaml
    - dev1: tenant-dev1
    + dev2: tenant-dev2
- Service/shop/checkout-dev1  sandboxes/dev1/shop/service-checkout-dev1.yaml
- Deployment/shop/checkout-dev1  sandboxes/dev1/shop/deployment-checkout-dev1.yaml
"""
    )


def test_suspended_and_no_longer(here: Path) -> None:
    (here / "sandboxes/dev1.yaml").write_text(sandbox("dev1", "  suspend: true\n"))
    assert (
        diff(here)
        == """\
sandlane.yaml against HEAD

base: the same

~ dev1  suspended: it has no clones and no routes

gone notice SL441: whoever reaches 'Gateway/shop/gw' can choose a tenant there, by the header that carries the tenantID

objects: 3 removed, 1 changed
~ VirtualService/shop/in  shared/shop/virtualservice-in.yaml
    - dev1: tenant-dev1
- Service/shop/checkout-dev1  sandboxes/dev1/shop/service-checkout-dev1.yaml
- Deployment/shop/checkout-dev1  sandboxes/dev1/shop/deployment-checkout-dev1.yaml
- VirtualService/shop/checkout-sandlane  shared/shop/virtualservice-checkout-sandlane.yaml
"""
    )
    assert sandlane(here, "render", "-q").exit_code == 0
    assert diff(here, "--exit-code") == "sandlane.yaml against rendered: no difference\n"
    git(here, "commit", "-q", "-a", "-m", "second")
    (here / "sandboxes/dev1.yaml").write_text(sandbox("dev1"))
    assert (
        diff(here).partition("objects:")[0]
        == """\
sandlane.yaml against HEAD

base: the same

~ dev1  no longer suspended
    Deployment/shop/checkout  image  registry.example/checkout:1 → registry.example/checkout:pr-42
    reached at http://shop.example.com/ (Gateway/shop/gw) with 'tenantID: dev1'
    reached at checkout.shop:80 with 'tenantID: dev1'

new notice SL441: whoever reaches 'Gateway/shop/gw' can choose a tenant there, by the header that carries the tenantID

"""
    )
