"""Objects that are too large for the API server (rule R-I17b), or for client-side apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.guards.owners import file_of, owners_of
from sandlane.k8s.limits import LARGEST_ANNOTATIONS, LARGEST_OBJECT, stored_size
from sandlane.k8s.resource import annotations_of, spec_of
from sandlane.output.layout import Files, Placed, path_of
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.specs.model import Environment, RouteGroup, Sandbox

_LONGEST_UNMEASURED = LARGEST_ANNOTATIONS // 4
"""Characters of a file: in JSON none takes more than four bytes, neither as itself nor as it is escaped."""


def too_large(plan: Plan, objects: Iterable[Placed], files: Files) -> Iterator[Problem]:
    """Yields objects beyond LARGEST_OBJECT, and notices for those that client-side apply refuses."""
    if max(map(len, files.values()), default=0) <= _LONGEST_UNMEASURED:
        return
    owners = owners_of(plan)
    for placed in objects:
        if len(files[path_of(placed)]) <= _LONGEST_UNMEASURED:
            continue
        size = stored_size(placed.manifest)
        owner = owners.get(placed.directory) or plan.environment
        values = {"object": str(placed.id), "size": f"{size:,}"}
        if size > LARGEST_OBJECT:
            entries = _entries(placed)
            values |= {
                "count": f"{entries:,}",
                "fit": f"{entries * LARGEST_OBJECT // size:,}",
                "limit": f"{LARGEST_OBJECT:,}",
            }
            yield _told("SL404", placed, owner, values | ({} if entries else {"hint": _way(placed)}))
        elif size > LARGEST_ANNOTATIONS and "ServerSideApply=true" not in _sync_options(placed):
            yield _told("SL341", placed, owner, values | {"limit": f"{LARGEST_ANNOTATIONS:,}"})


def _told(code: str, placed: Placed, owner: Sandbox | RouteGroup | Environment, values: Mapping[str, Any]) -> Problem:
    """Returns a problem at what an object is made of: that of the base, or else the spec, or the environment."""
    return report(code, source=placed.base.source, **values) if placed.base else owner.problem(code, "spec", **values)


def _way(placed: Placed) -> str:
    """Returns the hint for an object that has no entries."""
    file = file_of(placed)
    origin = f"'{file}'" if file else "the base, or in what the sandbox changes of it"
    return f"let it hold less in {origin}: divide it among several objects, or keep what is large elsewhere"


def _sync_options(placed: Placed) -> str:
    return annotations_of(placed.manifest).get("argocd.argoproj.io/sync-options", "")


def _entries(placed: Placed) -> int:
    """Returns how many entries or rules an object has."""
    spec = spec_of(placed.manifest)
    return len(spec.get("http") or spec.get("rules") or ())
