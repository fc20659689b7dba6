"""The recipes of CONTRIBUTING.md, followed in a copy of the package: what they say to write is enough."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import REPOSITORY, copy_package

TEXT = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^(?P<indent> *)```(?:python|json)\n *# (?P<file>\S+): (?P<place>a new file|at the end of \w+|above [^\n]+)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
SECTIONS = {title: section for title, _, section in (part.partition("\n") for part in TEXT.split("\n## "))}

PROBLEM_CODE, WORKLOAD_KIND, OVERRIDE_FIELD = (
    f"How to add {what}" for what in ("a problem code", "a kind of workload", "an override field")
)

BASE = """\
apiVersion: apps.kruise.io/v1alpha1
kind: CloneSet
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "registry.example/web:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
"""
ENVIRONMENT = """\
apiVersion: sandlane.dev/v1alpha1
kind: Environment
metadata: {name: staging}
spec: {base: [base.yaml], mesh: istio, sandboxes: [sandboxes]}
"""
SANDBOX = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {name: dev1}
spec: {workloads: [{kind: CloneSet, namespace: shop, name: web, image: "registry.example/web:2"}]}
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package and its schemas."""
    return copy_package(tmp_path)


def follow(copy: Path, title: str) -> None:
    """Writes the code blocks of a recipe where they say."""
    for block in BLOCK.finditer(SECTIONS[title]):
        file, place = copy / block["file"], block["place"]
        lines = re.sub(f"^{block['indent']}", "", block["text"], flags=re.MULTILINE)
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        at = 0 if place == "a new file" else position(before, place)
        file.write_text(before[:at] + lines + before[at:], encoding="utf-8")


def position(text: str, place: str) -> int:
    """Where a place of a recipe lies in a file: the line that starts with a text, or the end of a table."""
    how, _, name = place.partition(" ") if place.startswith("above") else place.rpartition(" ")
    if how == "above":
        line = re.search(rf"^ *{re.escape(name)}", text, re.MULTILINE)
        assert line
        return line.start()
    start = re.search(rf"^{name}\b.*[({{]$", text, re.MULTILINE)
    assert start
    # The table ends at the first closing bracket that stands as far left as the rows' own container.
    end = re.compile(r"^(?:\}|\)|    \))$", re.MULTILINE).search(text, start.end())
    assert end
    return end.start()


def sandlane(copy: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy / "renderer")}
    command = [sys.executable, "-m", "sandlane", *arguments]
    return subprocess.run(command, cwd=cwd or copy, env=environment, capture_output=True, text=True, check=False)


def test_recipes_are_there() -> None:
    recipes = {title for title, section in SECTIONS.items() if BLOCK.search(section)}
    assert recipes == {PROBLEM_CODE, WORKLOAD_KIND, OVERRIDE_FIELD}


def test_a_problem_code(copy: Path) -> None:
    before = sandlane(copy, "explain", "SL599")
    follow(copy, PROBLEM_CODE)
    explained = sandlane(copy, "explain", "SL599")
    assert (before.returncode, explained.returncode) == (2, 0)
    assert explained.stdout.splitlines()[0] == "SL599 (error): the output holds '<file>', which is not sandlane's"


def shop(copy: Path, sandbox: str, base: str = BASE) -> Path:
    """Writes an application with one sandbox."""
    place = copy / "shop"
    (place / "sandboxes").mkdir(parents=True)
    (place / "base.yaml").write_text(base, encoding="utf-8")
    (place / "sandlane.yaml").write_text(ENVIRONMENT, encoding="utf-8")
    (place / "sandboxes" / "dev1.yaml").write_text(sandbox, encoding="utf-8")
    return place


def test_a_kind_of_workload(copy: Path) -> None:
    place = shop(copy, SANDBOX)
    before = sandlane(copy, "render", cwd=place)
    follow(copy, WORKLOAD_KIND)
    after = sandlane(copy, "render", cwd=place)
    assert (before.returncode, after.returncode) == (2, 0)
    assert (place / "rendered/sandboxes/dev1/shop/cloneset.apps.kruise.io-web-dev1.yaml").is_file()
    assert sandlane(copy, "verify", cwd=place).returncode == 0


def test_an_override_field(copy: Path) -> None:
    sandbox = SANDBOX.replace("kind: CloneSet, ", "").replace('image: "registry.example/web:2"', "gracePeriod: 90")
    base = BASE.replace("apps.kruise.io/v1alpha1", "apps/v1").replace("CloneSet", "Deployment")
    place = shop(copy, sandbox, base)
    before = sandlane(copy, "render", cwd=place)
    follow(copy, OVERRIDE_FIELD)
    after = sandlane(copy, "render", cwd=place)
    assert (before.returncode, after.returncode) == (2, 0)
    clone = (place / "rendered/sandboxes/dev1/shop/deployment-web-dev1.yaml").read_text(encoding="utf-8")
    assert "\n      terminationGracePeriodSeconds: 90\n" in clone
    assert sandlane(copy, "verify", cwd=place).returncode == 0
