"""The environment's `routes` and `preview`: from checked data to records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.patch.errors import PatchError
from sandlane.patch.patches import parse_patch
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source
from sandlane.specs.model import ObjectName, Preview, RoutePatch, Routes


def routes_of(spec: Mapping[str, Any], source: Source) -> tuple[Routes, list[Problem]]:
    """Returns the options of routes, and the mistakes in their patches."""
    routes, namespace = spec["routes"], spec["defaultNamespace"]
    patches, problems = [], []
    for number, entry in enumerate(routes["patches"]):
        try:
            patches.append(_patch(entry))
        except PatchError as error:
            path = ("spec", "routes", "patches", number, "patch")
            problems.append(report("SL452", source=source, path=path, what=error.message))
    found = Routes(
        adopt=tuple(
            ObjectName(kind=o["kind"], name=o["name"], namespace=o.get("namespace", namespace)) for o in routes["adopt"]
        ),
        answer_header=routes["answerHeader"],
        entry=routes["entry"],
        strip=tuple(_full(name, namespace) for name in routes["strip"]),
        patches=tuple(patches),
    )
    return found, problems


def preview_of(spec: Mapping[str, Any]) -> Preview | None:
    """Returns the option `preview`, if it is given."""
    given = spec["preview"]
    if given is None:
        return None
    gateway = _full(given["gateway"], spec["defaultNamespace"])
    return Preview(host=given["host"], gateway=gateway, of=given.get("of"))


def _full(gateway: str, namespace: str) -> str:
    return gateway if "/" in gateway else f"{namespace}/{gateway}"


def _patch(entry: Mapping[str, Any]) -> RoutePatch:
    found = parse_patch(entry["patch"])
    if len(found) != 1 or not isinstance(found[0], list):
        raise PatchError("expected one list of operations (JSON patch, RFC 6902)")
    target = entry["target"]
    return RoutePatch(
        kind=target["kind"], name=target.get("name"), namespace=target.get("namespace"), operations=tuple(found[0])
    )
