"""Mistakes that people make, each with the whole text that it gets (tests/cases/mistakes.yaml).

They are graded by three rules: one cause is one problem; its place is where a person would look; what would be right is a line to
copy. `pytest --update-golden` writes the texts anew: read the diff as a user would.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sandlane.cli.main import group
from sandlane.yamlio.write import Emitter
from tests.shared import REPOSITORY, load

FILE = REPOSITORY / "tests" / "cases" / "mistakes.yaml"
DATA = load(FILE.read_text())
CASES: list[dict[str, Any]] = DATA["mistakes"]
FIRST_LINE = "# Read and written by tests/cli/test_mistakes.py.\n"


def told(case: dict[str, Any], root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes the mistake in a copy of the smallest environment; returns the exit status and what is said of it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (root / ".git").mkdir()
    files = {**DATA["files"], **case.get("files", {})}
    for edit in case.get("edits", ()):
        assert files[edit["file"]].count(edit["old"]) == 1
        files[edit["file"]] = files[edit["file"]].replace(edit["old"], edit["new"])
    for path, text in files.items():
        if path not in case.get("without", ()):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
    for path, hexadecimal in case.get("bytes", {}).items():
        (root / path).write_bytes(bytes.fromhex(hexadecimal))
    monkeypatch.chdir(root)
    result = CliRunner().invoke(group, shlex.split(case.get("command", "check")), prog_name="sandlane")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return f"{result.stderr}exit {result.exit_code}\n"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_a_mistake_is_told(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    says = told(case, tmp_path, monkeypatch)
    if request.config.getoption("--update-golden") and says != case["says"]:
        case["says"] = says
        FILE.write_text(FIRST_LINE + Emitter(()).write(DATA))
        pytest.fail("written anew")
    assert says == case["says"]


def test_there_are_enough_of_them() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 80


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_each_is_graded(case: dict[str, Any]) -> None:
    """One cause is one problem unless the case says why there are more, each has a way out, and none speaks of writing in vain."""
    lines = case["says"].splitlines()
    problems = [line for line in lines if " SL" in f" {line}" and not line.startswith("  ")]
    hints = [line for line in lines if line.startswith("  hint: ")]
    usage = [line for line in lines if line.startswith("Error: ")]
    assert len(problems) + len(usage) == case.get("problems", 1)
    assert len(hints) == len(problems)
    if case.get("command", "check").split()[0] in ("check", "connect", "list", "explain"):
        assert "nothing was written" not in case["says"]
