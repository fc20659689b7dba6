"""The one reader of output directories: the manifests that Argo CD and Flux would apply, whoever wrote them."""

from __future__ import annotations

from sandlane.base.base import Base, read_base
from sandlane.base.syncers import Found, find
from sandlane.files.tree import Tree


def read_output(tree: Tree, default_namespace: str, found: Found | None = None) -> Base:
    """Returns the objects of an output directory, the root of a tree; a missing one has none.

    `found` are the files in it, where somebody has looked already.

    Raises Invalid with all that is wrong in any file, and Unreadable where a directory cannot be listed.
    """
    found = found or (find(tree) if tree.kind("") else None)
    return read_base(tree, found.manifests if found else (), default_namespace, where="output")
