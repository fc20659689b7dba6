"""Strategic merge patches: mappings merge, lists of known types merge by key, directives say the rest.

Semantics are kustomize's (kyaml's merge2 with the schemas of Kubernetes 1.21.2; elements of the patch go first), but where
that loses data (rule R-Y3): a list element without its key and a key that fits several
elements are errors, a missing protocol is TCP, `$patch: replace` in an element replaces it, elements that the patch does
not name survive even if their keys repeat, and the directives `$setElementOrder`, `$deleteFromPrimitiveList` and
`$retainKeys` do what the API server does with them:
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.patch import list_elements
from sandlane.patch.errors import DEPTH, PatchError, shown
from sandlane.patch.merge_keys import TYPES, Field, Fields, MergeList, Union, fields_of
from sandlane.patch.put import GONE, is_same, kept, update
from sandlane.problems.problem import Path
from sandlane.yamlio.scalars import resolve
from sandlane.yamlio.value_types import type_of

DIRECTIVE, RETAIN = "$patch", "$retainKeys"
ORDER, DELETE = "$setElementOrder/", "$deleteFromPrimitiveList/"
_DIRECTIVES = ("merge", "replace", "delete")


def strategic_merge(
    manifest: Mapping[str, Any], patch: Mapping[str, Any], *, group: str, kind: str
) -> dict[str, Any] | None:
    """Returns a manifest with a patch applied; None if the patch deletes it. What does not change is shared.

    Lists merge as the schema of the kind says, which is the manifest's, not the patch's. Raises PatchError.
    """
    version = str(manifest.get("apiVersion")).rpartition("/")[2]
    merged = _mapping(manifest, patch, fields_of(f"{group}/{version}" if group else version, kind), ())
    return None if merged is GONE else merged


def _mapping(old: Any, patch: Any, fields: Fields, path: Path, union: Union | None = None) -> Any:
    """Merges a mapping of the patch into one of the manifest, or into nothing (None).

    A whole object inside of a field of which nothing is known merges as its own kind does, as in kustomize.
    """
    if len(path) > DEPTH:
        raise PatchError(f"the patch is nested deeper than {DEPTH} levels", path)
    directive = _directive(patch, path)
    if directive == "delete":
        return GONE
    base = old if isinstance(old, dict) and directive != "replace" else {}
    if not fields and path:
        fields = fields_of((base or patch).get("apiVersion"), (base or patch).get("kind"))
    base = update(base, _not_retained(base, patch, path, union))
    changes: dict[str, Any] = {}
    for key, value in patch.items():
        if not _is_directive(key):
            changes[key] = _value(base.get(key), value, fields.get(key), (*path, key))
    for key, value in patch.items():
        if key.startswith((ORDER, DELETE)):
            name = key.partition("/")[2]
            changed = changes.get(name, base.get(name, GONE))
            changes[name] = _by_directive(key, value, base.get(name), changed, fields.get(name), (*path, key))
    return update(base, changes)


def _is_directive(key: str) -> bool:
    return key in (DIRECTIVE, RETAIN) or key.startswith((ORDER, DELETE))


def _directive(patch: Mapping[str, Any], path: Path) -> str:
    value = patch.get(DIRECTIVE) or "merge"
    if value not in _DIRECTIVES:
        raise PatchError(
            f"unknown directive {shown(value)}, expected one of merge, replace, delete", (*path, DIRECTIVE)
        )
    return str(value)


def _not_retained(old: Mapping[str, Any], patch: Mapping[str, Any], path: Path, union: Union | None) -> dict[str, Any]:
    """Returns what goes of a mapping because of `$retainKeys`, written or implied by a union's new type."""
    if RETAIN in patch:
        kept = patch[RETAIN]
        if not isinstance(kept, list) or not all(isinstance(key, str) for key in kept):
            raise PatchError(f"expected a list of field names, not {type_of(kept)}", (*path, RETAIN))
        for key, value in patch.items():
            if not _is_directive(key) and value is not None and key not in kept:
                raise PatchError(f"'{key}' is set here and missing in '{RETAIN}'", (*path, key))
    elif union and patch.get(union.by) not in (None, old.get(union.by, union.default)):
        kept = list(patch)
    else:
        return {}
    return {key: GONE for key in old if key not in kept}


def _value(old: Any, new: Any, field: Field | None, path: Path) -> Any:
    """Merges one value of the patch into one of the manifest; None where there is none."""
    if new is None:
        return GONE
    if old is not None and _shape(old) is not _shape(new) and not _replaces(new):
        raise PatchError(
            f"{type_of(new)} cannot be merged into {type_of(old)}: expected {type_of(old)}, or null to remove it", path
        )
    if isinstance(new, dict):
        union = field if isinstance(field, Union) else None
        return _mapping(old, new, TYPES[field] if isinstance(field, str) else {}, path, union)
    if not isinstance(new, list):
        return _scalar(old, new)
    return _list(old if isinstance(old, list) else [], new, field, path)


def _scalar(old: Any, new: Any) -> Any:
    """Returns a scalar of the patch; a number in the place of a text that has to be quoted is a text.

    kustomize keeps the quotes of what it replaces, as in `value: "1"` of an environment variable.
    """
    is_plain = not isinstance(old, str) or ("\n" not in old and isinstance(resolve(old), str))
    if isinstance(new, str) or is_plain:
        return new
    return new if new is None else json.dumps(new)


def _shape(value: Any) -> type:
    return type(value) if isinstance(value, dict | list) else str


def _replaces(value: Any) -> bool:
    return isinstance(value, dict) and value.get(DIRECTIVE) in ("replace", "delete")


def _list(old: list[Any], new: list[Any], field: Field | None, path: Path) -> Any:
    directives = [e for e in new if isinstance(e, dict) and list(e) == [DIRECTIVE]]
    directive = _directive(directives[0], path) if directives else "merge"
    if directive == "delete":
        return GONE
    numbered = [(n, e) for n, e in enumerate(new) if not (isinstance(e, dict) and list(e) == [DIRECTIVE])]
    if not isinstance(field, MergeList):
        return _replaced(old, new, numbered, path)
    if directive == "replace":
        old = []
    if not field.keys:
        return _set(old, numbered, path)
    return _keyed(old, numbered, field, path)


def _replaced(old: list[Any], new: list[Any], numbered: list[tuple[int, Any]], path: Path) -> list[Any]:
    """Returns a list that replaces the manifest's: its elements as they are, which therefore hold no directives."""
    for number, element in numbered:
        _refuse_directives(element, (*path, number))
    found = new if len(numbered) == len(new) else [element for _, element in numbered]
    return old if is_same(old, found) else found


def _refuse_directives(value: Any, path: Path) -> None:
    if len(path) > DEPTH:
        raise PatchError(f"the patch is nested deeper than {DEPTH} levels", path)
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        if isinstance(key, str) and _is_directive(key):
            says = f"'{key}' has no meaning here: this list has no merge key and is replaced as a whole"
            raise PatchError(says, (*path, key))
        _refuse_directives(inner, (*path, key))


def _set(old: list[Any], numbered: list[tuple[int, Any]], path: Path) -> list[Any]:
    for number, element in numbered:
        if isinstance(element, dict | list):
            raise PatchError(f"expected a string, not {type_of(element)}", (*path, number))
    new = list(dict.fromkeys(element for _, element in numbered))
    merged = new + [element for element in old if element not in new]
    return old if is_same(old, merged) else merged


def _keyed(old: list[Any], numbered: list[tuple[int, Any]], rule: MergeList, path: Path) -> list[Any]:
    """Merges elements by their keys: those of the patch first, in its order, then the others.

    With several keys only new ones go first, and what is there stays in its place: so do kustomize's lists of ports.
    """
    index = list_elements.Index(old, rule)
    given = (element for element in (*old, *(e for _, e in numbered)) if isinstance(element, dict))
    has_several_keys = len(rule.keys) > 1 and any(rule.keys[1] in element for element in given)
    seen: dict[list_elements.Identity, int] = {}
    merged: list[Any] = []
    in_place: dict[int, Any] = {}
    touched: set[int] = set()
    for number, element in numbered:
        place: Path = (*path, number)
        identity = list_elements.identity_in_patch(element, rule, place)
        if seen.setdefault(identity, number) != number:
            raise PatchError(f"a second element with {list_elements.described(identity, rule)}", place)
        found = index.find(identity)
        directive = _directive(element, place)
        touched.update(found)
        if directive == "delete":
            continue
        if len(found) > 1:
            says = f"{len(found)} elements of this list have {list_elements.described(identity, rule)}: it is not clear which"
            raise PatchError(f"{says} one is meant", place)
        base = old[found[0]] if found and directive == "merge" else None
        new = _element(base, element, rule, place)
        if found and has_several_keys:
            in_place[found[0]] = new
        else:
            merged.append(new)
    merged += [in_place.get(n, element) for n, element in enumerate(old) if n in in_place or n not in touched]
    return kept(old, merged)


def _element(old: Any, patch: dict[str, Any], rule: MergeList, path: Path) -> Any:
    if rule.is_union and isinstance(old, dict) and RETAIN not in patch:
        brought = [key for key, value in patch.items() if value is not None and key not in rule.keys]
        if any(not _is_directive(key) and key not in old for key in brought):
            old = {key: value for key, value in old.items() if key in rule.keys or key in patch}
    return _mapping(old, patch, TYPES[rule.item] if rule.item else {}, path)


def _by_directive(key: str, value: Any, old: Any, merged: Any, field: Field | None, path: Path) -> Any:
    """Applies `$setElementOrder` or `$deleteFromPrimitiveList` to a list that is merged already."""
    if not isinstance(value, list):
        raise PatchError(f"expected a list, not {type_of(value)}", path)
    if merged is GONE or not isinstance(merged, list):
        return merged
    if key.startswith(DELETE):
        return [element for element in merged if element not in value]
    rule = field if isinstance(field, MergeList) else MergeList()
    return list_elements.in_order(merged, value, old if isinstance(old, list) else [], rule, path)
