"""Writing: files against a directory. The only module that changes the disk.

Only files that begin with the generated mark are ever overwritten or deleted (rule R-O5), and those with the name of a temporary that
end within the mark: a killed run left them. A crash, a full disk or a second run at the same time leaves nothing that `check` would
take for right, and the next run repairs it: each file is replaced as a whole, and a new output directory is filled beside its place
and renamed into it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sandlane.output.changes import Changes, above, is_begun
from sandlane.output.handles import Handles, opened, split, write_new
from sandlane.output.layout import BASE, SANDBOXES, SHARED

_STAGED = ".sandlane-staged-"


def apply(directory: Path, files: Mapping[str, str], changed: Changes) -> None:
    """Brings a directory to the files that `changes` has compared it with. Raises OSError.

    What a killed run left goes first, so that nothing has the name of a temporary file.
    """
    _sweep(directory)
    if not directory.exists():
        _create(directory, files)
        return
    with opened(directory) as handles:
        _remove(handles, changed.leftovers)
        for path in sorted((*changed.create, *changed.update), key=_order):
            with _naming(directory / path):
                _replace(handles, path, files[path].encode())
        # Routes go before the clones that they lead to.
        gone = sorted(changed.delete, key=_order, reverse=True)
        _remove(handles, gone)
        _prune(handles, (*changed.leftovers, *gone))


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Lets an error name the file that it is about: below a handle it knows no directory."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None


def _remove(handles: Handles, paths: Iterable[str]) -> None:
    for path in paths:
        parent, name = split(path)
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=handles.at(parent))


def _sweep(directory: Path) -> None:
    """Removes what a killed first run left beside the output: its own files, and directories that are empty then."""
    if not directory.parent.is_dir():
        return
    stale = re.compile(re.escape(f"{_STAGED}{directory.name}.") + "[a-z0-9_]{8}")
    with os.scandir(directory.parent) as entries:
        names = [e.name for e in entries if stale.fullmatch(e.name) and e.is_dir(follow_symlinks=False)]
    for name in names:
        with opened(directory.parent / name) as handles:
            _clear(handles, "")
        with suppress(OSError):
            os.rmdir(directory.parent / name)


def _clear(handles: Handles, directory: str) -> None:
    """Removes files that begin with the mark, or with a part of it where a run ended, and empty directories."""
    with os.scandir(handles.at(directory)) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in entries]
    for name, is_directory, is_link in listed:
        path = f"{directory}/{name}".lstrip("/")
        if is_directory:
            _clear(handles, path)
            with suppress(OSError):
                os.rmdir(name, dir_fd=handles.at(directory))
        elif not is_link and is_begun(handles.at(directory), name):
            os.unlink(name, dir_fd=handles.at(directory))


def _order(path: str) -> tuple[int, str]:
    """Orders the writing of files: clones before the routes that lead to them."""
    top = path.split("/")[0]
    return ((SANDBOXES, BASE, SHARED).index(top) if top in (SANDBOXES, BASE, SHARED) else 3, path)


def _create(directory: Path, files: Mapping[str, str]) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    staged = directory.parent / f"{_STAGED}{directory.name}.{os.urandom(4).hex()}"
    os.mkdir(staged)
    try:
        with opened(staged) as handles:
            for path, text in files.items():
                parent, name = split(path)
                write_new(handles.at(parent, is_made=True), name, text.encode())
        os.rename(staged, directory)
    except BaseException:
        with suppress(OSError):
            _sweep(directory)
        raise


def _replace(handles: Handles, path: str, data: bytes) -> None:
    directory, name = split(path)
    parent = handles.at(directory, is_made=True)
    import hashlib  # loads OpenSSL, and most runs replace nothing

    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    temporary = f".sandlane-{os.getpid()}-{digest}.tmp"
    try:
        write_new(parent, temporary, data)
        os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    except FileExistsError:  # not ours to remove
        raise
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=parent)
        raise


def _prune(handles: Handles, gone: Iterable[str]) -> None:
    """Removes the directories that a deletion left empty, the deepest first."""
    emptied = {parent for path in gone for parent in above(path)}
    for path in sorted(emptied, key=lambda above: (above.count("/"), above), reverse=True):
        parent, name = split(path)
        try:
            os.rmdir(name, dir_fd=handles.at(parent))
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise


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


def replace_file(file: Path, text: str) -> bool:
    """Writes one file as a whole, with the directories above it; tells whether it had another text. Raises OSError."""
    data = text.encode()
    if file.is_file() and file.read_bytes() == data:
        return False
    os.makedirs(file.parent, exist_ok=True)
    with opened(file.parent) as handles:
        _replace(handles, file.name, data)
    return True
