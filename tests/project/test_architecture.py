"""Rules of the code itself: what the core may import, and registries that match their folders."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from statistics import median

import pytest

from sandlane import semantics
from sandlane.cli.main import COMMANDS
from sandlane.meshes.gateway_api import dialects
from sandlane.meshes.registry import MESHES
from sandlane.plan.other_controllers import BY_MESH
from sandlane.proof.readers import READERS
from tests.shared import REPOSITORY
from tests.sources import MODULES, PACKAGE, imports, nodes_of, text_of

ROOMS = (
    "frozen",
    "problems", "k8s", "yamlio", "patch", "files", "base", "overrides", "specs", "semantics", "plan", "output", "guards", "clone",
    "meshes", "proof", "reports", "pipeline", "cli", "__main__",
)  # fmt: skip
"""Packages and modules of the root, in the order of docs/architecture.md: each imports what stands before it."""
RIM = {"files/disk.py", "files/git.py", "output/changes.py", "output/handles.py", "output/write.py", "__main__.py"}
FORBIDDEN = {
    "os", "pathlib", "sys", "time", "random", "click", "logging", "subprocess", "socket", "tempfile", "shutil", "secrets", "zoneinfo",
}  # fmt: skip
TIMELESS = {"datetime.date", "datetime.date.fromisoformat", "uuid.uuid5", "uuid.NAMESPACE_DNS"}
"""What the core may use of modules that know the clock as well, or chance: days that are written, and ids that are made of names."""
CORE = tuple(module for module in MODULES if module not in RIM and not module.startswith("cli/"))


PROVING = tuple(file for file in CORE if file.startswith(("proof/", "semantics/")))


def importing(files: Iterable[str], names: Callable[[str], bool]) -> dict[str, list[str]]:
    """Returns what files import of names that a test asks for, by file."""
    found = {file: sorted(filter(names, imports(file))) for file in files}
    return {file: wrong for file, wrong in found.items() if wrong}


def rooms(*rooms: str) -> Callable[[str], bool]:
    """Returns what tells whether a name is of one of some rooms."""
    return lambda name: name.startswith("sandlane.") and name.split(".")[1] in rooms


def test_core_touches_neither_disk_nor_clock() -> None:
    assert importing(CORE, lambda name: name.split(".")[0] in FORBIDDEN) == {}


def timely(nodes: Iterable[ast.AST]) -> list[str]:
    """Returns what a module uses of `datetime` and `uuid` beyond TIMELESS, and how else it may have come by that."""
    nodes = tuple(nodes)
    modules = {name.partition(".")[0] for name in TIMELESS}
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    found = {
        ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner
    }
    found = {name for name in found if re.fullmatch(r"[\w.]+", name)}
    found = {name for name in found if name.partition(".")[0] in modules and name not in TIMELESS}
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {f"{each.name} as {each.asname}" for each in node.names if each.name in modules and each.asname}
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            found.add(f"from {node.module}")
        elif isinstance(node, ast.Attribute) and node.attr in ("today", "utcnow"):
            found.add(f".{node.attr}")
    return sorted(found)


def test_core_asks_for_no_day_and_no_chance() -> None:
    assert {file: found for file in CORE if (found := timely(nodes_of(file)))} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "datetime.date.fromisoformat(x), datetime.date(1, 1, 1).isoformat(), uuid.uuid5(uuid.NAMESPACE_DNS, x), request.now",
            [],
            id="none",
        ),
        pytest.param("datetime.date.today()", [".today", "datetime.date.today"], id="today"),
        pytest.param("datetime.datetime.now(datetime.UTC)", ["datetime.UTC", "datetime.datetime.now"], id="now"),
        pytest.param("day = datetime.date; day.today()", [".today"], id="by-another-name"),
        pytest.param("d = datetime; d.date(1, 1, 1)", ["datetime"], id="module"),
        pytest.param("uuid.uuid4()", ["uuid.uuid4"], id="uuid"),
        pytest.param("import datetime as d; from uuid import uuid4", ["datetime as d", "from uuid"], id="imports"),
    ],
)
def test_what_knows_the_clock_is_seen(text: str, found: list[str]) -> None:
    assert timely(ast.walk(ast.parse(text))) == found


def test_only_yamlio_imports_yaml() -> None:
    others = [file for file in CORE if not file.startswith("yamlio/")]
    assert importing(others, lambda name: name.split(".")[0] == "yaml") == {}


def test_the_root_holds_rooms_and_the_line() -> None:
    roots = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    flat = {"__init__.py", "__main__.py", "pipeline.py"}
    assert roots == {room for room in ROOMS if f"{room}.py" not in flat} | flat


@pytest.mark.parametrize(("number", "room"), list(enumerate(ROOMS)))
def test_imports_follow_the_order_of_rooms(number: int, room: str) -> None:
    files = [file for file in MODULES if file.partition("/")[0].removesuffix(".py") == room]
    assert files
    assert importing(files, rooms(*ROOMS[number + 1 :])) == {}


def test_modules_are_short() -> None:
    """No module but the catalogue has more than 300 lines, and half of them have at most 120."""
    lines = {file: text_of(PACKAGE / file).count("\n") for file in MODULES if not file.startswith("problems/codes/")}
    assert {file: count for file, count in lines.items() if count > 300} == {}
    assert median(lines.values()) <= 120


def test_the_documentation_lists_rooms_in_order() -> None:
    text = (REPOSITORY / "docs" / "architecture.md").read_text()
    assert tuple(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", text, re.MULTILINE)) == ROOMS


def test_proof_shares_no_decision_with_the_renderer() -> None:
    assert importing(PROVING, rooms("plan", "guards", "clone", "meshes")) == {}


def test_every_command_has_its_module() -> None:
    modules = {path.stem for path in (PACKAGE / "cli").glob("*.py")} - {
        "__init__",
        "main",
        "options",
        "running",
        "session",
        "view",
        "terminal",
        "completing",
        "reaching",
        "changing",
        "advising",
        "asked",
        "guessing",
        "wanted",
        "writing",
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


@pytest.mark.parametrize(
    ("table", "of"),
    [
        pytest.param("semantics/__init__.py: MESHES", semantics.MESHES, id="semantics"),
        pytest.param("proof/readers.py: READERS", READERS, id="proof"),
        pytest.param("plan/other_controllers.py: BY_MESH", BY_MESH, id="other-controllers"),
    ],
)
def test_each_table_of_meshes_has_all(table: str, of: Mapping[str, object]) -> None:
    assert sorted(of) == sorted(MESHES), f"{table} needs a row a mesh"


def test_packages_of_meshes_hold_no_logic() -> None:
    assert {path.read_text().strip() for path in PACKAGE.glob("meshes/**/__init__.py")} == {""}


def test_a_mesh_of_the_gateway_api_loads_no_routes_of_istio() -> None:
    program = (
        "import sys; from sandlane.meshes.registry import MESHES; import sandlane.meshes.gateway_api.routes\n"
        "print(sorted(name for name in sys.modules if name.startswith('sandlane.meshes.istio.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    assert done.stdout == "['sandlane.meshes.istio.canonical_labels']\n"


def test_a_render_imports_nothing_heavy() -> None:
    program = (
        "import sys, runpy; sys.argv = ['sandlane', 'check', 'overlays/shop', '--output', 'golden/shop', '--root', '.']\n"
        "try: runpy.run_module('sandlane', run_name='__main__')\n"
        "except SystemExit as stop: assert stop.code == 0, stop.code\n"
        "assert {'jsonschema', 'jinja2', 'deepdiff', 'ruamel', 'hypothesis'} & set(sys.modules) == set()"
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


def test_no_obligation_imports_another() -> None:
    assert importing(OBLIGATIONS, lambda name: name.startswith("sandlane.proof.obligations.")) == {}


def test_no_class_of_proof_has_more_than_a_dozen_fields() -> None:
    classes = [node for file in PROVING for node in nodes_of(file) if isinstance(node, ast.ClassDef)]
    fields = {c.name: sum(isinstance(node, ast.AnnAssign) for node in c.body) for c in classes}
    assert {name: count for name, count in fields.items() if count > 13} == {}
