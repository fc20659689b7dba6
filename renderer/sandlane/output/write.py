"""Writing: files against a directory. The only module that changes the disk.

Only files that begin with the generated mark are ever overwritten or deleted. A crash, a full disk or a second run at the same
time leaves nothing that `check` would take for right, and the next run repairs it: each file is replaced as a whole, and a new
output directory is filled beside its place and renamed into it.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandlane.base.output import APPLIED
from sandlane.output.layout import BASE, MARK, SANDBOXES, SHARED

_TEMPORARY = re.compile(r"\.sandlane-\d+-[0-9a-f]{16}\.tmp")
_STAGED = ".sandlane-staged-"
_MARK = MARK.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How a directory differs from files: paths to create, update and delete, and manifests that are not ours. All sorted."""

    create: tuple[str, ...]
    update: tuple[str, ...]
    delete: tuple[str, ...]
    foreign: tuple[str, ...]
    unchanged: int
    leftovers: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.create or self.update or self.delete or self.leftovers)


class UnusableOutput(Exception):
    """Raised where the output's path is something else, or a link: its text says what."""


def changes(directory: Path, files: Mapping[str, str]) -> Changes:
    """Compares a directory with the files that it should hold. Raises UnusableOutput and OSError."""
    found = dict(_walk(directory)) if _is_usable(directory) else {}
    _refuse_obstacles(directory, found, files)
    create, update, delete, foreign, leftovers = [], [], [], [], []
    unchanged = 0
    for path, text in files.items():
        full = found.pop(path, None)
        if full is None:
            create.append(path)
        elif _same(full, text):
            unchanged += 1
        elif _is_ours(full):
            update.append(path)
        elif path.endswith(APPLIED):
            foreign.append(path)
    for path, full in found.items():
        if _TEMPORARY.fullmatch(path.rpartition("/")[2]):
            leftovers.append(path)
        elif _is_ours(full):
            delete.append(path)
        elif path.endswith(APPLIED):
            foreign.append(path)
    return Changes(
        create=tuple(sorted(create)),
        update=tuple(sorted(update)),
        delete=tuple(sorted(delete)),
        foreign=tuple(sorted(foreign)),
        unchanged=unchanged,
        leftovers=tuple(sorted(leftovers)),
    )


def _is_usable(directory: Path) -> bool:
    if directory.is_symlink():
        raise UnusableOutput("it is a link")
    if directory.exists() and not directory.is_dir():
        raise UnusableOutput("it is no directory")
    return directory.exists()


def _refuse_obstacles(directory: Path, found: Mapping[str, Path], files: Mapping[str, str]) -> None:
    """Raises UnusableOutput where a file or a link stands where a directory has to be, or a directory where a file has."""
    for path in files:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            if above in found:
                what = "a link" if found[above].is_symlink() else "a file"
                raise UnusableOutput(f"'{above}' is {what} where a directory has to be")
        if path not in found and (directory / path).is_dir():
            raise UnusableOutput(f"'{path}' is a directory where a file has to be")


def _walk(directory: Path, below: str = "") -> Iterator[tuple[str, Path]]:
    """Yields the files below a directory; links are listed and never followed."""
    with os.scandir(directory) as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name != ".git":
                    yield from _walk(Path(entry.path), f"{path}/")
            else:
                yield path, Path(entry.path)


def _same(file: Path, text: str) -> bool:
    data = text.encode()
    return not file.is_symlink() and file.is_file() and file.stat().st_size == len(data) and file.read_bytes() == data


def _is_ours(file: Path) -> bool:
    """Tells whether a file begins with the mark, on a line of its own."""
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.readline(len(_MARK) + 2).rstrip(b"\r\n") == _MARK


def apply(directory: Path, files: Mapping[str, str], changed: Changes) -> None:
    """Brings a directory to the files that `changes` has compared it with. Raises OSError."""
    _sweep(directory)
    if not directory.exists():
        _create(directory, files)
        return
    for path in sorted((*changed.create, *changed.update), key=_order):
        _replace(directory / path, files[path])
    # Routes go before the clones that they lead to.
    gone = (*sorted(changed.delete, key=_order, reverse=True), *changed.leftovers)
    for path in gone:
        (directory / path).unlink()
    for parent in sorted({Path(path).parent for path in gone}, reverse=True):
        _prune(directory, parent)


def _sweep(directory: Path) -> None:
    """Removes what a killed first run left beside the output."""
    if directory.parent.is_dir():
        for stale in directory.parent.glob(f"{_STAGED}{glob.escape(directory.name)}.????????"):
            shutil.rmtree(stale, ignore_errors=True)


def _order(path: str) -> tuple[int, str]:
    """Orders clones before the routes that lead to them."""
    top = path.split("/")[0]
    return ((SANDBOXES, BASE, SHARED).index(top) if top in (SANDBOXES, BASE, SHARED) else 3, path)


def _create(directory: Path, files: Mapping[str, str]) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f"{_STAGED}{directory.name}.", dir=directory.parent))
    try:
        staged.chmod(0o755 & ~_umask())
        for path, text in files.items():
            file = staged / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        staged.rename(directory)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(file.name.encode()).hexdigest()[:16]
    temporary = file.with_name(f".sandlane-{os.getpid()}-{digest}.tmp")
    try:
        temporary.write_bytes(text.encode())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _prune(directory: Path, below: Path) -> None:
    """Removes the directories that a deletion left empty."""
    for path in (below, *below.parents):
        full = directory / path
        if full == directory:
            return
        if full.is_dir():
            if any(full.iterdir()):
                return
            full.rmdir()


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keeps a second run out of an output directory; waits for one that is at work.

    The lock is on the directory that holds it, because the output itself may be renamed into place.
    """
    parent = directory.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
