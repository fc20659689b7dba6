"""`volumes`: what becomes of a volume in a clone: an empty directory, a claim of the pod's own, or the base's claim, shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, ResourceId, at, spec_of
from sandlane.overrides.changes import Changes
from sandlane.overrides.field import Field
from sandlane.overrides.subject import Subject, unknown
from sandlane.patch.put import put, remove
from sandlane.problems.problem import Problem

_CLAIMS = ("spec", "volumeClaimTemplates")
_COPIED = ("accessModes", "resources", "storageClassName", "volumeAttributesClassName", "volumeMode")
"""Fields of a claim's spec that a claim like it has; the others bind it to one volume or one source of data."""


class _Unfit(Exception):
    """Raised when a volume cannot become what is asked for; its text says why."""


def _apply(choices: Mapping[str, str], manifest: Any, subject: Subject, changes: Changes) -> tuple[Any, list[Problem]]:
    problems = []
    for name, choice in choices.items():
        volumes, claims = at(manifest, (*subject.pod, "volumes")) or [], at(manifest, _CLAIMS) or []
        names = [volume.get("name") for volume in volumes]
        templates = [at(claim, ("metadata", "name")) for claim in claims]
        try:
            if name in templates:
                manifest = _without_template(manifest, subject, name, choice)
            elif name in names:
                number = names.index(name)
                changed = _changed(subject, volumes[number], choice)
                manifest = put(manifest, (*subject.pod, "volumes", number), changed)
            elif not changes.is_standing:
                known = [str(volume) for volume in (*names, *templates)]
                problems.append(unknown(subject, changes, ("volumes", name), "volume", name, known, at_key=True))
        except _Unfit as reason:
            values = {"name": name, "choice": choice, "reason": str(reason)}
            problems.append(changes.problem("SL235", "volumes", name, **values))
    return manifest, problems


def _without_template(manifest: Any, subject: Subject, name: str, choice: str) -> Any:
    """Changes a volume of a StatefulSet's volumeClaimTemplates: its clone has claims of its own in any case.

    For Kubernetes a template takes the place of a pod's volume of the same name, and so does what becomes of it.
    """
    if choice == "ephemeral":
        return manifest
    if choice != "emptyDir":
        raise _Unfit("each pod of a StatefulSet has a claim of its own, which its clone's pods cannot share")
    kept = [claim for claim in at(manifest, _CLAIMS) if at(claim, ("metadata", "name")) != name]
    manifest = put(manifest, _CLAIMS, kept) if kept else remove(manifest, _CLAIMS)
    path = (*subject.pod, "volumes")
    others = [volume for volume in at(manifest, path) or () if volume.get("name") != name]
    return put(manifest, path, [*others, {"name": name, "emptyDir": {}}])


def _changed(subject: Subject, volume: Manifest, choice: str) -> Manifest:
    if choice == "emptyDir":
        return {"name": volume["name"], "emptyDir": {}}
    claim = volume.get("persistentVolumeClaim")
    if not claim:
        raise _Unfit("it is no volume of a claim")
    if choice == "share":
        return volume
    if choice == "share-readonly":
        return put(volume, ("persistentVolumeClaim", "readOnly"), True)  # type: ignore[no-any-return]
    namespace = subject.origin.id.namespace
    found = subject.base.by_id.get(ResourceId("", "PersistentVolumeClaim", namespace, claim["claimName"]))
    if found is None:
        raise _Unfit(
            f"its claim '{claim['claimName']}' is not in the base, so there is nothing to make one like it from"
        )
    asked = spec_of(found.manifest)
    spec = {field: asked[field] for field in _COPIED if field in asked}
    template = {"metadata": {"labels": dict(subject.marks)}, "spec": spec}
    return {"name": volume["name"], "ephemeral": {"volumeClaimTemplate": template}}


VOLUMES: Field[Mapping[str, str]] = Field(
    name="volumes", none={}, read=lambda choices, *_: choices, apply=_apply, is_free=True
)
"""Name of a volume -> what becomes of it."""
