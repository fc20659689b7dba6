"""Every worked example against its exact output: a tree in golden/<example>, or stderr.txt where it must fail."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import starts
from tests.shared import REPOSITORY

OVERLAYS = REPOSITORY / "overlays"
GOLDEN = REPOSITORY / "golden"
ENVIRONMENTS = sorted(
    path.relative_to(OVERLAYS) for path in OVERLAYS.glob("*/*.yaml") if "kind: Environment" in path.read_text()
)


def name_of(environment: Path) -> str:
    """Returns the name of an example's golden directory: its folder's, with that of any second environment behind it."""
    folder = environment.parent.as_posix()
    return folder if environment.name == "sandlane.yaml" else f"{folder}-{environment.stem}"


EXAMPLES = {name_of(environment): environment.as_posix() for environment in ENVIRONMENTS}


def files_of(directory: Path) -> dict[str, str]:
    """Returns the files below a directory, by relative path."""
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def sandlane(example: str, output: Path) -> subprocess.CompletedProcess[str]:
    """Renders an example as a user would, from the root of the repository."""
    words = ("render", f"overlays/{EXAMPLES[example]}", "--output", str(output), "--root", ".")
    return starts.sandlane(REPOSITORY, *words, environment={**os.environ, "NO_COLOR": "1"})


@pytest.mark.parametrize("example", sorted(EXAMPLES))
def test_example_renders_its_golden_output(example: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    result = sandlane(example, tmp_path / "out")
    expected_error = GOLDEN / example / "stderr.txt"
    fails = result.returncode != 0
    if request.config.getoption("--update-golden"):
        shutil.rmtree(GOLDEN / example, ignore_errors=True)
        if fails:
            expected_error.parent.mkdir(parents=True)
            expected_error.write_text(result.stderr)
        else:
            shutil.copytree(tmp_path / "out", GOLDEN / example)
        pytest.fail("golden files were rewritten: review the diff and run again")
    if expected_error.exists():
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == expected_error.read_text()
        assert not (tmp_path / "out").exists()
    else:
        assert result.returncode == 0, result.stderr
        assert files_of(tmp_path / "out") == files_of(GOLDEN / example)


def test_every_golden_directory_has_its_example() -> None:
    found = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
    assert found == sorted(EXAMPLES)
