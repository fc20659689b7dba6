"""Documents that are of another kind than their place wants, told at the value that says so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source, did_you_mean
from sandlane.specs.schema import API_VERSION, KINDS

SPECS = ("DevelopmentSandbox", "RouteGroup")


def other_kind(data: Any, source: Source, expected: str, *, sandbox: Source | None = None) -> Problem:
    """Returns the problem of a document that is not what `expected` says; `sandbox` is given where specs are expected."""
    kinds = SPECS if sandbox else ("Environment",)
    wrong = partial(report, source=source, sandbox=sandbox)
    if not isinstance(data, Mapping):
        hint = f"start the file with 'apiVersion: {API_VERSION}' and 'kind: {kinds[0]}'"
        return wrong("SL204", expected=expected, found="nothing" if data is None else "no mapping", hint=hint)
    kind, version = data.get("kind"), data.get("apiVersion")
    for field, value, right in (("kind", kind, kinds[0]), ("apiVersion", version, API_VERSION)):
        if value is None:
            return wrong("SL203", field=field, where="", hint=f"write '{field}: {right}'")
    if kind in kinds:
        found, hint = f"apiVersion {version!r}", f"write 'apiVersion: {API_VERSION}'"
        return wrong("SL204", path=("apiVersion",), expected=expected, found=found, hint=hint)
    found = f"kind {kind!r} of apiVersion {version!r}"
    return wrong("SL204", path=("kind",), expected=expected, found=found, hint=_way(kind, version, kinds))


def _way(kind: Any, version: Any, kinds: tuple[str, ...]) -> str:
    same = next((known for known in KINDS if isinstance(kind, str) and known.lower() == kind.lower()), None)
    if same in kinds:
        return f"write 'kind: {same}'"
    if same in SPECS:
        return "a spec is found by its environment: name that one"
    if same == "Environment":
        return "an environment lies beside its directory of specs, not in it"
    guess = did_you_mean(kind, kinds) if isinstance(kind, str) and str(version).startswith("sandlane.dev/") else ""
    if guess or kinds != SPECS:
        return guess or "see 'sandlane explain environment'"
    return "manifests belong to the base, or into a directory that is none of specs, named by 'resources' of a sandbox"
