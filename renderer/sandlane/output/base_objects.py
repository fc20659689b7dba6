"""The base's own objects in the output, where the output holds the whole base (`output.base: full`, rule R-O3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandlane.base.base import Base
from sandlane.output.layout import BASE, Placed
from sandlane.plan.metadata import handed_over
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

_SECRET = ("", "Secret")


def base_objects(plan: Plan, routes: Iterable[Placed]) -> Iterator[Placed]:
    """Yields every base object that is not in shared/, and no Secret (rule R-O7); nothing unless the output holds the whole base."""
    if plan.environment.output.base != "full":
        return
    owned = {placed.id for placed in routes}
    for resource in plan.base.resources:
        if resource.id not in owned and (resource.id.group, resource.id.kind) != _SECRET:
            manifest = handed_over(resource.manifest, resource.id.namespace)
            yield Placed(directory=BASE, id=resource.id, manifest=manifest, base=resource)


def left_out(base: Base, *, is_whole: bool) -> Iterator[Problem]:
    """Yields the objects that are not in an output of the whole base, each by its name."""
    for resource in base.of(*_SECRET) if is_whole else ():
        hint = "apply it by other means, such as an operator that fetches Secrets, or beside the output"
        yield report("SL340", source=resource.source, object=str(resource.id), why="no Secret is written", hint=hint)
    for resource in base.local if is_whole else ():
        hint = "leave the annotation out if the cluster needs the object"
        why = "'config.kubernetes.io/local-config' says that it is for tools alone"
        yield report("SL340", source=resource.source, object=str(resource.id), why=why, hint=hint)
