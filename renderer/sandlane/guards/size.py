"""Objects that are too large for the API server (rule R-I17b), or for client-side apply."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial

from sandlane.k8s.resource import annotations_of, spec_of
from sandlane.output.layout import Files, Placed, path_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

LARGEST_OBJECT = 1024 * 1024
"""Bytes of compact JSON: etcd refuses requests of 1.5 MiB, and the API server adds managed fields."""


LARGEST_ANNOTATIONS = 256 * 1024
"""Bytes of all annotations of an object, in one of which client-side apply stores the whole object."""


def too_large(objects: Iterable[Placed], files: Files) -> Iterator[Problem]:
    """Yields objects beyond LARGEST_OBJECT, and notices for those that client-side apply refuses.

    Only files of half that size are measured, since YAML is no shorter than JSON by more.
    """
    if max(map(len, files.values()), default=0) <= LARGEST_ANNOTATIONS // 2:
        return
    for placed in objects:
        if len(files[path_of(placed)]) > LARGEST_ANNOTATIONS // 2:
            size = len(json.dumps(placed.manifest, separators=(",", ":")).encode())
            told = partial(
                report, source=placed.base.source if placed.base else None, object=str(placed.id), size=f"{size:,}"
            )
            if size > LARGEST_OBJECT:
                fit = _entries(placed) * LARGEST_OBJECT // size
                yield told("SL404", count=f"{_entries(placed):,}", fit=f"{fit:,}", limit=f"{LARGEST_OBJECT:,}")
            elif size > LARGEST_ANNOTATIONS and "ServerSideApply=true" not in _sync_options(placed):
                yield told("SL341", limit=f"{LARGEST_ANNOTATIONS:,}")


def _sync_options(placed: Placed) -> str:
    return annotations_of(placed.manifest).get("argocd.argoproj.io/sync-options", "")


def _entries(placed: Placed) -> int:
    """Returns how many entries or rules an object has."""
    spec = spec_of(placed.manifest)
    return len(spec.get("http") or spec.get("rules") or ())
