"""Git and routes that no two sandboxes share: branches merge without conflicts, and the last one leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandlane.files.disk import DiskTree
from sandlane.pipeline import render
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio.write import write
from tests.build import app, sandbox
from tests.meshes.gateway_api.test_attached_routes import route, rule, to_service
from tests.project.test_golden import files_of
from tests.starts import sandlane

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

READMES = ["README.md", "sandboxes/README.md", "shared/README.md"]
AUTHOR = {
    **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "NO_COLOR": "1",
}


def run(repository: Path, *command: str) -> tuple[int, str]:
    environment = {**os.environ, **AUTHOR}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def git(repository: Path, *arguments: str) -> None:
    assert run(repository, "git", *arguments)[0] == 0


def rendering(repository: Path, *options: str) -> int:
    return sandlane(repository, "render", *options).returncode


def commit(repository: Path, message: str) -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", message)


def add(repository: Path, name: str, *cloned: str) -> None:
    (repository / "sandboxes").mkdir(exist_ok=True)
    (repository / "sandboxes" / f"{name}.yaml").write_text(write(sandbox(name, *cloned)))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    base = [*app("a"), *app("b"), *app("c", 80, 8080),
            route("r", rule("a", match={"path": {"value": "/a"}}), rule("b"), parents=[to_service("b", 80)])]  # fmt: skip
    (tmp_path / "base.yaml").write_text("---\n".join(write(manifest) for manifest in base))
    spec = {"base": ["base.yaml"], "mesh": "linkerd", "defaultNamespace": "shop"}
    (tmp_path / "sandlane.yaml").write_text(
        write({"apiVersion": "sandlane.dev/v1alpha1", "kind": "Environment", "spec": spec})
    )
    (tmp_path / "sandboxes").mkdir()
    git(tmp_path, "init", "-q", "-b", "main")
    assert rendering(tmp_path) == 0
    commit(tmp_path, "no sandboxes")
    return tmp_path


def test_two_branches_that_add_a_sandbox_to_one_service(repository: Path) -> None:
    for name in ("dev1", "dev10"):
        git(repository, "checkout", "-q", "-b", name, "main")
        add(repository, name, "a", "c")
        assert rendering(repository) == 0
        commit(repository, name)
    git(repository, "checkout", "-q", "main")
    git(repository, "merge", "-q", "--no-edit", "dev1")
    git(repository, "merge", "-q", "--no-edit", "dev10")
    assert rendering(repository, "--exit-code") == 0
    assert run(repository, "git", "status", "--porcelain") == (0, "")
    directories = {p.name for p in (repository / "rendered" / "sandboxes").iterdir()}
    assert directories == {"README.md", "dev1", "dev10"}


def test_the_last_sandbox_leaves_only_the_readmes(repository: Path) -> None:
    before = files_of(repository / "rendered")
    assert sorted(before) == READMES
    add(repository, "dev1", "a", "c")
    assert rendering(repository, "--exit-code") == 1
    assert sorted(files_of(repository / "rendered")) == [
        *READMES[:1], *READMES[1:2],
        *(f"sandboxes/dev1/shop/{file}.yaml" for file in (
            "deployment-a-dev1", "deployment-c-dev1", "httproute-a-80-dev1-b", "httproute-a-80-dev1-h",
            "httproute-c-80-dev1-b", "httproute-c-80-dev1-h", "httproute-c-8080-dev1-b", "httproute-c-8080-dev1-h",
            "httproute-r-dev1-b", "httproute-r-dev1-h", "service-a-dev1", "service-c-dev1",
        )),
        *READMES[2:],
    ]  # fmt: skip
    (repository / "sandboxes" / "dev1.yaml").unlink()
    assert rendering(repository, "--exit-code") == 1
    assert files_of(repository / "rendered") == before
    assert rendering(repository, "--exit-code") == 0


@pytest.mark.parametrize("name", ["dev1", "dev10", "xdev1"])
def test_a_sandbox_changes_no_file_but_its_own(repository: Path, name: str) -> None:
    for tenant in ("dev1", "dev10", "xdev1"):
        add(repository, tenant, "a", "b", "c")
    every = render(read_inputs(DiskTree(repository), "sandlane.yaml")).files
    (repository / "sandboxes" / f"{name}.yaml").unlink()
    fewer = render(read_inputs(DiskTree(repository), "sandlane.yaml")).files
    assert {path: text for path, text in every.items() if not path.startswith(f"sandboxes/{name}/")} == fewer
