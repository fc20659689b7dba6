"""What is left of a table in one scene: its rules in order, without those that an earlier one hides, in a normal form.

Neighbours that do the same have no order among themselves, and of those the wider ones say it all. Rules of one rank that belong to
different objects have no order that manifests tell: they are compared as a set. Tables of equal forms answer every request alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from itertools import combinations, zip_longest

from sandlane.frozen import frozen
from sandlane.semantics.outcomes import Origin, Outcome
from sandlane.semantics.predicates import Atom
from sandlane.semantics.tables import PATH_LENGTH, Rule

_LONGEST = 1 << 30
_MANY = 8

Conditions = frozenset[Atom]


@frozen(kw_only=True)
class Left:
    """A rule that is left: the conditions that are open, what a request gets that meets them, and that as text."""

    conditions: Conditions
    text: str
    outcome: Outcome
    rule: Rule | None
    origin: Origin | None


@frozen(kw_only=True)
class Run:
    """Neighbouring rules that do the same, by their conditions; or rules that tie, with all that each object says."""

    text: object
    rules: dict[Conditions, Left] = field(default_factory=dict)

    @property
    def form(self) -> object:
        """What has to be equal in equal runs."""
        return self.text, self.rules.keys() if isinstance(self.text, str) else ()


def rest(rules: Iterable[Left], last: Left) -> list[Run]:
    """Returns the rules that a scene leaves of a table, the closest first; `last` is what meets no rule."""
    by_rank: dict[tuple[int, ...], dict[str, list[Left]]] = {}
    for each in rules:
        rule = each.rule
        rank = tuple(_LONGEST if part == PATH_LENGTH else part for part in rule.rank) if rule else ()
        # A list is one object's as far as order goes: Istio's rules have no age of their own.
        group = rule.group if rule and len(rank) > 1 else ""
        by_rank.setdefault(rank, {}).setdefault(group, []).append(each)
    ordered: list[list[list[Left]]] = [list(by_rank[rank].values()) for rank in sorted(by_rank, reverse=True)]
    return [_narrowed(run) for run in _runs([*ordered, [[last]]])]


def _runs(ranked: Sequence[Sequence[Sequence[Left]]]) -> list[Run]:
    above: set[Conditions] = set()
    found: list[Run] = []
    for groups in ranked:
        kept = [here for group in groups if (here := _visible(group, above))]
        above |= {each.conditions for group in kept for each in group}
        texts = {each.text for group in kept for each in group}
        if len(kept) > 1 and len(texts) > 1:
            tie = frozenset(tuple((each.conditions, each.text) for each in group) for group in kept)
            found.append(Run(text=tie, rules={each.conditions: each for group in kept for each in group}))
        else:
            for each in (each for group in kept for each in group):
                if not found or found[-1].text != each.text:
                    found.append(Run(text=each.text))
                found[-1].rules.setdefault(each.conditions, each)
        if frozenset() in above:
            break  # every request has met a rule
    return found


def _visible(group: Sequence[Left], above: set[Conditions]) -> list[Left]:
    here: list[Left] = []
    own: set[Conditions] = set()
    for each in group:
        if not is_hidden(each.conditions, above) and not is_hidden(each.conditions, own):
            here.append(each)
            own.add(each.conditions)
    return here


def _narrowed(run: Run) -> Run:
    """Returns a run without rules beside which a wider one does the same."""
    if not isinstance(run.text, str) or len(run.rules) == 1:
        return run
    every = set(run.rules)
    return Run(text=run.text, rules={c: each for c, each in run.rules.items() if not is_hidden(c, every - {c})})


def is_hidden(conditions: Conditions, by: set[Conditions]) -> bool:
    """Tells whether any of some sets of conditions is a subset."""
    if not by:
        return False
    if len(conditions) > _MANY or len(by) < 1 << len(conditions):
        return any(other <= conditions for other in by)
    atoms = list(conditions)
    return any(frozenset(chosen) in by for size in range(len(atoms) + 1) for chosen in combinations(atoms, size))


def first_difference(base: Sequence[Run], output: Sequence[Run]) -> tuple[Left | None, Left | None] | None:
    """Returns the first rules in which two rests differ (None: one has no more), or None where they are equal."""
    differing = ((one, two) for one, two in zip_longest(base, output) if not (one and two and one.form == two.form))
    one, two = next(differing, (None, None))
    found = _pair(one, two)
    if found[0] and found[1] and found[0].text == found[1].text:
        return _apart(base, output, (one, two)) or found
    return found if one or two else None


def _apart(base: Sequence[Run], output: Sequence[Run], runs: Sequence[Run | None]) -> tuple[Left, Left] | None:
    """Returns what a request meets in both rests that meets the conditions of a rule of two runs, and by which they differ."""
    for conditions in (conditions for run in runs if run for conditions in run.rules):
        # The first rules that take every request with these.
        taking = (
            (left for run in rest for own, left in run.rules.items() if own <= conditions) for rest in (base, output)
        )
        met = [next(lefts, None) for lefts in taking]
        if met[0] and met[1] and met[0].text != met[1].text:
            return replace(met[0], conditions=conditions), replace(met[1], conditions=conditions)
    return None


def _pair(one: Run | None, two: Run | None) -> tuple[Left | None, Left | None]:
    """Returns rules of two runs that answer one request otherwise: for the same conditions where there are such."""
    mine, yours = (run.rules if run else {} for run in (one, two))
    for conditions, left in mine.items():
        other = yours.get(conditions)
        if other and other.text != left.text:
            return left, other
    lost = [left for conditions, left in mine.items() if conditions not in yours]
    new = [left for conditions, left in yours.items() if conditions not in mine]
    return next(iter((*lost, *mine.values())), None), next(iter((*new, *yours.values())), None)
