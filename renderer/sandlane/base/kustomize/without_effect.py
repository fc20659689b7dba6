"""Patches, replacements and images of a kustomization that match no object: kustomize passes over them in silence.

A shared component may have a patch for each kind, of which a base has one; or a name is misspelt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.kustomize.field_specs import Config
from sandlane.base.kustomize.files import Place
from sandlane.base.kustomize.images import has_image
from sandlane.base.kustomize.objects import Entry
from sandlane.base.kustomize.patches import LoadedPatch
from sandlane.base.kustomize.replacements import Replacement, is_target
from sandlane.base.kustomize.targets import selected
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, did_you_mean


def without_effect(entries: list[Entry], value: Any, config: Config, place: Place) -> Iterator[Problem]:
    """Yields a notice if a patch, replacement or image matches none of the objects. Raises TargetError and FieldError."""
    if isinstance(value, LoadedPatch):
        yield from _patch(entries, value)
    elif isinstance(value, Replacement):
        yield from _replacement(entries, value)
    elif place.path[:1] in (("images",), ("imageTags",)) and not has_image(entries, value, config):
        yield _notice(place, ("name",), f"the image '{value.get('name') or ''}'", "no container has it")


def _patch(entries: list[Entry], loaded: LoadedPatch) -> Iterator[Problem]:
    if not loaded.documents:
        yield _notice(loaded.place, (), "the patch", "it is empty")
    elif loaded.target is not None and not selected(entries, loaded.target):
        hint = _near(entries, loaded.target)
        yield _notice(loaded.place, ("target",), "the patch", "its target matches no object", hint)


def _replacement(entries: list[Entry], replacement: Replacement) -> Iterator[Problem]:
    for number, target in enumerate(replacement.data["targets"]):
        if not any(is_target(entry, target) for entry in entries):
            steps: Path = ("targets", number, "select")
            hint = _near(entries, target["select"])
            yield _notice(replacement.place, steps, "the replacement", "its target matches no object", hint)


def _near(entries: list[Entry], target: Mapping[str, Any]) -> str:
    """Returns a hint with the nearest name to a target's."""
    kind = target.get("kind")
    names = {id_.name for entry in entries for id_ in entry.ids if kind in (None, "", id_.kind)}
    return did_you_mean(str(target.get("name") or ""), names - {target.get("name")})


def _notice(place: Place, steps: Path, subject: str, what: str, hint: str = "") -> Problem:
    return report("SL133", source=place.source, path=(*place.path, *steps), subject=subject, what=what, hint=hint)
