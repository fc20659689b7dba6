"""Directories by handle: what lies below an output directory is never reached through a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened(directory: Path) -> Iterator[Handles]:
    """Opens an output directory. Raises OSError, also where it is a link."""
    handles = Handles(os.open(directory, _DIRECTORY))
    try:
        yield handles
    finally:
        handles.close()


class Handles:
    """The directories on the way to the file at hand, below a directory; those that the next file is not in are closed."""

    def __init__(self, top: int) -> None:
        self.top = top
        self._open: list[tuple[str, int]] = []

    def at(self, directory: str, *, is_made: bool = False) -> int:
        """Returns the handle of a directory by its path (empty: the top), good until the next call. Raises OSError."""
        steps = directory.split("/") if directory else []
        kept = 0
        while kept < min(len(steps), len(self._open)) and self._open[kept][0] == steps[kept]:
            kept += 1
        self._leave(kept)
        for step in steps[kept:]:
            parent = self._open[-1][1] if self._open else self.top
            self._open.append((step, self._entered(parent, step, is_made)))
        return self._open[-1][1] if self._open else self.top

    @staticmethod
    def _entered(parent: int, name: str, is_made: bool) -> int:
        try:
            return os.open(name, _DIRECTORY, dir_fd=parent)
        except FileNotFoundError:
            if not is_made:
                raise
            os.mkdir(name, dir_fd=parent)
            return os.open(name, _DIRECTORY, dir_fd=parent)

    def _leave(self, kept: int) -> None:
        while len(self._open) > kept:
            os.close(self._open.pop()[1])

    def close(self) -> None:
        """Closes all."""
        self._leave(0)
        os.close(self.top)


def split(path: str) -> tuple[str, str]:
    """Returns the directory and the name of a path."""
    directory, _, name = path.rpartition("/")
    return directory, name


def beginning(parent: int, name: str, most: int) -> bytes | None:
    """Returns so many bytes of a regular file, fewer where it ends; None for anything else. Raises OSError."""
    try:
        handle = os.open(name, _FILE, dir_fd=parent)
    except FileNotFoundError:  # another run has taken it away
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        parts: list[bytes] = []
        while most > 0 and (part := os.read(handle, most)):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
    finally:
        os.close(handle)


def write_new(parent: int, name: str, data: bytes) -> None:
    """Writes a file that is not there yet. Raises OSError, also where anything has its name."""
    handle = os.open(name, _NEW, 0o666, dir_fd=parent)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)
