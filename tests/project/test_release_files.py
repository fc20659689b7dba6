"""What a release needs beside the package: workflows that call what exists, a version said once, a manual page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandlane import __version__
from sandlane.cli.main import COMMANDS
from tests.shared import REPOSITORY
from website.man import page

WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yaml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_call_what_exists(workflow: Path) -> None:
    scripts = [step["run"] for job in jobs(workflow).values() for step in job["steps"] if "run" in step]
    assert scripts
    for script in scripts:
        for target in re.findall(
            r"[a-z][\w-]*", " ".join(re.findall(r"^make (.*)$", re.sub(r"\w+=\S*", "", script), re.MULTILINE))
        ):
            assert target in TARGETS
        for path in re.findall(r"(?:^|sh )((?:\.ci|ci)/\S+)", script):
            assert (REPOSITORY / path).is_file()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_write_only_where_a_job_says_so(workflow: Path) -> None:
    data = yaml.safe_load(workflow.read_text())
    assert data["permissions"] == {"contents": "read"}
    writing = {
        name: sorted(k for k, v in job.get("permissions", {}).items() if v == "write")
        for name, job in data["jobs"].items()
    }
    allowed = {
        "ci": {},
        "release": {
            "build": ["attestations", "id-token"],
            "publish": ["id-token"],
            "image": ["attestations", "id-token", "packages"],
            "release": ["contents"],
        },
    }
    assert {name: found for name, found in writing.items() if found} == allowed[workflow.stem]


def test_needed_jobs_exist() -> None:
    for workflow in WORKFLOWS:
        found = jobs(workflow)
        needs = [job.get("needs", []) for job in found.values()]
        assert {name for names in needs for name in ([names] if isinstance(names, str) else names)} <= set(found)


def tagged(place: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(place / "ci" / "tagged.sh"), tag], capture_output=True, text=True, check=False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("ci/tagged.sh", "renderer/sandlane/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## Unreleased\n\n## {__version__} (2026-12-01)\n")
    return tmp_path


def test_a_tag_is_the_version(place: Path) -> None:
    done = tagged(place, f"v{__version__}")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_another_tag_is_refused(place: Path) -> None:
    done = tagged(place, "v9.9.9")
    said = f"the tag is v9.9.9, and renderer/sandlane/__init__.py says {__version__}\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_a_version_that_users_are_not_told_of_is_refused(place: Path) -> None:
    (place / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n")
    done = tagged(place, f"v{__version__}")
    assert (done.returncode, done.stderr) == (1, f"CHANGELOG.md has no section '## {__version__}'\n")


def test_the_manual_page_has_every_command() -> None:
    lines = page().splitlines()
    assert lines[0] == f'.TH SANDLANE 1 "" "sandlane {__version__}" "User Commands"'
    assert [line.removeprefix(".SS ").replace("\\-", "-") for line in lines if line.startswith(".SS ")] == sorted(
        COMMANDS
    )


def test_no_text_of_the_manual_page_is_taken_for_a_request() -> None:
    known = (".TH ", ".SH ", ".SS ", ".B ", ".nf", ".fi", ".PP", ".TP")
    assert [line for line in page().splitlines() if line[:1] in {".", "'"} and not line.startswith(known)] == []


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_groff_has_nothing_to_say_of_the_manual_page() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-z"], input=page(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_forms_of_issues_have_what_they_need() -> None:
    forms = [
        path for path in sorted((REPOSITORY / ".github" / "ISSUE_TEMPLATE").iterdir()) if path.name != "config.yml"
    ]
    for form in forms:
        data = yaml.safe_load(form.read_text())
        assert {"name", "description", "body"} <= set(data)
        ids = [part["id"] for part in data["body"] if part["type"] != "markdown"]
        assert len(ids) == len(set(ids)) > 0
