"""Where route objects stand in what their old owner applies: plain files, a kustomization, or files that a tool has made."""

from __future__ import annotations

from typing import Literal

from sandlane.base.kustomize.build import build
from sandlane.base.sources import KUSTOMIZATIONS, find_named
from sandlane.files.tree import STREAM, Tree, is_within, join, relative
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, labels_of
from sandlane.output.layout import MARK
from sandlane.specs.inputs import Inputs
from sandlane.yamlio import read as yamlio

How = Literal["file", "patch", "made"]
"""What is edited: the file that holds the object, a kustomization that builds it, or nothing, since a tool makes the file anew."""


@frozen(kw_only=True)
class Position:
    """A route object in its old owner's files. `kustomization` is the file of the one that builds it, if one does.

    `is_same` tells that the object is as its file has it, so that its text can move.
    """

    resource: Resource
    how: How
    kustomization: str | None
    is_same: bool

    @property
    def file(self) -> str:
        """The file that holds the object."""
        return self.resource.source.file


def positions(tree: Tree, inputs: Inputs, resources: list[Resource]) -> list[Position]:
    """Returns where route objects stand."""
    environment = inputs.environment
    named = find_named(tree, environment.directory, "base", environment.base, environment.source)
    return [_position(tree, resource, named.files, named.kustomizations) for resource in resources]


def _position(tree: Tree, resource: Resource, files: tuple[str, ...], kustomizations: tuple[str, ...]) -> Position:
    file = resource.source.file
    if file == STREAM or not _is_kept_by_hand(tree, resource):
        return Position(resource=resource, how="made", kustomization=None, is_same=file != STREAM)
    if file in files:
        return Position(resource=resource, how="file", kustomization=None, is_same=True)
    home = next(d for d in kustomizations if any(source == resource.source for source, _ in build(tree, d).objects))
    kustomization = next(join(home, name) for name in KUSTOMIZATIONS if tree.kind(join(home, name)) == "file")
    is_listed = relative(file, home) in _listed(tree, kustomization) and is_within(file, home)
    is_same = not resource.source.prefix and _document(tree, resource) == resource.manifest
    return Position(
        resource=resource, how="file" if is_listed else "patch", kustomization=kustomization, is_same=is_same
    )


def _is_kept_by_hand(tree: Tree, resource: Resource) -> bool:
    """Tells whether people edit a file: not one that `sandlane build` or Helm has written."""
    if labels_of(resource.manifest).get("app.kubernetes.io/managed-by") == "Helm":
        return False
    return not tree.read(resource.source.file).startswith(MARK.encode())


def _listed(tree: Tree, kustomization: str) -> list[str]:
    data = yamlio.read(tree.read(kustomization), kustomization)[0].data
    return [str(entry).removeprefix("./") for entry in data.get("resources") or ()]


def _document(tree: Tree, resource: Resource) -> Manifest | None:
    documents = yamlio.read(tree.read(resource.source.file), resource.source.file)
    return next((d.data for d in documents if d.index == resource.source.document), None)


def is_handed_over(inputs: Inputs, adopted: set[Resource], resource: Resource) -> bool:
    """Tells whether an object stands in an entry of `base` that holds adopted objects alone, so that no other owner applies it."""
    directory = inputs.environment.directory
    for entry in inputs.environment.base:
        path = join(directory, entry)
        if is_within(resource.source.file, path):
            beside = (r for r in inputs.base.resources if is_within(r.source.file, path))
            return all(other in adopted for other in beside)
    return False
