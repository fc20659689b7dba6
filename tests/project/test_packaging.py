"""The wheel works on its own: built, installed into a clean environment, and run from the root directory."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.shared import REPOSITORY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(directory),
        str(REPOSITORY),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = directory.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_its_schemas_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"sandlane", f"{wheel.name.split('-py3')[0]}.dist-info"}
    assert sorted(name for name in names if "/schemas/" in name) == [
        "sandlane/schemas/developmentsandbox.json",
        "sandlane/schemas/environment.json",
        "sandlane/schemas/routegroup.json",
    ]


def test_the_installed_wheel_runs_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "clean", with_pip=True)
    python, sandlane = (str(tmp_path / "clean" / "bin" / name) for name in ("python", "sandlane"))
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True, capture_output=True)
    result = subprocess.run([sandlane, "schema", "Environment"], cwd="/", check=True, capture_output=True, text=True)
    assert json.loads(result.stdout)["title"] == "Environment"
    shop, golden = (str(REPOSITORY / name / "shop") for name in ("overlays", "golden"))
    command = [sandlane, "check", shop, "--output", golden, "--root", str(REPOSITORY)]
    subprocess.run(command, cwd="/", check=True, capture_output=True)
