"""Rules of the code itself: what the core may import, and registries that match their folders."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib

import pytest
from sandlane.cli.main import COMMANDS
from sandlane.meshes import MESHES

from tests.shared import REPOSITORY

PACKAGE = REPOSITORY / "renderer" / "sandlane"
RIM = {"load.py", "write.py", "__main__.py"}
FORBIDDEN = {"os", "pathlib", "sys", "time", "random", "click", "logging", "subprocess", "socket", "tempfile", "shutil"}
CORE = sorted(
    path.relative_to(PACKAGE).as_posix()
    for path in PACKAGE.rglob("*.py")
    if path.name not in RIM and "cli" not in path.relative_to(PACKAGE).parts
)


def imports(file: str) -> set[str]:
    tree = ast.parse((PACKAGE / file).read_text())
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("file", CORE)
def test_core_touches_neither_disk_nor_clock(file: str) -> None:
    assert {name.split(".")[0] for name in imports(file)} & FORBIDDEN == set()


@pytest.mark.parametrize("file", [file for file in CORE if file != "yamlio.py"])
def test_only_yamlio_imports_yaml(file: str) -> None:
    assert "yaml" not in {name.split(".")[0] for name in imports(file)}


@pytest.mark.parametrize("file", [file for file in CORE if file.startswith("proof/")])
def test_proof_shares_no_decision_with_the_renderer(file: str) -> None:
    shared = {"problems", "catalogue", "model", "base", "kinds", "selectors", "hosts", "ports", "rules", "workloads"}
    ours = {name.removeprefix("sandlane.") for name in imports(file) if name.startswith("sandlane.")}
    # claims_of reads the specs themselves, and nothing that was made of them.
    allowed = {*shared, *({"inputs"} if file == "proof/claims.py" else set())}
    assert {name for name in ours if not name.startswith("proof")} - allowed == set()


def test_every_command_has_its_module() -> None:
    modules = {path.stem for path in (PACKAGE / "cli").glob("*.py")} - {"__init__", "main", "sarif", "session", "view"}
    assert set(COMMANDS) == modules


def test_every_mesh_has_its_module() -> None:
    shared = {"__init__", "__pycache__", "base", "carriers", "gateway_api", "notices"}
    modules = {path.stem for path in (PACKAGE / "meshes").glob("*")} - shared
    assert {mesh.__name__.rpartition(".")[2] for mesh in MESHES.values()} == modules  # type: ignore[attr-defined]


@pytest.mark.parametrize("heavy", ["jsonschema", "jinja2", "deepdiff", "ruamel", "hypothesis"])
def test_a_render_imports_nothing_heavy(heavy: str) -> None:
    program = (
        "import sys, runpy; sys.argv = ['sandlane', 'check', 'overlays/shop', '--output', 'golden/shop', '--root', '.']\n"
        "try: runpy.run_module('sandlane', run_name='__main__')\n"
        f"except SystemExit as stop: assert stop.code == 0, stop.code\nassert {heavy!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


def test_every_import_is_a_dependency() -> None:
    """What only a developer's machine happens to have is missing where the wheel is installed."""
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    files = [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")]
    imported = {name.partition(".")[0] for file in files for name in imports(file)}
    foreign = imported - sys.stdlib_module_names - {"sandlane"}
    distributions = {"re2": "google-re2", "yaml": "pyyaml"}
    assert {distributions.get(name, name) for name in foreign} == {d.partition(">")[0].lower() for d in declared}
