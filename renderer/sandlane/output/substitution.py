"""Keeps `${...}` in what tenants get (rule R-O3): Flux replaces it, by nothing where it knows no such variable, unless told not to.

Objects that the output hands over as they are stay so: whether theirs is replaced is for who wrote them to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sandlane.k8s.resource import annotations_of
from sandlane.output.layout import BASE, MARK, Files, Placed, path_of
from sandlane.plan.metadata import SUBSTITUTE
from sandlane.yamlio.write import write

_REFERENCE = "${"


def without_substitution(objects: Iterable[Placed], files: Files) -> tuple[tuple[Placed, ...], Files]:
    """Returns objects and their files, those that hold `${` with the annotation that keeps Flux from replacing it.

    One that says what Flux should do is left as it is.
    """
    if not any(_REFERENCE in text for text in files.values()):
        return tuple(objects), files
    kept: list[Placed] = []
    changed: dict[str, str] = {}
    for placed in objects:
        path = path_of(placed)
        if placed.directory != BASE and _REFERENCE in files[path] and SUBSTITUTE not in annotations_of(placed.manifest):
            placed = _marked(placed)
            changed[path] = f"{MARK}\n{write(placed.manifest)}"
        kept.append(placed)
    return tuple(kept), {**files, **changed}


def _marked(placed: Placed) -> Placed:
    annotations = {**annotations_of(placed.manifest), SUBSTITUTE: "disabled"}
    metadata = {**placed.manifest["metadata"], "annotations": annotations}
    return replace(placed, manifest={**placed.manifest, "metadata": metadata})
