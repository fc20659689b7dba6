"""A table of the base beside the output's of the same address: how both are read, and for whom they can differ."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import field, replace

from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource
from sandlane.proof.claims import may_choose
from sandlane.proof.requests.addresses import Pair
from sandlane.proof.requests.case import Case
from sandlane.proof.requests.lines import Lines, carrier_atoms, lines_of
from sandlane.proof.requests.outcomes import Spelling, said
from sandlane.proof.world import directory
from sandlane.semantics.outcomes import Forward, meant_by
from sandlane.semantics.predicates import Atom
from sandlane.semantics.tables import Table


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
    is_ranked = any(len(rule.rank) > 1 for table in (base, output) for rule in table.rules[:1])

    def place(resource: Resource) -> str:
        where = directory(resource)
        return where if where.startswith("sandboxes/") and resource.id not in case.world.base.by_id else ""

    return Comparison(
        case=case,
        pair=pair,
        base=lines_of(case.literals, base, known, spelling, lambda resource: ""),
        output=lines_of(case.literals, output, known, spelling, place),
        spelling=spelling,
        hosts=_hosts(pair.before.host, base),
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


def _hosts(host: str, table: Table) -> frozenset[str]:
    outcomes = (meant_by(outcome) for outcome in (table.otherwise, *(rule.outcome for rule in table.rules)))
    return frozenset((host, *(d.host for o in outcomes if isinstance(o, Forward) for d in o.destinations)))


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
        text = said(spelling, line.rule.outcome, line.namespace)
        rule = line.rule
        found.append(
            (before, carried, line.conditions, rule.rank, rule.doubt, text, rule.origin.resource.id.kind, *answers)
        )
    return tuple(found)


def _nameless(atom: Atom) -> Atom:
    return replace(atom, text=replace(atom.text, value=""))


def spelled(both: Comparison, tenant: str | None) -> Spelling:
    """Returns how outcomes are written for a tenant, or for nobody."""
    return replace(both.spelling, names=both.case.names.get(tenant or "", {}), tenant=tenant or "")
