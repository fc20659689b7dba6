"""The files of a revision, or of git's index, read from its objects: nothing is checked out, and no network is asked."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sandlane.files.tree import Kind, NoRevision, OutsideRoot, Unreadable, join
from sandlane.frozen import frozen

_LINK, _MODULE = "120000", "160000"
_LONGEST_CHAIN = 40  # links that lead to links, as Linux counts them


@frozen
class _Entry:
    mode: str
    object: str


class GitTree:
    """The files below a directory of a repository as they are at a revision; with None, as the index has them.

    A link is followed while its target lies below the root. Close it, or use it as a context manager: it keeps `git cat-file`.
    """

    def __init__(self, root: Path, revision: str | None) -> None:
        self.root = Path(os.path.realpath(root))
        listed = (
            ("ls-files", "-s", "-z")
            if revision is None
            else ("ls-tree", "-r", "-z", "--full-tree", f"{_verified(self.root, revision)}")
        )
        self._entries = _parsed(_git(self.root, *listed))
        self._directories: dict[str, set[str]] = {"": set()}
        for path in self._entries:
            while path:
                above, _, name = path.rpartition("/")
                names = self._directories.setdefault(above, set())
                path = "" if name in names else above
                names.add(name)
        self._read: dict[str, bytes] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> GitTree:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends `git cat-file`."""
        if self._process:
            self._process.communicate()
            self._process = None

    def read(self, path: str) -> bytes:
        """Returns the bytes of a file. Raises FileNotFoundError, OutsideRoot and Unreadable."""
        found = self._followed(path)
        entry = self._entries.get(found)
        if entry is None:
            if found in self._directories:
                raise Unreadable(f"'{path}' is no regular file")
            raise FileNotFoundError(path)
        return self._blob(entry)

    def kind(self, path: str) -> Kind | None:
        """Tells what a path is; a submodule is nothing. Raises OutsideRoot."""
        found = self._followed(path)
        if found in self._directories:
            return "link" if self.is_link(path) else "directory"
        entry = self._entries.get(found)
        return "file" if entry and entry.mode != _MODULE else None

    def list(self, path: str) -> tuple[str, ...]:
        """Returns the names in a directory, sorted. Raises FileNotFoundError, OutsideRoot and Unreadable."""
        found = self._followed(path)
        if found not in self._directories:
            raise FileNotFoundError(path)
        return tuple(sorted(self._directories[found]))

    def is_link(self, path: str) -> bool:
        """Tells whether a path is a link, to whatever it leads."""
        entry = self._entries.get(path)
        return entry is not None and entry.mode == _LINK

    def _followed(self, path: str) -> str:
        """Returns where a path leads when links are followed, at its end and on its way."""
        for _ in range(_LONGEST_CHAIN):
            steps = path.split("/")
            for length in range(1, len(steps) + 1):
                above = "/".join(steps[:length])
                if self.is_link(above):
                    target = self._blob(self._entries[above]).decode(errors="surrogateescape")
                    try:
                        path = join(above.rpartition("/")[0], "/".join((target, *steps[length:])))
                    except OutsideRoot:
                        raise OutsideRoot(path) from None
                    break
            else:
                return path
        raise Unreadable(f"'{path}': too many links")

    def _blob(self, entry: _Entry) -> bytes:
        if entry.object not in self._read:
            process = self._process = self._process or subprocess.Popen(
                ["git", "-C", str(self.root), "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            writer, reader = _pipes(process)
            writer.write(f"{entry.object}\n".encode())
            writer.flush()
            head = reader.readline().split()
            if len(head) != 3:
                raise Unreadable(f"git has no object {entry.object}: is this a partial or shallow clone?")
            self._read[entry.object] = reader.read(int(head[2]))
            reader.read(1)
        return self._read[entry.object]


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout


def _verified(root: Path, revision: str) -> str:
    """Returns the tree of the root's directory at a revision, or in a tree; a revision that reads like an option is none."""
    if revision.startswith("-"):
        raise NoRevision(f"'{revision}' is no revision")
    prefix = _git(root, "rev-parse", "--show-prefix").decode().strip()
    tree = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{tree}}", wrong=revision)
    return f"{tree.decode().strip()}:{prefix}"


def git_says(*arguments: str) -> str | None:
    """Returns what git answers where the user stands, such as to `config user.email`; None where it has no answer."""
    try:
        found = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None


def _git(root: Path, *arguments: str, wrong: str = "") -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise NoRevision("git is not installed, and a revision is read from its objects") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        text = (
            f"git does not know the revision '{wrong}'"
            if wrong
            else (said[-1] if said else f"git {arguments[0]} failed")
        )
        raise NoRevision(text.removeprefix("fatal: "))
    return done.stdout


def _parsed(listed: bytes) -> Mapping[str, _Entry]:
    """Returns path -> entry of `ls-tree -r -z` (mode type object) or `ls-files -s -z` (mode object stage).

    Raises NoRevision where the index holds both sides of a conflict.
    """
    entries: dict[str, Any] = {}
    for line in filter(None, listed.split(b"\0")):
        about, _, path = line.partition(b"\t")
        mode, second, third = about.decode().split()
        if third in ("1", "2", "3"):
            raise NoRevision(f"'{path.decode(errors='replace')}' is in conflict in git's index: settle it first")
        entries[path.decode(errors="surrogateescape")] = _Entry(mode, third if second in ("blob", "commit") else second)
    return entries
