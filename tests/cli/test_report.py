"""`sandlane report`: the page of the shop as a whole, what it says of specs that are wrong, and what it does not overwrite."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sandlane.cli.main import group
from sandlane.yamlio.write import write
from tests.shared import REPOSITORY

SHOP = REPOSITORY / "overlays" / "shop"
EXPECTED = Path(__file__).parent / "report"


def sandlane(place: Path, *arguments: str) -> Result:
    with contextlib.chdir(place):
        return CliRunner().invoke(group, list(arguments), prog_name="sandlane")


def reported(place: Path, environment: Any, specs: Sequence[Any]) -> tuple[Result, str]:
    """Writes an environment and specs over base.yaml, and returns how `report` ended and the page."""
    (place / "sandboxes").mkdir()
    (place / "sandlane.yaml").write_text(write(environment))
    for spec in specs:
        (place / "sandboxes" / f"{spec['metadata']['name']}.yaml").write_text(write(spec))
    done = sandlane(place, "report", "-o", "site")
    return done, (place / "site" / "index.html").read_text()


def data(page: str) -> Any:
    """Returns what the page's script reads."""
    return json.loads(page.partition('id="data">')[2].partition("</script>")[0])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.mark.parametrize("environment", ["sandlane.yaml", "linkerd.yaml"])
def test_the_page_of_the_shop(environment: str, shop: Path, request: pytest.FixtureRequest) -> None:
    done = sandlane(shop, "report", "-o", "site", environment)
    assert (done.exit_code, done.stdout) == (0, "site/index.html\n")
    page = (shop / "site" / "index.html").read_text()
    # Style and script are read in their own files: the page that is kept is what the template and the facts make.
    kept = page.partition("<style>")[0] + page.partition("</style>")[2].rpartition("<script>")[0]
    kept = "\n".join(line for line in kept.splitlines() if "Content-Security-Policy" not in line) + "\n"
    file = EXPECTED / environment.replace(".yaml", ".html")
    if request.config.getoption("--update-golden"):
        file.write_text(kept)
        pytest.fail("golden files were rewritten: review the diff and run again")
    assert kept == file.read_text()


def test_the_page_is_the_same_wherever_it_is_made(shop: Path, tmp_path: Path) -> None:
    sandlane(shop, "report", "-o", "site")
    other = tmp_path / "elsewhere" / "shop"
    shutil.copytree(SHOP, other)
    again = sandlane(tmp_path, "report", "-o", "page", "elsewhere/shop")
    assert again.stdout == "page/index.html\n"
    assert (tmp_path / "page" / "index.html").read_bytes() == (shop / "site" / "index.html").read_bytes()


def test_the_page_is_replaced_and_left_alone_where_it_is_the_same(shop: Path) -> None:
    said = "3 sandboxes, 15 calls, proved for 5 combinations of tenant, Service and port"
    first = sandlane(shop, "report", "-o", "site")
    assert first.stderr == f"{said}\n"
    before = (shop / "site" / "index.html").stat().st_ino
    again = sandlane(shop, "report", "-o", "site")
    assert (again.exit_code, again.stderr) == (0, f"{said}: the page says so already\n")
    assert (shop / "site" / "index.html").stat().st_ino == before
    (shop / "sandboxes" / "dev1.yaml").unlink()
    sandlane(shop, "report", "-o", "site")
    assert [r["name"] for r in data((shop / "site" / "index.html").read_text())["records"]] == ["dev10", "xdev1"]
    assert [file.name for file in (shop / "site").iterdir()] == ["index.html"]


def test_what_somebody_else_wrote_stays(shop: Path) -> None:
    (shop / "site").mkdir()
    (shop / "site" / "index.html").write_text("<h1>Team</h1>\n")
    done = sandlane(shop, "report", "-o", "site")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "SL512 'site/index.html' is no page that sandlane wrote\n"
        "  hint: choose another directory, or move it away\n"
        "1 problem, nothing was written\n"
    )
    assert (shop / "site" / "index.html").read_text() == "<h1>Team</h1>\n"


def test_a_directory_that_cannot_be(shop: Path) -> None:
    (shop / "file").write_text("")
    done = sandlane(shop, "report", "-o", "file/site")
    assert done.exit_code == 2
    assert done.stderr == (
        "SL513 the page 'file/site/index.html' cannot be written: Not a directory\n1 problem, nothing was written\n"
    )


def test_what_cannot_be_rendered_is_on_the_page_and_the_others_too(shop: Path) -> None:
    spec = shop / "sandboxes" / "dev1.yaml"
    spec.write_text(spec.read_text().replace("name: checkout", "name: chekout"))
    done = sandlane(shop, "report", "-o", "site", "--format", "json")
    found = json.loads(done.stdout)["environments"][0]
    assert done.exit_code == 2
    assert [(p["code"], p["file"], p["line"]) for p in found.pop("problems")] == [("SL210", "sandboxes/dev1.yaml", 18)]
    assert found == {
        "environment": "sandlane.yaml", "page": "site/index.html", "changed": True, "name": "staging",
        "sandboxes": 3, "calls": 15, "proved": 2,
    }  # fmt: skip
    page = (shop / "site" / "index.html").read_text()
    records = {record["name"]: record for record in data(page)["records"]}
    assert (records["dev1"]["notes"], "header" in records["dev1"]) == (["cannot be rendered"], False)
    assert "header" in records["dev10"]
    assert "<code>sandboxes/dev1.yaml:18</code>" in page


def test_what_has_expired_on_a_day(shop: Path) -> None:
    spec = shop / "sandboxes" / "dev1.yaml"
    spec.write_text(spec.read_text().replace("expires: 2027-01-29", "expires: 2026-01-31"))
    assert sandlane(shop, "report", "-o", "site", "--as-of", "2026-02-01").exit_code == 0
    page = (shop / "site" / "index.html").read_text()
    assert [r["name"] for r in data(page)["records"] if r["notes"] == ["expired"]] == ["dev1"]
    assert "expiry as of 2026-02-01" in page


def test_one_environment_a_page(shop: Path) -> None:
    done = sandlane(shop, "report", "-o", "site", "sandlane.yaml", "linkerd.yaml")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == (
        "Error: -o goes with one environment: give each page a directory of its own"
    )
