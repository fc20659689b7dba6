"""Fields of a spec that stand where they are not known: what was meant by them, and which other problems are their effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.problems.problem import Path
from sandlane.specs.shapes import flow

Unknown = tuple[Path, str]
"""The path of a mapping, and a field in it that is not known there."""

_AS_TEXT = "a patch is text: write 'patch: |' and the patch below it, indented"
_PATCHES = (
    ("Container", "of a container", ("template", "spec", "containers")),
    ("PodSpec", "of a pod", ("template", "spec")),
    ("DeploymentSpec", "of a Deployment", ()),
)
"""Type whose fields a patch can set -> what they are, and the steps below `spec` that lead to them."""


def _is_workload(path: Path) -> bool:
    return path[:2] == ("spec", "workloads") and len(path) == 3


def _is_patch(path: Path) -> bool:
    return path[-2:-1] == ("patches",)


def meant(path: Path, name: str, entry: Mapping[str, Any]) -> str | None:
    """Returns the line that would be right for an unknown field of a mapping, or None where nothing tells."""
    value = entry[name]
    if _is_patch(path) and not entry.get("patch"):
        return _AS_TEXT
    if not _is_workload(path):
        return None
    if _is_image(value) and "name" not in entry:
        return f"write '{flow({'name': name, 'image': value})}'"
    from sandlane.k8s.known_fields import fields_of  # for mistakes alone
    from sandlane.k8s.pod_fields import TYPES

    for type_, whose, steps in _PATCHES:
        if name in fields_of(TYPES, type_):
            inner: Any = {name: value}
            inner = [{"name": "CONTAINER", **inner}] if type_ == "Container" else inner
            for step in reversed(("spec", *steps)):
                inner = {step: inner}
            line = flow({"patches": [{"patch": flow(inner)}]})
            return (
                f"a field {whose} is set by a patch: '{line.removeprefix('{').removesuffix('}')}'"
                if len(line) <= 200
                else None
            )
    return None


def _is_image(value: Any) -> bool:
    return isinstance(value, str) and (":" in value or "/" in value)


def is_effect(path: Path, field: str | None, entry: Any, unknown: Iterable[Unknown]) -> bool:
    """Tells whether a field is missing, or a value wrong (field None), because another field stands where it is not known."""
    for where, name in unknown:
        if field is not None and name == field:
            return True  # it stands elsewhere
        if field == "name" and where == path and _is_workload(path) and _is_image(entry.get(name)):
            return True
        if field is None and _is_patch(where) and path in (where, (*where, "patch")):
            return True
    return False
