"""The base's own objects in the output, where the output holds the whole base (`output.base: full`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandlane.output.layout import BASE, Placed
from sandlane.plan.metadata import released
from sandlane.plan.model import Plan


def base_objects(plan: Plan, routes: Iterable[Placed]) -> Iterator[Placed]:
    """Yields every base object that is not in shared/, and no Secret; nothing unless the output holds the whole base."""
    if plan.environment.output.base != "full":
        return
    owned = {placed.id for placed in routes}
    for resource in plan.base.resources:
        if resource.id not in owned and (resource.id.group, resource.id.kind) != ("", "Secret"):
            manifest = released(resource.manifest, resource.id.namespace)
            yield Placed(directory=BASE, id=resource.id, manifest=manifest, base=resource)
