"""`sandlane diff`: whole outputs in tests/cli/diff (`pytest tests/cli/test_diff.py --update-golden` writes them), and its ways."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sandlane.cli.main import group
from sandlane.cli.session import Session
from sandlane.reports.diff.compare import Difference
from sandlane.reports.diff.markdown import markdown
from sandlane.reports.diff.page import page
from sandlane.reports.diff.text import text
from tests.shared import REPOSITORY

EXPECTED = Path(__file__).parent / "diff"
STALE = "rendered: not what the inputs render to: run 'sandlane check sandlane.yaml'\n"

NEW = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {name: dev7}
spec:
  owner: kim
  workloads:
  - {name: shipping, image: registry.example/shop/shipping:pr-12}
"""
ACCEPTS = NEW.replace(
    "shipping:pr-12}",
    "shipping:pr-12, accept: [{code: SL410, object: Deployment/shop/shipping, reason: tried by hand}]}",
)
Edit = Mapping[str, tuple[str, str] | str | None]
SCENARIOS: Mapping[str, Edit] = {
    "new": {"sandboxes/dev7.yaml": NEW},
    "image": {"sandboxes/dev1.yaml": ("cart:pr-318", "cart:pr-319")},
    "rename": {"sandboxes/xdev1.yaml": ("  owner: sam", "  tenantID: sam1\n  owner: sam")},
    "removal": {"sandboxes/dev10.yaml": None},
    "base": {"base/checkout.yaml": ("log-shipper:", "log-shipper:new-")},
    "environment": {"sandlane.yaml": ("  mesh: istio\n", "  mesh: istio\n  carriers: [{header: x-tenant}]\n")},
    "nothing": {},
}


def git(place: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def sandlane(place: Path, *arguments: str) -> Result:
    with contextlib.chdir(place):
        return CliRunner().invoke(group, list(arguments), prog_name="sandlane")


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop in a repository of its own, rendered and committed."""
    place = tmp_path_factory.mktemp("committed") / "shop"
    shutil.copytree(REPOSITORY / "overlays" / "shop", place)
    git(place, "init", "-q", "-b", "main", ".")
    assert sandlane(place, "render").exit_code == 0
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "first")
    return place


@pytest.fixture
def shop(committed: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(committed, tmp_path / "shop")
    return tmp_path / "shop"


def edit(place: Path, changes: Edit) -> None:
    for name, change in changes.items():
        file = place / name
        if change is None:
            file.unlink()
        elif isinstance(change, str):
            file.write_text(change)
        else:
            before = file.read_text()
            assert change[0] in before
            file.write_text(before.replace(*change))


@pytest.fixture(scope="module", params=sorted(SCENARIOS))
def told(request: pytest.FixtureRequest, committed: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What `diff` tells of a scenario in every format, compared once."""
    place = tmp_path_factory.mktemp(request.param) / "shop"
    shutil.copytree(committed, place)
    edit(place, SCENARIOS[request.param])
    return request.param, formats(place)


Told = tuple[str, Mapping[str, str]]
WRITERS: Mapping[str, Callable[[Difference, str, str], str]] = {"txt": text, "md": markdown, "html": page}


def formats(place: Path) -> Mapping[str, str]:
    """Returns what `diff HEAD` writes in every format; JSON by the command, and the others by what it calls for each."""
    caught: list[Difference] = []

    def catch(session: Session, difference: Difference, against: str, _: str) -> None:
        caught.append(difference)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandlane.cli.diff._tell", catch)
        done = sandlane(place, "diff", "HEAD", "--format", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    (difference,) = caught
    return {
        "json": done.stdout,
        **{name: write(difference, "sandlane.yaml", "HEAD") for name, write in WRITERS.items()},
    }


@pytest.mark.parametrize("name", ["txt", "md", "html", "json"])
def test_whole_output(name: str, told: Told, request: pytest.FixtureRequest) -> None:
    scenario, written = told
    file = EXPECTED / f"{scenario}.{name}"
    if request.config.getoption("--update-golden"):
        file.write_text(written[name])
        pytest.fail("golden files were rewritten: review the diff and run again")
    assert written[name] == file.read_text()


@pytest.mark.parametrize(("output_format", "name"), [("text", "txt"), ("markdown", "md"), ("html", "html")])
def test_the_command_writes_the_format_that_is_asked_for(output_format: str, name: str, shop: Path) -> None:
    edit(shop, SCENARIOS["image"])
    done = sandlane(shop, "diff", "HEAD", "--format", output_format)
    said = STALE if output_format == "text" else ""
    assert (done.exit_code, done.stdout, done.stderr) == (0, (EXPECTED / f"image.{name}").read_text(), said)


def test_the_output_on_disk_is_what_it_is_compared_with_by_default(shop: Path) -> None:
    same = sandlane(shop, "diff", "--exit-code")
    assert (same.exit_code, same.stdout, same.stderr) == (0, "sandlane.yaml against rendered: no difference\n", "")
    edit(shop, SCENARIOS["image"])
    done = sandlane(shop, "diff", "--exit-code")
    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout == (EXPECTED / "image.txt").read_text().replace(
        "sandlane.yaml against HEAD\n\nbaseline: unchanged, proved for 5 combinations of tenant, Service and port",
        "sandlane.yaml against rendered\n\nbase: not compared; --rev REV compares it with that of a revision",
    )


def test_another_directory(shop: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = sandlane(shop, "diff", str(empty), "--format", "json")
    found = json.loads(done.stdout)["environments"][0]
    assert [(s["name"], s["change"]) for s in found["sandboxes"]] == [
        ("dev1", "added"),
        ("dev10", "added"),
        ("xdev1", "added"),
    ]
    assert {o["change"] for o in found["objects"]} == {"added"}
    assert sandlane(shop, "diff", str(empty)).stdout.startswith("sandlane.yaml against ../empty\n")


def test_a_new_environment(shop: Path) -> None:
    git(shop, "rm", "-q", "-r", "--cached", "sandlane.yaml", "rendered")
    git(shop, "commit", "-q", "-m", "without")
    found = json.loads(sandlane(shop, "diff", "--rev", "HEAD", "--format", "json").stdout)["environments"][0]
    assert {s["change"] for s in found["sandboxes"]} == {"added"}
    told = sandlane(shop, "diff", "--rev", "HEAD").stdout
    assert told.startswith("sandlane.yaml against HEAD\n\nthe environment is not there yet: everything is new\n\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("nowhere",), "Error: git does not know the revision 'nowhere'\n", id="unknown"),
        pytest.param(("--rev=--output=x",), "Error: '--output=x' is no revision\n", id="option"),
        pytest.param(
            ("HEAD", "main"),
            "Error: 'main' is no environment, and what to compare with is given already: it is one directory or one revision\n",
            id="two",
        ),
    ],
)
def test_what_to_compare_with_is_wrong(arguments: tuple[str, ...], message: str, shop: Path) -> None:
    done = sandlane(shop, "diff", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith(message)


def test_a_stale_output_is_told_beside_a_revision(shop: Path) -> None:
    edit(shop, SCENARIOS["image"])
    done = sandlane(shop, "diff", "HEAD")
    assert (done.exit_code, done.stdout, done.stderr) == (0, (EXPECTED / "image.txt").read_text(), STALE)
    assert sandlane(shop, "render").exit_code == 0
    done = sandlane(shop, "diff", "HEAD")
    assert (done.exit_code, done.stdout, done.stderr) == (0, (EXPECTED / "image.txt").read_text(), "")
    shutil.rmtree(shop / "rendered")
    done = sandlane(shop, "diff", "HEAD")
    assert (done.exit_code, done.stdout, done.stderr) == (0, (EXPECTED / "image.txt").read_text(), "")


def test_an_output_of_another_environment_is_told_beside_a_revision(shop: Path) -> None:
    readme = shop / "rendered" / "README.md"
    readme.write_text(readme.read_text().replace("Environment: sandlane.yaml", "Environment: other.yaml"))
    assert "Environment: other.yaml" in readme.read_text()
    done = sandlane(shop, "diff", "HEAD")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "sandlane.yaml against HEAD: no difference\n", STALE)


def test_a_revision_that_does_not_render(shop: Path) -> None:
    edit(shop, {"sandboxes/dev1.yaml": ("workloads:", "workload:")})
    git(shop, "commit", "-q", "-a", "-m", "wrong")
    git(shop, "revert", "--no-edit", "HEAD")
    done = sandlane(shop, "diff", "HEAD~1")
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == (
        "Error: the inputs at HEAD~1 have 2 problems, so there is nothing to compare with: "
        "sandboxes/dev1.yaml: SL203 field 'workloads' is missing in 'spec'"
    )


def test_what_is_not_committed_is_not_of_a_revision(shop: Path) -> None:
    edit(shop, SCENARIOS["new"])
    git(shop, "add", "-A")
    found = json.loads(sandlane(shop, "diff", "HEAD", "--format", "json").stdout)["environments"][0]
    assert [(s["name"], s["change"]) for s in found["sandboxes"]] == [("dev7", "added")]
    assert git(shop, "status", "--porcelain") == "A  sandboxes/dev7.yaml"


TITLED = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {name: dev8}
spec:
  owner: kim
  workloads:
  - name: storefront
    configMaps:
    - {name: storefront-config, data: {SHOP_TITLE: "%s"}}
"""


def test_what_sandlane_sets_itself_is_nobodys_wish(shop: Path) -> None:
    """Names of copied ConfigMaps, the hash of their data and the tenant's label follow from what is told."""
    edit(shop, {"sandboxes/dev8.yaml": TITLED % "Ours"})
    head = ["sandlane.yaml against HEAD", ""]
    proved = ["baseline: unchanged, proved for 6 combinations of tenant, Service and port", ""]
    told = sandlane(shop, "diff", "HEAD").stdout.splitlines()
    assert told[:5] == [
        *head,
        *proved,
        "+ dev8  tenantID dev8, owner kim",
    ]
    assert told[5:8] == [
        "    ConfigMap/shop/storefront-config  SHOP_TITLE  The Corner Shop → Ours",
        "    Deployment/shop/storefront                    as the base has it",
        "    reached at http://shop.example.com/ (Gateway/shop/shop-gateway) with 'tenantID: dev8'",
    ]
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "second")
    environment = {"sandlane.yaml": ("  mesh: istio\n", "  mesh: istio\n  tenantLabel: tenant\n")}
    edit(shop, {"sandboxes/dev8.yaml": ("Ours", "Yours"), **environment})
    told = sandlane(shop, "diff", "HEAD").stdout.splitlines()
    assert told[:8] == [
        *head,
        "tenantLabel: tenantID → tenant",
        *proved,
        "~ dev8",
        "    ConfigMap/shop/storefront-config  SHOP_TITLE  Ours → Yours",
        "    reached at http://shop.example.com/ (Gateway/shop/shop-gateway) with 'tenantID: dev8'",
    ]


def test_a_comment_tells_whose_a_sandbox_became_beside_what_it_asks(shop: Path) -> None:
    edit(shop, {"sandboxes/xdev1.yaml": ("  owner: sam", "  owner: kim")})
    edit(shop, {"sandboxes/xdev1.yaml": ("payment:pr-", "payment:pr-9")})
    rows = [line for line in sandlane(shop, "diff", "HEAD", "--format", "markdown").stdout.splitlines() if "| " in line]
    assert rows[1] == "| xdev1 (changed) | owner sam → kim |  |  |  |"
    assert rows[2].startswith("|  | `Deployment/shop/payment` | image | `registry.example/shop/payment:pr-")


def test_a_comment_warns_where_a_guard_is_loosened_and_notes_other_settings(shop: Path) -> None:
    edit(
        shop,
        {
            "sandlane.yaml": (
                "  mesh: istio\n",
                "  mesh: istio\n  policy: {privileges: [privileged]}\n  tenantLabel: tenant\n",
            )
        },
    )
    told = sandlane(shop, "diff", "HEAD", "--format", "markdown").stdout
    assert "> [!WARNING]\n> policy.privileges: + privileged: SPECS MAY ASK FOR MORE\n" in told
    assert "> [!NOTE]\n> tenantLabel: tenantID → tenant\n" in told


def many(place: Path, count: int) -> None:
    for number in range(count):
        text = NEW.replace("dev7", f"many{number:03}")
        (place / "sandboxes" / f"many{number:03}.yaml").write_text(text)


def test_a_change_of_the_base_is_one_line_for_all_clones(shop: Path) -> None:
    many(shop, 40)
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "many")
    text = (shop / "base/shipping.yaml").read_text()
    assert "    spec:\n" in text
    (shop / "base/shipping.yaml").write_text(
        text.replace("    spec:\n", "    spec:\n      terminationGracePeriodSeconds: 7\n")
    )
    lines = sandlane(shop, "diff", "HEAD").stdout.splitlines()
    assert (
        "~ 40 copies of Deployment/shop/shipping: many000, many001, many002, many003, many004, many005 and 34 more"
        in lines
    )
    assert len(lines) < 30


def test_a_comment_fits_and_says_what_is_left_out(shop: Path) -> None:
    many(shop, 400)
    text = sandlane(shop, "diff", "HEAD", "--format", "markdown").stdout
    assert len(text) <= 65_536
    assert text.splitlines()[0] == "<!-- sandlane diff: sandlane.yaml -->"
    assert "left out, since a comment holds 65,536 characters: run `sandlane diff`." in text


def test_names_from_specs_cannot_write_markup(shop: Path) -> None:
    hostile = "`<img src=x onerror=alert(1)>|**"
    edit(shop, {"sandboxes/dev7.yaml": ACCEPTS.replace("tried by hand", json.dumps(hostile))})
    for output_format in ("markdown", "html"):
        assert "<img" not in sandlane(shop, "diff", "HEAD", "--format", output_format).stdout


UNSEEN = "x\x1b[31mred\u202eevil\u200b\n::error::forged\nbaseline: unchanged"


@pytest.mark.parametrize("output_format", ["text", "markdown", "html", "github"])
def test_nothing_from_specs_is_hidden_or_starts_a_line_of_its_own(output_format: str, shop: Path) -> None:
    spec = ACCEPTS.replace("tried by hand", json.dumps(UNSEEN)).replace("owner: kim", f"owner: {json.dumps(UNSEEN)}")
    spec = spec.replace("SL410, object: Deployment/shop/shipping", f"SL310, object: {json.dumps(UNSEEN)}")
    edit(shop, {"sandboxes/dev7.yaml": spec})
    written = sandlane(shop, "diff", "HEAD", "--format", output_format).stdout
    assert [character for character in "\x1b\u202e\u200b" if character in written] == []
    assert [line for line in written.splitlines() if line.startswith("::error::") and output_format != "html"] == []
    assert "::error::forged" in written or output_format == "html"


def spread(data: Any) -> set[str]:
    return set(data) if isinstance(data, dict) else set()


def test_json_has_these_fields(shop: Path) -> None:
    edit(shop, SCENARIOS["image"])
    found = json.loads(sandlane(shop, "diff", "HEAD", "--format", "json").stdout)["environments"][0]
    assert spread(found) == {"environment", "against", "base", "proved", "settings", "sandboxes", "notices", "objects"}
    assert spread(found["objects"][0]) == {"object", "change", "was", "file", "sandbox", "fields"}
    assert spread(found["objects"][0]["fields"][0]) == {"field", "change", "from", "to"}
