"""`images`: new names, tags and digests for the images of containers.

https://github.com/kubernetes-sigs/kustomize/tree/kustomize/v5.5.0/api/filters/imagetag
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandlane.base.kustomize.field_specs import Config, FieldError, set_fields
from sandlane.base.kustomize.objects import Entry
from sandlane.patch.put import kept, update
from sandlane.patch.targets import Pattern, pattern

_CONTAINERS = ("containers", "initContainers")
_DONE = tuple((f"{name}{brackets}",) for name in _CONTAINERS for brackets in ("", "[]"))
_TAG = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$"


def set_images(entries: list[Entry], image: Mapping[str, Any], config: Config) -> list[Entry]:
    """Changes an image in every list of containers at any depth, and in the configured fields.

    The name is a pattern. Raises FieldError where an image is no string and TargetError for a name that is no pattern.
    """
    name = pattern(image.get("name") or "", "^", _TAG)
    return [
        entry
        if entry.manifest.get("kind") == "CustomResourceDefinition"
        or (changed := _with_image(entry.manifest, image, name, config)) is entry.manifest
        else replace(entry, manifest=changed)
        for entry in entries
    ]


def has_image(entries: list[Entry], image: Mapping[str, Any], config: Config) -> bool:
    """Tells whether any object has an image of that name. Raises FieldError and TargetError as `set_images` does."""
    marked = {**image, "newName": f"{image.get('newName') or ''}-", "newTag": "-", "digest": ""}
    return any(old is not new for old, new in zip(entries, set_images(entries, marked, config), strict=True))


def _with_image(manifest: dict[str, Any], image: Mapping[str, Any], name: Pattern, config: Config) -> dict[str, Any]:
    def renamed(value: Any) -> Any:
        if value is not None and not isinstance(value, str):
            raise FieldError(f"expected an image, not {str(value)[:60]!r}")
        return changed_image(value, image) if value is not None and name.search(value) else value

    # kustomize goes to the fields of containers a second time, where it adds a tag's suffix once more.
    specs = tuple(spec for spec in config.images if spec.path[-2:-1] not in _DONE)
    return set_fields(_in_containers(manifest, renamed), specs, renamed)


def _in_containers(value: Any, change: Any) -> Any:
    """Changes the images of lists of containers at any depth."""
    if isinstance(value, list):
        return kept(value, [_in_containers(item, change) for item in value])
    if not isinstance(value, dict):
        return value
    changes: dict[str, Any] = {}
    for key, inner in value.items():
        if not isinstance(inner, dict | list):
            continue
        new = _in_containers(inner, change)
        if key in _CONTAINERS and isinstance(new, list):
            new = kept(new, [_with_new(item, change) for item in new])
        if new is not inner:
            changes[key] = new
    return update(value, changes) if changes else value


def _with_new(container: Any, change: Any) -> Any:
    if not isinstance(container, dict) or "image" not in container:
        return container
    return update(container, {"image": change(container["image"])})


def changed_image(value: str, image: Mapping[str, Any]) -> str:
    """Returns an image with a new name, tag or digest: either of the last two replaces both."""
    name, tag, digest = split_image(value)
    name = image.get("newName") or name
    new_tag, new_digest, suffix = image.get("newTag") or "", image.get("digest") or "", image.get("tagSuffix") or ""
    if new_tag or new_digest:
        tag, digest = new_tag, new_digest
    elif suffix:
        tag, digest = tag + suffix, ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def split_image(value: str) -> tuple[str, str, str]:
    """Returns name, tag and digest of an image; a port of its registry is part of the name."""
    slash = max(value.find("/"), 0)
    at = value.find("@", slash)
    colon = value.find(":", slash)
    if at < 0 and colon < 0:
        return value, "", ""
    if at >= 0 and (at < colon or colon < 0):
        return value[:at], "", value[at + 1 :]
    if at >= 0:
        return value[:colon], value[colon + 1 : at], value[at + 1 :]
    return value[:colon], value[colon + 1 :], ""
