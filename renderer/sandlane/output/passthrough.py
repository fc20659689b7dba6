"""A stream of manifests with what sandboxes add to it: nothing of it is lost, and route objects hold tenants' entries.

So works a post-renderer of Helm, a KRM function and a plugin of Argo CD: what is piped in has one owner, who applies what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sandlane.base.base import is_own, objects_of
from sandlane.k8s.resource import Manifest, annotations_of
from sandlane.output.layout import BASE, Placed
from sandlane.problems.problem import Source
from sandlane.specs.inputs import Inputs

Read = tuple[Source, Manifest]

_OF_FUNCTIONS = ("internal.config.kubernetes.io/", "config.kubernetes.io/index", "config.kubernetes.io/path")
"""Annotations by which kustomize and kpt put an object back to its place."""


def as_whole(inputs: Inputs) -> Inputs:
    """Returns inputs whose base has the output's owner: nothing needs adopting, and no other tool's units are written."""
    output = replace(inputs.environment.output, base="full", flux=None)
    return replace(inputs, environment=replace(inputs.environment, output=output))


def objects_in(documents: Iterable[tuple[Source, Any]]) -> list[Read]:
    """Returns all objects of documents, those of sandlane and of tools alone too, with their places; Lists one by one."""
    found: list[Read] = []
    for source, data in documents:
        found += [(source, data)] if is_own(data) else objects_of(data, source, is_local_kept=True)[0]
    return found


def passed_through(read: Iterable[Read], placed: Iterable[Placed]) -> Iterator[tuple[Placed | None, Manifest]]:
    """Yields what was read, in its order and as it is but for routes that tenants have entries in, then what is added, with its place."""
    objects = [each for each in placed if each.directory != BASE]
    changed = {each.base.source: each.manifest for each in objects if each.base}
    for source, manifest in read:
        yield None, _in_its_place(changed[source], manifest) if source in changed else manifest
    yield from ((each, each.manifest) for each in objects if not each.base)


def _in_its_place(changed: Manifest, manifest: Manifest) -> Manifest:
    notes = annotations_of(manifest)
    kept = {key: value for key, value in notes.items() if key.startswith(_OF_FUNCTIONS)}
    if not kept:
        return changed
    metadata = {**changed["metadata"], "annotations": {**annotations_of(changed), **kept}}
    return {**changed, "metadata": metadata}
