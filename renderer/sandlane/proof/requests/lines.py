"""Tables as proof reads them: each rule with its conditions on carriers apart, sorted by the tenant that it demands.

A table of the base stands beside the output's of the same address: here is how both are read, and for whom they can differ.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from sandlane.frozen import frozen
from sandlane.proof.claims import may_choose
from sandlane.proof.requests.addresses import Pair
from sandlane.proof.requests.case import Case
from sandlane.proof.requests.outcomes import Spelling, said
from sandlane.proof.requests.scenes import Literals, Scene, demanded
from sandlane.proof.world import directory
from sandlane.semantics.istio_matches import is_catch_all
from sandlane.semantics.outcomes import Forward, meant_by
from sandlane.semantics.predicates import Atom, Mode, Predicate, holds
from sandlane.semantics.request import Client, Request
from sandlane.semantics.tables import Rule, Table

_NOBODY = Client(kind="unmeshed", namespace="")


@frozen(kw_only=True, eq=False)
class Line:
    """A rule with its number, its conditions on headers of carriers, and all its others."""

    number: int
    rule: Rule
    carried: Predicate
    conditions: frozenset[Atom]

    @property
    def namespace(self) -> str:
        """The namespace in which the rule is written."""
        return self.rule.origin.resource.id.namespace


@frozen(kw_only=True)
class Lines:
    """The rules of a table.

    `common` demand no tenant; of those in sandboxes' directories that are equal there is one. `parts`: directory of a sandbox ->
    those in it, each with what is equal for equal ones, also where there are none. `strange` are conditions on carriers that
    are no tenant's and not the base's.
    """

    table: Table
    common: Sequence[Line]
    own: Mapping[str, Sequence[Line]]
    parts: Mapping[str, Sequence[tuple[Line, object]]]
    strange: Sequence[tuple[Line, Atom]]

    def met(self, tenants: Iterable[str], scene: Scene, mode: Mode) -> tuple[Line, ...]:
        """Returns the rules that a scene leaves, in order; `tenants` are those that it may name."""
        request = Request(client=_NOBODY, host="", port=0, headers=scene.headers)
        own = [line for tenant in tenants for line in self.own.get(tenant, ())]
        found = [*self.common, *own]
        if own:
            found.sort(key=lambda line: line.number)
        return tuple(line for line in found if not line.carried or holds(line.carried, request, mode))


def _lines_of(case: Case, table: Table, known: frozenset[Atom], spelling: Spelling) -> Lines:
    """Sorts the rules of a table; `known` are the conditions on carriers that the base has, which demand no tenant."""
    common: list[Line] = []
    own: dict[str, list[Line]] = {}
    parts: dict[str, list[tuple[Line, object]]] = {}
    strange: list[tuple[Line, Atom]] = []
    seen: set[object] = set()
    written, where, is_part = None, "", False
    for number, rule in enumerate(table.rules):
        carried = [a for a in rule.predicate if a.subject == "header" and a.name in case.literals.names]
        others = [a for a in rule.predicate if a.subject != "header" or a.name not in case.literals.names]
        conditions = frozenset([a for a in others if a.subject != "path" or not is_catch_all((a,))])
        line = Line(number=number, rule=rule, carried=tuple(carried), conditions=conditions)
        found = (
            [(atom, tenant) for atom, tenant in demanded(case.literals, line.carried) if atom not in known]
            if carried
            else []
        )
        strange += [(line, atom) for atom, tenant in found if tenant is None]
        if rule.origin.resource is not written:
            written = rule.origin.resource
            where = directory(written)
            is_part = where.startswith("sandboxes/") and written.id not in case.world.base.by_id
        if is_part:
            parts.setdefault(where, [])
        named = [tenant for _, tenant in found if tenant]
        if named:
            own.setdefault(min(named), []).append(line)
        elif not is_part:
            common.append(line)
        else:
            # Equal for rules that are, as several tenants' defaults are.
            what = rule.rank, rule.predicate, rule.doubt, said(spelling, rule.outcome, line.namespace)
            parts[where].append((line, what))
            if what not in seen:
                seen.add(what)
                common.append(line)
    return Lines(table=table, common=common, own=own, parts=parts, strange=strange)


def carrier_atoms(literals: Literals, table: Table) -> frozenset[Atom]:
    """Returns the conditions of a table that a carrier header be there."""
    return frozenset(atom for rule in table.rules for atom, _ in demanded(literals, rule.predicate))


@frozen(kw_only=True, eq=False)
class Comparison:
    """A table of the base and the output's of the same address; `is_open`: whether tenants may be chosen here.

    `hosts` are the address's own and those to which the base's rules send.
    """

    case: Case
    pair: Pair
    base: Lines
    output: Lines
    spelling: Spelling
    hosts: frozenset[str]
    is_open: bool
    is_ranked: bool
    agreed: set[object] = field(default_factory=set)


def comparison(case: Case, pair: Pair, base: Table, output: Table) -> Comparison:
    """Lays two tables beside each other."""
    routes, client = case.world.claims.environment.routes, pair.after.client
    gateway = f"{client.namespace}/{client.name}" if client.kind == "gateway" else "mesh"
    removed = case.literals.names if gateway in routes.strip else frozenset[str]()
    spelling = Spelling(domain=case.before.domain, answer=routes.answer_header or "", removed=removed)
    known = carrier_atoms(case.literals, base)
    meant = [meant_by(outcome) for outcome in (base.otherwise, *(rule.outcome for rule in base.rules))]
    sent = (d.host for outcome in meant if isinstance(outcome, Forward) for d in outcome.destinations)
    is_ranked = any(len(rule.rank) > 1 for table in (base, output) for rule in table.rules[:1])

    return Comparison(
        case=case,
        pair=pair,
        base=_lines_of(case, base, known, spelling),
        output=_lines_of(case, output, known, spelling),
        spelling=spelling,
        hosts=frozenset((pair.before.host, *sent)),
        is_open=may_choose(case.world.claims.environment, gateway),
        is_ranked=is_ranked,
    )


def tenants_of(both: Comparison, named: Sequence[str]) -> list[str]:
    """Returns the tenants for whom anything can differ here: they have rules, or cloned what rules send to, or are named."""
    case = both.case
    found = {*both.base.own, *both.output.own, *(name for name in named if name in case.world.clones.reach)}
    for host in both.hosts:
        found |= {*case.cloned_by.get(host, ())}
    return sorted(found if both.pair.tenants is None else found & both.pair.tenants)


def shape_of(both: Comparison, tenant: str) -> object:
    """Returns what a tenant's rules are but for its name: equal shapes have equal verdicts."""
    case = both.case
    clones = case.clones.get(tenant, {})
    spelling = spelled(both, tenant)
    answers = [spelling.answer] if spelling.answer else []
    found: list[object] = [both.hosts.intersection(clones)]
    for line in both.output.own.get(tenant, ()):
        carried = tuple(_nameless(atom) if case.literals.tenant(atom) == tenant else atom for atom in line.carried)
        before = 0 if both.is_ranked else bisect_left(both.output.common, line.number, key=lambda common: common.number)
        rule, text = line.rule, said(spelling, line.rule.outcome, line.namespace)
        told = (rule.rank, rule.doubt, text, rule.origin.resource.id.kind)
        found.append((before, carried, line.conditions, *told, *answers))
    return tuple(found)


def _nameless(atom: Atom) -> object:
    return atom.name, atom.text.kind, atom.text.ignores_case, atom.is_negated, atom.is_empty_if_missing


def spelled(both: Comparison, tenant: str | None) -> Spelling:
    """Returns how outcomes are written for a tenant, or for nobody."""
    s, names = both.spelling, both.case.names.get(tenant or "", {})
    return Spelling(
        domain=s.domain, names=names, tenant=tenant or "", answer=s.answer, removed=s.removed, given=s.given
    )
