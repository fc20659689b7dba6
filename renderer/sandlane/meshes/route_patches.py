"""Patches of generated route objects (`routes.patches`): the environment's own word on what tenants' routes are like.

A patch may change what becomes of a tenant's request, and proof does not compare that with the base any more. It may not change
who is a tenant, nor what others get: that is proved of the patched objects.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

from sandlane.base.base import group_of
from sandlane.base.field_types import mismatches
from sandlane.output.layout import Placed, path_of
from sandlane.patch.errors import PatchError
from sandlane.patch.json6902 import apply_json6902
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, did_you_mean, dotted
from sandlane.specs.model import Environment, RoutePatch
from sandlane.yamlio.value_types import type_at


def patch_routes(environment: Environment, objects: Iterable[Placed]) -> tuple[tuple[Placed, ...], list[Problem]]:
    """Returns route objects with the patches that are for them, and the patches that cannot be applied or meet nothing."""
    found: list[Placed] = []
    objects = tuple(objects)
    problems = list(_without_target(environment, objects))
    for placed in objects:
        for number, patch in enumerate(environment.routes.patches):
            if is_target(patch, placed) and _is_generated(placed):
                try:
                    placed = _patched(placed, patch)
                except PatchError as error:
                    what = f"'{placed.id}': {error.message}"
                    problems.append(report("SL452", source=environment.source, path=_path(number), what=what))
        found.append(placed)
    return tuple(found), list(dict.fromkeys(problems))


def _is_generated(placed: Placed) -> bool:
    """Tells whether an object says more than the base's: where no tenant has an entry, it is the base's, and patches are not for it."""
    return placed.base is None or placed.manifest.get("spec") != placed.base.manifest.get("spec")


def is_target(patch: RoutePatch, placed: Placed) -> bool:
    """Tells whether a patch is for an object."""
    id = placed.id
    return patch.kind == id.kind and patch.name in (None, id.name) and patch.namespace in (None, id.namespace)


def _without_target(environment: Environment, objects: Sequence[Placed]) -> Iterator[Problem]:
    for number, patch in enumerate(environment.routes.patches if objects else ()):
        if not any(is_target(patch, placed) for placed in objects):
            names = [o.id.name for o in objects if o.id.kind == patch.kind]
            kinds = ", ".join(f"'{kind}'" for kind in sorted({o.id.kind for o in objects}))
            otherwise = f"see which objects there are in {environment.output.path}/"
            near = did_you_mean(patch.name or "", names, otherwise=otherwise)
            hint = near if names else f"generated are objects of kind {kinds}"
            yield report("SL458", source=environment.source, path=(*_path(number)[:-1], "target"), hint=hint)


def broken_by_patches(
    environment: Environment,
    objects: Sequence[Placed],
    unproven: Sequence[Problem],
    is_proved_without: Callable[[], bool],
) -> list[Problem]:
    """Returns problems of patches in place of what proof says of patched objects; none if it says more than that.

    A request that a patched object no longer takes meets another's rule: patches are to blame if the output is proved without them.
    """
    patches = environment.routes.patches
    if not patches:
        return []
    by_file = {path_of(placed): placed for placed in objects}
    found = []
    for problem in unproven:
        placed = by_file.get(problem.source.file) if problem.source else None
        number = next((n for n, patch in enumerate(patches) if placed and is_target(patch, placed)), None)
        if number is None and problem.request and is_proved_without():
            number = next(n for n, patch in enumerate(patches) if any(is_target(patch, placed) for placed in objects))
        if number is None:
            return []
        found.append(report("SL453", source=environment.source, path=_path(number), what=problem.text))
    return found


def _path(number: int) -> Path:
    return ("spec", "routes", "patches", number, "patch")


def _patched(placed: Placed, patch: RoutePatch) -> Placed:
    manifest = apply_json6902(placed.manifest, list(patch.operations))
    if not isinstance(manifest, dict):
        raise PatchError("the patch leaves no object")
    metadata = manifest.get("metadata")
    name = (metadata.get("namespace"), metadata.get("name")) if isinstance(metadata, dict) else None
    is_same_kind = (group_of({"apiVersion": manifest.get("apiVersion")}), manifest.get("kind")) == (
        placed.id.group,
        placed.id.kind,
    )
    if not is_same_kind or name != (placed.id.namespace, placed.id.name) or not isinstance(manifest.get("spec"), dict):
        raise PatchError("the patch makes another object of it")
    for path, expected in mismatches(placed.id.group, placed.id.kind, manifest):
        raise PatchError(f"'{dotted(path)}' would be {type_at(manifest, path)}, expected {expected}")
    return dataclasses.replace(placed, manifest=manifest)
