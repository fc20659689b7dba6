"""What becomes of a volume in a clone: an empty directory, a claim of the pod's own, or the base's claim, shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, ResourceId, at
from sandlane.k8s.workload_kinds import WorkloadKind
from sandlane.patch.put import put, remove

_CLAIMS = ("spec", "volumeClaimTemplates")
_COPIED = ("accessModes", "resources", "storageClassName", "volumeAttributesClassName", "volumeMode")
"""Fields of a claim's spec that a claim like it has; the others bind it to one volume or one source of data."""


class Unfit(Exception):
    """Raised when a volume cannot become what is asked for; its text says why."""


def with_volume(
    base: Base, origin: ResourceId, row: WorkloadKind, manifest: Any, name: str, choice: str, marks: Mapping[str, str]
) -> Any:
    """Returns a workload with one volume changed. Raises LookupError with the known names, and Unfit.

    `marks` are the labels of claims that are made for the clone.
    """
    place = (*row.template, "spec", "volumes")
    volumes, claims = at(manifest, place) or [], at(manifest, _CLAIMS) or []
    if any(at(claim, ("metadata", "name")) == name for claim in claims):
        return _without_template(manifest, place, volumes, claims, name, choice)
    names = [volume.get("name") for volume in volumes]
    if name not in names:
        raise LookupError([*names, *(at(claim, ("metadata", "name")) for claim in claims)])
    return put(manifest, (*place, names.index(name)), _changed(base, origin, volumes[names.index(name)], choice, marks))


def _without_template(
    manifest: Any, place: Any, volumes: list[Manifest], claims: list[Manifest], name: str, choice: str
) -> Any:
    """Changes a volume of a StatefulSet's volumeClaimTemplates: its clone has claims of its own in any case."""
    if choice == "ephemeral":
        return manifest
    if choice != "emptyDir":
        raise Unfit("each pod of a StatefulSet has a claim of its own, which its clone's pods cannot share")
    kept = [claim for claim in claims if at(claim, ("metadata", "name")) != name]
    manifest = put(manifest, _CLAIMS, kept) if kept else remove(manifest, _CLAIMS)
    return put(manifest, place, [*volumes, {"name": name, "emptyDir": {}}])


def _changed(base: Base, origin: ResourceId, volume: Manifest, choice: str, marks: Mapping[str, str]) -> Manifest:
    if choice == "emptyDir":
        return {"name": volume["name"], "emptyDir": {}}
    claim = volume.get("persistentVolumeClaim")
    if not claim:
        raise Unfit("it is no volume of a claim")
    if choice == "share":
        return volume
    if choice == "share-readonly":
        return put(volume, ("persistentVolumeClaim", "readOnly"), True)  # type: ignore[no-any-return]
    found = base.by_id.get(ResourceId("", "PersistentVolumeClaim", origin.namespace, claim["claimName"]))
    if found is None:
        raise Unfit(
            f"its claim '{claim['claimName']}' is not in the base, so there is nothing to make one like it from"
        )
    asked = found.manifest.get("spec") or {}
    spec = {field: asked[field] for field in _COPIED if field in asked}
    template = {"metadata": {"labels": dict(marks)}, "spec": spec}
    return {"name": volume["name"], "ephemeral": {"volumeClaimTemplate": template}}
