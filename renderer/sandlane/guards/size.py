"""Objects that are too large for the API server (rule R-I17b)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sandlane.k8s.resource import spec_of
from sandlane.output.layout import Files, Placed, path_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

LARGEST_OBJECT = 1024 * 1024
"""Bytes of compact JSON: etcd refuses requests of 1.5 MiB, and the API server adds managed fields."""


def too_large(objects: Iterable[Placed], files: Files) -> Iterator[Problem]:
    """Yields objects beyond LARGEST_OBJECT; only files of half that size are measured, since YAML is no shorter than JSON by more."""
    for placed in objects:
        if len(files[path_of(placed)]) > LARGEST_OBJECT // 2:
            size = len(json.dumps(placed.manifest, separators=(",", ":")).encode())
            if size > LARGEST_OBJECT:
                yield report(
                    "SL404",
                    source=placed.base.source if placed.base else None,
                    object=str(placed.id),
                    size=f"{size:,}",
                    count=f"{_entries(placed):,}",
                    fit=f"{_entries(placed) * LARGEST_OBJECT // size:,}",
                    limit=f"{LARGEST_OBJECT:,}",
                )


def _entries(placed: Placed) -> int:
    """Returns how many entries or rules an object has."""
    spec = spec_of(placed.manifest)
    return len(spec.get("http") or spec.get("rules") or ())
