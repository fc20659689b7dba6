"""Trees on disk, and the paths that a user gives: which root bounds reading, and which environments are meant."""

from __future__ import annotations

import os
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
        self.root = root.resolve()
        self._staged = dict(staged or {})
        self._read: dict[str, bytes] = {} if stream is None else {STREAM: stream}
        self._is_piped = stream is not None

    def read(self, path: str) -> bytes:
        """Returns the bytes of a file. Raises FileNotFoundError, OutsideRoot and Unreadable."""
        if path in self._staged:
            staged = self._staged[path]
            if staged is None:
                raise FileNotFoundError(path)
            return staged
        if path not in self._read:
            file = self._confined(path)
            try:
                if file.exists() and not file.is_file():
                    raise Unreadable(f"'{path}' is no regular file")
                self._read[path] = file.read_bytes()
            except FileNotFoundError:
                raise
            except OSError as error:
                raise Unreadable(f"'{path}': {error.strerror}") from None
        return self._read[path]

    def kind(self, path: str) -> Kind | None:
        """Tells what a path is; pipes, sockets and devices are nothing. Raises OutsideRoot."""
        if self._is_piped and path == STREAM:
            return "file"
        if path in self._staged:
            return "file" if self._staged[path] is not None else None
        if any(file.startswith(f"{path}/") for file, data in self._staged.items() if data is not None):
            return "directory"
        full = self._confined(path)
        if full.is_dir():
            return "link" if (self.root / path).is_symlink() else "directory"
        return "file" if full.is_file() else None

    def is_link(self, path: str) -> bool:
        """Tells whether a path is a link, to whatever it leads."""
        return path not in self._staged and (self.root / path).is_symlink()

    def list(self, path: str) -> tuple[str, ...]:
        """Returns the names in a directory, sorted. Raises OutsideRoot and Unreadable."""
        directory = self._confined(path)
        staged = {file: data for file, data in self._staged.items() if not path or file.startswith(f"{path}/")}
        below = len(path) + 1 if path else 0
        added = {file[below:].split("/")[0] for file, data in staged.items() if data is not None}
        removed = {file[below:] for file, data in staged.items() if data is None}
        try:
            return tuple(sorted(({entry.name for entry in directory.iterdir()} - removed) | added))
        except FileNotFoundError:
            if added:
                return tuple(sorted(added))
            raise
        except OSError as error:
            raise Unreadable(f"'{path}': {error.strerror}") from None

    def _confined(self, path: str) -> Path:
        try:
            full = Path(os.path.realpath(self.root / path, strict=False))
            full.lstat()  # a name that is too long, or a loop of links
        except FileNotFoundError:
            pass
        except NotADirectoryError:
            pass
        except OSError as error:
            raise Unreadable(f"'{shortened(path)}': {error.strerror}") from None
        if full != self.root and self.root not in full.parents:
            raise OutsideRoot(path)
        return full


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
