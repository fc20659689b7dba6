"""The one reader of output directories: the manifests that Argo CD and Flux would apply, whoever wrote them."""

from __future__ import annotations

from sandlane.base.base import Base, read_base
from sandlane.base.syncers import find
from sandlane.files.tree import Tree


def read_output(tree: Tree, default_namespace: str) -> Base:
    """Returns the objects of an output directory, the root of a tree; a missing one has none.

    Raises Invalid with all that is wrong in any file, and Unreadable where a directory cannot be listed.
    """
    files = find(tree).manifests if tree.kind("") else ()
    return read_base(tree, files, default_namespace, where="output")
