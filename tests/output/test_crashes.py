"""Every call that changes the disk fails in turn: what is left never passes for right, and the next run repairs it.

The calls are those of `os` itself, so that a new one in the writer is met by this test without a change.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandlane.cli.writing import Unwritten, write_files
from sandlane.output.changes import changes
from sandlane.output.layout import MARK
from sandlane.problems.problem import Invalid
from tests.rim import snapshot

CHANGING = (
    "chmod", "chown", "fsync", "fdatasync", "ftruncate", "link", "mkdir", "open", "posix_fallocate", "pwrite", "remove", "rename",
    "renames", "replace", "rmdir", "sendfile", "symlink", "truncate", "unlink", "write", "writev",
)  # fmt: skip


def file(text: str) -> str:
    return f"{MARK}\n{text}\n"


SMALL = {"README.md": file("r"), "sandboxes/README.md": file("s"), "shared/README.md": file("t")}
ONE = {**SMALL, "sandboxes/a/shop/deployment-a.yaml": file("a: 1"), "shared/shop/virtualservice-a.yaml": file("a: 1")}
OTHER = {**SMALL, "sandboxes/a/shop/deployment-a.yaml": file("a: 2"), "shared/shop/virtualservice-a.yaml": file("a: 2")}
MIXED = {
    **SMALL,
    "sandboxes/a/shop/deployment-a.yaml": file("a: 3"),
    "sandboxes/b/shop/deployment-b.yaml": file("b: 1"),
    "shared/x/virtualservice-b.yaml": file("b: 1"),
}
TRANSITIONS: Mapping[str, tuple[Mapping[str, str] | None, Mapping[str, str]]] = {
    "first": (None, ONE),
    "create": (SMALL, ONE),
    "update": (ONE, OTHER),
    "delete": (ONE, SMALL),
    "mixed": (ONE, MIXED),
}
FOREIGN = {"out/OWNERS": "me\n", "out/shared/notes.txt": "n\n", "beside/x.yaml": "a: 1\n"}


class KilledError(BaseException):
    """Stands for the end of the process: nothing that comes after it changes the disk."""


class Disk:
    """Lets the calls of `os` that change the disk through, and fails the nth of them."""

    def __init__(self, patch: pytest.MonkeyPatch, failing: int, error: int | None) -> None:
        self.calls, self.failing, self.error = 0, failing, error
        for name in CHANGING:
            if hasattr(os, name):
                patch.setattr(os, name, self._standing_in(name, getattr(os, name)))

    def _standing_in(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if name == "open" and not args[1] & (os.O_CREAT | os.O_TRUNC):
                return real(*args, **named)
            self.calls += 1
            is_dead = self.error is None and self.calls > self.failing
            if self.calls == self.failing or is_dead:
                if name == "write" and not is_dead:
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])  # what the disk still took
                raise KilledError if self.error is None else OSError(self.error, os.strerror(self.error))
            return real(*args, **named)

        return call


def put(directory: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")


def prepared(place: Path, before: Mapping[str, str] | None) -> Path:
    """Returns a directory that holds an output, foreign files in it and files beside it."""
    place.mkdir()
    if before is not None:
        put(place / "out", before)
    put(place, {path: text for path, text in FOREIGN.items() if before is not None or not path.startswith("out/")})
    return place


def attempt(place: Path, wanted: Mapping[str, str], failing: int, error: int | None) -> int | None:
    """Renders with the nth call failing; returns how many calls there were if none failed."""
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch, failing, error)
        try:
            write_files(place / "out", wanted)
        except (Invalid, Unwritten, KilledError):
            return None
    return disk.calls if disk.calls < failing else None


def points(tmp_path: Path, before: Mapping[str, str] | None, wanted: Mapping[str, str]) -> int:
    count = attempt(prepared(tmp_path / "count", before), wanted, 10_000, errno.EIO)
    assert count
    return count


def is_stale(place: Path, wanted: Mapping[str, str]) -> bool:
    """Tells what `check` tells."""
    return bool(changes(place / "out", wanted))


def held(place: Path, wanted: Mapping[str, str]) -> bool:
    return all(
        (place / "out" / path).is_file() and (place / "out" / path).read_text() == text for path, text in wanted.items()
    )


@pytest.mark.parametrize(
    "error", [errno.ENOSPC, errno.EACCES, errno.EIO, None], ids=["full", "denied", "broken", "killed"]
)
@pytest.mark.parametrize("transition", sorted(TRANSITIONS))
def test_every_call_fails_in_turn(tmp_path: Path, transition: str, error: int | None) -> None:
    before, wanted = TRANSITIONS[transition]
    right = prepared(tmp_path / "right", before)
    write_files(right / "out", wanted)
    expected = snapshot(right)
    count = points(tmp_path, before, wanted)
    assert count >= 2
    for failing in range(1, count + 1):
        place = prepared(tmp_path / f"at-{failing}", before)
        attempt(place, wanted, failing, error)
        foreign = {path: text for path, text in FOREIGN.items() if before is not None or not path.startswith("out/")}
        assert {path: (place / path).read_text() for path in foreign} == foreign
        assert {path.name for path in place.iterdir() if not path.name.startswith(".sandlane-staged-out.")} <= {
            "out",
            "beside",
        }
        for path in (place / "out").rglob("*.yaml"):  # each manifest is an old one or a new one, whole
            name = path.relative_to(place / "out").as_posix()
            assert path.read_text() in ((before or {}).get(name), wanted.get(name))
        assert is_stale(place, wanted) or held(place, wanted)
        write_files(place / "out", wanted)
        assert not is_stale(place, wanted)
        files = {path: what for path, what in snapshot(place).items() if what != "/"}
        assert files == {path: what for path, what in expected.items() if what != "/"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose output is committed."""
    prepared(tmp_path / "r", ONE)
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", str(tmp_path / "r"), *command], check=True, capture_output=True)
    return tmp_path / "r"


def test_git_never_reads_half_a_manifest(repository: Path) -> None:
    """At each call that changes the disk, what `git add` would take is whole."""
    seen: list[str] = []

    class Looking(Disk):
        def _standing_in(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **named: Any) -> Any:
                result = real(*args, **named)
                seen.extend(path.read_text() for path in (repository / "out").rglob("*.yaml"))
                return result

            return call

    with pytest.MonkeyPatch.context() as patch:
        Looking(patch, 0, None)
        write_files(repository / "out", MIXED)
    assert set(seen) <= {*ONE.values(), *MIXED.values()}
    subprocess.run(["git", "-C", str(repository), "add", "-A"], check=True)
    staged = subprocess.run(
        ["git", "-C", str(repository), "ls-files", "out"], check=True, capture_output=True, text=True
    )
    assert staged.stdout.split() == sorted([*(f"out/{path}" for path in MIXED), "out/OWNERS", "out/shared/notes.txt"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_output_is_told(tmp_path: Path) -> None:
    place = prepared(tmp_path / "r", ONE)
    directory = place / "out" / "sandboxes" / "a" / "shop"
    directory.chmod(0o555)
    try:
        with pytest.raises(Unwritten):
            write_files(place / "out", OTHER)
    finally:
        directory.chmod(0o755)
    assert is_stale(place, OTHER)


def test_two_renders_and_a_check_at_once(tmp_path: Path) -> None:
    """Two runs that write different files take turns, and a look in between raises nothing."""
    import threading

    place = prepared(tmp_path / "r", ONE)
    errors: list[BaseException] = []

    def again(action: Callable[[], object]) -> None:
        try:
            for _ in range(20):
                action()
        except BaseException as error:
            errors.append(error)

    actions = [
        lambda: write_files(place / "out", OTHER),
        lambda: write_files(place / "out", MIXED),
        lambda: changes(place / "out", OTHER),
    ]
    threads = [threading.Thread(target=again, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert held(place, OTHER) != held(place, MIXED)
    write_files(place / "out", ONE)
    assert not is_stale(place, ONE)
