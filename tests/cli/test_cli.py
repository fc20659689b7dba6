from __future__ import annotations

import json
import os
import re
import shutil
import sys
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sandlane.cli.main import COMMANDS, DEFECT, group, main
from sandlane.cli.session import unusable
from sandlane.output.changes import UnusableOutput
from sandlane.output.layout import MARK
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import show
from sandlane.specs.crd import NAMES, custom_resource
from sandlane.specs.schema import KINDS, schema
from sandlane.yamlio.read import read
from tests.rim import snapshot
from tests.shared import REPOSITORY
from tests.starts import sandlane

SHOP = REPOSITORY / "overlays" / "shop"
FILES = [
    "README.md",
    "sandboxes/README.md",
    "sandboxes/dev1/shop/deployment-cart-dev1.yaml",
    "sandboxes/dev1/shop/deployment-checkout-dev1.yaml",
    "sandboxes/dev1/shop/service-cart-dev1.yaml",
    "sandboxes/dev1/shop/service-checkout-dev1.yaml",
    "sandboxes/dev10/shop/deployment-catalog-v2-dev10.yaml",
    "sandboxes/dev10/shop/deployment-mailer-dev10.yaml",
    "sandboxes/dev10/shop/destinationrule-catalog-dev10.yaml",
    "sandboxes/dev10/shop/service-catalog-dev10.yaml",
    "sandboxes/xdev1/shop/deployment-payment-xdev1.yaml",
    "sandboxes/xdev1/shop/destinationrule-payment-xdev1.yaml",
    "sandboxes/xdev1/shop/service-payment-xdev1.yaml",
    "shared/README.md",
    "shared/shop/virtualservice-cart-sandlane.yaml",
    "shared/shop/virtualservice-catalog.yaml",
    "shared/shop/virtualservice-checkout.yaml",
    "shared/shop/virtualservice-payment-sandlane.yaml",
    "shared/shop/virtualservice-shop.yaml",
]
DEV1 = [path for path in FILES if path.startswith("sandboxes/dev1/")]
CART = [
    "shared/shop/virtualservice-cart-sandlane.yaml",
    "shared/shop/virtualservice-checkout.yaml",
    "shared/shop/virtualservice-shop.yaml",
]
TALLY = f"shop/rendered: {len(FILES)} created, 0 updated, 0 deleted, 0 unchanged\n"
CURRENT = f"shop/rendered: up to date, {len(FILES)} files\n"
SAME = f"shop/rendered: 0 created, 0 updated, 0 deleted, {len(FILES)} unchanged\n"
CRAT = (
    "shop/sandboxes/dev1.yaml:16:11: SL210 workload 'Deployment/shop/crat' is not in the base\n"
    "  hint: did you mean 'cart'?\n"
)


VAIN = {"render": ", nothing was written", "check": ""}
"""What is said of a command that would have written something."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a copy of the shop; the user stands at its root."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("rendered"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result: Result = CliRunner().invoke(group, list(arguments), prog_name="sandlane")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, NOTED.sub("", result.stdout), NOTICE.sub("", result.stderr)


NOTICE = re.compile(r"[^\n]*gateway\.yaml:7:3: SL441 notice: [^\n]*\n  hint: [^\n]*\n")
NOTED = re.compile(r',?\s*\{[^{}]*"code": "SL441"[^{}]*\}')
"""What is said of the gateway of the shop whatever it is rendered for; it has a test of its own."""


def test_the_gateway_of_the_shop_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(group, ["render", str(SHOP), "--output", str(tmp_path / "out")], prog_name="sandlane")
    assert len(NOTICE.findall(result.stderr)) == 1


def created(prefix: str = "shop/rendered") -> str:
    return "".join(f"create {prefix}/{path}\n" for path in FILES)


def edit(file: Path, old: str, new: str) -> None:
    content = file.read_text()
    assert content.count(old) == 1
    file.write_text(content.replace(old, new))


def misspell(here: Path) -> None:
    edit(here / "shop" / "sandboxes" / "dev1.yaml", "name: cart\n", "name: crat\n")


# render and check


def test_render_then_check(here: Path) -> None:
    assert run("render", "shop") == (0, created(), TALLY)
    assert run("check", "shop") == (0, "", CURRENT)
    assert run("render", "shop") == (0, "", SAME)
    assert [p for p, kind in snapshot(here / "shop" / "rendered").items() if kind != "/"] == FILES


def test_check_before_the_first_render(here: Path) -> None:
    assert run("check", "shop") == (
        1,
        "".join(f"missing shop/rendered/{path}\n" for path in FILES),
        "19 files differ: run 'sandlane render shop/sandlane.yaml'\n",
    )
    assert not (here / "shop" / "rendered").exists()


@pytest.mark.parametrize(
    ("argument", "stands_in", "prefix"),
    [
        pytest.param([], "shop", "", id="here"),
        pytest.param(["."], "shop", "", id="dot"),
        pytest.param(["sandlane.yaml"], "shop", "", id="file"),
        pytest.param(["shop/sandlane.yaml"], ".", "shop/", id="file-below"),
        pytest.param(["../.."], "shop/base/..//routes/../base", "../", id="directory-above"),
    ],
)
def test_environments_by_any_name(
    here: Path, monkeypatch: pytest.MonkeyPatch, argument: list[str], stands_in: str, prefix: str
) -> None:
    if argument == ["../.."]:
        argument = [".."]
    monkeypatch.chdir(here / stands_in)
    code, out, err = run("render", *argument)
    assert (code, out) == (0, created(f"{prefix}rendered"))
    assert err == TALLY.replace("shop/rendered", f"{prefix}rendered")


def test_render_deletes_what_has_ended(here: Path) -> None:
    run("render", "shop")
    (here / "shop" / "sandboxes" / "dev1.yaml").unlink()
    assert run("check", "shop") == (
        1,
        "".join(f"stale shop/rendered/{path}\n" for path in CART[1:])
        + "".join(f"extra shop/rendered/{path}\n" for path in [*DEV1, CART[0]]),
        "7 files differ: run 'sandlane render shop/sandlane.yaml'\n",
    )
    assert run("render", "shop") == (
        0,
        "".join(f"update shop/rendered/{path}\n" for path in CART[1:])
        + "".join(f"delete shop/rendered/{path}\n" for path in [*DEV1, CART[0]]),
        "shop/rendered: 0 created, 2 updated, 5 deleted, 12 unchanged\n",
    )
    assert not (here / "shop" / "rendered" / "sandboxes" / "dev1").exists()


def test_removing_every_sandbox_gives_the_output_of_none(here: Path) -> None:
    shutil.rmtree(here / "shop" / "sandboxes")
    notice = (
        "shop/sandlane.yaml:16:3: SL127 notice: directory 'sandboxes' does not exist, so there are no sandboxes in it\n"
    )
    code, _, err = run("render", "shop")
    assert (code, err) == (0, f"{notice}shop/rendered: 6 created, 0 updated, 0 deleted, 0 unchanged\n")
    none = snapshot(here / "shop" / "rendered")
    shutil.rmtree(here / "shop" / "rendered")
    shutil.copytree(SHOP / "sandboxes", here / "shop" / "sandboxes")
    run("render", "shop")
    shutil.rmtree(here / "shop" / "sandboxes")
    run("render", "shop")
    assert snapshot(here / "shop" / "rendered") == none


@pytest.mark.parametrize(
    ("change", "code"),
    [pytest.param(True, 1, id="changed"), pytest.param(False, 0, id="unchanged")],
)
def test_exit_code(here: Path, change: bool, code: int) -> None:
    run("render", "shop")
    if change:
        (here / "shop" / "rendered" / FILES[2]).unlink()
    assert run("render", "--exit-code", "shop")[0] == code
    assert run("render", "--exit-code", "shop") == (0, "", SAME)


def test_output_goes_elsewhere(here: Path) -> None:
    tally = TALLY.replace("shop/rendered", "deep/out")
    assert run("render", "shop", "--output", "deep/out") == (0, created("deep/out"), tally)
    assert run("check", "shop", "--output", "deep/out") == (0, "", CURRENT.replace("shop/rendered", "deep/out"))
    assert not (here / "shop" / "rendered").exists()


def test_check_shows_paths_from_where_the_user_stands(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "shop")
    run("render", "--output", "out")
    (here / "shop" / "out" / FILES[2]).unlink()
    assert run("check", "--output", "out") == (
        1,
        f"missing out/{FILES[2]}\n",
        "1 file differs: run 'sandlane render sandlane.yaml'\n",
    )


def test_foreign_manifest(here: Path) -> None:
    run("render", "shop")
    (here / "shop" / "rendered" / "extra.yaml").write_text("kind: Secret\n")
    (here / "shop" / "rendered" / FILES[2]).unlink()
    assert run("check", "shop") == (
        1,
        f"missing shop/rendered/{FILES[2]}\nforeign shop/rendered/extra.yaml\n",
        "1 file is not sandlane's: move it out of the output, since Argo CD and Flux would apply it, and then:\n"
        "1 file differs: run 'sandlane render shop/sandlane.yaml'\n",
    )
    assert run("render", "shop") == (
        2,
        "",
        "SL501 'shop/rendered/extra.yaml' is a manifest that sandlane did not write\n"
        "  hint: move it out of the output directory: Argo CD and Flux would apply it as part of the sandboxes\n"
        "1 problem, nothing was written\n",
    )
    assert not (here / "shop" / "rendered" / FILES[2]).exists()


def test_leftovers_of_a_crash_do_not_pass_check(here: Path) -> None:
    run("render", "shop")
    leftover = "shared/shop/.sandlane-7-0123456789abcdef.tmp"
    (here / "shop" / "rendered" / leftover).write_text(f"{MARK}\n")
    assert run("check", "shop") == (
        1,
        f"extra shop/rendered/{leftover}\n",
        "1 file differs: run 'sandlane render shop/sandlane.yaml'\n",
    )
    assert run("render", "shop", "--exit-code") == (1, f"delete shop/rendered/{leftover}\n", SAME)
    assert run("check", "shop") == (0, "", CURRENT)


@pytest.mark.parametrize("command", ["render", "check"])
def test_the_output_of_another_environment(here: Path, command: str) -> None:
    run("render", "shop")
    shutil.copy(here / "shop" / "sandlane.yaml", here / "shop" / "other.yaml")
    before = snapshot(here)
    way = "give each environment a directory of its own in 'spec.output.path'; if the environment was moved, remove the README.md there"
    said = "SL504 the output directory 'shop/rendered' is the output of environment 'shop/sandlane.yaml'"
    assert run(command, "shop/other.yaml") == (
        2,
        "",
        f"{said}\n  hint: {way}\n1 problem{VAIN[command]}\n",
    )
    assert snapshot(here) == before


LONG = "a" * 300
TOO_LONG = f"'{f'shop/{LONG}'[:117]}…': File name too long"
NO_FILE = " does not exist\n  hint: name one of those below: shop/sandlane.yaml"


@pytest.mark.parametrize(
    ("command", "path", "reason"),
    [
        pytest.param("render", "shop/sandlane.yaml/out", "File exists", id="render-below-a-file"),
        pytest.param("render", LONG, "File name too long", id="render-name-too-long"),
        pytest.param("check", LONG, "File name too long", id="check-name-too-long"),
        pytest.param("render", "link", "it is a link", id="render-link"),
        pytest.param("check", "link", "it is a link", id="check-link"),
    ],
)
def test_unusable_output(here: Path, command: str, path: str, reason: str) -> None:
    (here / "elsewhere").mkdir()
    (here / "link").symlink_to("elsewhere")
    before = snapshot(here)
    assert run(command, "shop", "--output", path) == (
        2,
        "",
        f"SL502 the output directory '{path}' cannot be used: {reason}\n1 problem{VAIN[command]}\n",
    )
    assert snapshot(here) == before


def test_a_full_disk_is_told_as_it_is(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("render", "shop")
    (here / "shop" / "sandboxes" / "dev1.yaml").unlink()
    real, calls = os.rename, iter(range(1))

    def full(*args: Any, **named: Any) -> None:
        if next(calls, None) is None:
            raise OSError(28, "No space left on device")
        real(*args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        found = run("render", "shop")
    assert found == (
        2,
        "",
        "SL502 the output directory 'shop/rendered' cannot be used: 'shared/shop/virtualservice-shop.yaml': No space left on device\n"
        "the output may be incomplete: run 'sandlane render' again\n",
    )
    run("render", "shop")
    assert run("check", "shop") == (0, "", CURRENT.replace("19 files", "14 files"))


@pytest.mark.parametrize(
    ("number", "name"), [pytest.param(1, "mkdir", id="directory"), pytest.param(3, "write", id="file")]
)
@pytest.mark.parametrize("others", [[], ["other"]])
def test_a_first_write_that_fails_leaves_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, number: int, name: str, others: list[str]
) -> None:
    shutil.copytree(here / "shop", here / "other")
    if others:
        run("render", "other")
    before = snapshot(here)
    real, calls = getattr(os, name), iter(range(number))

    def full(*arguments: Any, **named: Any) -> Any:
        if next(calls, None) is None:
            raise OSError(28, "No space left on device")
        return real(*arguments, **named)

    monkeypatch.setattr(os, name, full)
    same = SAME.replace("shop/", "other/") if others else ""
    assert run("render", *others, "shop") == (
        2,
        "",
        f"{same}SL502 the output directory 'shop/rendered' cannot be used: No space left on device\n"
        f"1 problem, nothing was written{' for this environment' if others else ''}\n",
    )
    assert snapshot(here) == before


def test_the_file_that_cannot_be_written_is_named(here: Path) -> None:
    run("render", "shop")
    (here / "shop" / "rendered" / FILES[-1]).unlink()
    digest = sha256(Path(FILES[-1]).name.encode()).hexdigest()[:16]
    temporary = f"shared/shop/.sandlane-{os.getpid()}-{digest}.tmp"
    (here / "shop" / "rendered" / temporary).mkdir()
    assert run("render", "shop") == (
        2,
        "",
        f"SL502 the output directory 'shop/rendered' cannot be used: '{FILES[-1]}': File exists\n"
        "the output may be incomplete: run 'sandlane render' again\n",
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(UnusableOutput("it is a link"), "it is a link", id="ours"),
        pytest.param(OSError(28, "No space left on device"), "No space left on device", id="no-file"),
        pytest.param(
            OSError(21, "Is a directory", "a/out/shared/x.yaml"), "'shared/x.yaml': Is a directory", id="file"
        ),
        pytest.param(OSError(13, "Permission denied", "a/out"), "Permission denied", id="output-itself"),
        pytest.param(OSError(13, "Permission denied", "a"), "Permission denied", id="above"),
        pytest.param(OSError(17, "File exists", "b/c"), "File exists", id="beside"),
        pytest.param(OSError("odd"), "odd", id="no-number"),
    ],
)
def test_reasons_name_the_file(here: Path, error: Exception, reason: str) -> None:
    assert show(unusable(Path("a/out"), error)) == f"SL502 the output directory 'a/out' cannot be used: {reason}"


OVERLAP = "\n  hint: choose another directory\n"


@pytest.mark.parametrize("command", ["render", "check"])
@pytest.mark.parametrize(
    ("output", "overlapping"),
    [
        pytest.param("shop/base", ["17:5: SL126 base 'base' overlaps the output directory 'shop/base'"], id="base"),
        pytest.param("shop/base/x/y", ["17:5: SL126 base 'base' overlaps the output directory 'shop/base/x/y'"], id="below"),
        pytest.param("link/x", ["18:5: SL126 base 'routes' overlaps the output directory 'link/x'"], id="link"),
        pytest.param("./shop/x/../routes/", ["18:5: SL126 base 'routes' overlaps the output directory 'shop/routes'"], id="dots"),
        pytest.param(
            "shop/sandboxes",
            ["16:3: SL126 sandboxes 'sandboxes' overlaps the output directory 'shop/sandboxes'"],
            id="sandboxes",
        ),
        pytest.param(
            "shop",
            [
                "16:3: SL126 sandboxes 'sandboxes' overlaps the output directory 'shop'",
                "17:5: SL126 base 'base' overlaps the output directory 'shop'",
                "18:5: SL126 base 'routes' overlaps the output directory 'shop'",
            ],
            id="directory-of-the-environment",
        ),
        pytest.param(
            ".",
            [
                "16:3: SL126 sandboxes 'sandboxes' overlaps the output directory '.'",
                "17:5: SL126 base 'base' overlaps the output directory '.'",
                "18:5: SL126 base 'routes' overlaps the output directory '.'",
            ],
            id="root",
        ),
    ],
)  # fmt: skip
def test_output_must_not_overlap_inputs(here: Path, command: str, output: str, overlapping: list[str]) -> None:
    (here / "link").symlink_to("shop/routes")
    before = snapshot(here)
    words = f"{len(overlapping)} problem{'s' if len(overlapping) > 1 else ''}{VAIN[command]}\n"
    assert run(command, "shop", "--output", output) == (
        2,
        "",
        "".join(f"shop/sandlane.yaml:{one}{OVERLAP}" for one in overlapping) + words,
    )
    assert snapshot(here) == before


@pytest.mark.parametrize("output", ["shop/base-2", "shop/sandboxes.d", "base", "../{name}-out"])
def test_output_beside_inputs(here: Path, output: str) -> None:
    output = output.format(name=here.name)
    code, out, err = run("render", "shop", "--output", output)
    assert (code, out, err) == (0, created(output), TALLY.replace("shop/rendered", output))


@pytest.mark.parametrize("command", ["render", "check"])
def test_output_must_not_overlap_linked_inputs(here: Path, command: str) -> None:
    (here / "shop" / "base").rename(here / "shop" / "real")
    (here / "shop" / "base").symlink_to("real")
    assert run(command, "shop", "--output", "shop/real/x") == (
        2,
        "",
        f"shop/sandlane.yaml:17:5: SL126 base 'base' overlaps the output directory 'shop/real/x'{OVERLAP}"
        f"1 problem{VAIN[command]}\n",
    )


@pytest.mark.parametrize("command", ["render", "check"])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(
            lambda path: path.symlink_to("../base"), "'sandboxes' is a link where a directory has to be", id="link"
        ),
        pytest.param(lambda path: path.write_text("x"), "'sandboxes' is a file where a directory has to be", id="file"),
    ],
)
def test_what_stands_in_the_way_of_the_output(here: Path, command: str, make: Any, reason: str) -> None:
    run("render", "shop")
    shutil.rmtree(here / "shop" / "rendered" / "sandboxes")
    make(here / "shop" / "rendered" / "sandboxes")
    before = snapshot(here)
    assert run(command, "shop") == (
        2,
        "",
        f"SL502 the output directory 'shop/rendered' cannot be used: {reason}\n1 problem{VAIN[command]}\n",
    )
    assert snapshot(here) == before


# --stdout


def test_stdout_is_one_stream(here: Path) -> None:
    code, out, err = run("render", "shop", "--stdout")
    assert (code, err) == (0, "")
    assert not (here / "shop" / "rendered").exists()
    assert [line.removeprefix("# Source: ") for line in out.splitlines() if line.startswith("# Source: ")] == [
        path for path in FILES if path.endswith(".yaml")
    ]
    run("render", "shop")
    files = [
        read((here / "shop" / "rendered" / path).read_bytes(), path)[0].data for path in FILES if path.endswith(".yaml")
    ]
    assert [document.data for document in read(out.encode(), "stdout")] == files


@pytest.mark.parametrize("only", ["sandboxes/dev1", "sandboxes/dev1/", "/sandboxes/dev1", "sandboxes/dev1/shop"])
def test_stdout_of_one_sandbox(here: Path, only: str) -> None:
    code, out, err = run("render", "shop", "--stdout", "--only", only)
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if line.startswith("# ")] == [f"# Source: {path}" for path in DEV1]


def test_stdout_takes_paths_as_render_tells_them(here: Path) -> None:
    file = "sandboxes/dev1/shop/service-cart-dev1.yaml"
    whole = run("render", "shop", "--stdout", "--only", file)
    assert whole[0] == 0
    assert whole[1].startswith(f"---\n# Source: {file}\n")
    assert run("render", "shop", "--stdout", "--only", f"shop/rendered/{file}") == whole
    assert run("render", "shop", "--stdout", "--only", "shop/rendered/sandboxes/dev1/") == run(
        "render", "shop", "--stdout", "--only", "sandboxes/dev1"
    )


USAGE = "Usage: sandlane render [OPTIONS] [ENVIRONMENT]...\nTry 'sandlane render --help' for help.\n\nError: "
KNOWN = "sandboxes/dev1, sandboxes/dev10, sandboxes/xdev1, shared/shop"


@pytest.mark.parametrize(
    ("only", "guess"),
    [
        pytest.param("sandboxes/dev2", "did you mean 'sandboxes/dev1'?", id="near"),
        pytest.param("sandboxes/dev", "did you mean 'sandboxes/dev1'?", id="beginning-of-a-name"),
        pytest.param("zzz", f"known: {KNOWN}", id="far"),
    ],
)
def test_stdout_of_nothing(here: Path, only: str, guess: str) -> None:
    assert run("render", "shop", "--stdout", "--only", only) == (
        2,
        "",
        f"{USAGE}nothing is rendered below '{only}': {guess}\n",
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["--only", "x"], "--only goes with --stdout", id="only"),
        pytest.param(["--stdout", "--output", "x"], "--output goes with one environment and without --stdout", id="output-stdout"),
        pytest.param(["shop", "shop", "--output", "x"], "--output goes with one environment and without --stdout", id="output-two"),
        pytest.param(["--stdout", "--format", "json"], "--stdout prints manifests: leave --format out", id="stdout-json"),
        pytest.param(["--format", "xml"],
                     "Invalid value for '--format': 'xml' is not one of 'text', 'json', 'sarif', 'github', 'gitlab'.",
                     id="format"),
        pytest.param(["--root", "nope"], "Invalid value for '--root': Directory 'nope' does not exist.", id="root"),
        pytest.param(["--zzz"], "No such option '--zzz'.", id="option"),
    ],
)  # fmt: skip
def test_usage_of_render(here: Path, arguments: list[str], error: str) -> None:
    before = snapshot(here)
    assert run("render", *arguments) == (2, "", f"{USAGE}{error}\n")
    assert snapshot(here) == before


def test_check_refuses_one_output_for_two_environments(here: Path) -> None:
    usage = USAGE.replace("sandlane render", "sandlane check")
    assert run("check", "shop", "shop", "--output", "x") == (2, "", f"{usage}--output goes with one environment\n")


# problems


@pytest.mark.parametrize("command", ["render", "check"])
def test_problems_stop_everything(here: Path, command: str) -> None:
    misspell(here)
    before = snapshot(here)
    assert run(command, "shop") == (2, "", f"{CRAT}1 problem{VAIN[command]}\n")
    assert snapshot(here) == before


def test_owned_objects_do_not_depend_on_sandboxes(here: Path) -> None:
    misspell(here)
    (here / "shop" / "sandboxes" / "dev10.yaml").write_text("kind: [\n")
    assert run("list", "owned", "shop") == (0, OWNED, "")
    shutil.rmtree(here / "shop" / "sandboxes")
    assert run("list", "owned", "shop") == (0, OWNED, "")


def test_owned_objects_follow_the_environment(here: Path) -> None:
    edit(here / "shop" / "sandlane.yaml", "    - {kind: VirtualService, name: catalog}\n", "")
    assert run("list", "owned", "shop") == (
        0,
        "".join(line for line in OWNED.splitlines(True) if "catalog" not in line),
        "",
    )
    edit(here / "shop" / "sandlane.yaml", "    path: rendered\n", "    path: rendered\n    base: full\n")
    code, out, err = run("list", "owned", "shop", "--format", "json")
    rows = {row["object"]: row["output"] for row in json.loads(out)["environments"][0]["owned"]}
    run("render", "shop")
    written = {
        p for p in snapshot(here / "shop" / "rendered") if p.startswith(("base/", "shared/")) and p.endswith(".yaml")
    }
    added = {"shared/shop/virtualservice-cart-sandlane.yaml", "shared/shop/virtualservice-payment-sandlane.yaml"}
    assert (code, err, set(rows.values()) | added) == (0, "", written)
    assert rows["VirtualService/shop/catalog"] == "shared/shop/virtualservice-catalog.yaml"
    assert rows["Deployment/shop/cart"] == "base/shop/deployment-cart.yaml"


@pytest.mark.parametrize("subject", ["workloads", "owned"])
@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(lambda spec: spec.write_text("a: b: c\n"), id="syntax"),
        pytest.param(lambda spec: edit(spec, "owner: dana", "ownre: dana"), id="schema"),
        pytest.param(lambda spec: edit(spec, "tenantID: dev1\n", "tenantID: xdev1\n"), id="tenant-twice"),
        pytest.param(lambda spec: edit(spec, "name: cart\n", "name: crat\n"), id="not-in-the-base"),
    ],
)
def test_what_does_not_depend_on_specs_is_listed_whatever_they_say(here: Path, subject: str, break_it: Any) -> None:
    break_it(here / "shop" / "sandboxes" / "dev1.yaml")
    assert run("list", subject, "shop") == (0, {"workloads": WORKLOADS, "owned": OWNED}[subject], "")


def without_line(table: str, name: str) -> str:
    return "".join(line for line in table.splitlines(keepends=True) if not line.startswith(f"{name} "))


def test_a_spec_that_cannot_be_read_is_told_beside_the_list(here: Path) -> None:
    edit(here / "shop" / "sandboxes" / "dev1.yaml", "owner: dana", "ownre: dana")
    err = f"shop/sandboxes/{OWNRE}1 problem of specs that cannot be rendered\n"
    code, out, said = run("list", "shop")
    assert (code, [line.split() for line in out.splitlines()], said) == (
        2,
        [line.split() for line in without_line(SANDBOXES, "dev1").splitlines()],
        err,
    )


def test_a_sandbox_that_cannot_be_rendered_is_listed_as_such(here: Path) -> None:
    misspell(here)
    code, out, err = run("list", "shop")
    assert (code, err) == (2, f"{CRAT}1 problem of specs that cannot be rendered\n")
    assert [line.split("  ")[-1].strip() for line in out.splitlines()] == ["NOTES", "cannot be rendered", "-", "-"]
    code, out, err = run("list", "shop", "--format", "json")
    (listed,) = json.loads(out)["environments"]
    assert (code, err) == (2, "")
    assert {row["name"]: row["renders"] for row in listed["sandboxes"]} == {"dev1": False, "dev10": True, "xdev1": True}
    assert [problem["code"] for problem in listed["problems"]] == ["SL210"]


def test_check_keeps_going(here: Path) -> None:
    misspell(here)
    run("render", "shop", "--keep-going")
    said = f"{CRAT}left out because of these problems: shop/sandboxes/dev1.yaml\n"
    assert run("check", "shop", "--keep-going") == (1, "", said)
    assert run("check", "shop") == (2, "", f"{CRAT}1 problem\n")
    stale = here / "shop" / "rendered" / FILES[-1]
    stale.write_text(stale.read_text() + "#\n")
    code, out, err = run("check", "shop", "--keep-going")
    assert (code, out) == (1, f"stale shop/rendered/{FILES[-1]}\n")
    assert err == f"1 file differs: run 'sandlane render shop/sandlane.yaml --keep-going'\n{said}"
    code, out, err = run("check", "shop", "--keep-going", "--format", "json")
    assert (code, err, json.loads(out)["environments"][0]["left_out"]) == (1, "", [problem_data()])


def test_verify_names_what_cannot_be_rendered(here: Path) -> None:
    """What is not in the output is nobody's; what is in it is judged by its spec."""
    run("render", "shop")
    misspell(here)
    said = f"{CRAT}left out because of these problems: shop/sandboxes/dev1.yaml\n"
    code, out, err = run("verify", "shop")
    assert (code, out, err.endswith(said)) == (3, "", True)
    run("render", "shop", "--keep-going")
    code, out, err = run("verify", "shop")
    assert (code, out.partition(":")[2].partition(",")[0], err) == (2, " the promises hold for 2 tenants", said)
    edit(here / "shop" / "sandboxes" / "dev1.yaml", "owner: dana", "ownre: dana")
    unread = f"shop/sandboxes/{OWNRE}left out because of these problems: shop/sandboxes/dev1.yaml\n"
    assert run("verify", "shop")[::2] == (2, unread)


@pytest.mark.parametrize("arguments", [["--all"], ["http://cart"]])
def test_trace_names_tenants_that_it_cannot_look_at(here: Path, arguments: list[str]) -> None:
    run("render", "shop")
    fine, whole, _ = run("trace", *arguments, "shop")
    edit(here / "shop" / "sandboxes" / "dev1.yaml", "owner: dana", "ownre: dana")
    said = f"shop/sandboxes/{OWNRE}1 problem of specs that cannot be read: their tenants are not looked at\n"
    code, out, err = run("trace", *arguments, "shop")
    assert (fine, code, err) == (0, 2, said)
    assert (out == whole) == (arguments != ["--all"])
    assert [
        p["code"]
        for p in json.loads(run("trace", *arguments, "shop", "--format", "json")[1])["environments"][0]["problems"]
    ] == ["SL202"]


@pytest.mark.parametrize(
    ("stands_in", "argument", "place"),
    [
        pytest.param(".", "shop", "shop/sandboxes/dev1.yaml", id="above"),
        pytest.param("shop", ".", "sandboxes/dev1.yaml", id="beside"),
        pytest.param("shop/base", "..", "../sandboxes/dev1.yaml", id="below"),
        pytest.param("shop/sandboxes", "..", "dev1.yaml", id="in-it"),
    ],
)
def test_places_are_shown_from_where_the_user_stands(
    here: Path, monkeypatch: pytest.MonkeyPatch, stands_in: str, argument: str, place: str
) -> None:
    misspell(here)
    monkeypatch.chdir(here / stands_in)
    text = CRAT.replace("shop/sandboxes/dev1.yaml", place)
    assert run("render", argument) == (2, "", f"{text}1 problem, nothing was written\n")


def problem_data() -> dict[str, Any]:
    return {
        "code": "SL210",
        "level": "error",
        "message": "workload 'Deployment/shop/crat' is not in the base",
        "hint": "did you mean 'cart'?",
        "file": "shop/sandboxes/dev1.yaml",
        "line": 16,
        "column": 11,
        "object": None,
    }


@pytest.mark.parametrize("command", ["render", "check"])
def test_problems_as_json(here: Path, command: str) -> None:
    misspell(here)
    code, out, err = run(command, "shop", "--format", "json")
    assert (code, err) == (2, "")
    assert json.loads(out) == {"environments": [{"environment": "shop/sandlane.yaml", "problems": [problem_data()]}]}


OWNRE = (
    "dev1.yaml:13:3: SL202 unknown field 'ownre' in 'spec'\n"
    "  hint: did you mean 'owner'? allowed: expires, owner, resources, suspend, tenantID, workloads\n"
)


def test_keep_going(here: Path) -> None:
    run("render", "shop")
    misspell(here)
    assert run("render", "shop", "--keep-going") == (
        1,
        "".join(f"update shop/rendered/{path}\n" for path in CART[1:])
        + "".join(f"delete shop/rendered/{path}\n" for path in [*DEV1, CART[0]]),
        "shop/rendered: 0 created, 2 updated, 5 deleted, 12 unchanged\n"
        f"{CRAT}left out because of these problems: shop/sandboxes/dev1.yaml\n",
    )


@pytest.mark.parametrize(
    ("break_it", "left_out", "said"),
    [
        pytest.param(
            lambda spec: spec.write_text("a: b: c\n"),
            "dev1",
            "dev1.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n"
            "  hint: quote the value: 'a: \"b: c\"'\n",
            id="syntax",
        ),
        pytest.param(
            lambda spec: edit(spec, "owner: dana", "ownre: dana"),
            "dev1",
            OWNRE,
            id="schema",
        ),
        pytest.param(
            lambda spec: edit(spec, "tenantID: dev1\n", "tenantID: xdev1\n"),
            "dev1.yaml, shop/sandboxes/xdev1",
            "dev1.yaml:12:13: SL205 tenantID 'xdev1' is also claimed by sandbox 'xdev1' in shop/sandboxes/xdev1.yaml\n"
            "  hint: give each sandbox and each route group a tenantID of its own\n"
            "shop/sandboxes/xdev1.yaml:8:9: SL205 tenantID 'xdev1' is also claimed by sandbox 'dev1' in shop/sandboxes/dev1.yaml\n"
            "  hint: give each sandbox and each route group a tenantID of its own\n",
            id="tenant-twice",
        ),
    ],
)
def test_keep_going_leaves_out_one_sandbox(here: Path, break_it: Any, left_out: str, said: str) -> None:
    break_it(here / "shop" / "sandboxes" / "dev1.yaml")
    code, _, err = run("render", "shop", "--keep-going")
    _, _, words = err.partition(" unchanged\n")
    assert (code, words) == (
        1,
        f"shop/sandboxes/{said}left out because of these problems: shop/sandboxes/{left_out}.yaml\n",
    )
    kept = {path.name for path in (here / "shop" / "rendered" / "sandboxes").iterdir()}
    gone = {Path(file).name.removesuffix(".yaml") for file in left_out.split(", ")}
    assert kept == {"README.md", "dev1", "dev10", "xdev1"} - gone


def test_keep_going_without_mistakes(here: Path) -> None:
    assert run("render", "shop", "--keep-going") == (0, created(), TALLY)


def test_keep_going_leaves_a_group_without_its_member(here: Path) -> None:
    group_file = here / "shop" / "sandboxes" / "rel.yaml"
    group_file.write_text(
        "apiVersion: sandlane.dev/v1alpha1\nkind: RouteGroup\nmetadata: {name: rel}\nspec: {sandboxes: [dev1, xdev1]}\n"
    )
    edit(here / "shop" / "sandboxes" / "dev1.yaml", "owner: dana", "ownre: dana")
    code, _, err = run("render", "shop", "--keep-going")
    _, _, words = err.partition(" unchanged\n")
    assert (code, words) == (
        1,
        f"shop/sandboxes/{OWNRE}left out because of these problems: shop/sandboxes/dev1.yaml\n",
    )


def test_keep_going_cannot_help_the_base(here: Path) -> None:
    (here / "shop" / "base" / "bad.yaml").write_text("a: b: c\n")
    assert run("render", "shop", "--keep-going") == (
        2,
        "",
        "shop/base/bad.yaml:1:5: SL101 not valid YAML: ': ' stands in a value that has no quotes\n"
        "  hint: quote the value: 'a: \"b: c\"'\n"
        "1 problem, nothing was written\n",
    )


def test_keep_going_as_json(here: Path) -> None:
    misspell(here)
    code, out, _ = run("render", "shop", "--keep-going", "--format", "json")
    kept = [path for path in FILES if path not in (*DEV1, CART[0])]
    assert code == 1
    assert json.loads(out) == {
        "environments": [{**rendered_data(), "created": kept, "left_out": [problem_data()]}],
    }


# several environments


def test_several_environments(here: Path) -> None:
    shutil.copytree(here / "shop", here / "other")
    code, out, err = run("render", "shop", "other")
    assert (code, out) == (0, created() + created("other/rendered"))
    assert err == TALLY + TALLY.replace("shop/", "other/")
    assert run("check", "shop", "other") == (0, "", CURRENT + CURRENT.replace("shop/", "other/"))


def test_the_gravest_status_of_several_environments(here: Path) -> None:
    shutil.copytree(here / "shop", here / "other")
    misspell(here)
    tally = TALLY.replace("shop/", "other/")
    assert run("render", "other", "shop") == (
        2,
        created("other/rendered"),
        f"{tally}{CRAT}1 problem, nothing was written for this environment\n",
    )
    (here / "other" / "rendered" / FILES[0]).unlink()
    assert run("check", "shop", "other") == (
        2,
        f"missing other/rendered/{FILES[0]}\n",
        f"{CRAT}1 problem for this environment\n1 file differs: run 'sandlane render other/sandlane.yaml'\n",
    )


@pytest.mark.parametrize("command", ["render", "check"])
def test_json_of_several_environments_is_one_document(here: Path, command: str) -> None:
    shutil.copytree(here / "shop", here / "other")
    misspell(here)
    code, out, err = run(command, "other", "shop", "--format", "json")
    result = rendered_data("other") if command == "render" else checked_data("other", missing=FILES)
    assert (code, err) == (2, "")
    assert json.loads(out) == {
        "environments": [result, {"environment": "shop/sandlane.yaml", "problems": [problem_data()]}]
    }


def test_json_of_a_full_disk(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("render", "shop")
    (here / "shop" / "rendered" / FILES[2]).unlink()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    code, out, err = run("render", "shop", "--format", "json")
    assert (code, err) == (2, "")
    assert json.loads(out) == {
        "environments": [
            {
                "environment": "shop/sandlane.yaml",
                "problems": [
                    {
                        "code": "SL502",
                        "level": "error",
                        "message": f"the output directory 'shop/rendered' cannot be used: '{FILES[2]}': No space left on device",
                        "hint": None,
                        "file": None,
                        "line": None,
                        "column": None,
                        "object": None,
                    }
                ],
            }
        ]
    }


# JSON


def rendered_data(directory: str = "shop") -> dict[str, Any]:
    """Returns what a first render of a directory tells."""
    return {
        "environment": f"{directory}/sandlane.yaml",
        "output": f"{directory}/rendered",
        "created": FILES,
        "updated": [],
        "deleted": [],
        "unchanged": 0,
        "problems": [],
        "left_out": [],
    }


def checked_data(directory: str = "shop", **paths: list[str]) -> dict[str, Any]:
    """Returns what check tells of a directory."""
    return {
        "environment": f"{directory}/sandlane.yaml",
        "output": f"{directory}/rendered",
        "missing": [],
        "stale": [],
        "extra": [],
        "foreign": [],
        **paths,
    }


def test_render_as_json(here: Path) -> None:
    code, out, err = run("render", "shop", "--format", "json")
    assert (code, err, json.loads(out)) == (0, "", {"environments": [rendered_data()]})


def test_check_as_json(here: Path) -> None:
    run("render", "shop")
    (here / "shop" / "rendered" / FILES[2]).unlink()
    (here / "shop" / "rendered" / FILES[3]).write_text(f"{MARK}\n")
    (here / "shop" / "rendered" / "old.md").write_text(f"{MARK}\n")
    (here / "shop" / "rendered" / "x.json").write_text("{}")
    leftover = ".sandlane-7-0123456789abcdef.tmp"
    (here / "shop" / "rendered" / leftover).write_text(MARK[:9])
    code, out, err = run("check", "shop", "--format", "json")
    assert (code, err) == (1, "")
    assert json.loads(out) == {
        "environments": [
            checked_data(missing=[FILES[2]], stale=[FILES[3]], extra=["old.md", leftover], foreign=["x.json"])
        ]
    }


# list

SANDBOXES = """\
NAME   TENANTID  OWNER  EXPIRES     WORKLOADS                                           NOTES
dev1   dev1      dana   2027-01-29  Deployment/shop/cart, Deployment/shop/checkout      -
dev10  dev10     eli    2027-02-12  Deployment/shop/catalog-v2, Deployment/shop/mailer  -
xdev1  xdev1     sam    2026-12-18  Deployment/shop/payment                             -
"""
WORKLOADS = """\
WORKLOAD                     CLONABLE  ROUTED PORTS        NOTES
Deployment/shop/broker       yes       -                   broker:5672: TCP carries no headers
Deployment/shop/cart         yes       cart:80, cart:9090  -
Deployment/shop/catalog-v1   yes       catalog:80          -
Deployment/shop/catalog-v2   yes       catalog:80          -
Deployment/shop/checkout     yes       checkout:5050       -
Deployment/shop/mailer       yes       -                   no Service selects it
Deployment/shop/payment      yes       payment:5060        -
Deployment/shop/shipping     yes       shipping:80         -
Deployment/shop/storefront   yes       storefront:80       -
StatefulSet/shop/cart-store  yes       -                   cart-store:6379: TCP carries no headers
"""
OWNED = """\
OBJECT                        BASE                       OUTPUT
VirtualService/shop/catalog   shop/routes/catalog.yaml   shared/shop/virtualservice-catalog.yaml
VirtualService/shop/checkout  shop/routes/checkout.yaml  shared/shop/virtualservice-checkout.yaml
VirtualService/shop/shop      shop/routes/shop.yaml      shared/shop/virtualservice-shop.yaml
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["shop"], SANDBOXES, id="default"),
        pytest.param(["sandboxes", "shop"], SANDBOXES, id="sandboxes"),
        pytest.param(["workloads", "shop"], WORKLOADS, id="workloads"),
        pytest.param(["owned", "shop"], OWNED, id="owned"),
        pytest.param(["sandboxes", "shop", "shop"], f"# shop/sandlane.yaml\n{SANDBOXES}" * 2, id="two-environments"),
        pytest.param(["workloads", "shop", "shop"], f"# shop/sandlane.yaml\n{WORKLOADS}" * 2, id="workloads-of-two"),
        pytest.param(["owned", "shop", "shop"], f"# shop/sandlane.yaml\n{OWNED}" * 2, id="owned-of-two"),
    ],
)
def test_list(here: Path, arguments: list[str], expected: str) -> None:
    assert run("list", *arguments) == (0, expected, "")
    assert not (here / "shop" / "rendered").exists()


def test_list_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "shop")
    assert run("list") == (0, SANDBOXES, "")


def test_list_as_json(here: Path) -> None:
    code, out, err = run("list", "shop", "--format", "json")
    document = json.loads(out)
    rows = document["environments"][0]["sandboxes"]
    assert (code, err) == (0, "")
    assert document == {"environments": [{"environment": "shop/sandlane.yaml", "name": "staging", "sandboxes": rows}]}
    assert [row["name"] for row in rows] == ["dev1", "dev10", "xdev1"]
    assert rows[2] == {
        "name": "xdev1",
        "kind": "DevelopmentSandbox",
        "tenantID": "xdev1",
        "owner": "sam",
        "expires": "2026-12-18",
        "suspended": False,
        "preview": None,
        "previewURL": None,
        "workloads": ["Deployment/shop/payment"],
        "withoutPods": [],
        "sandboxes": [],
        "accepted": [],
        "file": "shop/sandboxes/xdev1.yaml",
        "renders": True,
    }


def test_list_tells_the_hosts_of_previews(here: Path) -> None:
    preview = '  preview: {host: "{tenantID}.p.example.com", gateway: shop-gateway}'
    edit(here / "shop" / "sandlane.yaml", "  mesh: istio\n", f"  mesh: istio\n{preview}\n")
    edit(here / "shop" / "routes" / "gateway.yaml", "[shop.example.com]", "[shop.example.com, '*.p.example.com']")
    edit(here / "shop" / "sandboxes" / "dev10.yaml", "spec:\n", "spec:\n  suspend: true\n")
    code, out, err = run("list", "shop/sandlane.yaml", "--format", "json")
    rows = json.loads(out)["environments"][0]["sandboxes"]
    assert (code, err, [row["preview"] for row in rows]) == (0, "", ["dev1.p.example.com", None, "xdev1.p.example.com"])
    code, out, err = run("list", "shop/sandlane.yaml")
    notes = [line.rpartition("  ")[2] for line in out.splitlines()]
    assert notes == [
        "NOTES",
        "preview http://dev1.p.example.com/",
        "suspended",
        "preview http://xdev1.p.example.com/",
    ]


def test_list_of_several_environments(here: Path) -> None:
    shutil.copytree(here / "shop", here / "other")
    edit(here / "shop" / "sandboxes" / "dev1.yaml", "owner: dana", "ownre: dana")
    code, out, err = run("list", "shop", "other")
    assert (code, err) == (2, f"shop/sandboxes/{OWNRE}1 problem of specs that cannot be rendered\n")
    assert out.endswith(f"# other/sandlane.yaml\n{SANDBOXES}")
    other = OWNED.replace("shop/routes/", "other/routes/").splitlines()
    code, out, err = run("list", "owned", "shop", "other")
    assert (code, err) == (0, "")
    assert out.splitlines()[:5] == ["# shop/sandlane.yaml", *OWNED.splitlines()]
    assert [line.split() for line in out.splitlines()[5:]] == [
        ["#", "other/sandlane.yaml"],
        *(line.split() for line in other),
    ]
    code, out, err = run("list", "workloads", "shop", "other", "--format", "json")
    found = json.loads(out)["environments"]
    assert (code, err, [one["environment"] for one in found]) == (0, "", ["shop/sandlane.yaml", "other/sandlane.yaml"])


def test_pictures_of_several_environments(here: Path) -> None:
    code, picture, err = run("list", "shop", "--format", "mermaid")
    assert (code, err) == (0, "")
    assert run("list", "shop", "shop", "--format", "mermaid") == (0, f"%% shop/sandlane.yaml\n{picture}" * 2, "")


def test_list_of_nothing(here: Path) -> None:
    assert run("list", "sandboxs")[2].splitlines()[-1] == (
        "Error: 'sandboxs' is neither a subject nor an environment: did you mean 'sandboxes'?"
    )
    assert run("list", "elsewhere") == (
        2,
        "",
        "SL120 environment file 'elsewhere' does not exist\n  hint: name one of those below: shop/sandlane.yaml\n"
        "1 problem\n",
    )


# explain and schema


def test_explain_one() -> None:
    page = (
        "SL310 (error, acceptable): no Service selects '<object>' and none of its environment changes, so its clone takes work "
        "from the base's own queue or schedule\n\n"
        "A consumer cannot be reached by routes: its clone competes with the origin for messages.\n\n"
        "Way out: give the clone a queue of its own, such as 'env: [{name: QUEUE, value: orders-$(SANDLANE_TENANT_ID)}]'.\n\n"
        "A sandbox may accept it: 'accept: [{code: SL310, object: Kind/namespace/name, reason: ...}]' at its workload.\n\n"
        "Bad:\n    workloads:\n    - {name: mailer, image: registry.example/mailer:2}\n\n"
        "Good:\n    workloads:\n    - name: mailer\n      containers:\n      - name: mailer\n"
        "        env: [{name: QUEUE, value: orders-$(SANDLANE_TENANT_ID)}]\n"
    )
    assert run("explain", "SL310") == (0, page, "")
    assert run("explain", "sl310") == (0, page, "")


def test_explain_all() -> None:
    code, out, err = run("explain")
    assert (code, err, [line.split()[0] for line in out.splitlines()]) == (0, "", list(CATALOGUE))
    assert re.findall(r"[{]\w+(?:![rs])?(?::,)?[}]", out) == []
    assert "SL126  error               <what> <file> overlaps the output directory <output>" in out.splitlines()


def test_explanations_show_placeholders_as_such() -> None:
    for code, row in CATALOGUE.items():
        status, out, err = run("explain", code)
        names = [name for text in (row.text, row.hint or "") for _, name, _, _ in Formatter().parse(text) if name]
        head = out.partition("\n\nBad:\n")[0].replace(row.why, "")
        assert (code, status, err) == (code, 0, "")
        assert (code, [f"<{name}>" for name in names if f"<{name}>" not in head]) == (code, [])
        assert (code, re.findall(r"[{]\w+(?:![rs])?(?::,)?[}]", head)) == (code, [])


def test_explain_as_json() -> None:
    code, out, err = run("explain", "--format", "json")
    found = json.loads(out)
    assert (code, err, [row["code"] for row in found]) == (0, "", list(CATALOGUE))
    row = CATALOGUE["SL210"]
    assert next(r for r in found if r["code"] == "SL210") == {
        "code": "SL210",
        "level": "error",
        "acceptable": False,
        "text": row.text,
        "hint": None,
        "why": row.why,
        "bad": row.bad,
        "good": row.good,
        "promise": None,
    }
    assert [row["promise"] for row in found if row["code"] in ("SL601", "SL606")] == [1, 7]


def test_explain_names_the_promise() -> None:
    code, out, err = run("explain", "SL606")
    assert (code, err) == (0, "")
    assert (
        "\n\nPromise 7: What is written reads back as the same data, and the API server and the mesh accept it.\n\n"
        in out
    )


POLICY = """\
environment.spec.policy.require (list of strings)

Fields that every sandbox and route group has to have.
One of: owner, expires.

Example:
    spec:
      policy:
        require:
        - owner
        - expires
"""
SELECTOR = """\
routegroup.spec.selector (mapping)

Joins the sandboxes whose labels match, beside those that are named.

Fields:
    matchLabels  mapping of names to strings, required  Labels that a sandbox must carry.

Example:
    spec:
      selector:
        matchLabels:
          feature: new-cart
"""
NAMESPACE = """\
environment.spec.defaultNamespace (string)

Namespace of base objects and workloads that name none.
Default: default

Example:
    spec:
      defaultNamespace: shop
"""


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("environment.spec.policy.require", POLICY, id="choices"),
        pytest.param("routegroup.spec.selector", SELECTOR, id="fields"),
        pytest.param("defaultNamespace", NAMESPACE, id="by-its-last-step"),
        pytest.param(
            "owner",
            "sandbox.spec.owner     string  Who answers for the sandbox; an annotation on its objects.\n"
            "routegroup.spec.owner  string  Who answers for the group.\n",
            id="several",
        ),
    ],
)
def test_explain_fields(asked: str, expected: str) -> None:
    assert run("explain", asked) == (0, expected, "")


def test_explain_a_field_as_json() -> None:
    code, out, err = run("explain", "environment.spec.output.base", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out) == [
        {
            "field": "environment.spec.output.base",
            "type": "string",
            "required": False,
            "default": "none",
            "allowed": ["none", "full"],
            "description": "none: only what sandboxes add and the adopted route objects; full: the whole base too (never a Secret).",
            "fields": [],
            "example": {"spec": {"output": {"base": "full"}}},
        }
    ]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        pytest.param("nope", "no code or field 'nope': expected a code, such as SL210, or a field, such as environment.spec.policy",
                     id="nothing"),
        pytest.param("environment.spec.plicy", "no code or field 'environment.spec.plicy': did you mean 'environment.spec.policy'?",
                     id="path"),
        pytest.param("sandbx.spec.polcy", "no code or field 'sandbx.spec.polcy': did you mean 'sandbox.spec'?", id="word"),
        pytest.param("SL2100", "no code 'SL2100': did you mean 'SL210'?", id="code"),
        pytest.param("SL", "no code 'SL': 'sandlane explain' lists those there are", id="no-code"),
    ],
)  # fmt: skip
def test_explain_of_nothing(asked: str, error: str) -> None:
    usage = "Usage: sandlane explain [OPTIONS] [CODE|FIELD]\nTry 'sandlane explain --help' for help.\n\n"
    assert run("explain", asked) == (2, "", f"{usage}Error: {error}\n")


@pytest.mark.parametrize("kind", list(KINDS))
def test_schema(kind: str) -> None:
    assert run("schema", kind.lower()) == (0, json.dumps(schema(kind), indent=2) + "\n", "")


def test_schema_of_a_sandbox_is_the_default() -> None:
    assert run("schema") == run("schema", "DevelopmentSandbox")


@pytest.mark.parametrize("kind", list(NAMES))
def test_crd(kind: str) -> None:
    code, out, err = run("schema", "--crd", kind)
    assert (code, err, [d.data for d in read(out.encode(), "crd")]) == (0, "", [custom_resource(kind)])


def test_crds_of_all_kinds() -> None:
    code, out, err = run("schema", "--crd")
    assert (code, err, [d.data for d in read(out.encode(), "crd")]) == (
        0,
        "",
        [custom_resource(kind) for kind in NAMES],
    )


def test_crd_of_an_environment() -> None:
    assert run("schema", "--crd", "Environment") == (
        2,
        "",
        "Usage: sandlane schema [OPTIONS] [developmentsandbox|environment|routegroup]\n"
        "Try 'sandlane schema --help' for help.\n\n"
        "Error: Environment is a file and never an object of a cluster: kinds with a CRD are DevelopmentSandbox, RouteGroup\n",
    )


# the group


@pytest.mark.parametrize(
    ("command", "guess"),
    [
        pytest.param("rendr", "did you mean 'render'?", id="near"),
        pytest.param("zzz", f"expected one of {', '.join(sorted(COMMANDS))}", id="far"),
    ],
)
def test_unknown_command(command: str, guess: str) -> None:
    assert run(command) == (
        2,
        "",
        "Usage: sandlane [OPTIONS] COMMAND [ARGS]...\nTry 'sandlane --help' for help.\n\n"
        f"Error: no such command '{command}': {guess}\n",
    )


def test_every_command_has_help() -> None:
    for name in COMMANDS:
        code, out, err = run(name, "--help")
        assert (code, err, out.startswith(f"Usage: sandlane {name} ")) == (0, "", True)


def test_version() -> None:
    assert run("--version") == (0, f"{version('sandlane')}\n", "")


def test_environment_outside_of_the_root(here: Path) -> None:
    (here / "narrow").mkdir()
    root = (here / "narrow").resolve()
    assert run("render", "shop", "--root", "narrow") == (
        2,
        "",
        f"SL121 'shop/sandlane.yaml' lies outside of '{root}', the root of what may be read\n"
        "  hint: keep inputs and output inside the repository, or give another root with --root DIR\n"
        "1 problem, nothing was written\n",
    )


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        pytest.param("nope", f"SL120 environment file 'nope'{NO_FILE}", id="missing"),
        pytest.param(
            "shop/base",
            f"SL120 environment file 'shop/base/sandlane.yaml'{NO_FILE}",
            id="directory-without-an-environment",
        ),
        pytest.param("dangling", f"SL120 environment file 'dangling'{NO_FILE}", id="dangling-link"),
        pytest.param("loop", "loop: SL128 cannot be read: 'loop': Too many levels of symbolic links", id="loop"),
        pytest.param(LONG, f"{LONG}: SL128 cannot be read: '{LONG[:117]}…': File name too long", id="name-too-long"),
        pytest.param("pipe", "pipe: SL128 cannot be read: 'pipe' is no regular file", id="pipe"),
    ],
)
def test_odd_environments_are_mistakes_of_the_user(here: Path, argument: str, expected: str) -> None:
    (here / "dangling").symlink_to("nowhere")
    (here / "loop").symlink_to("loop")
    os.mkfifo(here / "pipe")
    assert run("render", argument) == (2, "", f"{expected}\n1 problem, nothing was written\n")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("base", f"5:10: SL128 cannot be read: {TOO_LONG}", id="base"),
        pytest.param("sandboxes", f"6:15: SL128 cannot be read: {TOO_LONG}", id="sandboxes"),
        pytest.param(
            "output",
            f"7:11: SL502 the output directory '{LONG}' cannot be used: {TOO_LONG}",
            id="output",
        ),
    ],
)
def test_odd_paths_in_the_environment_are_mistakes_of_the_user(here: Path, field: str, expected: str) -> None:
    entry = f"output:\n    path: {LONG}\n" if field == "output" else f"{field}: [{LONG}]\n"
    (here / "shop" / "sandlane.yaml").write_text(
        "apiVersion: sandlane.dev/v1alpha1\nkind: Environment\nspec:\n  mesh: istio\n"
        + ("" if field == "base" else "  base: [base]\n")
        + f"  {entry}"
    )
    assert run("render", "shop") == (2, "", f"shop/sandlane.yaml:{expected}\n1 problem, nothing was written\n")


def test_a_defect_is_told_as_one(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sandlane.cli.session.read_inputs", broken)
    monkeypatch.setattr(sys, "argv", ["sandlane", "render", "shop"])
    with pytest.raises(SystemExit) as caught:
        main()
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (DEFECT, "")
    assert err.splitlines()[-1] == (
        "internal error: this is a defect of sandlane, not of your files: please report it with the lines above"
    )


def test_no_colours_where_no_terminal_is(here: Path) -> None:
    misspell(here)
    for arguments in (["render", "shop"], ["list", "shop"], ["--help"], ["explain"], ["zzz"]):
        done = sandlane(here, *arguments)
        assert (arguments, "\x1b" in done.stdout + done.stderr) == (arguments, False)
