"""Files that a kustomization references: found below the root, read once, and checked."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, Literal

from sandlane.base.kustomize.objects import Entry
from sandlane.files.tree import OutsideRoot, Tree, Unreadable, join
from sandlane.frozen import frozen
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Path, Problem, Source, did_you_mean
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.document import Document

_REMOTE = re.compile(
    r"""
    [A-Za-z][A-Za-z0-9+.-]*://        # https://…, ssh://…, file://…
    | git::                           # go-getter's prefix
    | (?:[\w.-]+@)?[\w.-]+:(?![/\\]{0}$)[\w~./-]+/  # git@github.com:owner/repo
    | (?:www\.)?(?:github|gitlab)\.com/
    | .*\?(?:.*&)?(?:ref|version|submodules|timeout)=  # a query for git
    | .*\.git(?:/|$)                  # owner/repo.git
    | .*[^:/]//                       # repo//path
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_remote(entry: str) -> bool:
    """Tells whether an entry of `resources` names something beyond this machine: nothing is ever fetched."""
    return _REMOTE.match(entry) is not None


@frozen
class Place:
    """Where a kustomization says something: its file, and the path of the value there."""

    source: Source
    path: Path

    @property
    def directory(self) -> str:
        """The directory of the kustomization, which its paths start from."""
        return self.source.file.rpartition("/")[0]

    def invalid(self, code: str, **values: Any) -> Invalid:
        """Returns the error with one problem at this place."""
        return Invalid([report(code, source=self.source, path=self.path, **values)])


@frozen
class Files:
    """A tree whose files are read and parsed once in a build."""

    tree: Tree
    _documents: dict[str, tuple[Document, ...]] = field(default_factory=dict)

    def find(self, entry: str, place: Place) -> tuple[str, Literal["file", "directory"]]:
        """Returns the path of an entry and what is there. Raises Invalid for what is missing, remote or outside."""
        try:
            path = join(place.directory, entry)
            kind = self.tree.kind(path) if entry else None
            if kind is None:
                raise self._missing(entry, path, place)
        except OutsideRoot:
            if is_remote(entry):
                raise self._missing(entry, "", place) from None
            raise place.invalid("SL121", file=entry, root="the repository") from None
        except Unreadable as unreadable:
            raise place.invalid("SL128", reason=str(unreadable)) from None
        if kind == "link":
            reason = f"'{path}' is a link to a directory: name that directory itself"
            raise place.invalid("SL128", reason=reason)
        return path, kind

    def _missing(self, entry: str, path: str, place: Place) -> Invalid:
        if is_remote(entry):
            return place.invalid("SL141", entry=entry, directory=place.directory or ".")
        parent, _, name = path.rpartition("/")
        beside = self.tree.list(parent) if self.tree.kind(parent) == "directory" else ()
        return place.invalid("SL120", file=entry, what="file or directory", hint=did_you_mean(name, beside))

    def read(self, entry: str, place: Place) -> tuple[str, bytes]:
        """Returns the path and the bytes of a file. Raises Invalid."""
        path, kind = self.find(entry, place)
        if kind != "file":
            raise place.invalid("SL142", what=f"'{entry}' is a directory: expected a file")
        try:
            return path, self.tree.read(path)
        except (Unreadable, OutsideRoot, FileNotFoundError) as error:
            raise place.invalid("SL128", reason=str(error)) from None

    def documents(self, path: str, *, takes_last: bool = False) -> tuple[Document, ...]:
        """Returns the documents of a file that is there. Raises Invalid.

        kustomize takes the last of two equal keys in a kustomization, and refuses manifests with such.
        """
        if path not in self._documents:
            try:
                data = self.tree.read(path)
                self._documents[path] = yamlio.read(data, path, is_kustomized=True, takes_last=takes_last)
            except (Unreadable, OutsideRoot, FileNotFoundError) as error:
                raise Invalid([report("SL128", source=Source(file=path), reason=str(error))]) from None
        return self._documents[path]


def entries_of(files: Files, path: str) -> tuple[Entry, ...]:
    """Returns the objects in a file, those of lists one by one. Raises Invalid."""
    found: list[Entry] = []
    problems: list[Problem] = []
    for document in files.documents(path):
        try:
            found += _objects(document.data, Source(file=path, document=document.index))
        except Invalid as invalid:
            problems += invalid.problems
    if problems:
        raise Invalid(problems)
    return tuple(found)


def _objects(data: Any, source: Source) -> list[Entry]:
    if data == {}:
        return []
    if not isinstance(data, dict):
        raise Invalid([report("SL123", source=source, what="expected a mapping")])
    kind, items = data.get("kind"), data.get("items")
    if isinstance(kind, str) and kind.endswith("List") and "items" in data and isinstance(items, list | None):
        return [
            entry
            for number, item in enumerate(items or ())
            for entry in _objects(
                item, Source(file=source.file, document=source.document, prefix=(*source.prefix, "items", number))
            )
        ]
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    required = {"kind": kind, "metadata.name": name}
    if isinstance(kind, str) and kind.endswith("List"):
        required = {"kind": kind}  # one without items is an object, of which kustomize asks no name
    missing = [field for field, value in required.items() if not isinstance(value, str) or not value]
    if missing:
        raise Invalid([report("SL123", source=source, what=f"{' and '.join(missing)} missing or no string")])
    return [Entry(manifest=data, source=source)]
