"""Tables as proof reads them: each rule with its conditions on carriers apart, sorted by the tenant that it demands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource
from sandlane.proof.requests.outcomes import Spelling, said
from sandlane.proof.requests.scenes import Literals, Scene, demanded
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
    common: tuple[Line, ...]
    own: Mapping[str, tuple[Line, ...]]
    parts: Mapping[str, tuple[tuple[Line, object], ...]]
    strange: tuple[tuple[Line, Atom], ...]

    def met(self, tenants: Iterable[str], scene: Scene, mode: Mode) -> tuple[Line, ...]:
        """Returns the rules that a scene leaves, in order; `tenants` are those that it may name."""
        request = Request(client=_NOBODY, host="", port=0, headers=scene.headers)
        own = [line for tenant in tenants for line in self.own.get(tenant, ())]
        found = [*self.common, *own]
        if own:
            found.sort(key=lambda line: line.number)
        return tuple(line for line in found if not line.carried or holds(line.carried, request, mode))


def lines_of(
    literals: Literals,
    table: Table,
    known: frozenset[Atom],
    spelling: Spelling,
    place: Callable[[Resource], str],
) -> Lines:
    """Sorts the rules of a table.

    `known` are the conditions on carriers that the base has, which demand no tenant. `place` is the directory of a sandbox in
    which a rule's object is, or ''.
    """
    common: list[Line] = []
    own: dict[str, list[Line]] = {}
    parts: dict[str, list[tuple[Line, object]]] = {}
    strange: list[tuple[Line, Atom]] = []
    seen: set[object] = set()
    for number, rule in enumerate(table.rules):
        carried = tuple(a for a in rule.predicate if a.subject == "header" and a.name in literals.names)
        conditions = frozenset(a for a in rule.predicate if a not in carried and not _is_always(a))
        line = Line(number=number, rule=rule, carried=carried, conditions=conditions)
        found = [(atom, tenant) for atom, tenant in demanded(literals, carried) if atom not in known] if carried else []
        strange += [(line, atom) for atom, tenant in found if tenant is None]
        where = place(rule.origin.resource)
        if where:
            parts.setdefault(where, [])
        named = [tenant for _, tenant in found if tenant]
        if named:
            own.setdefault(min(named), []).append(line)
        elif not where:
            common.append(line)
        else:
            # Equal for rules that are, as several tenants' defaults are.
            what = rule.rank, rule.predicate, rule.doubt, said(spelling, rule.outcome, line.namespace)
            parts[where].append((line, what))
            if what not in seen:
                seen.add(what)
                common.append(line)
    return Lines(
        table=table,
        common=tuple(common),
        own={tenant: tuple(lines) for tenant, lines in own.items()},
        parts={where: tuple(lines) for where, lines in parts.items()},
        strange=tuple(strange),
    )


def carrier_atoms(literals: Literals, table: Table) -> frozenset[Atom]:
    """Returns the conditions of a table that a carrier header be there."""
    return frozenset(atom for rule in table.rules for atom, _ in demanded(literals, rule.predicate))


def _is_always(atom: Atom) -> bool:
    """Tells whether every request meets a condition."""
    return (
        atom.subject == "path"
        and not atom.is_negated
        and (atom.text.kind, atom.text.value) in (("prefix", "/"), ("segments", "/"), ("regex", ".*"))
    )
