"""The hooks in the real pre-commit, in a real repository: specs that are created, changed and deleted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import REPOSITORY

pytest.importorskip("pre_commit", reason="pre-commit is not installed")

GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
SPEC = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {{name: dev1}}
spec:
  workloads:
  - {{name: cart, image: "registry.example/shop/cart:{tag}"}}
"""


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)


def git(directory: Path, *arguments: str) -> str:
    result = run(directory, *GIT, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository of this very checkout, as pre-commit would clone it, and its revision."""
    directory = tmp_path_factory.mktemp("hooks")
    tracked = git(REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, tracked.split("\0")):
        if (REPOSITORY / name).is_file() and not name.startswith(("golden/", "tests/")):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, directory / name)
    git(directory, "init", "--quiet")
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", "hooks")
    return directory, git(directory, "rev-parse", "HEAD")


@pytest.fixture
def shop(tmp_path: Path, hooks: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the shop on Linkerd, both hooks, and no sandboxes yet."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(hooks[0].parent / "pre-commit"))
    directory = tmp_path / "shop"
    shutil.copytree(REPOSITORY / "overlays" / "shop", directory)
    for spec in (directory / "sandboxes").glob("*.yaml"):
        spec.unlink()
    (directory / "linkerd.yaml").rename(directory / "sandlane.yaml")
    git(directory, "init", "--quiet")
    (directory / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks[0]}\n  rev: {hooks[1]}\n  hooks: [{{id: sandlane-render}}, {{id: sandlane-check}}]\n"
    )
    git(directory, "add", "--all")
    git(directory, "commit", "--quiet", "--message", "shop")
    assert run(directory, sys.executable, "-m", "pre_commit", "install").returncode == 0
    return directory


def commit(directory: Path) -> list[str]:
    """Commits everything and returns how each hook ended."""
    git(directory, "add", "--all")
    result = run(directory, *GIT, "commit", "--message", "change")
    lines = (result.stdout + result.stderr).splitlines()
    return [line.rpartition(".")[2] for line in lines if line.startswith(("render dev", "check that"))]


@pytest.mark.slow
def test_specs_come_change_and_go(shop: Path) -> None:
    spec = shop / "sandboxes" / "dev1.yaml"
    spec.parent.mkdir(exist_ok=True)
    rendered = shop / "rendered-linkerd" / "sandboxes" / "dev1" / "shop"

    spec.write_text(SPEC.format(tag="pr-1"))
    assert commit(shop) == ["Failed", "Passed"]  # rendered, so that it can be added
    assert commit(shop) == ["Passed", "Passed"]
    assert (rendered / "deployment-cart-dev1.yaml").exists()

    spec.write_text(SPEC.format(tag="pr-2"))
    assert commit(shop) == ["Failed", "Passed"]
    assert commit(shop) == ["Passed", "Passed"]
    assert "cart:pr-2" in (rendered / "deployment-cart-dev1.yaml").read_text()

    other = shop / "sandboxes" / "dev2.yaml"
    other.write_text(SPEC.format(tag="pr-9").replace("dev1", "dev2"))
    assert commit(shop) == ["Failed", "Passed"]
    assert commit(shop) == ["Passed", "Passed"]

    other.unlink()
    assert commit(shop) == ["Failed", "Passed"]
    assert commit(shop) == ["Passed", "Passed"]

    spec.unlink()  # the last one
    assert commit(shop) == ["Failed", "Passed"]
    assert commit(shop) == ["Passed", "Passed"]
    left = sorted(p.relative_to(shop).as_posix() for p in (shop / "rendered-linkerd").rglob("*") if p.is_file())
    assert left == [f"rendered-linkerd/{name}README.md" for name in ("", "sandboxes/", "shared/")]
    assert git(shop, "status", "--porcelain") == ""
