"""A request for which a promise does not hold, as text, as JSON and as SARIF: who sends what, and both places."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sandlane.cli.session import Session
from sandlane.problems.problem import Problem
from sandlane.proof.claims import claims_of
from sandlane.proof.obligations.requests import check
from sandlane.proof.world import make_world
from sandlane.reports.code_hosts import sarif
from tests.shared import REPOSITORY

VS = "out/shared/shop/virtualservice-checkout.yaml"
HOST = "checkout.shop.svc.cluster.local"
PATH = "/shop.checkout.v1.Checkout/PlaceOrder"


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Session, list[Problem]]:
    """Returns what is wrong with an output in which dev1's entry for one path sends to the base."""
    shutil.copytree(REPOSITORY / "overlays" / "shop", tmp_path / "shop")
    shutil.copytree(REPOSITORY / "golden" / "shop", tmp_path / "out")
    for file in (tmp_path / "out").rglob("*.yaml"):
        file.write_text(file.read_text().replace("overlays/shop/", ""))
    file = tmp_path / VS
    file.write_text(file.read_text().replace("host: checkout-dev1\n", "host: checkout\n", 1))
    monkeypatch.chdir(tmp_path)
    session = Session(Path("shop"), None)
    inputs = session.inputs()
    tree, written = session.read_output(inputs, Path("out"))
    problems = list(check(make_world(inputs.base, written, claims_of(inputs))))
    return session, session.placed_in(tree, {r.source.file for r in written.resources}, problems)


def test_it_reads_like_a_bug_report(broken: tuple[Session, list[Problem]], capsys: pytest.CaptureFixture[str]) -> None:
    session, problems = broken
    session.tell(problems[:1])
    assert capsys.readouterr().err == (
        f"{VS}:13:7: SL602 promise 2 does not hold for a request\n"
        f"  request: GET http://{HOST}:5050{PATH}\n"
        "  carrier: tenantid: dev1\n"
        "  client: namespace sandlane-elsewhere\n"
        f"  base: shop/routes/checkout.yaml:11: sends to checkout-dev1.shop.svc.cluster.local:5050\n"
        f"  now: {VS}:13: sends to {HOST}:5050\n"
    )


def test_json_has_its_parts(broken: tuple[Session, list[Problem]]) -> None:
    session, problems = broken
    found, by_baggage = session.as_data(problems)
    assert by_baggage["request"]["carriers"] == [{"name": "baggage", "value": "tenantID=dev1"}]
    assert found["request"] == {
        "method": "GET",
        "host": HOST,
        "port": 5050,
        "authority": HOST,
        "path": PATH,
        "client": "namespace sandlane-elsewhere",
        "carriers": [{"name": "tenantid", "value": "dev1"}],
        "headers": [],
        "base": {
            "file": "shop/routes/checkout.yaml",
            "line": 11,
            "meets": "sends to checkout-dev1.shop.svc.cluster.local:5050",
        },
        "now": {"file": VS, "line": 13, "meets": f"sends to {HOST}:5050"},
    }


def test_sarif_relates_the_place_in_the_base(broken: tuple[Session, list[Problem]]) -> None:
    session, problems = broken
    data = session.as_data(problems)
    result = sarif(data)["runs"][0]["results"][0]
    place: dict[str, Any] = {
        "artifactLocation": {"uri": "shop/routes/checkout.yaml"},
        "region": {"startLine": 11},
    }
    assert (result["properties"], result["relatedLocations"]) == (
        {"request": data[0]["request"]},
        [
            {
                "id": 1,
                "physicalLocation": place,
                "message": {"text": "in the base: sends to checkout-dev1.shop.svc.cluster.local:5050"},
            }
        ],
    )
