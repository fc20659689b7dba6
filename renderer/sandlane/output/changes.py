"""How a directory differs from the files of an output: what is ours to create, update and delete, and what is foreign (rule R-O5)."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sandlane.base.syncers import is_acted_on
from sandlane.frozen import frozen
from sandlane.output.handles import Handles, beginning, opened, split
from sandlane.output.layout import MARK, environment_of

_TEMPORARY = r"\.sandlane-\d+-[0-9a-f]{16}\.tmp"
_MARK = MARK.encode()
_README = "README.md"
_LONGEST_README = 1 << 14


@frozen(kw_only=True)
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


class _Found:
    """What a walk finds, beside the paths of the files that it looks for and of the directories that hold them."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.parents = {parent for path in files for parent in above(path)}
        self.seen: set[str] = set()
        self.update: list[str] = []
        self.delete: list[str] = []
        self.foreign: list[str] = []
        self.leftovers: list[str] = []
        self.obstacles: list[str] = []
        self.others: dict[str, str] = {}
        self.unchanged = 0


class OfAnotherEnvironment(Exception):
    """Raised where another environment's output is, holds, or lies in the directory: what it does, and the environment."""

    def __init__(self, what: str, environment: str) -> None:
        super().__init__(f"{what} environment '{environment}'")
        self.what, self.environment = what, environment


def changes(directory: Path, files: Mapping[str, str]) -> Changes:
    """Compares a directory with the files that it should hold.

    Raises UnusableOutput, OfAnotherEnvironment and OSError.
    """
    found = _Found(files)
    if _is_usable(directory):
        with opened(directory) as handles:
            _walk(handles, "", found)
    _refuse_others(directory, found)
    if found.obstacles:
        raise UnusableOutput(min(found.obstacles))
    return Changes(
        create=tuple(sorted(files.keys() - found.seen)),
        update=tuple(sorted(found.update)),
        delete=tuple(sorted(found.delete)),
        foreign=tuple(sorted(found.foreign)),
        unchanged=found.unchanged,
        leftovers=tuple(sorted(found.leftovers)),
    )


def _refuse_others(directory: Path, found: _Found) -> None:
    """Raises OfAnotherEnvironment where one of its READMEs says so: in the directory, below it, or above it."""
    own = environment_of(found.files.get(_README, ""))
    for path, other in sorted(found.others.items()):
        if path != _README:
            raise OfAnotherEnvironment(f"holds '{split(path)[0]}', the output of", other)
        if own and other != own and not _is_one_file(directory, own, other):
            raise OfAnotherEnvironment("is the output of", other)
    for parent in directory.absolute().parents if own else ():
        with suppress(OSError):
            text = (parent / _README).read_bytes()[:_LONGEST_README].decode("utf-8", "replace")
            if around := environment_of(text):
                raise OfAnotherEnvironment(f"lies in '{parent.name}', the output of", around)
        if (parent / ".git").exists():
            break


def _is_one_file(directory: Path, one: str, other: str) -> bool:
    """Tells whether two names mean one environment, each seen from another root: nothing else above the output has either name."""
    meant = {
        name: {os.path.realpath(parent / name) for parent in directory.absolute().parents if (parent / name).is_file()}
        for name in (one, other)
    }
    return len(meant[one]) == 1 and meant[one] == meant[other]


def above(path: str) -> Iterator[str]:
    """Yields the directories in which a path lies, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _is_usable(directory: Path) -> bool:
    if directory.is_symlink():
        raise UnusableOutput("it is a link")
    if directory.exists() and not directory.is_dir():
        raise UnusableOutput("it is no directory")
    return directory.exists()


def _walk(handles: Handles, directory: str, found: _Found) -> None:
    """Compares what lies in a directory, and below it; links are looked at and never followed."""
    try:
        with os.scandir(handles.at(directory)) as entries:
            listed = [(entry, entry.is_dir(follow_symlinks=False)) for entry in entries]
            for entry, is_directory in listed:
                if not is_directory:
                    _compare(handles.at(directory), f"{directory}/{entry.name}".lstrip("/"), entry, found)
    except FileNotFoundError:  # another run has taken it away
        return
    for entry, is_directory in listed:
        path = f"{directory}/{entry.name}".lstrip("/")
        if is_directory and path in found.files:
            found.obstacles.append(f"'{path}' is a directory where a file has to be")
        elif is_directory and entry.name != ".git":
            _walk(handles, path, found)


def _compare(parent: int, path: str, entry: os.DirEntry[str], found: _Found) -> None:
    """Puts one file, link or other thing that is no directory where it belongs."""
    if path in found.parents:
        what = "a link" if entry.is_symlink() else "a file"
        found.obstacles.append(f"'{path}' is {what} where a directory has to be")
        return
    try:
        state = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    is_regular = stat.S_ISREG(state.st_mode)
    if path in found.files:
        found.seen.add(path)
        _note_environment(parent, path, entry.name, is_regular, found)
        wanted = found.files[path].encode()
        if is_regular and state.st_size == len(wanted) and beginning(parent, entry.name, len(wanted)) == wanted:
            found.unchanged += 1
        elif is_regular and _is_ours(parent, entry.name):
            found.update.append(path)
        elif is_acted_on(entry.name):
            found.foreign.append(path)
    elif re.fullmatch(_TEMPORARY, entry.name) and (entry.is_symlink() or is_begun(parent, entry.name)):
        found.leftovers.append(path)
    elif is_regular and _is_ours(parent, entry.name):
        _note_environment(parent, path, entry.name, is_regular, found)
        found.delete.append(path)
    elif is_acted_on(entry.name):
        found.foreign.append(path)


def _note_environment(parent: int, path: str, name: str, is_regular: bool, found: _Found) -> None:
    if name == _README and is_regular:
        text = (beginning(parent, name, _LONGEST_README) or b"").decode("utf-8", "replace")
        if other := environment_of(text):
            found.others[path] = other


def _is_ours(parent: int, name: str) -> bool:
    """Tells whether a file begins with the mark, on a line of its own."""
    start = beginning(parent, name, len(_MARK) + 2)
    return start is not None and start.partition(b"\n")[0].rstrip(b"\r") == _MARK


def is_begun(parent: int, name: str) -> bool:
    """Tells whether a file begins with the mark, or is what a run that was killed has written of it."""
    start = beginning(parent, name, len(_MARK))
    return start is not None and _MARK.startswith(start)
