"""The recipes of CONTRIBUTING.md, followed in a copy of the package: what they say to write is enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import REPOSITORY

TEXT = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^ *```python\n *# (?P<file>\S+): at the end of (?P<table>\w+)\n(?P<rows>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
RECIPES = {match["table"]: match for match in BLOCK.finditer(TEXT)}

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
    shutil.copytree(REPOSITORY / "renderer", tmp_path / "renderer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REPOSITORY / "schemas", tmp_path / "schemas")
    return tmp_path


def follow(copy: Path, table: str) -> None:
    """Writes the rows of a recipe where it says."""
    recipe = RECIPES[table]
    file = copy / recipe["file"]
    text = file.read_text(encoding="utf-8")
    start = re.search(rf"^{table}\b.*[({{]$", text, re.MULTILINE)
    assert start
    # The table ends at the first closing bracket that stands as far left as the rows' own container.
    end = re.compile(r"^(?:\}|    \))$", re.MULTILINE).search(text, start.end())
    assert end
    file.write_text(text[: end.start()] + recipe["rows"] + text[end.start() :], encoding="utf-8")


def sandlane(copy: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy / "renderer")}
    command = [sys.executable, "-m", "sandlane", *arguments]
    return subprocess.run(command, cwd=cwd or copy, env=environment, capture_output=True, text=True, check=False)


def test_recipes_are_there() -> None:
    assert set(RECIPES) == {"ROWS", "WORKLOADS"}


def test_a_problem_code(copy: Path) -> None:
    before = sandlane(copy, "explain", "SL599")
    follow(copy, "ROWS")
    explained = sandlane(copy, "explain", "SL599")
    assert (before.returncode, explained.returncode) == (2, 0)
    assert explained.stdout.splitlines()[0] == "SL599 (error): the output holds '<file>', which is not sandlane's"


def test_a_kind_of_workload(copy: Path) -> None:
    place = copy / "shop"
    (place / "sandboxes").mkdir(parents=True)
    (place / "base.yaml").write_text(BASE, encoding="utf-8")
    (place / "sandlane.yaml").write_text(ENVIRONMENT, encoding="utf-8")
    (place / "sandboxes" / "dev1.yaml").write_text(SANDBOX, encoding="utf-8")
    before = sandlane(copy, "render", cwd=place)
    follow(copy, "WORKLOADS")
    after = sandlane(copy, "render", cwd=place)
    assert (before.returncode, after.returncode) == (2, 0)
    assert (place / "rendered/sandboxes/dev1/shop/cloneset.apps.kruise.io-web-dev1.yaml").is_file()
    assert sandlane(copy, "verify", cwd=place).returncode == 0
