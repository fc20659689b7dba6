"""The scripts of the GitHub action and of the GitLab component, run in real repositories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.shared import REPOSITORY
from tests.starts import install, sandlane

pytestmark = pytest.mark.slow

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
NEW = """\
apiVersion: sandlane.dev/v1alpha1
kind: DevelopmentSandbox
metadata: {name: dev7}
spec:
  workloads:
  - {name: shipping, image: registry.example/shop/shipping:pr-12}
"""
# Answers as `gh api` does of what it was asked to write, and notes each call.
GH = """\
#!{python}
import json, pathlib, sys
place = pathlib.Path({place!r})
calls = json.loads((place / "calls").read_text()) if (place / "calls").exists() else []
args = sys.argv[1:]
body = next((pathlib.Path(a.removeprefix("body=@")).read_text() for a in args if a.startswith("body=@")), None)
method = args[args.index("--method") + 1] if "--method" in args else "GET"
calls.append([method, next(a for a in args if a.startswith("repos/"))])
(place / "calls").write_text(json.dumps(calls))
if (place / "forbidden").exists() and method != "GET":
    sys.exit("HTTP 403: Resource not accessible by integration")
if method == "GET":
    if (place / "comment").exists():
        print(7)
else:
    (place / "comment").write_text(body)
"""


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *IDENTITY, *arguments], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A directory with `sandlane` and `gh`."""
    place = install(tmp_path / "tools").parent
    (place / "gh").write_text(GH.format(python=sys.executable, place=str(tmp_path)))
    (place / "gh").chmod(0o755)
    return place


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of a bare repository that holds the shop, rendered."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "origin.git")
    git(tmp_path, "clone", "-q", "origin.git", "clone")
    place = tmp_path / "clone"
    git(place, "checkout", "-q", "-b", "main")
    shutil.copytree(REPOSITORY / "overlays" / "shop", place, dirs_exist_ok=True)
    assert sandlane(place, "render").returncode == 0
    commit(place, "first")
    git(place, "push", "-q", "origin", "HEAD:main")
    return place


def commit(place: Path, message: str) -> str:
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", message)
    return git(place, "rev-parse", "HEAD")


def run(tools: Path, cwd: Path, mode: str, **variables: str) -> subprocess.CompletedProcess[str]:
    given = {f"SANDLANE_{name.upper()}": value for name, value in variables.items() if name.islower()}
    given |= {name: value for name, value in variables.items() if name.isupper()}
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "SANDLANE": str(tools / "sandlane"),
        "SANDLANE_MODE": mode,
        **given,
    }
    command = ["sh", str(REPOSITORY / "ci" / "run.sh")]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_an_unknown_mode(tools: Path, tmp_path: Path) -> None:
    done = run(tools, tmp_path, "chek")
    assert (done.returncode, done.stderr) == (
        2,
        "sandlane: mode is 'chek', and has to be check, diff, publish or preview\n",
    )


def test_check(tools: Path, clone: Path) -> None:
    assert run(tools, clone, "check", format="github").returncode == 0
    (clone / "sandboxes" / "dev7.yaml").write_text(NEW)
    done = run(tools, clone, "check", format="github")
    assert (done.returncode, done.stdout.split(" ")[0]) == (1, "::error")
    done = run(tools, clone, "check", format="gitlab")
    report = json.loads((clone / "sandlane-code-quality.json").read_text())
    assert (done.returncode, [problem["check_name"] for problem in report]) == (1, ["SL510"])


def test_a_comment_is_made_and_kept_up_to_date(tools: Path, clone: Path, tmp_path: Path) -> None:
    base = git(clone, "rev-parse", "HEAD")
    (clone / "sandboxes" / "dev7.yaml").write_text(NEW)
    commit(clone, "new")
    github = {"base": base, "pull_request": "12", "GITHUB_REPOSITORY": "shop/staging"}
    assert run(tools, clone, "diff", **github).returncode == 0
    assert "dev7 (new)" in (tmp_path / "comment").read_text()
    (clone / "sandboxes" / "dev7.yaml").unlink()
    commit(clone, "again")
    assert run(tools, clone, "diff", **github).returncode == 0
    assert f"No difference from `{base}`." in (tmp_path / "comment").read_text()
    assert json.loads((tmp_path / "calls").read_text()) == [
        ["GET", "repos/shop/staging/issues/12/comments"],
        ["POST", "repos/shop/staging/issues/12/comments"],
        ["GET", "repos/shop/staging/issues/12/comments"],
        ["PATCH", "repos/shop/staging/issues/comments/7"],
    ]


def test_a_fork_s_difference_is_in_the_summary(tools: Path, clone: Path, tmp_path: Path) -> None:
    (tmp_path / "forbidden").touch()
    done = run(
        tools,
        clone,
        "diff",
        base=git(clone, "rev-parse", "HEAD"),
        pull_request="12",
        GITHUB_REPOSITORY="shop/staging",
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
    )
    assert done.returncode == 0
    assert "the token may not write comments" in done.stderr
    assert (tmp_path / "summary").read_text() == (clone / "sandlane.md").read_text()


def test_a_shallow_clone_fetches_what_it_compares_with(tools: Path, clone: Path, tmp_path: Path) -> None:
    base = git(clone, "rev-parse", "HEAD")
    (clone / "sandboxes" / "dev7.yaml").write_text(NEW)
    commit(clone, "new")
    git(clone, "push", "-q", "origin", "HEAD:change")
    git(tmp_path, "-C", "origin.git", "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "-q", "--depth=1", "-b", "change", f"file://{tmp_path}/origin.git", "shallow")
    done = run(tools, tmp_path / "shallow", "diff", base=base)
    assert (done.returncode, done.stderr) == (0, "")
    assert "dev7 (new)" in done.stdout


def published(clone: Path, path: str = "") -> str:
    git(clone, "fetch", "-q", "origin", "+rendered:refs/heads/seen")
    return git(clone, "ls-tree", "-r", "--name-only", f"seen:{path}")


def test_publish(tools: Path, clone: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    assert run(tools, clone, "publish").returncode == 0
    assert "sandboxes/dev1/shop/deployment-cart-dev1.yaml" in published(clone)
    assert git(clone, "log", "-1", "--format=%B", "seen") == f"Render first\n\nRendered-from: {first}"
    again = run(tools, clone, "publish")
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "sandlane: rendered is up to date")
    for spec in (clone / "sandboxes").glob("*.yaml"):
        spec.unlink()
    commit(clone, "the last sandbox goes")
    assert run(tools, clone, "publish").returncode == 0
    assert "sandboxes/README.md" in published(clone)
    assert "dev1" not in published(clone)
    assert git(clone, "rev-list", "--count", "seen") == "2"
    assert git(clone, "status", "--porcelain") == ""


def test_an_older_run_that_ends_later_changes_nothing(tools: Path, clone: Path) -> None:
    first = git(clone, "rev-parse", "HEAD")
    (clone / "sandboxes" / "dev7.yaml").write_text(NEW)
    second = commit(clone, "new")
    assert run(tools, clone, "publish").returncode == 0
    git(clone, "checkout", "-q", first)
    late = run(tools, clone, "publish")
    assert (late.returncode, late.stdout.splitlines()[-1]) == (
        0,
        f"sandlane: rendered is of {second} already, which comes after {first}",
    )
    assert "sandboxes/dev7" in published(clone)


def test_what_cannot_be_rendered_is_not_published(tools: Path, clone: Path) -> None:
    (clone / "sandboxes" / "dev7.yaml").write_text(NEW.replace("shipping,", "shiping,"))
    done = run(tools, clone, "publish")
    assert done.returncode == 2
    assert "SL210" in done.stderr
    assert git(clone, "ls-remote", "origin", "rendered") == ""


def preview(tools: Path, clone: Path, tmp_path: Path, **variables: str) -> Mapping[str, str]:
    done = run(tools, tmp_path, "preview", repository=str(tmp_path / "origin.git"), sandbox="pr-12", **variables)
    assert done.returncode == 0, done.stderr
    git(clone, "pull", "-q", "origin", "main")
    return {path.name: path.read_text() for path in (clone / "sandboxes").glob("*.yaml")}


def test_preview(tools: Path, clone: Path, tmp_path: Path) -> None:
    specs = preview(tools, clone, tmp_path, workloads="shipping=r.example/s:1 cart=r.example/c:1")
    assert {"r.example/s:1", "r.example/c:1"} <= set(specs["pr-12.yaml"].split())
    assert (clone / "rendered/sandboxes/pr-12/shop/deployment-cart-pr-12.yaml").is_file()
    specs = preview(tools, clone, tmp_path, workloads="shipping=r.example/s:2")
    assert "r.example/s:2" in specs["pr-12.yaml"]
    assert "pr-12.yaml" not in preview(tools, clone, tmp_path)
    count = git(clone, "rev-list", "--count", "main")
    assert "pr-12.yaml" not in preview(tools, clone, tmp_path)
    assert git(clone, "rev-list", "--count", "main") == count == "4"


def test_what_a_pull_request_names_is_data(tools: Path, clone: Path, tmp_path: Path) -> None:
    hostile = "$(touch${IFS}x);`touch x`"
    done = run(
        tools, tmp_path, "preview", repository=str(tmp_path / "origin.git"), sandbox=hostile, workloads="cart=r/c:1"
    )
    assert done.returncode == 2
    assert not (tmp_path / "x").exists()
    assert git(clone, "ls-remote", "origin", "main").split()[0] == git(clone, "rev-parse", "HEAD")


@pytest.mark.parametrize("file", ["action.yml", "templates/sandlane.yml"])
def test_no_input_stands_in_a_script(file: str) -> None:
    """An expression within a script is code of whoever writes its value: values come by variables."""
    for document in yaml.safe_load_all((REPOSITORY / file).read_text()):
        steps = document.get("runs", {}).get("steps", [])
        scripts = [step["run"] for step in steps]
        scripts += [line for job in document.values() if isinstance(job, dict) for line in job.get("script", [])]
        for script in scripts:
            assert "${{" not in script
            assert "$[[" not in script
