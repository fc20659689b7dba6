"""JSON merge patches, RFC 7386: mappings are merged, null removes, everything else replaces."""

from __future__ import annotations

from typing import Any

from sandlane.patch.errors import DEPTH, PatchError
from sandlane.patch.put import GONE, is_same, update
from sandlane.problems.problem import Path


def json_merge(manifest: Any, patch: Any) -> Any:
    """Returns a manifest with a merge patch applied; what does not change is shared. Raises PatchError if it is too deep."""
    return _merged(manifest, patch, ())


def _merged(old: Any, patch: Any, path: Path) -> Any:
    if len(path) > DEPTH:
        raise PatchError(f"the patch is nested deeper than {DEPTH} levels", path)
    if not isinstance(patch, dict):
        return old if is_same(old, patch) else patch
    base = old if isinstance(old, dict) else {}
    changes = {
        key: GONE if value is None else _merged(base.get(key), value, (*path, key)) for key, value in patch.items()
    }
    merged = update(base, changes)
    return old if isinstance(old, dict) and merged is old else merged
