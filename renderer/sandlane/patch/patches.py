"""Patches of either form: telling a JSON patch from a strategic merge patch as kustomize does, and applying it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sandlane.patch.errors import PatchError
from sandlane.problems.problem import Invalid
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.value_types import type_of

Patch = Mapping[str, Any] | list[Any]
"""A strategic merge patch, or the operations of a JSON patch (RFC 6902)."""


def parse_patch(text: str) -> tuple[Patch, ...]:
    """Returns the patches in a text: a list of operations, or the documents of strategic merge patches.

    Raises PatchError for text that is neither; what YAML says about it names the line within the text.
    """
    found = _parsed(text)
    if isinstance(found, PatchError):
        raise PatchError(found.message, found.path)
    return found


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[Patch, ...] | PatchError:
    """Returns the patches in a text, or why there are none: aliases may repeat one text often, so each is read once."""
    try:
        documents = yamlio.read(text.encode("utf-8", "surrogatepass"), "")
        patches = tuple(check_patch(document.data) for document in documents)
    except Invalid as invalid:
        problem = invalid.problems[0]
        line = f" (line {problem.position[0]} of the patch)" if problem.position else ""
        return PatchError(f"{problem.text}{line}")
    except PatchError as error:
        return error
    if len(patches) > 1 and any(isinstance(patch, list) for patch in patches):
        return PatchError("a list of operations and another patch in one text: expected one of them")
    return patches


def check_patch(data: Any) -> Patch:
    """Returns data as a patch: a list is a JSON patch, a mapping a strategic merge patch. Raises PatchError."""
    if isinstance(data, list):
        from sandlane.patch.json6902 import check_operation  # for the form at hand alone

        for number, operation in enumerate(data):
            check_operation(operation, (number,))
        return data
    if isinstance(data, Mapping):
        if "op" in data and "path" in data and "kind" not in data:
            raise PatchError("expected a list of operations: start the operation with '- '")
        return data
    raise PatchError(f"expected a mapping (strategic merge) or a list of operations (JSON patch), not {type_of(data)}")


def apply_patch(manifest: Mapping[str, Any], patch: Patch, *, group: str, kind: str) -> dict[str, Any] | None:
    """Returns a manifest with a patch of either form applied; None if it deletes the object. Raises PatchError."""
    if not isinstance(patch, list):
        from sandlane.patch.strategic import strategic_merge  # for the form at hand alone

        return strategic_merge(manifest, patch, group=group, kind=kind)
    from sandlane.patch.json6902 import apply_json6902

    patched = apply_json6902(manifest, patch)
    if not isinstance(patched, dict):
        raise PatchError(f"the patch leaves {type_of(patched)} where an object has to be")
    return patched
