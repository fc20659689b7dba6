"""Trees on disk, and the paths that a user gives: which root bounds reading, and which environments are meant."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from sandlane.files.tree import STREAM, Kind, OutsideRoot, Unreadable

ENVIRONMENT = "sandlane.yaml"


class DiskTree:
    """The files below a directory. What has been read is kept, so that problems are shown from the same bytes.

    A link is followed while its target lies below the root. `stream` is what was piped in: it is read at STREAM. `staged` are
    files that are about to be written (None: to be removed): they are read as if they were there.
    """

    def __init__(
        self, root: Path, stream: bytes | None = None, staged: Mapping[str, bytes | None] | None = None
    ) -> None:
        self.root = Path(os.path.realpath(root))
        self._staged = dict(staged or {})
        self._read: dict[str, bytes] = {} if stream is None else {STREAM: stream}
        self._is_piped = stream is not None
        self._directories: dict[str, str] = {}

    def read(self, path: str) -> bytes:
        """Returns the bytes of a file. Raises FileNotFoundError, OutsideRoot and Unreadable."""
        if path in self._staged:
            staged = self._staged[path]
            if staged is None:
                raise FileNotFoundError(path)
            return staged
        if path not in self._read:
            self._read[path] = _bytes_of(self._confined(path), path)
        return self._read[path]

    def kind(self, path: str) -> Kind | None:
        """Tells what a path is; pipes, sockets and devices are nothing. Raises OutsideRoot."""
        if self._is_piped and path == STREAM:
            return "file"
        if path in self._staged:
            return "file" if self._staged[path] is not None else None
        if any(file.startswith(f"{path}/") for file, data in self._staged.items() if data is not None):
            return "directory"
        _, mode, is_link = self._looked(path)
        if stat.S_ISDIR(mode):
            return "link" if is_link else "directory"
        return "file" if stat.S_ISREG(mode) else None

    def close(self) -> None:
        """Ends nothing: files are closed when they have been read."""

    def is_link(self, path: str) -> bool:
        """Tells whether a path is a link, to whatever it leads."""
        return path not in self._staged and os.path.islink(f"{self.root}/{path}")  # noqa: PTH114

    def list(self, path: str) -> tuple[str, ...]:
        """Returns the names in a directory, sorted. Raises OutsideRoot and Unreadable."""
        directory = self._confined(path)
        staged = {file: data for file, data in self._staged.items() if not path or file.startswith(f"{path}/")}
        below = len(path) + 1 if path else 0
        added = {file[below:].split("/")[0] for file, data in staged.items() if data is not None}
        removed = {file[below:] for file, data in staged.items() if data is None}
        try:
            return tuple(sorted((set(os.listdir(directory)) - removed) | added))  # noqa: PTH208
        except FileNotFoundError:
            if added:
                return tuple(sorted(added))
            raise
        except OSError as error:
            raise Unreadable(f"'{path}': {error.strerror}") from None

    def _confined(self, path: str) -> str:
        """Returns the real path of what a path means, which may be nothing. Raises OutsideRoot and Unreadable."""
        return self._looked(path)[0]

    def _looked(self, path: str) -> tuple[str, int, bool]:
        """Returns a real path, the mode of what is there (0 for nothing), and whether a link led to it.

        Most files lie beside many others and are no links: the way to their directory is followed once, and they are looked at once.
        """
        directory, _, name = path.rpartition("/")
        parent = self._directory(directory) if name not in ("", ".", "..") else None
        if parent is None:
            return self._followed(path)
        full = f"{parent.rstrip('/')}/{name}"
        try:
            mode = os.lstat(full).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return full, 0, False
        except OSError as error:  # a name that is too long
            raise Unreadable(f"'{shortened(path)}': {error.strerror}") from None
        return self._followed(path) if stat.S_ISLNK(mode) else (full, mode, False)

    def _directory(self, path: str) -> str | None:
        """Returns the real path of a directory; None where it lies outside, from where links may lead back."""
        if path not in self._directories:
            try:
                self._directories[path] = self._looked(path)[0]
            except OutsideRoot:
                return None
        return self._directories[path]

    def _followed(self, path: str) -> tuple[str, int, bool]:
        mode = 0
        try:
            full = os.path.realpath(self.root / path, strict=False)
            mode = os.lstat(full).st_mode  # a name that is too long, or a loop of links
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise Unreadable(f"'{shortened(path)}': {error.strerror}") from None
        root = str(self.root)
        if full != root and not full.startswith(f"{root.rstrip('/')}/"):
            raise OutsideRoot(path)
        return full, mode, self.is_link(path)


def _bytes_of(file: str, path: str) -> bytes:
    """Returns the bytes of a regular file. Raises FileNotFoundError and Unreadable."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                raise Unreadable(f"'{path}' is no regular file")
            parts = []
            while part := os.read(handle, state.st_size + 1):
                parts.append(part)
            return b"".join(parts)
        finally:
            os.close(handle)
    except FileNotFoundError:
        raise
    except OSError as error:
        reason = f"'{path}' is no regular file" if error.errno == errno.ENXIO else f"'{path}': {error.strerror}"
        raise Unreadable(reason) from None


def shortened(path: str) -> str:
    """Returns a path as it can be shown."""
    return path if len(path) <= 120 else f"{path[:117]}…"


def find_root(environment: Path) -> Path:
    """Returns the nearest ancestor of an environment's file with `.git`, else the file's directory."""
    directory = Path(os.path.realpath(environment)).parent
    return next((d for d in (directory, *directory.parents) if (d / ".git").exists()), directory)


def environment_file(argument: Path) -> Path:
    """Returns the environment file that an argument names: itself, or `sandlane.yaml` in a directory."""
    try:
        return argument / ENVIRONMENT if argument.is_dir() else argument
    except OSError:  # a name that is too long
        return argument


def environment_above(directory: Path) -> Path | None:
    """Returns the environment file in a directory or in the nearest one above, up to the one with `.git`; None where none is."""
    start = Path(os.path.realpath(directory))
    for above in (start, *start.parents):
        if (above / ENVIRONMENT).is_file():
            return above / ENVIRONMENT
        if (above / ".git").exists():
            return None
    return None


def environments_below(directory: Path, deepest: int = 4) -> list[str]:
    """Returns the environment files below a directory, as seen from it, sorted; hidden directories are passed over."""
    found: list[str] = []
    for path, directories, files in os.walk(directory):
        steps = Path(os.path.relpath(path, directory)).parts
        hidden = len(steps) >= deepest
        directories[:] = [] if hidden else [name for name in directories if not name.startswith(".")]
        found += [os.path.relpath(os.path.join(path, name), directory) for name in files if name == ENVIRONMENT]  # noqa: PTH118
    return sorted(found)
