"""`sandlane verify`: an output directory, whoever wrote it, against the base and the specs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sandlane.cli.main import group
from tests.shared import REPOSITORY

PROVED = "out: the promises hold for 3 tenants, 5 combinations of tenant, Service and port, 16 objects\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(REPOSITORY / "overlays" / "shop", tmp_path / "shop")
    shutil.copytree(REPOSITORY / "golden" / "shop", tmp_path / "out")
    for file in (tmp_path / "out").rglob("*.yaml"):
        file.write_text(file.read_text().replace("overlays/shop/", ""))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(group, ["verify", "shop", "--output", "out", *arguments], prog_name="sandlane")
    return result.exit_code, result.stdout, result.stderr


def replaced(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        file = directory / path
        text = file.read_text()
        assert text != text.replace(old, new)
        file.write_text(text.replace(old, new))

    return change


def removed(path: str) -> Callable[[Path], None]:
    return lambda directory: shutil.rmtree(directory / path)


def test_what_render_wrote_is_proved() -> None:
    assert run() == (0, PROVED, "")


@pytest.mark.parametrize("command", ["verify", "trace"])
def test_every_command_reads_the_same_files_of_the_output(here: Path, command: str) -> None:
    """A hidden copy of a manifest is applied by Argo CD, so it is a second object of the same name."""
    written = here / "out" / "sandboxes" / "dev1" / "shop" / "deployment-cart-dev1.yaml"
    shutil.copy(written, written.with_name(".copy.yaml"))
    arguments = {"verify": ["shop"], "trace": ["http://cart", "shop"]}[command]
    result = CliRunner().invoke(group, [command, *arguments, "--output", "out"], prog_name="sandlane")
    where = "out/sandboxes/dev1/shop"
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        f"{where}/deployment-cart-dev1.yaml:5:9: SL124 'Deployment/shop/cart-dev1' stands twice in the output, first in "
        "out/sandboxes/dev1/shop/.copy.yaml\n  hint: remove one of the two\n1 problem\n",
    )


@pytest.mark.parametrize("command", ["verify", "trace"])
def test_a_file_of_the_output_that_is_no_yaml(here: Path, command: str) -> None:
    (here / "out" / "x.yaml").write_text("a: 1\nb: [\n")
    arguments = {"verify": ["shop"], "trace": ["http://cart", "shop"]}[command]
    result = CliRunner().invoke(group, [command, *arguments, "--output", "out"], prog_name="sandlane")
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        "out/x.yaml:3:1: SL101 not valid YAML: while parsing a flow node, did not find expected node content\n"
        "1 problem\n",
    )


CHECKOUT = "out/shared/shop/virtualservice-checkout.yaml"


@pytest.mark.parametrize(
    ("change", "first", "met"),
    [
        pytest.param(
            replaced(CHECKOUT.removeprefix("out/"), "exact: dev1\n", "exact: dev11\n"),
            f"{CHECKOUT}:13:7: SL603 promise 3 does not hold for a request",
            "asks for 'tenantid' with 'dev11', which is no tenant's",
            id="another-value",
        ),
        pytest.param(
            replaced(
                "sandboxes/dev1/shop/deployment-cart-dev1.yaml",
                "app.kubernetes.io/name: cart-dev1",
                "app.kubernetes.io/name: cart",
            ),
            "out/sandboxes/dev1/shop/deployment-cart-dev1.yaml:2:1: SL607 promise 4 does not hold: 'Deployment/shop/cart' of the base "
            "selects pods of 'Deployment/shop/cart-dev1'",
            "",
            id="a-selector-of-the-base",
        ),
        pytest.param(
            removed("sandboxes/xdev1"),
            "out/shared/shop/virtualservice-payment-sandlane.yaml:18:7: SL602 promise 2 does not hold for a request",
            "answers 503: 'payment-xdev1.shop.svc.cluster.local' is no host that the mesh knows",
            id="a-missing-sandbox",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(here: Path, change: Callable[[Path], None], first: str, met: str) -> None:
    change(here / "out")
    code, out, err = run()
    assert (code, out, err.splitlines()[0]) == (3, "", first)
    assert met in err


def test_a_sandbox_that_nobody_claims(here: Path) -> None:
    (here / "shop" / "sandboxes" / "xdev1.yaml").unlink()
    code, _, err = run()
    assert code == 3
    places = {line.split(":")[0] for line in err.splitlines()[:-1]}
    extra = {p.relative_to(here).as_posix() for p in (here / "out" / "sandboxes" / "xdev1").rglob("*.yaml")}
    assert places >= extra


def test_json_says_what_was_judged() -> None:
    code, out, err = run("--format", "json")
    (result,) = json.loads(out)["environments"]
    assert (code, err) == (0, "")
    assert result == {
        "environment": "shop/sandlane.yaml",
        "output": "out",
        "tenants": 3,
        "objects": 16,
        "proved": [
            {"tenantID": "dev1", "service": "Service/shop/cart", "port": 80},
            {"tenantID": "dev1", "service": "Service/shop/cart", "port": 9090},
            {"tenantID": "dev1", "service": "Service/shop/checkout", "port": 5050},
            {"tenantID": "dev10", "service": "Service/shop/catalog", "port": 80},
            {"tenantID": "xdev1", "service": "Service/shop/payment", "port": 5060},
        ],
        "unjudged": [],
        "problems": [],
    }


def test_sarif_names_files_and_lines(here: Path) -> None:
    replaced("shared/shop/virtualservice-checkout.yaml", "exact: dev1\n", "exact: dev11\n")(here / "out")
    code, out, err = run("--format", "sarif")
    log = json.loads(out)
    assert (code, err, log["version"]) == (3, "", "2.1.0")
    result = log["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], result["level"]) == ("SL603", "error")
    assert place == {"artifactLocation": {"uri": CHECKOUT}, "region": {"startLine": 13, "startColumn": 7}}


CARRIED = """\
    - headers:
        tenantid:
          exact: dev1
      uri:
        exact: /shop.checkout.v1.Checkout/PlaceOrder
"""
PLACE_ORDER = "/shop.checkout.v1.Checkout/PlaceOrder"
SERVICE, CLONE = (f"sends to {name}.shop.svc.cluster.local:5050" for name in ("checkout", "checkout-dev1"))


@pytest.fixture
def broken(here: Path) -> None:
    """An entry of a tenant's asks for a method in place of its carrier: it takes calls of everybody, and some of its own no more."""
    by_method = CARRIED.replace("headers", "method").replace(
        "        tenantid:\n          exact: dev1", "        exact: POST"
    )
    replaced("shared/shop/virtualservice-checkout.yaml", CARRIED, by_method)(here / "out")


@pytest.mark.usefixtures("broken")
def test_a_broken_promise_reads_like_a_bug_report() -> None:
    code, out, err = run()
    assert (code, out) == (3, "")
    assert (
        err
        == f"""\
{CHECKOUT}:13:7: SL603 promise 3 does not hold for a request
  request: POST http://checkout.shop.svc.cluster.local:5050{PLACE_ORDER}
  carrier: none
  client: namespace sandlane-elsewhere
  base: shop/routes/checkout.yaml:11: {SERVICE}
  now: {CHECKOUT}:13: {CLONE}
{CHECKOUT}:32:7: SL602 promise 2 does not hold for a request
  request: GET http://checkout.shop.svc.cluster.local:5050{PLACE_ORDER}
  carrier: tenantid: dev1
  client: namespace sandlane-elsewhere
  base: shop/routes/checkout.yaml:11: {CLONE}
  now: {CHECKOUT}:32: {SERVICE}
out: 2 problems; looked at 3 tenants, 5 combinations of tenant, Service and port, 16 objects
"""
    )


def met(method: str, base: str, line: int, now: str, *carriers: dict[str, str]) -> dict[str, Any]:
    """Returns a request as data of `verify` names it."""
    return {
        "method": method, "host": "checkout.shop.svc.cluster.local", "port": 5050, "authority": "checkout.shop.svc.cluster.local",
        "path": PLACE_ORDER, "client": "namespace sandlane-elsewhere", "carriers": [*carriers], "headers": [],
        "base": {"file": "shop/routes/checkout.yaml", "line": 11, "meets": base},
        "now": {"file": CHECKOUT, "line": line, "meets": now},
    }  # fmt: skip


REQUESTS = [met("POST", SERVICE, 13, CLONE), met("GET", CLONE, 32, SERVICE, {"name": "tenantid", "value": "dev1"})]


@pytest.mark.usefixtures("broken")
def test_json_names_the_requests_of_broken_promises() -> None:
    code, out, _ = run("--format", "json")
    problems = json.loads(out)["environments"][0]["problems"]
    assert code == 3
    assert [problem["request"] for problem in problems] == REQUESTS
    assert [(p["code"], p["file"], p["line"]) for p in problems] == [("SL603", CHECKOUT, 13), ("SL602", CHECKOUT, 32)]


@pytest.mark.usefixtures("broken")
def test_sarif_names_the_requests_of_broken_promises() -> None:
    code, out, _ = run("--format", "sarif")
    results = json.loads(out)["runs"][0]["results"]
    assert code == 3
    assert [result["properties"]["request"] for result in results] == REQUESTS
    assert [result["relatedLocations"] for result in results] == [
        [
            {
                "id": 1,
                "physicalLocation": {
                    "artifactLocation": {"uri": "shop/routes/checkout.yaml"},
                    "region": {"startLine": 11},
                },
                "message": {"text": f"in the base: {meets}"},
            }
        ]
        for meets in (SERVICE, CLONE)
    ]


def test_what_cannot_be_judged_is_said(here: Path) -> None:
    (here / "shop" / "sandboxes" / "dev1.yaml").write_text(
        "apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {name: dev1}\n"
        "spec:\n  workloads:\n  - {name: cart}\n  - {name: cart-store, kind: StatefulSet}\n"
    )
    shutil.rmtree(here / "out")
    CliRunner().invoke(group, ["render", "shop", "--output", "out"])
    code, out, err = run()
    assert (code, err) == (0, "")
    assert out == (
        "not judged: port 6379 of 'Service/shop/cart-store', which stays with the base: TCP carries no headers\n"
        + PROVED.replace("5 comb", "4 comb").replace("16 objects", "17 objects")
    )


def test_an_empty_output_keeps_no_promise(here: Path) -> None:
    shutil.rmtree(here / "out")
    (here / "out").mkdir()
    code, _, err = run()
    assert (code, err.splitlines()[-1]) == (
        3,
        "out: 12 problems; looked at 3 tenants, 5 combinations of tenant, Service and port, 0 objects",
    )


def test_an_output_that_is_not_there_is_one_problem(here: Path) -> None:
    shutil.rmtree(here / "out")
    assert run() == (
        2,
        "",
        "SL120 output directory 'out' does not exist\n  hint: run 'sandlane render shop/sandlane.yaml'\n1 problem\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["verify", "shop", "shop", "--output", "x"], "--output goes with one environment", id="output"),
    ],
)
def test_usage(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(group, arguments, prog_name="sandlane")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, f"Error: {message}")


def test_wrong_specs_are_told_first(here: Path) -> None:
    (here / "shop" / "sandboxes" / "dev1.yaml").write_text("kind: [\n")
    code, out, err = run()
    assert (code, out, err.splitlines()[-1]) == (2, "", "1 problem")


def test_output_that_is_no_manifest(here: Path) -> None:
    (here / "out" / "shared" / "x.yaml").write_text("a: 1\n")
    code, _, err = run()
    assert (code, err.splitlines()[0]) == (
        2,
        "out/shared/x.yaml:1:1: SL123 no Kubernetes object: apiVersion and kind and metadata missing or no string",
    )


def test_verify_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cluster, no registry, no other program: what is proved follows from the files alone."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("verify asked another program")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, forbidden)
    for name in ("fork", "posix_spawn", "system", "execv", "execve"):
        monkeypatch.setattr(os, name, forbidden)
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    assert run() == (0, PROVED, "")
