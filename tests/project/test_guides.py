"""The guides of docs/guides: each from nothing to synced, their commands run."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.shared import REPOSITORY
from tests.starts import install

GUIDES = sorted((REPOSITORY / "docs" / "guides").glob("*.md"))
RUN = re.compile(r"<!-- run -->\n```sh\n(.*?)```", re.DOTALL)
README = (REPOSITORY / "README.md").read_text()
_BASE = re.search(r"<!-- file: base/checkout.yaml -->\n```yaml\n(.*?)```", README, re.DOTALL)
BASE = _BASE[1] if _BASE else ""


def blocks(guide: Path, mark: str) -> list[str]:
    return re.findall(rf"<!-- {mark} -->\n```yaml\n(.*?)```", guide.read_text(), re.DOTALL)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A repository with manifests in `base/`, a remote that takes pushes, and `sandlane` on the path."""
    home = tmp_path / "shop"
    git = ["git", "-C", str(home)]
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "remote.git")], check=True)
    subprocess.run(["git", "init", "-q", "-b", "main", str(home)], check=True)
    subprocess.run([*git, "remote", "add", "origin", str(tmp_path / "remote.git")], check=True)
    (home / "base").mkdir()
    (home / "base" / "checkout.yaml").write_text(BASE)
    install(tmp_path / "bin")
    return home


def run(here: Path, script: str) -> subprocess.CompletedProcess[str]:
    who = {f"GIT_{role}_{field}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "PATH": f"{here.parent / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-eu", "-c", script], cwd=here, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_commands_of_a_guide(guide: Path, here: Path) -> None:
    scripts = RUN.findall(guide.read_text())
    assert scripts
    for script in scripts:
        done = run(here, script)
        assert (done.returncode, script) == (0, script), done.stderr
    assert list((here / "rendered" / "sandboxes" / "dev1").rglob("deployment-checkout-dev1.yaml"))
    for mark in ("plugin", "workflow", "pipeline", "transformer"):
        for text in blocks(guide, mark):
            assert isinstance(yaml.safe_load(text), dict)


def test_guides_are_short() -> None:
    assert {
        guide.stem: len(guide.read_text().splitlines()) for guide in GUIDES if len(guide.read_text().splitlines()) > 60
    } == {}


def test_the_plugin_prints_manifests_alone(here: Path) -> None:
    guide = REPOSITORY / "docs" / "guides" / "argocd.md"
    (script,), (plugin,) = RUN.findall(guide.read_text()), blocks(guide, "plugin")
    assert run(here, script).returncode == 0
    done = run(here, " ".join(yaml.safe_load(plugin)["spec"]["generate"]["command"]))
    kinds = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
    assert (done.returncode, kinds) == (0, ["Deployment", "Service", "VirtualService"])
