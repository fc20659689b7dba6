"""The files of a revision and of the index, read from git's objects."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandlane.files.git import GitTree
from sandlane.files.tree import NoRevision, OutsideRoot, Unreadable


def git(place: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=place, capture_output=True, check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose work tree differs from its one commit, and that from the index."""
    git(tmp_path, "init", "-q", ".")
    (tmp_path / "apps" / "base").mkdir(parents=True)
    (tmp_path / "apps" / "base" / "a.yaml").write_bytes(b"a: \xff\n")
    (tmp_path / "apps" / "sandlane.yaml").write_text("first\n")
    (tmp_path / "outside.yaml").write_text("outside\n")
    for name, target in {
        "file": "base/a.yaml",
        "way": "base",
        "out": "../outside.yaml",
        "loop": "loop",
        "gone": "nowhere",
        "hop": "way/a.yaml",
    }.items():
        (tmp_path / "apps" / name).symlink_to(target)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    (tmp_path / "apps" / "sandlane.yaml").write_text("staged\n")
    git(tmp_path, "add", "-A")
    (tmp_path / "apps" / "sandlane.yaml").write_text("on disk\n")
    (tmp_path / "apps" / "untracked.yaml").write_text("untracked\n")
    return tmp_path / "apps"


@pytest.mark.parametrize(("revision", "text"), [("HEAD", b"first\n"), (None, b"staged\n")])
def test_what_is_read(revision: str | None, text: bytes, repository: Path) -> None:
    with GitTree(repository, revision) as tree:
        assert tree.read("sandlane.yaml") == text
        assert tree.list("") == ("base", "file", "gone", "hop", "loop", "out", "sandlane.yaml", "way")
        assert [
            tree.kind(name) for name in ("", "base", "way", "file", "hop", "sandlane.yaml", "untracked.yaml", "gone")
        ] == [
            "directory",
            "directory",
            "link",
            "file",
            "file",
            "file",
            None,
            None,
        ]
        assert (
            tree.read("base/a.yaml") == tree.read("file") == tree.read("way/a.yaml") == tree.read("hop") == b"a: \xff\n"
        )
        assert tree.list("way") == ("a.yaml",)


def test_what_cannot_be_read(repository: Path) -> None:
    with GitTree(repository, "HEAD") as tree:
        with pytest.raises(OutsideRoot):
            tree.read("out")
        with pytest.raises(Unreadable, match="too many links"):
            tree.kind("loop")
        with pytest.raises(FileNotFoundError):
            tree.read("gone")
        with pytest.raises(FileNotFoundError):
            tree.list("nowhere")
        with pytest.raises(Unreadable, match="'base' is no regular file"):
            tree.read("base")


@pytest.mark.parametrize(
    ("revision", "message"),
    [("nowhere", "git does not know the revision 'nowhere'"), ("--all", "'--all' is no revision")],
)
def test_a_wrong_revision(revision: str, message: str, repository: Path) -> None:
    with pytest.raises(NoRevision) as raised:
        GitTree(repository, revision)
    assert str(raised.value) == message


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(NoRevision, match="not a git repository"):
        GitTree(tmp_path, "HEAD")


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoRevision, match="git is not installed"):
        GitTree(repository, "HEAD")
