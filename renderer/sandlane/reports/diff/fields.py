"""How two manifests differ, field by field; items of lists that have names are told apart by them and not by position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from sandlane.frozen import frozen

Step = str | int
Kind = Literal["added", "removed", "set", "moved"]

_NAMES = ("name", "containerPort", "mountPath", "port", "key")
"""Fields that tell the items of a list apart: the first that all of its items have, each with another value."""

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
        steps = (step if _is_item(step) else f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(str(step) for step in steps).removeprefix(".")


def fields(before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Returns the fields in which two manifests differ, in the order of the fields' paths."""
    if before == after:
        return ()
    from deepdiff import DeepDiff  # a tenth of a second, which only differences cost

    tree = DeepDiff(_keyed(before), _keyed(after), view="tree", threshold_to_diff_deeper=0)
    found = [
        FieldChange(tuple(level.path(output_format="list")), kind, _value(level.t1), _value(level.t2))
        for name, kind in _KINDS.items()
        for level in tree.get(name, ())
    ]
    found += _moved(before, after)
    return tuple(sorted(found, key=lambda change: ([str(step) for step in change.path], change.kind)))


def _is_item(step: Step) -> bool:
    return isinstance(step, str) and step.startswith("[") and "=" in step


def _keyed(value: Any) -> Any:
    """Returns a copy in which lists of items with names are mappings by name."""
    if isinstance(value, Mapping):
        return {key: _keyed(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    steps = _steps(value)
    return dict(zip(steps, map(_keyed, value), strict=True)) if steps else [_keyed(item) for item in value]


def _steps(items: Sequence[Any]) -> list[str] | None:
    """Returns what tells the items of a list apart: a field, or of rules of routes without names what they match."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for name in _NAMES:
        values = [item.get(name) for item in items]
        if all(isinstance(value, str | int) for value in values) and len({str(v) for v in values}) == len(values):
            return [f"[{name}={value}]" for value in values]
    if all(_RULE & item.keys() for item in items):
        return _numbered([f"name={item['name']}" if item.get("name") else f"match={_match(item)}" for item in items])
    return None


_RULE = frozenset({"match", "matches", "route", "backendRefs", "redirect", "delegate", "directResponse", "filters"})
"""Fields that rules of VirtualServices and of routes of the Gateway API have."""


def _match(rule: Mapping[str, Any]) -> str:
    found = rule.get("match") or rule.get("matches") or ()
    matches = found if isinstance(found, list | tuple) else [found]
    return " or ".join(" ".join(_leaves(match)) or "any request" for match in matches) or "any request"


def _leaves(value: Any, path: str = "") -> Iterator[str]:
    """Yields the values below one with their paths: `uri.prefix=/cart`."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, path)
    else:
        yield f"{path}={value}"


def _numbered(steps: Sequence[str]) -> list[str]:
    """Returns steps in brackets; the second and later ones of equal steps have a number."""
    seen: Counter[str] = Counter()
    found = []
    for step in steps:
        seen[step] += 1
        found.append(f"[{step}]" if seen[step] == 1 else f"[{step} #{seen[step]}]")
    return found


def _value(value: Any) -> Any:
    """Returns a value as the manifest has it, of a keyed copy; what is not there is None."""
    if type(value).__name__ == "NotPresent":
        return None
    if isinstance(value, Mapping):
        if value and all(_is_item(key) for key in value):
            return [_value(item) for item in value.values()]
        return {key: _value(item) for key, item in value.items()}
    return [_value(item) for item in value] if isinstance(value, list) else value


def _orders(value: Any, path: tuple[Step, ...] = ()) -> dict[tuple[Step, ...], list[str]]:
    """Returns the names of the items of each list whose items have names, in order."""
    return dict(_lists(value, path))


def _lists(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], list[str]]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _lists(item, (*path, str(key)))
    elif isinstance(value, list):
        names = _steps(value)
        steps: Sequence[Step] = names or range(len(value))
        if names:
            yield path, names
        for step, item in zip(steps, value, strict=True):
            yield from _lists(item, (*path, step))


def _moved(before: Any, after: Any) -> Iterator[FieldChange]:
    """Yields lists whose common items stand in another order: where order decides, that is a change as any other."""
    others = _orders(after)
    for path, names in _orders(before).items():
        kept = [name for name in names if name in others.get(path, ())]
        now = [name for name in others.get(path, ()) if name in names]
        if kept != now:
            yield FieldChange(path, "moved", kept, now)
