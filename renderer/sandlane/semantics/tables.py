"""Compiled routing decisions: rules with predicates and ranks, and the choice that they make for a request.

One form serves both orders. An Istio list has one rank, so its first rule wins; in the Gateway API the highest rank wins. Rules of
different groups with one rank are in the order of their objects' ages, which manifests do not hold: each is a candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from sandlane.frozen import frozen
from sandlane.k8s.rust_expressions import reading
from sandlane.semantics.outcomes import Origin, Outcome, Unknown
from sandlane.semantics.predicates import MODES, Mode, Predicate, holds, wrong_expression
from sandlane.semantics.request import Request

_Asked = tuple[str, str | None]
"""A header for which rules ask: with an exact value, or any."""

PATH_LENGTH = -1
"""Stands in a rank for the length of the request's path."""


@frozen(kw_only=True)
class Rule:
    """One match of one rule of a route object. `group` is the object whose age counts; `doubt` says why it may or may not apply."""

    predicate: Predicate
    outcome: Outcome
    origin: Origin
    rank: tuple[int, ...] = ()
    group: str = ""
    doubt: str = ""


@frozen(kw_only=True)
class Table:
    """The rules for one address, and what a request gets that meets none.

    `origin` is the object that decides there, if one does; `modes` are the ways in which its proxies may look at repeated headers;
    `when` says what has to be so for this table to be the one. `index` has, where a table is asked often, the numbers of its rules by
    what they ask for.
    """

    rules: tuple[Rule, ...] = ()
    otherwise: Outcome
    origin: Origin | None = None
    modes: tuple[Mode, ...] = MODES
    notes: tuple[str, ...] = ()
    when: str = ""
    index: Mapping[_Asked | None, Sequence[int]] | None = field(default=None, compare=False, repr=False)


def indexed(table: Table) -> Table:
    """Returns a table that finds the rules of one of many tenants at once."""
    index: dict[_Asked | None, list[int]] = {}
    for number, rule in enumerate(table.rules):
        asked = [a for a in rule.predicate if a.subject == "header" and not a.is_negated]
        equal = ((a.name, a.text.value) for a in asked if a.text.kind == "exact" and not a.text.ignores_case)
        index.setdefault(next(equal, (asked[0].name, None) if asked else None), []).append(number)
    return replace(table, index=index)


def rules_for(table: Table, request: Request) -> Sequence[Rule]:
    """Returns the rules that a request may meet, in order."""
    if table.index is None:
        return table.rules
    lines = {(name, text) for name, _ in request.headers for text in (None, ",".join(request.values(name)))}
    asked = {None, *request.headers, *lines}
    return [table.rules[number] for number in sorted(n for each in asked for n in table.index.get(each, ()))]


@frozen(kw_only=True)
class Choice:
    """What a request gets, and where that is written; `rule` is None where no rule matched."""

    rule: Rule | None
    origin: Origin | None
    outcome: Outcome
    when: str = ""


def choose(table: Table, request: Request, mode: Mode) -> list[Choice]:
    """Returns the choices that a table makes for a request: more than one where the age of objects decides."""
    met = [rule for rule in rules_for(table, request) if holds(rule.predicate, request, mode)]
    if not met:
        return [Choice(rule=None, origin=table.origin, outcome=table.otherwise, when=table.when)]
    ranks = [_rank(rule, request) for rule in met]
    best = max(ranks)
    first: dict[str, Rule] = {}
    for rule, rank in zip(met, ranks, strict=True):
        if rank == best:
            first.setdefault(rule.group, rule)
    names = " and ".join(f"'{name}'" for name in sorted(first))
    return [
        Choice(
            rule=rule,
            origin=rule.origin,
            outcome=Unknown(rule.doubt) if rule.doubt else rule.outcome,
            when=f"if '{rule.group}' is the oldest of {names}" if len(first) > 1 else table.when,
        )
        for rule in first.values()
    ]


def _rank(rule: Rule, request: Request) -> tuple[int, ...]:
    return tuple(len(request.bare_path) if part == PATH_LENGTH else part for part in rule.rank)


def decide(tables: Sequence[Table], request: Request) -> list[Choice]:
    """Returns what a request gets, and what else it may get with what that depends on. Choices with one outcome are one."""
    found: list[Choice] = []
    for table in tables:
        by_mode = [(mode, choose(table, request, mode)) for mode in table.modes]
        for mode, choices in by_mode:
            differs = [c.outcome for c in choices] != [c.outcome for c in by_mode[0][1]]
            found += [_in_mode(choice, mode) for choice in choices] if differs else []
            found += choices if mode == table.modes[0] else []
    distinct: list[Choice] = []
    for choice in found:
        if all(choice.outcome != other.outcome for other in distinct):
            distinct.append(choice)
    return distinct if len(distinct) > 1 else [replace(distinct[0], when="")]  # what makes no difference is not said


def _in_mode(choice: Choice, mode: Mode) -> Choice:
    words = "if a proxy joins the lines of a repeated header" if mode == "joined" else "if a proxy looks at each line"
    when = f"{words}, {choice.when}" if choice.when else words
    return replace(choice, when=when)


def doubt_of(predicate: Predicate) -> str:
    """Returns why the model cannot evaluate a predicate, or ''."""
    for written in (atom.text.value for atom in predicate if atom.text.kind == "found"):
        if reading(written) == "otherwise":  # rule R-L13
            return f"'{written}' may be another regular expression in Rust than in RE2, which is not modelled"
    pattern = wrong_expression(predicate)
    return f"'{pattern}' is no regular expression of RE2" if pattern is not None else ""
