"""Elements of merging lists: what tells them apart, finding them, and the order that a patch asks for."""

from __future__ import annotations

import json
from typing import Any

from sandlane.patch.errors import PatchError, shown
from sandlane.patch.merge_keys import MergeList
from sandlane.problems.problem import Path
from sandlane.yamlio.value_types import type_of

Identity = tuple[str | None, ...]
"""The values of an element's merge keys as text, `1` and `"1"` alike; None for one that is missing."""


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True)


def identity(element: Any, rule: MergeList) -> Identity:
    """Returns the identity of an element of the manifest; one that is no mapping has none of the keys."""
    if not rule.keys:
        return (_text(element),)
    if not isinstance(element, dict):
        return (None,) * len(rule.keys)
    return tuple(_text(element.get(key, rule.defaults.get(key))) for key in rule.keys)


def identity_in_patch(element: Any, rule: MergeList, path: Path) -> Identity:
    """Returns the identity of an element of a patch. Raises PatchError if it is no mapping or lacks its first key."""
    if rule.keys and not isinstance(element, dict):
        raise PatchError(f"expected a mapping with '{rule.keys[0]}', not {type_of(element)}", path)
    found = identity(element, rule)
    if found[0] is None:
        raise PatchError(f"'{rule.keys[0]}' is missing, by which the elements of this list are told apart", path)
    return found


def described(found: Identity, rule: MergeList) -> str:
    """Returns `name 'web'` or `port '80' and protocol 'TCP'`."""
    pairs = zip(rule.keys or ("value",), found, strict=True)
    return " and ".join(f"{key} {shown(value)}" for key, value in pairs if value is not None)


class Index:
    """The elements of a list by the first of their keys; the others are compared where both sides have them."""

    def __init__(self, items: list[Any], rule: MergeList) -> None:
        self._by_first: dict[str | None, list[tuple[int, Identity]]] = {}
        for number, item in enumerate(items):
            found = identity(item, rule)
            self._by_first.setdefault(found[0], []).append((number, found))

    def find(self, wanted: Identity) -> list[int]:
        """Returns the positions of the elements that an identity means."""
        candidates = self._by_first.get(wanted[0], ())
        exact = [number for number, found in candidates if found == wanted]
        return exact or [number for number, found in candidates if _is_compatible(found, wanted)]


def _is_compatible(one: Identity, two: Identity) -> bool:
    return all(a is None or b is None or a == b for a, b in zip(one, two, strict=True))


def in_order(merged: list[Any], order: list[Any], old: list[Any], rule: MergeList, path: Path) -> list[Any]:
    """Returns a merged list in the order of `$setElementOrder`.

    Elements that it does not name keep their place among those of the manifest. Every element that the patch brings has
    to be named: raises PatchError for one that is not.
    """
    wanted = {identity_in_patch(element, rule, (*path, n)): n for n, element in enumerate(order)}
    before = {identity(element, rule): n for n, element in reversed(list(enumerate(old)))}
    for element in merged:
        found = identity(element, rule)
        if found not in wanted and found not in before:
            raise PatchError(f"the element with {described(found, rule)} is missing in this order", path)
    named = sorted((e for e in merged if identity(e, rule) in wanted), key=lambda e: wanted[identity(e, rule)])
    others = [element for element in merged if identity(element, rule) not in wanted]
    result: list[Any] = []
    for element in others:
        place = before[identity(element, rule)]
        while named and before.get(identity(named[0], rule), place) < place:
            result.append(named.pop(0))
        result.append(element)
    return result + named
