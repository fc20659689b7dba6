"""`sandlane diff` where the base has a VirtualService whose rules have no names, at a Gateway and in the mesh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_diff import STALE, git, sandlane

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
    assert done.exit_code == 0
    assert done.stderr in ("", STALE)  # inputs are edited, and not all tests render them
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

baseline: unchanged; no request is routed by its tenant

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

baseline: unchanged, proved for 1 combination of tenant, Service and port

~ dev1  no longer suspended
    Deployment/shop/checkout  image  registry.example/checkout:1 → registry.example/checkout:pr-42
    reached at http://shop.example.com/ (Gateway/shop/gw) with 'tenantID: dev1'
    reached at checkout.shop:80 with 'tenantID: dev1'

new notice SL441 base/gw.yaml:4:7: whoever reaches 'Gateway/shop/gw' can choose a tenant there, by the header that carries the tenantID
  hint: say 'routes.entry: mesh' if tenants are not for outside, or remove the carriers of outside requests ('routes.strip')

"""
    )


def test_a_sandbox_of_which_only_routes_change(here: Path) -> None:
    preview = '  preview: {host: "{tenantID}.preview.example.com", gateway: shop/gw}\n'
    (here / "base/gw.yaml").write_text(GATEWAY.replace("hosts: [shop.example.com]}]", "hosts: ['*']}]"))
    (here / "sandlane.yaml").write_text(ENVIRONMENT + preview)
    assert (
        diff(here).partition("new notice")[0]
        == """\
sandlane.yaml against HEAD

preview: + {tenantID}.preview.example.com, at shop/gw
baseline: 1 object changed, since the base did
  ~ Gateway/shop/gw
      spec.servers[0].hosts[0]: shop.example.com → *

~ dev1
    VirtualService/shop/preview-dev1  route  none → one
    reached at http://shop.example.com/ (Gateway/shop/gw) with 'tenantID: dev1'
    reached at checkout.shop:80 with 'tenantID: dev1'
    preview http://dev1.preview.example.com/

objects: 1 added
+ VirtualService/shop/preview-dev1  sandboxes/dev1/shop/virtualservice-preview-dev1.yaml
"""
    )


def test_another_mesh_takes_no_clone_away(here: Path) -> None:
    (here / "sandlane.yaml").write_text(ENVIRONMENT.replace("mesh: istio", "mesh: linkerd").partition("  routes:")[0])
    (here / "base/gw.yaml").unlink()
    assert (
        diff(here).partition("objects:")[0]
        == """\
sandlane.yaml against HEAD

mesh: istio → linkerd
routes.adopt: - VirtualService/shop/in
baseline: 2 objects changed, since the base did
  - Gateway/shop/gw
  - VirtualService/shop/in

~ dev1
    HTTPRoute/shop/checkout-80-dev1-b  route  none → one
    HTTPRoute/shop/checkout-80-dev1-h  route  none → one
    reached at checkout.shop:80 with 'tenantID: dev1'

gone notice SL441: whoever reaches 'Gateway/shop/gw' can choose a tenant there, by the header that carries the tenantID

"""
    )


def test_no_pods(here: Path) -> None:
    (here / "sandboxes/dev1.yaml").write_text(sandbox("dev1").replace('pr-42"', 'pr-42", replicas: 0'))
    assert (
        diff(here).partition("objects:")[0]
        == """\
sandlane.yaml against HEAD

baseline: unchanged, proved for 1 combination of tenant, Service and port

~ dev1
    Deployment/shop/checkout  replicas  1 → 0
    reached at http://shop.example.com/ (Gateway/shop/gw) with 'tenantID: dev1'
    reached at checkout.shop:80 with 'tenantID: dev1'
    0 pods of checkout-dev1: who sends it a request gets 503

"""
    )
    done = sandlane(here, "connect", "dev1")
    assert done.stdout.splitlines()[1:3] == [
        "gateway  http://shop.example.com/ at Gateway/shop/gw → checkout-dev1 (0 pods: 503)",
        "reaches  http://checkout.shop/ → checkout-dev1 (0 pods: 503)",
    ]
