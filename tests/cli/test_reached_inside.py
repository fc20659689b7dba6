"""What `set`, `connect` and `list workloads` say is reached inside of the mesh is what `trace` says: by waypoints, and by weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandlane.reports.connect.clients import CLIENTS
from tests.cli.test_init import run, write
from tests.cli.test_set import ENVIRONMENT, app

AMBIENT = ENVIRONMENT.replace("mesh: istio", "mesh: istio-ambient")
WAYPOINT = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: waypoint, labels: {istio.io/waypoint-for: service}}
spec:
  gatewayClassName: istio-waypoint
  listeners: [{name: mesh, port: 15008, protocol: HBONE}]
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
"""
CRON = """\
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: settle}
spec:
  schedule: "*/5 * * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: server, image: "r/settle:1"}]}}}}
"""
WEIGHTS = """\
---
apiVersion: v1
kind: Service
metadata: {name: both}
spec:
  selector: {tier: back}
  ports: [{name: http, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: both}
spec:
  parentRefs: [{group: "", kind: Service, name: both}]
  rules:
  - backendRefs: [{name: one-svc, port: 80, weight: 90}]
"""
OTHERS = f"for other clients: --for {', '.join(sorted(CLIENTS))}\n"


def meshed(name: str) -> str:
    """Returns a workload whose Service has a waypoint."""
    return app(name).replace(
        f"metadata: {{name: {name}-svc}}",
        f"metadata: {{name: {name}-svc, labels: {{istio.io/use-waypoint: waypoint}}}}",
    )


def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str, base: str) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, {"sandlane.yaml": environment, "base/app.yaml": base, "sandboxes/README.md": ""})
    monkeypatch.chdir(tmp_path)


def test_a_service_without_a_waypoint_stays_with_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(tmp_path, monkeypatch, AMBIENT, meshed("cart") + app("pay") + WAYPOINT)
    assert run("set", "dev1", "cart=r/cart:2", "pay=r/pay:2", "--owner", "dana") == (
        0,
        "",
        "sandboxes/dev1.yaml: new\n"
        "  Deployment/shop/cart  image  r/cart:1 → r/cart:2\n"
        "  Deployment/shop/pay  image  r/pay:1 → r/pay:2\n"
        "  owner  dana\n"
        "rendered: 11 created, 0 updated, 0 deleted, 0 unchanged\n"
        "requests with 'tenantID: dev1' reach it:\n"
        "  http://cart-svc.shop → cart-dev1\n"
        "  pay-svc.shop:80 does not lead to pay-dev1: the base shows no waypoint for it\n"
        "for your client: sandlane connect dev1\n",
    )
    assert run("connect", "dev1") == (
        0,
        "header   tenantID: dev1\n"
        "reaches  http://cart-svc.shop/ → cart-dev1\n"
        "lost     pay-svc.shop:80 does not lead to pay-dev1: the base shows no waypoint for it\n"
        "curl -H 'tenantID: dev1' http://cart-svc.shop/\n",
        OTHERS,
    )
    assert "outcome  a connection whose requests nothing looks at\n" in run("trace", "http://pay-svc.shop/")[1]
    assert run("list", "workloads") == (
        0,
        "WORKLOAD              CLONABLE  ROUTED PORTS  NOTES\n"
        "Deployment/shop/cart  yes       cart-svc:80   -\n"
        "Deployment/shop/pay   yes       -             "
        "pay-svc:80: the base shows no waypoint for it\n",
        "",
    )


def test_a_clone_to_which_no_rule_sends_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = meshed("one") + meshed("two") + WEIGHTS + WAYPOINT
    base = base.replace("labels: {app: one}}\n    spec", "labels: {app: one, tier: back}}\n    spec")
    base = base.replace("labels: {app: two}}\n    spec", "labels: {app: two, tier: back}}\n    spec")
    base = base.replace(
        "metadata: {name: both}\nspec:\n  sel",
        "metadata: {name: both, labels: {istio.io/use-waypoint: waypoint}}\nspec:\n  sel",
    )
    place(tmp_path, monkeypatch, AMBIENT, base)
    assert run("set", "dev1", "one=r/one:2", "two=r/two:2", "--owner", "dana")[0] == 0
    assert "answers  Deployment/shop/one-dev1\n" in run("trace", "http://both/", "-H", "tenantID: dev1")[1]
    assert run("connect", "dev1")[1].partition("curl")[0] == (
        "header   tenantID: dev1\n"
        "reaches  http://both.shop/ → one-dev1\n"
        "reaches  http://one-svc.shop/ → one-dev1\n"
        "reaches  http://two-svc.shop/ → two-dev1\n"
    )
    assert run("list", "workloads")[1] == (
        "WORKLOAD             CLONABLE  ROUTED PORTS         NOTES\n"
        "Deployment/shop/one  yes       both:80, one-svc:80  -\n"
        "Deployment/shop/two  yes       two-svc:80           both:80: no route of the base sends requests of its name to it\n"
    )


def test_a_sandbox_to_which_nothing_is_routed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(tmp_path, monkeypatch, ENVIRONMENT, CRON)
    assert run("set", "dev1", "CronJob/settle=r/settle:2", "--owner", "dana") == (
        0,
        "",
        "sandboxes/dev1.yaml: new\n"
        "  CronJob/shop/settle  image  r/settle:1 → r/settle:2\n"
        "  owner  dana\n"
        "rendered: 4 created, 0 updated, 0 deleted, 0 unchanged\n"
        "no request is routed to what it clones\n",
    )
    assert run("connect", "dev1") == (0, "header   tenantID: dev1\nno request is routed to what it clones\n", OTHERS)


def test_callers_of_what_no_route_can_reach_need_pass_nothing_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = app("store").replace("{name: http, port: 80}", "{name: tcp, port: 5432}")
    caller = app("api", containers="{name: server, image: 'r/api:1', env: [{name: DB, value: 'store-svc:5432'}]}")
    place(tmp_path, monkeypatch, ENVIRONMENT, app("web") + store + caller)
    assert run("set", "dev1", "web=r/web:2", "store=r/store:2", "--owner", "dana")[0] == 0
    assert run("connect", "dev1") == (
        0,
        "header   tenantID: dev1\nreaches  http://web-svc.shop/ → web-dev1\ncurl -H 'tenantID: dev1' http://web-svc.shop/\n",
        OTHERS,
    )
