"""What is left of a table in one scene: its rules in order, without those that an earlier one hides.

Rules of one rank that belong to different objects have no order that manifests tell: they are compared as a set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from sandlane.proof.requests.scenes import Scene, left
from sandlane.semantics.outcomes import Origin, Outcome, Unknown
from sandlane.semantics.predicates import Atom, Mode
from sandlane.semantics.tables import PATH_LENGTH, Rule, Table

_LONGEST = 1 << 30
_MANY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A rule that is left: the conditions that are open, and what a request gets that meets them."""

    conditions: frozenset[Atom]
    outcome: Outcome
    rule: Rule | None
    origin: Origin | None


Class = tuple[tuple[Left, ...], ...]
"""Rules of one rank, by the object that they belong to."""


def rest(
    table: Table, rules: Iterable[tuple[int, Rule]], names: frozenset[str], scene: Scene, mode: Mode
) -> list[Class]:
    """Returns the rules of a table that a scene leaves, ranked, the closest first; the last is what meets no rule."""
    by_rank: dict[tuple[int, ...], dict[str, list[Left]]] = {}
    for _, rule in rules:
        conditions = left(names, rule, scene, mode)
        if conditions is not None:
            rank = tuple(_LONGEST if part == PATH_LENGTH else part for part in rule.rank)
            outcome = Unknown(rule.doubt) if rule.doubt else rule.outcome
            found = Left(conditions=conditions, outcome=outcome, rule=rule, origin=rule.origin)
            # A list is one object's as far as order goes: Istio's rules have no age of their own.
            group = rule.group if len(rule.rank) > 1 else ""
            by_rank.setdefault(rank, {}).setdefault(group, []).append(found)
    ordered = [list(by_rank[rank].values()) for rank in sorted(by_rank, reverse=True)]
    last = Left(conditions=frozenset(), outcome=table.otherwise, rule=None, origin=table.origin)
    return _visible([*ordered, [[last]]])


def _visible(ranked: Sequence[Sequence[Sequence[Left]]]) -> list[Class]:
    above: set[frozenset[Atom]] = set()
    found: list[Class] = []
    for groups in ranked:
        kept: list[tuple[Left, ...]] = []
        for group in groups:
            here: list[Left] = []
            own: set[frozenset[Atom]] = set()
            for each in group:
                if not _is_hidden(each.conditions, above) and not _is_hidden(each.conditions, own):
                    here.append(each)
                    own.add(each.conditions)
            if here:
                kept.append(tuple(here))
        above |= {each.conditions for group in kept for each in group}
        if len(kept) == 1:
            found += [((each,),) for each in kept[0]]
        elif kept:
            found.append(tuple(kept))
        if frozenset() in above:
            return found  # every request has met a rule
    return found


def _is_hidden(conditions: frozenset[Atom], by: set[frozenset[Atom]]) -> bool:
    """Tells whether any of some sets of conditions is a subset: each subset is looked up, as a match has few conditions."""
    if len(conditions) > _MANY:
        return any(other <= conditions for other in by)
    atoms = list(conditions)
    return any(frozenset(chosen) in by for size in range(len(atoms) + 1) for chosen in combinations(atoms, size))


def first_difference(
    base: Sequence[Class], output: Sequence[Class], key: Callable[[Left], str], other: Callable[[Left], str]
) -> tuple[Left | None, Left | None] | None:
    """Returns the first rules in which two rests differ (None: one has no more), or None where they are equal."""
    for number in range(max(len(base), len(output))):
        one = base[number] if number < len(base) else ()
        two = output[number] if number < len(output) else ()
        ours = {_said(group, key): group for group in one}
        theirs = {_said(group, other): group for group in two}
        if ours.keys() != theirs.keys():
            mine = next((g for said, g in ours.items() if said not in theirs), next(iter(ours.values()), None))
            yours = next((g for said, g in theirs.items() if said not in ours), next(iter(theirs.values()), None))
            return _pair(mine or (), yours or (), key, other)
    return None


def _said(group: Sequence[Left], key: Callable[[Left], str]) -> tuple[tuple[frozenset[Atom], str], ...]:
    return tuple((each.conditions, key(each)) for each in group)


def _pair(
    mine: Sequence[Left], yours: Sequence[Left], key: Callable[[Left], str], other: Callable[[Left], str]
) -> tuple[Left | None, Left | None]:
    for number in range(max(len(mine), len(yours))):
        a = mine[number] if number < len(mine) else None
        b = yours[number] if number < len(yours) else None
        if a is None or b is None or a.conditions != b.conditions or key(a) != other(b):
            return a, b
    return (mine[0] if mine else None), (yours[0] if yours else None)
