"""A new override field is one module and one line of the registry: shown with one that does not exist, in a copy of the package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.shared import copy_package

MODULE = '''
"""`gracePeriods`: seconds that a clone's pods have to end, by name of the container that needs them."""

from __future__ import annotations

from typing import Any

from sandlane.overrides.changes import Changes
from sandlane.overrides.field import Field
from sandlane.overrides.subject import Subject
from sandlane.patch.put import put
from sandlane.problems.problem import Problem


def _apply(periods: list[Any], manifest: Any, subject: Subject, _: Changes) -> tuple[Any, list[Problem]]:
    path = (*subject.pod, "terminationGracePeriodSeconds")
    return put(manifest, path, max(period["seconds"] for period in periods)), []


GRACE_PERIODS: Field[list[Any]] = Field(
    name="gracePeriods",
    none=[],
    read=lambda periods, *_: periods,
    apply=_apply,
    names=lambda periods: [((), [period["name"] for period in periods], ("name",))],
    is_free={is_free},
)
'''
PROPERTY = {"type": "array", "items": {"type": "object"}, "description": "Made up."}
FILES = {
    "sandlane.yaml": """\
apiVersion: sandlane.dev/v1alpha1
kind: Environment
metadata: {name: staging}
spec: {mesh: istio, base: [base.yaml], defaultNamespace: shop}
""",
    "base.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: shop}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec: {containers: [{name: app, image: "a:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {selector: {app: a}, ports: [{name: http, port: 80}]}
""",
}
SANDBOX = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {name: dev1}
spec:
  workloads:
    - name: a
"""


Scratch = Callable[[bool], Path]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """Copies of the package with the field, which is free or not."""
    return cache(lambda is_free: with_field(copy_package(tmp_path_factory.mktemp("scratch")), is_free=is_free))


def with_field(root: Path, *, is_free: bool) -> Path:
    """Adds the field to a copy of the package: its module, its line of the registry, and its property of the schema."""
    overrides = root / "renderer" / "sandlane" / "overrides"
    (overrides / "grace_periods.py").write_text(MODULE.replace("{is_free}", str(is_free)))
    registry = overrides / "registry.py"
    line = "FIELDS: tuple[Field[Any], ...] = ("
    imported = "from sandlane.overrides.grace_periods import GRACE_PERIODS\n\n\n"
    registry.write_text(registry.read_text().replace(line, f"{imported}{line}\n    GRACE_PERIODS,"))
    file = root / "schemas" / "developmentsandbox.json"
    schema: dict[str, Any] = json.loads(file.read_text())
    schema["properties"]["spec"]["properties"]["workloads"]["items"]["properties"]["gracePeriods"] = PROPERTY
    file.write_text(json.dumps(schema))
    return root


def render(package: Path, root: Path, workload: str) -> subprocess.CompletedProcess[str]:
    """Renders a sandbox by the copy of the package."""
    for name, text in {**FILES, "sandboxes/dev1.yaml": SANDBOX + workload}.items():
        (root / "apps" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "apps" / name).write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(package / "renderer")}
    command = [sys.executable, "-m", "sandlane", "render", "apps", "--root", "."]
    return subprocess.run(command, cwd=root, env=environment, check=False, capture_output=True, text=True)


def test_a_new_field_is_read_applied_and_accepted_by_proof(scratch: Scratch, tmp_path: Path) -> None:
    done = render(scratch(True), tmp_path, "      gracePeriods: [{name: app, seconds: 5}, {name: log, seconds: 90}]\n")
    assert (done.returncode, done.stderr) == (0, "apps/rendered: 6 created, 0 updated, 0 deleted, 0 unchanged\n")
    clone = (tmp_path / "apps/rendered/sandboxes/dev1/shop/deployment-a-dev1.yaml").read_text()
    assert re.findall(r"^      terminationGracePeriodSeconds: \d+$", clone, re.MULTILINE) == [
        "      terminationGracePeriodSeconds: 90"
    ]


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        pytest.param(
            "      gracePeriods: [{name: app, seconds: 5}, {name: app, seconds: 90}]\n",
            "apps/sandboxes/dev1.yaml:7:54: SL207 'app' stands twice in 'gracePeriods'",
            id="name-twice",
        ),
        pytest.param(
            "      use: Deployment/b\n      gracePeriods: [{name: app, seconds: 5}]\n",
            "apps/sandboxes/dev1.yaml:8:7: SL222 field 'gracePeriods' says something of a clone, "
            "and 'use: Deployment/b' that there is none",
            id="beside-use",
        ),
    ],
)
def test_a_new_field_is_checked(scratch: Scratch, tmp_path: Path, workload: str, expected: str) -> None:
    done = render(scratch(True), tmp_path, workload)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, expected)


def test_proof_refuses_what_a_field_does_not_say_that_it_changes(scratch: Scratch, tmp_path: Path) -> None:
    done = render(scratch(False), tmp_path, "      gracePeriods: [{name: app, seconds: 5}]\n")
    problem = (
        "sandboxes/dev1/shop/deployment-a-dev1.yaml: SL608 promise 4 does not hold: 'Deployment/shop/a-dev1': "
        "'terminationGracePeriodSeconds' of its pods is not that of 'Deployment/shop/a'"
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (70, problem)
