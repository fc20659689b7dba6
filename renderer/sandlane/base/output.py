"""The output as it is written: the manifests of an output directory, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.base.base import read_base
from sandlane.base.sources import MANIFESTS
from sandlane.files.tree import Tree, join
from sandlane.k8s.resource import Resource


def read_written(tree: Tree, default_namespace: str) -> tuple[Resource, ...]:
    """Returns the objects of an output directory, the root of a tree. Raises Invalid, OutsideRoot and Unreadable."""
    return read_base(tree, _files(tree, ""), default_namespace).resources


def _files(tree: Tree, directory: str) -> Iterator[str]:
    for name in tree.list(directory):
        path = join(directory, name)
        kind = None if name.startswith(".") else tree.kind(path)
        if kind == "directory":
            yield from _files(tree, path)
        elif kind == "file" and name.endswith(MANIFESTS):
            yield path
