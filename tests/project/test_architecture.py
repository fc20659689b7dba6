"""Rules of the code itself: what the core may import, and registries that match their folders."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib

import pytest

from sandlane.cli.main import COMMANDS
from sandlane.meshes.gateway_api import dialects
from sandlane.meshes.registry import MESHES
from tests.shared import REPOSITORY
from tests.sources import MODULES, PACKAGE, imports, nodes_of

ROOMS = (
    "frozen",
    "problems", "k8s", "yamlio", "patch", "files", "base", "overrides", "specs", "semantics", "plan", "output", "guards", "clone",
    "meshes", "proof", "reports", "pipeline", "cli", "__main__",
)  # fmt: skip
"""Packages and modules of the root, in the order of docs/architecture.md: each imports what stands before it."""
RIM = {"files/disk.py", "files/git.py", "output/changes.py", "output/handles.py", "output/write.py", "__main__.py"}
FORBIDDEN = {"os", "pathlib", "sys", "time", "random", "click", "logging", "subprocess", "socket", "tempfile", "shutil"}
CORE = tuple(module for module in MODULES if module not in RIM and not module.startswith("cli/"))


@pytest.mark.parametrize("file", CORE)
def test_core_touches_neither_disk_nor_clock(file: str) -> None:
    assert {name.split(".")[0] for name in imports(file)} & FORBIDDEN == set()


@pytest.mark.parametrize("file", [file for file in CORE if not file.startswith("yamlio/")])
def test_only_yamlio_imports_yaml(file: str) -> None:
    assert "yaml" not in {name.split(".")[0] for name in imports(file)}


def test_the_root_holds_rooms_and_the_line() -> None:
    roots = {path.stem for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert roots == {*ROOMS, "__init__"}


@pytest.mark.parametrize("file", MODULES)
def test_imports_follow_the_order_of_rooms(file: str) -> None:
    if file == "__init__.py":
        return
    room = ROOMS.index(file.partition("/")[0].removesuffix(".py"))
    ours = {name.split(".")[1] for name in imports(file) if name.startswith("sandlane.")}
    assert {name for name in ours if ROOMS.index(name) > room} == set()


def test_the_documentation_lists_rooms_in_order() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    assert tuple(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", text, re.MULTILINE)) == ROOMS


@pytest.mark.parametrize("file", [file for file in CORE if file.startswith(("proof/", "semantics/"))])
def test_proof_shares_no_decision_with_the_renderer(file: str) -> None:
    ours = {name.split(".")[1] for name in imports(file) if name.startswith("sandlane.")}
    assert ours & {"plan", "guards", "clone", "meshes"} == set()


def test_every_command_has_its_module() -> None:
    modules = {path.stem for path in (PACKAGE / "cli").glob("*.py")} - {
        "__init__",
        "main",
        "options",
        "session",
        "view",
        "terminal",
        "completing",
        "reaching",
        "changing",
    }
    assert {name.replace("-", "_") for name in COMMANDS} == modules


def test_every_mesh_has_its_row_and_every_row_its_module() -> None:
    schema = json.loads((REPOSITORY / "schemas" / "environment.json").read_text())
    assert sorted(MESHES) == sorted(schema["properties"]["spec"]["properties"]["mesh"]["enum"])
    rows = {name for name, value in vars(dialects).items() if isinstance(value, dialects.Dialect)}
    assert {name for name in rows for mesh in MESHES.values() if mesh.dialect is getattr(dialects, name)} == rows
    found = PACKAGE.glob("meshes/*/*routes.py")
    routing = {f"{path.parent.name}.{path.stem}" for path in found if "\ndef route(" in path.read_text()}
    assert {mesh.routes for mesh in MESHES.values()} == routing


def test_packages_of_meshes_hold_no_logic() -> None:
    assert {path.read_text().strip() for path in PACKAGE.glob("meshes/**/__init__.py")} == {""}


def test_a_mesh_of_the_gateway_api_loads_no_routes_of_istio() -> None:
    program = (
        "import sys; from sandlane.meshes.registry import MESHES; import sandlane.meshes.gateway_api.routes\n"
        "print(sorted(name for name in sys.modules if name.startswith('sandlane.meshes.istio.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert done.stdout == "['sandlane.meshes.istio.canonical_labels']\n"


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
    imported = {name.partition(".")[0] for file in MODULES for name in imports(file)}
    foreign = imported - sys.stdlib_module_names - {"sandlane"}
    distributions = {"re2": "google-re2", "ruamel": "ruamel.yaml", "yaml": "pyyaml"}
    assert {distributions.get(name, name) for name in foreign} == {d.partition(">")[0].lower() for d in declared}


OBLIGATIONS = [module for module in MODULES if module.startswith("proof/obligations/")]


@pytest.mark.parametrize("file", OBLIGATIONS)
def test_no_obligation_imports_another(file: str) -> None:
    assert [name for name in imports(file) if name.startswith("sandlane.proof.obligations.")] == []


@pytest.mark.parametrize("file", [file for file in CORE if file.startswith(("proof/", "semantics/"))])
def test_no_class_of_proof_has_more_than_a_dozen_fields(file: str) -> None:
    classes = [node for node in nodes_of(file) if isinstance(node, ast.ClassDef)]
    fields = {c.name: sum(isinstance(node, ast.AnnAssign) for node in c.body) for c in classes}
    assert {name: count for name, count in fields.items() if count > 13} == {}
