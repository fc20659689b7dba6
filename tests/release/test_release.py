"""What a release is made of: the same bytes each time, installed in the ways that README names, and an image's recipe."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.shared import REPOSITORY

pytestmark = pytest.mark.release


def pythons() -> list[str]:
    """Returns every Python of this machine that sandlane runs on, one of each version: those on the PATH and those of pyenv."""
    found = {sys.version_info.minor: sys.executable}
    for minor in range(11, 20):
        named = shutil.which(f"python3.{minor}")
        kept = sorted(map(str, Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3")))
        if named and "/shims/" not in named:
            kept = [named, *kept]
        for python in kept:
            found.setdefault(minor, python)
    return [found[minor] for minor in sorted(found)]


def run(*words: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [*map(str, words)],
        cwd=cwd,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sources(place: Path) -> Path:
    """Returns a copy of what git knows of this repository, as it is in the work tree."""
    names = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", cwd=REPOSITORY).split("\0")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, place / name)
    return place


def built(place: Path, *words: str) -> Path:
    line: tuple[str | Path, ...] = (sys.executable, "-m", "build", "--no-isolation", *words, "--outdir", place / "dist")
    run(*line, cwd=place, SOURCE_DATE_EPOCH="1700000000")
    return place / "dist"


def environment(python: str, place: Path) -> Path:
    """Makes an environment without a pip of its own, and returns its Python: the pip of the tests installs into it."""
    run(python, "-m", "venv", "--without-pip", place, cwd=place.parent)
    return place / "bin" / "python"


def pip_installs(into: Path, *words: str | Path) -> None:
    # Runs in the environment's own Python. What is not compiled is compiled when it is imported.
    run(sys.executable, "-m", "pip", "--python", into, "install", "--quiet", "--no-compile", *words, cwd=into.parent)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(sources(tmp_path_factory.mktemp("a place") / "first"))


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


def works(sandlane: Path | str, *words: str) -> None:
    """Checks the example shop against its golden output, from a directory far from the sources."""
    shop, golden = (str(REPOSITORY / name / "shop") for name in ("overlays", "golden"))
    run(sandlane, *words, "check", shop, "--output", golden, "--root", REPOSITORY, cwd=Path("/"))


def test_the_same_bytes_twice(dist: Path, tmp_path: Path) -> None:
    again = built(sources(tmp_path / "another place"))
    names = sorted(path.name for path in dist.iterdir())
    assert len(names) == 2
    assert sorted(path.name for path in again.iterdir()) == names
    assert [name for name in names if (dist / name).read_bytes() != (again / name).read_bytes()] == []


def test_the_archive_of_sources_is_enough_for_the_wheel(dist: Path, wheel: Path, tmp_path: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    (place,) = tmp_path.iterdir()
    (again,) = built(place, "--wheel").glob("*.whl")
    assert again.read_bytes() == wheel.read_bytes()
    assert {"README.md", "CHANGELOG.md", "docs", "tests", "website", "constraints.txt"} <= {
        path.name for path in place.iterdir()
    }


def test_nothing_of_tests_is_installed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"sandlane", f"{wheel.name.split('-py3')[0]}.dist-info"}


@pytest.mark.parametrize("python", pythons())
def test_installed_by_pip_in_a_path_with_spaces(python: str, wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "my tools"
    pip_installs(environment(python, place), wheel)
    works(place / "bin" / "sandlane")
    works(place / "bin" / "kubectl-sandlane")


def test_installed_by_pipx(wheel: Path, tmp_path: Path) -> None:
    places = {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
    }
    run("pipx", "install", "--python", sys.executable, wheel, cwd=tmp_path, **places)
    works(tmp_path / "bin" / "sandlane")
    assert {path.name for path in (tmp_path / "bin").iterdir()} == {
        "sandlane",
        "kubectl-sandlane",
        "kubectl_complete-sandlane",
    }


def test_run_by_uvx(wheel: Path) -> None:
    works("uvx", "--python", sys.executable, "--from", str(wheel), "sandlane")


def test_installed_from_a_git_address(tmp_path: Path) -> None:
    place = sources(tmp_path / "repository")
    who = {f"GIT_{role}_{field}": "dev@example.com" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "All")):
        run("git", *words, cwd=place, **who)
    python = environment(sys.executable, tmp_path / "clean")
    pip_installs(python, f"git+file://{place}@main")
    works(python, "-m", "sandlane")


def test_the_recipe_of_the_image() -> None:
    assert run("hadolint", REPOSITORY / "Dockerfile", cwd=REPOSITORY) == ""


def test_the_image_is_made_of_what_is_sent_to_it(tmp_path: Path) -> None:
    """What .dockerignore lets through is enough for the wheel: its own words, as the recipe has them."""
    sent = [line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    place = sources(tmp_path / "all")
    context = tmp_path / "context"
    context.mkdir()
    for name in sent:
        (shutil.copytree if (place / name).is_dir() else shutil.copy)(place / name, context / name)
    line = (
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        "wheels",
        ".",
    )
    run(*line, cwd=context)
    assert [path.suffix for path in (context / "wheels").iterdir()] == [".whl"]
