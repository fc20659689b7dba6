from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandlane.files.disk import DiskTree, environment_file, find_root
from sandlane.files.tree import OutsideRoot, Unreadable

LONG = "a" * 300
"""A name that no file system takes."""
LONG_SHOWN = "a" * 117 + "…"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with files, links inside, links outside, loops and a pipe; secrets lie beside it."""
    (tmp_path / "outside" / "in").mkdir(parents=True)
    (tmp_path / "outside" / "secret").write_text("secret")
    (tmp_path / "root-of-another").mkdir()
    (tmp_path / "root-of-another" / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "dir" / "sub").mkdir(parents=True)
    (root / "file").write_text("file")
    (root / "dir" / "b").write_text("b")
    (root / "dir" / "a").write_text("a")
    for name, target in {
        "to-file": "dir/a",
        "to-directory": "dir",
        "to-nothing": "missing",
        "to-root": ".",
        "loop": "loop",
        "ping": "pong",
        "pong": "ping",
        "out-file": "../outside/secret",
        "out-directory": "../outside",
        "out-absolute": str(tmp_path / "outside"),
        "out-same-beginning": "../root-of-another",
        "out-and-back": "../root/dir",
        "out-chain": "out-file",
    }.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "pipe")
    return root


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("", "directory", id="root"),
        pytest.param("file", "file", id="file"),
        pytest.param("dir", "directory", id="directory"),
        pytest.param("missing", None, id="missing"),
        pytest.param("file/below", None, id="below-a-file"),
        pytest.param("to-file", "file", id="link-to-file"),
        pytest.param("to-directory", "link", id="link-to-directory"),
        pytest.param("to-directory/a", "file", id="through-a-link"),
        pytest.param("to-root", "link", id="link-to-root"),
        pytest.param("out-and-back", "link", id="link-that-ends-inside"),
        pytest.param("to-nothing", None, id="dangling"),
        pytest.param("loop", None, id="loop"),
        pytest.param("ping", None, id="loop-of-two"),
        pytest.param("pipe", None, id="pipe"),
    ],
)
def test_kind(root: Path, path: str, expected: str | None) -> None:
    assert DiskTree(root).kind(path) == expected


def test_kind_of_a_name_that_is_too_long(root: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        DiskTree(root).kind(LONG)
    assert str(caught.value) == f"'{LONG_SHOWN}': File name too long"


@pytest.mark.parametrize(
    "path",
    [
        "out-file",
        "out-directory",
        "out-directory/in",
        "out-directory/secret",
        "out-directory/missing",
        "out-absolute",
        "out-same-beginning",
        "out-same-beginning/secret",
        "out-chain",
        "../outside/secret",
        "dir/../../outside",
        "to-root/../outside",
        "..",
        "/",
    ],
)
def test_nothing_outside_is_touched(root: Path, path: str) -> None:
    tree = DiskTree(root)
    for ask in (tree.read, tree.kind, tree.list):
        with pytest.raises(OutsideRoot) as caught:
            ask(path)
        assert caught.value.args == (path,)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("file", b"file", id="file"),
        pytest.param("to-file", b"a", id="link"),
        pytest.param("to-directory/b", b"b", id="through-a-link"),
        pytest.param("to-root/dir/a", b"a", id="through-the-root"),
    ],
)
def test_read(root: Path, path: str, expected: bytes) -> None:
    assert DiskTree(root).read(path) == expected


@pytest.mark.parametrize("path", ["missing", "to-nothing", "dir/missing"])
def test_read_of_nothing(root: Path, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        DiskTree(root).read(path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("dir", "'dir' is no regular file", id="directory"),
        pytest.param("pipe", "'pipe' is no regular file", id="pipe-does-not-hang"),
        pytest.param("loop", "'loop': Too many levels of symbolic links", id="loop"),
        pytest.param("file/below", "'file/below': Not a directory", id="below-a-file"),
        pytest.param(LONG, f"'{LONG_SHOWN}': File name too long", id="name-too-long"),
    ],
)
def test_read_of_what_cannot_be_read(root: Path, path: str, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        DiskTree(root).read(path)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("dir", ("a", "b", "sub"), id="directory"),
        pytest.param("to-directory", ("a", "b", "sub"), id="link"),
        pytest.param("dir/sub", (), id="empty"),
    ],
)
def test_list(root: Path, path: str, expected: tuple[str, ...]) -> None:
    assert DiskTree(root).list(path) == expected


def test_list_is_sorted_by_code_point(tmp_path: Path) -> None:
    for name in ("b", "a", "B", "é", "_", "10", "9"):
        (tmp_path / name).touch()
    assert DiskTree(tmp_path).list("") == ("10", "9", "B", "_", "a", "b", "é")


def test_list_of_nothing(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DiskTree(root).list("missing")


def test_list_of_a_file(root: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        DiskTree(root).list("file")
    assert str(caught.value) == "'file': Not a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_no_permission(root: Path) -> None:
    (root / "file").chmod(0)
    (root / "dir").chmod(0)
    tree = DiskTree(root)
    with pytest.raises(Unreadable, match=r"^'file': Permission denied$"):
        tree.read("file")
    with pytest.raises(Unreadable, match=r"^'dir': Permission denied$"):
        tree.list("dir")
    with pytest.raises(Unreadable, match=r"^'dir/a': Permission denied$"):
        tree.kind("dir/a")
    (root / "dir").chmod(0o755)


def test_what_was_read_stays(root: Path) -> None:
    tree = DiskTree(root)
    tree.read("file")
    (root / "file").write_text("changed")
    assert tree.read("file") == b"file"


def test_root_may_be_a_link(tmp_path: Path, root: Path) -> None:
    (tmp_path / "alias").symlink_to("root")
    tree = DiskTree(tmp_path / "alias")
    assert (tree.root, tree.read("file")) == (root.resolve(), b"file")


def test_root_of_the_disk_is_a_root(root: Path) -> None:
    assert DiskTree(Path("/")).read((root / "file").resolve().relative_to("/").as_posix()) == b"file"


@pytest.mark.parametrize(
    ("marks", "environment", "expected"),
    [
        pytest.param([], "a/b/sandlane.yaml", "a/b", id="no-git"),
        pytest.param([".git/"], "a/b/sandlane.yaml", ".", id="above"),
        pytest.param(["a/.git/", ".git/"], "a/b/sandlane.yaml", "a", id="nearest"),
        pytest.param(["a/b/.git/"], "a/b/sandlane.yaml", "a/b", id="beside"),
        pytest.param(["a/.git"], "a/b/sandlane.yaml", "a", id="worktree-has-a-file"),
        pytest.param(["a/b/c/.git/"], "a/b/sandlane.yaml", "a/b", id="below-does-not-count"),
        pytest.param([".git/"], "a/b/missing.yaml", ".", id="environment-that-does-not-exist"),
    ],
)
def test_find_root(tmp_path: Path, marks: list[str], environment: str, expected: str) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "sandlane.yaml").touch()
    for mark in marks:
        (tmp_path / mark).mkdir() if mark.endswith("/") else (tmp_path / mark).touch()
    assert find_root(tmp_path / environment) == (tmp_path / expected).resolve()


def test_find_root_follows_a_linked_environment(tmp_path: Path) -> None:
    (tmp_path / "real" / ".git").mkdir(parents=True)
    (tmp_path / "real" / "sandlane.yaml").touch()
    (tmp_path / "link.yaml").symlink_to("real/sandlane.yaml")
    assert find_root(tmp_path / "link.yaml") == (tmp_path / "real").resolve()


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        pytest.param("dir", "dir/sandlane.yaml", id="directory"),
        pytest.param("other.yaml", "other.yaml", id="file"),
        pytest.param("missing", "missing", id="missing"),
        pytest.param(LONG, LONG, id="name-too-long"),
    ],
)
def test_environment_file(tmp_path: Path, argument: str, expected: str) -> None:
    (tmp_path / "dir").mkdir()
    assert environment_file(tmp_path / argument) == tmp_path / expected
