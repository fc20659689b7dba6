"""How two manifests differ, field by field; items of lists are told apart by what they are and not by position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sandlane.frozen import frozen
from sandlane.reports.diff.items import Step, steps

Kind = Literal["added", "removed", "set", "moved"]

_KINDS: Mapping[str, Kind] = {
    "dictionary_item_added": "added",
    "dictionary_item_removed": "removed",
    "iterable_item_added": "added",
    "iterable_item_removed": "removed",
    "values_changed": "set",
    "type_changes": "set",
}


@frozen
class FieldChange:
    """A field that was added, removed, set to another value, or (an item of a list) moved before or behind others.

    Steps of `path` are keys, positions, `[name=app]` for items that have names, and `[match=uri.prefix=/cart]` for rules that have none.
    """

    path: tuple[Step, ...]
    kind: Kind
    before: Any = None
    after: Any = None

    @property
    def field(self) -> str:
        """The path as people write it: `spec.template.spec.containers[name=app].image`."""
        told = (step if _is_item(step) else f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(str(step) for step in told).removeprefix(".")


def fields(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Returns the fields in which two manifests differ, in the order of the fields' paths."""
    if before == after:
        return ()
    from deepdiff import DeepDiff  # a tenth of a second, which only differences cost

    moved: list[FieldChange] = []
    tree = DeepDiff(*_keyed(before, after, (), moved), view="tree", threshold_to_diff_deeper=0)
    found = [
        FieldChange(tuple(level.path(output_format="list")), kind, _value(level.t1), _value(level.t2))
        for name, kind in _KINDS.items()
        for level in tree.get(name, ())
    ]
    return tuple(sorted((*found, *moved), key=lambda change: ([str(step) for step in change.path], change.kind)))


def _is_item(step: Step) -> bool:
    return isinstance(step, str) and step.startswith("[") and step.endswith("]")


def _keyed(before: Any, after: Any, path: tuple[Step, ...], moved: list[FieldChange]) -> tuple[Any, Any]:
    """Returns what differs of two values, with lists of items that can be told apart as mappings; lists in another order to `moved`.

    Where order decides, it is a change as any other.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return _paired(before, after, path, moved)
    named = steps(before, after) if isinstance(before, list) and isinstance(after, list) else None
    if not named:
        return before, after
    kept = [step for step in named[0] if step in named[1]]
    now = [step for step in named[1] if step in named[0]]
    if kept != now:
        moved.append(FieldChange(path, "moved", kept, now))
    old, new = (dict(zip(n, items, strict=True)) for n, items in zip(named, (before, after), strict=True))
    return _paired(old, new, path, moved)


def _paired(
    before: Mapping[Any, Any], after: Mapping[Any, Any], path: tuple[Step, ...], moved: list[FieldChange]
) -> tuple[Any, Any]:
    old, new = dict(before), dict(after)
    for key in before.keys() & after.keys():
        if before[key] == after[key]:
            del old[key], new[key]
        else:
            old[key], new[key] = _keyed(before[key], after[key], (*path, key), moved)
    return old, new


def _value(value: Any) -> Any:
    """Returns a value of the manifest; what is not there is None."""
    return None if type(value).__name__ == "NotPresent" else value
