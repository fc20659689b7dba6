"""Objects of Kubernetes: their ids, and the labels, annotations and spec of their manifests, which are never mutated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from sandlane.frozen import frozen
from sandlane.problems.problem import Path, Source

Manifest = Mapping[str, Any]


@frozen(order=True)
class ResourceId:
    """Names one object of a cluster. The version is no part of it; cluster-scoped objects have the namespace ''."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)


@frozen(kw_only=True)
class Resource:
    """An object of the base as it was read, with its effective namespace in `id`.

    `default_export` is the `exportTo` that Istio takes for it where it has none of its own.
    """

    id: ResourceId
    manifest: Manifest = field(repr=False)
    source: Source
    default_export: tuple[str, ...] = field(default=("*",), repr=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.id)


def labels_of(manifest: Manifest) -> Mapping[str, str]:
    """Returns the labels of an object."""
    return (manifest.get("metadata") or {}).get("labels") or {}


def annotations_of(manifest: Manifest) -> Mapping[str, str]:
    """Returns the annotations of an object."""
    return (manifest.get("metadata") or {}).get("annotations") or {}


def spec_of(manifest: Manifest) -> Manifest:
    """Returns the spec of an object; one without a spec, or with null, has an empty one."""
    return manifest.get("spec") or {}


def at(manifest: Any, path: Path) -> Any:
    """Returns the value at a path of mappings, or None where a step is missing."""
    for step in path:
        if type(manifest) is not dict and not isinstance(manifest, Mapping):  # the first is much faster
            return None
        manifest = manifest.get(step)
    return manifest
