"""A tree of files as the core sees it: read, kind and list by path below one root, never above it.

Paths are relative to the root, with `/`, without `.` and `..`; the root itself is the empty string. Trees on disk
are in `sandlane.files.disk`, those of git's objects in `sandlane.files.git`; `MemoryTree` is for tests and embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

STREAM = "-"
"""The entry, and the path, of manifests that are piped in."""

Kind = Literal["file", "directory", "link"]
"""A link is one to a directory; what a link to a file names is a file."""


class OutsideRoot(Exception):
    """Raised when a path leaves the root of its tree."""


class Unreadable(Exception):
    """Raised when a path that exists cannot be read: its text says why."""


class NoRevision(Exception):
    """Raised where git does not know a revision, or there is no repository: its text says which."""


class Tree(Protocol):
    """What the core may ask of files."""

    # Called for every file that is parsed, and again when a problem is shown: keep the bytes.
    # Raises FileNotFoundError, OutsideRoot (a link that leaves the root) and Unreadable.
    def read(self, path: str) -> bytes: ...

    # None where nothing is. Raises OutsideRoot and Unreadable as read does.
    def kind(self, path: str) -> Kind | None: ...

    # Whether a path is a link, to whatever it leads. Raises nothing.
    def is_link(self, path: str) -> bool: ...

    # Names in a directory, sorted by code point. Raises as read does.
    def list(self, path: str) -> tuple[str, ...]: ...


def join(directory: str, relative: str) -> str:
    """Joins a relative path to a directory of the tree and normalises it.

    Raises OutsideRoot for absolute paths and for those that climb above the root.
    """
    if relative.startswith("/") or "\0" in relative:
        raise OutsideRoot(relative)
    steps = directory.split("/") if directory else []
    for step in relative.split("/"):
        if step == "..":
            if not steps:
                raise OutsideRoot(relative)
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def relative(path: str, directory: str) -> str:
    """Returns a path as seen from a directory of the tree; one that lies outside of it as it is."""
    return path[len(directory) + 1 :] if directory and path.startswith(directory + "/") else path


def is_within(path: str, directory: str) -> bool:
    """Tells whether a path is a directory or lies below it."""
    return directory == "" or path == directory or path.startswith(directory + "/")


class MemoryTree:
    """A tree held in a dict of path -> text."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}

    def read(self, path: str) -> bytes:
        """Returns the bytes of a file; raises FileNotFoundError."""
        if path not in self._files:
            raise FileNotFoundError(path)
        return self._files[path]

    def kind(self, path: str) -> Kind | None:
        """Tells whether a path is a file, a directory or nothing."""
        if path in self._files:
            return "file"
        return "directory" if any(is_within(file, path) for file in self._files) else None

    def is_link(self, path: str) -> bool:
        """Tells that there are no links."""
        return False

    def list(self, path: str) -> tuple[str, ...]:
        """Returns the names in a directory, sorted."""
        below = len(path) + 1 if path else 0
        return tuple(
            sorted({file[below:].split("/")[0] for file in self._files if is_within(file, path) and file != path})
        )
