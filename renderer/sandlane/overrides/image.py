"""`image`: the image of a workload's one app container."""

from __future__ import annotations

from typing import Any

from sandlane.overrides.changes import Changes
from sandlane.overrides.field import Field
from sandlane.overrides.subject import Subject, app_containers, each_container
from sandlane.patch.put import put
from sandlane.problems.problem import Problem


def _apply(image: str | None, manifest: Any, subject: Subject, changes: Changes) -> tuple[Any, list[Problem]]:
    apps = [str(container["name"]) for container in app_containers(manifest, subject.row)]
    if len(apps) != 1:
        values = {"containers": ", ".join(apps), "first": apps[0] if apps else ""}
        return manifest, [
            changes.problem("SL213", "image", field="image", value=image, workload=subject.origin.id, **values)
        ]
    changed = each_container(subject, manifest, lambda _, c: put(c, ("image",), image) if c["name"] == apps[0] else c)
    return changed, []


IMAGE: Field[str | None] = Field(name="image", none=None, read=lambda image, *_: image, apply=_apply)
