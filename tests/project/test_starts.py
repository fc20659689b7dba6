"""What a command imports and asks the disk for, counted, so that no machine makes these tests fail and no clock is needed."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sandlane.cli.main import group
from tests.shared import REPOSITORY
from tests.sources import MODULES, nodes_of

SHOP = REPOSITORY / "overlays" / "shop"
RARE = {"calendar", "decimal", "deepdiff", "difflib", "hashlib", "importlib.metadata", "importlib.resources", "jinja2", "jsonschema",
        "re2", "ruamel", "secrets", "shutil", "tempfile", "zipfile"}  # fmt: skip
"""Modules of others that cost milliseconds, and that most runs can do without."""
LIGHT = {"cli", "files", "frozen", "problems", "specs", "yamlio"}
WHAT_RENDERS = {"base", "cli", "clone", "files", "frozen", "guards", "k8s", "meshes", "output", "overrides", "patch", "pipeline",
                "plan", "problems", "specs", "yamlio"}  # fmt: skip
"""Neither proof nor reports, nor what the two know of meshes."""
UNUSED = {"sandlane.clone.resources", "sandlane.files.git", "sandlane.guards.resources", "sandlane.meshes.istio.preview",
          "sandlane.output.write", "sandlane.patch.strategic", "sandlane.specs.forms",
          "sandlane.yamlio.reasons", "subprocess"}  # fmt: skip
"""What a check of the demo shop has no use for."""
COUNTING = """
import json, sys
from sandlane.cli.main import main
sys.argv = ["sandlane", *sys.argv[1:]]
try:
    main()
except SystemExit as ended:
    assert ended.code in (0, 1), ended.code
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported(*arguments: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "renderer")}
    command = [sys.executable, "-c", COUNTING, *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(ended.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    ("arguments", "most", "rooms"),
    [
        pytest.param(["--version"], 6, {"cli", "files"}, id="version"),
        pytest.param(["explain", "SL101"], 36, LIGHT, id="explain-code"),
        pytest.param(["explain", "environment.spec.mesh"], 36, LIGHT, id="explain-field"),
        pytest.param(["schema", "Environment"], 21, LIGHT, id="schema"),
        pytest.param(["check", str(SHOP / "sandlane.yaml")], 196, WHAT_RENDERS, id="check-istio"),
        pytest.param(["check", str(SHOP / "linkerd.yaml")], 192, WHAT_RENDERS, id="check-linkerd"),
    ],
)
def test_commands_import_what_they_use(arguments: list[str], most: int, rooms: set[str]) -> None:
    modules = imported(*arguments)
    ours = [name for name in modules if name.startswith("sandlane")]
    assert {name.split(".")[1] for name in ours if "." in name} - rooms == set()
    assert len(ours) <= most
    # The demo shop has a day in one of its specs, which is looked up in the calendar.
    assert set(modules) & RARE - {"calendar"} == set()
    assert arguments[0] != "check" or set(modules) & UNUSED == set()


def test_linkerd_needs_nothing_of_istio_but_what_its_proxies_share() -> None:
    ours = {name for name in imported("check", str(SHOP / "linkerd.yaml")) if name.startswith("sandlane.meshes.istio.")}
    assert ours == {"sandlane.meshes.istio.canonical_labels"}


def test_frozen_classes_are_made_cheaply() -> None:
    """A class of `@dataclass(frozen=True)` costs half a millisecond at every start: `frozen` is the same without it."""
    made = [
        f"{file}: {node.name}"
        for file in MODULES
        for node in nodes_of(file)
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id == "dataclass"
        and any(keyword.arg == "frozen" for keyword in decorator.keywords)
    ]
    assert made == []


COUNTED = ("fstat", "listdir", "lstat", "mkdir", "open", "rename", "scandir", "stat", "unlink")


def lay_out(directory: Path, count: int) -> Path:
    """Writes the demo shop with so many sandboxes of one workload."""
    for name in ("base", "routes"):
        shutil.copytree(SHOP / name, directory / name)
    shutil.copyfile(SHOP / "sandlane.yaml", directory / "sandlane.yaml")
    (directory / "sandboxes").mkdir()
    for number in range(count):
        (directory / "sandboxes" / f"t{number:02}.yaml").write_text(
            f"apiVersion: sandlane.dev/v1alpha1\nkind: DevelopmentSandbox\nmetadata: {{name: t{number:02}}}\n"
            "spec:\n  workloads:\n  - {name: cart}\n"
        )
    return directory


def asked(command: str, directory: Path) -> Counter[str]:
    """Runs a command, and counts what it asks the operating system for."""
    counts: Counter[str] = Counter()

    def counting(name: str, call: Any) -> Any:
        def counted(*arguments: Any, **named: Any) -> Any:
            counts[name] += 1
            return call(*arguments, **named)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        for name in COUNTED:
            patch.setattr(os, name, counting(name, getattr(os, name)))
        result = CliRunner().invoke(group, [command, str(directory), "-q"], prog_name="sandlane")
    assert (result.exit_code, result.exception) == (0, None)
    return counts


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, float]]:
    """What a sandbox adds to each run: of a new output, of one that is up to date, and of `check`."""
    found: list[dict[str, Counter[str]]] = []
    for count in (2, 10, 20):  # the first imports what the others need
        directory = lay_out(tmp_path_factory.mktemp("counted") / "shop", count)
        found.append(
            {run: asked(run.split()[0], directory) for run in ("render first", "render again", "check", "verify")}
        )
    return {
        run: {name: (found[2][run][name] - found[1][run][name]) / 10 for name in COUNTED if found[2][run][name]}
        for run in found[0]
    }


SPEC = {"lstat": 2, "open": 1, "fstat": 1}
"""A spec: what it is, and its bytes, each time whether a link leads to it."""


@pytest.mark.parametrize(
    ("run", "output"),
    [
        # Two directories and two files, each opened once by the handle of its directory.
        pytest.param("render first", {"mkdir": 2, "open": 6}, id="render-first"),
        pytest.param("render again", {"open": 4, "scandir": 2, "fstat": 2}, id="render-again"),
        pytest.param("check", {"open": 4, "scandir": 2, "fstat": 2}, id="check"),
        # Two directories and two files: what each is, whether it is a link, what a syncer takes it for, its bytes.
        pytest.param("verify", {"listdir": 2, "lstat": 14, "open": 2, "fstat": 2}, id="verify"),
    ],
)
def test_what_a_sandbox_asks_the_disk_for(run: str, output: Mapping[str, int], runs: Mapping[str, Any]) -> None:
    expected = Counter(SPEC) + Counter(output)
    assert {name: count for name, count in runs[run].items() if count} == expected
