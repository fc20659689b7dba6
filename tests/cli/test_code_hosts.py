"""Problems as code hosts show them: GitHub's annotations, GitLab's code quality, SARIF; on render, check, diff and verify."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sandlane.cli.main import group
from sandlane.reports.code_hosts import github, gitlab
from tests.shared import REPOSITORY


def sandlane(place: Path, *arguments: str) -> Result:
    with contextlib.chdir(place):
        return CliRunner().invoke(group, list(arguments), prog_name="sandlane")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The shop, rendered, with a spec that names a workload wrongly."""
    shutil.copytree(REPOSITORY / "overlays" / "shop", tmp_path / "shop")
    place = tmp_path / "shop"
    assert sandlane(place, "render", "--root", ".").exit_code == 0
    file = place / "sandboxes" / "xdev1.yaml"
    file.write_text(file.read_text().replace("name: payment", "name: paymnt"))
    return place


MESSAGE = "workload 'Deployment/shop/paymnt' is not in the base"
HINT = "did you mean 'payment'?"


@pytest.mark.parametrize("command", ["render", "check", "diff"])
def test_annotations_of_github(command: str, shop: Path) -> None:
    done = sandlane(shop, command, "--root", ".", "--format", "github")
    expected = f"::error file=sandboxes/xdev1.yaml,line=14,col=11,title=SL210::{MESSAGE} (hint: {HINT})\n"
    assert (done.exit_code, done.stdout, done.stderr) == (2, expected, "")


def test_code_quality_of_gitlab(shop: Path) -> None:
    done = sandlane(shop, "check", "--root", ".", "--format", "gitlab")
    found = json.loads(done.stdout)
    assert len(found[0].pop("fingerprint")) == 32
    assert (done.exit_code, done.stderr) == (2, "")
    assert found == [
        {
            "description": f"{MESSAGE} (hint: {HINT})",
            "check_name": "SL210",
            "severity": "major",
            "location": {"path": "sandboxes/xdev1.yaml", "lines": {"begin": 14}},
        }
    ]


EXTRA = "sandboxes/xdev1/shop/deployment-payment-xdev1.yaml"


@pytest.mark.parametrize(
    ("command", "place", "said"),
    [
        pytest.param(("check",), f"rendered/{EXTRA},line=1",
                     f"4 files of the output 'rendered' are not what 'sandlane render' writes, {EXTRA}", id="extra"),
        pytest.param(("check", "--output", "partly"), f"partly/{EXTRA},line=1",
                     "5 files of the output 'partly' are not what 'sandlane render' writes, README.md", id="missing-and-extra"),
        pytest.param(("check", "--output", "elsewhere"), "sandlane.yaml,line=10",
                     "15 files of the output 'elsewhere' are not what 'sandlane render' writes, README.md", id="all-missing"),
    ],
)  # fmt: skip
def test_a_stale_output_is_a_problem_of_its_first_file(
    shop: Path, command: tuple[str, ...], place: str, said: str
) -> None:
    (shop / "sandboxes" / "xdev1.yaml").unlink()
    shutil.copytree(shop / "rendered", shop / "partly")
    (shop / "partly" / "README.md").unlink()
    done = sandlane(shop, *command, "--root", ".", "--format", "github")
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout == (
        f"::error file={place},col=1,title=SL510::{said} to begin with (hint: run: sandlane render sandlane.yaml)\n"
    )


def test_several_environments_are_one_log(shop: Path) -> None:
    def results(*environments: str) -> int:
        done = sandlane(shop, "verify", *environments, "--root", ".", "--format", "sarif")
        return len(json.loads(done.stdout)["runs"][0]["results"])

    assert results(".", ".") == 2 * results(".") > 0


def test_nothing_wrong_is_an_empty_report(shop: Path) -> None:
    shutil.copy(REPOSITORY / "overlays/shop/sandboxes/xdev1.yaml", shop / "sandboxes")
    for output_format, text in (("github", "\n"), ("gitlab", "[]\n")):
        done = sandlane(shop, "check", "--root", ".", "--format", output_format)
        assert (done.exit_code, done.stdout) == (0, text)


PROBLEM = {
    "code": "SL101",
    "level": "notice",
    "message": "a\nb: 100%",
    "hint": None,
    "file": "a,b:c.yaml",
    "line": 3,
    "column": 1,
}


def test_what_is_special_to_github_is_escaped() -> None:
    assert github([PROBLEM]) == "::notice file=a%2Cb%3Ac.yaml,line=3,col=1,title=SL101::a%0Ab: 100%25"


def test_fingerprints_stay_when_lines_move() -> None:
    moved = {**PROBLEM, "line": 9}
    other = {**PROBLEM, "message": "c"}
    (one,), (two,), (three,) = (gitlab([problem]) for problem in (PROBLEM, moved, other))
    assert one["fingerprint"] == two["fingerprint"] != three["fingerprint"]


def test_a_problem_without_a_place() -> None:
    nowhere = {**PROBLEM, "file": None, "line": None, "column": None}
    assert github([nowhere]) == "::notice title=SL101::a%0Ab: 100%25"
    assert gitlab([nowhere])[0]["location"] == {"path": ".", "lines": {"begin": 1}}
