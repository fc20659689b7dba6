"""The one reader of output directories: the manifests that Argo CD and Flux would apply, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.base.base import Base, read_base
from sandlane.base.sources import MANIFESTS
from sandlane.files.tree import OutsideRoot, Tree, Unreadable, join

APPLIED = (*MANIFESTS, ".jsonnet")
"""How the names of files end that Argo CD or Flux would apply. What Jsonnet makes is not read, so none may lie in an output."""


def read_output(tree: Tree, default_namespace: str) -> Base:
    """Returns the objects of an output directory, the root of a tree; a missing one has none.

    Raises Invalid with all that is wrong in any file, and Unreadable where a directory cannot be listed.
    """
    files = _files(tree, "") if tree.kind("") else ()
    return read_base(tree, files, default_namespace, where="output")


def _files(tree: Tree, directory: str) -> Iterator[str]:
    """Yields every manifest below a directory, hidden ones too; links to directories are not followed."""
    for name in tree.list(directory):
        path = join(directory, name)
        try:
            kind = tree.kind(path)
        except (OutsideRoot, Unreadable):
            continue  # a link that leads out of the output, or nowhere, which is never written
        if kind == "directory" and name != ".git":
            yield from _files(tree, path)
        elif kind == "file" and name.endswith(MANIFESTS):
            yield path
