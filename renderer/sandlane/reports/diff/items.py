"""Which items of two lists are the same: by their names, else what they match and where they send, else what they are as a whole."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from sandlane.k8s.resource import at

Step = str | int
Item = Mapping[str, Any]

_NAMES = ("name", "containerPort", "mountPath", "port", "key")
"""Fields that tell the items of a list apart: the first that all of its items have, each with another value."""

_RULES = frozenset({"match", "matches", "route", "backendRefs", "delegate", "redirect", "directResponse"})
"""Fields of which the rules of routes have one, at least."""


def steps(before: Sequence[Any], after: Sequence[Any]) -> tuple[list[Step], list[Step]] | None:
    """Returns the steps by which paths name the items of two lists, equal where two items are the same; None for lists of others."""
    if not all(isinstance(item, Mapping) for item in (*before, *after)):
        return None
    name = _name_of([items for items in (before, after) if items])
    if name:
        return [f"[{name}={item[name]}]" for item in before], [f"[{name}={item[name]}]" for item in after]
    return _aligned(before, after)


def _name_of(lists: Sequence[Sequence[Item]]) -> str | None:
    """Returns the field that tells the items of lists apart."""
    for name in _NAMES:
        if lists and all(_tells_apart([item.get(name) for item in items]) for items in lists):
            return name
    return None


def _tells_apart(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str | int) for value in values) and len({str(v) for v in values}) == len(values)


def _aligned(before: Sequence[Item], after: Sequence[Item]) -> tuple[list[Step], list[Step]]:
    """Returns the steps of items of which some have a name, or none: what has no name is what is most like it on the other side."""
    names = [_names(items) for items in (before, after)]
    twins = _twins(before, after, names)
    new = _called(after, names[1], set())
    old: list[Step] = []
    others = _called(before, names[0], {str(step) for step in new})
    for position in range(len(before)):
        old.append(new[twins[position]] if position in twins else others[position])
    return old, new


def _names(items: Sequence[Item]) -> list[str]:
    """Returns the items' names, '' for what has none; of several with one name the second is `name #2`."""
    given = [str(item.get("name") or "") for item in items]
    counts = [given[: position + 1].count(name) for position, name in enumerate(given)]
    return [f"{name} #{count}" if name and count > 1 else name for name, count in zip(given, counts, strict=True)]


def _twins(before: Sequence[Item], after: Sequence[Item], names: Sequence[Sequence[str]]) -> dict[int, int]:
    """Returns the positions of what is the same: position before -> position after."""
    there = {name: position for position, name in enumerate(names[1]) if name}
    twins = {position: there[name] for position, name in enumerate(names[0]) if name in there}
    left = [position for position, name in enumerate(names[0]) if not name]
    right = [position for position, name in enumerate(names[1]) if not name]
    are_rules = all(_RULES & item.keys() for item in (*before, *after))
    for alike in (_whole, *((_rule, _matched, _sent) if are_rules else (_any,))):
        for old, new in _pairs([(p, alike(before[p])) for p in left], [(p, alike(after[p])) for p in right]):
            twins[old] = new
            left.remove(old)
            right.remove(new)
    return twins


def _pairs(before: Sequence[tuple[int, Hashable]], after: Sequence[tuple[int, Hashable]]) -> Iterator[tuple[int, int]]:
    """Yields the positions of what is alike, each once: the first of several with the first."""
    waiting: dict[Hashable, list[int]] = {}
    for position, like in after:
        waiting.setdefault(like, []).append(position)
    for position, like in before:
        if waiting.get(like):
            yield position, waiting[like].pop(0)


def _called(items: Sequence[Item], names: Sequence[str], taken: set[str]) -> list[Step]:
    """Returns a step for each item: its name, what a rule matches, or its position."""
    found: list[Step] = []
    for position, (item, name) in enumerate(zip(items, names, strict=True)):
        if not name and not _RULES & item.keys():
            found.append(f"[{position} before]" if str(position) in taken else position)
            continue
        called = f"name={name}" if name else f"match={_matched(item)}"
        number = 1 + sum(1 for step in found if str(step).startswith((f"[{called}]", f"[{called} #")))
        while f"[{called}{f' #{number}' if number > 1 else ''}]" in taken:
            number += 1
        found.append(f"[{called}{f' #{number}' if number > 1 else ''}]")
    return found


def _whole(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)


def _any(_: Item) -> str:
    return ""


def _rule(item: Item) -> str:
    """Returns what a rule matches and where it sends."""
    return f"{_matched(item)} → {_sent(item)}"


def _matched(item: Item) -> str:
    """Returns what a rule matches: `uri.prefix=/cart or uri.exact=/`."""
    found = item.get("match") or item.get("matches") or []
    matches = found if isinstance(found, list) else [found]
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


def _sent(item: Item) -> str:
    told = [
        *(_destination(entry) for entry in _entries(item.get("route"))),
        *(_with_port(entry.get("name"), entry.get("port")) for entry in _entries(item.get("backendRefs"))),
        *(f"{field} {_whole(item[field])}" for field in ("delegate", "redirect", "directResponse") if item.get(field)),
    ]
    return ", ".join(told) or "nothing"


def _entries(given: Any) -> Iterator[Item]:
    yield from (entry for entry in (given if isinstance(given, list) else ()) if isinstance(entry, Mapping))


def _destination(entry: Item) -> str:
    host, subset = (at(entry, ("destination", field)) for field in ("host", "subset"))
    return _with_port(f"{host} {subset}" if subset else host, at(entry, ("destination", "port", "number")))


def _with_port(name: Any, port: Any) -> str:
    return f"{name}:{port}" if port else str(name)
