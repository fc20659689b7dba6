"""Scenes: what a request carries in the headers that choose tenants, and which rules of a table are left for it.

In a scene every condition on a carrier's header is true or false. What is left of a table is a list of rules with conditions on
other parts of the request alone, so that two tables can be compared without asking for single requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandlane.proof.literals import baggage_text
from sandlane.semantics.predicates import Atom, Mode, Predicate, holds
from sandlane.semantics.request import Client, Request
from sandlane.semantics.tables import Rule, Table
from sandlane.specs.model import Carrier

BAGGAGE = "baggage"
STRANGER = "sandlane-nobody"
"""A tenantID that nobody has."""

Headers = tuple[tuple[str, str], ...]
_NOBODY = Client(kind="unmeshed", namespace="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The carrier headers of a request; `tenant` is whose clones it should meet, or None for the base's own workloads."""

    headers: Headers
    tenant: str | None = None

    def __str__(self) -> str:
        return " and ".join(f"'{name}: {value}'" for name, value in self.headers) or "no carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Literals:
    """The conditions that demand one tenant, by header: the exact value, or the expression for baggage."""

    carriers: tuple[Carrier, ...]
    tenants: Mapping[tuple[str, str, str], str]

    @property
    def names(self) -> frozenset[str]:
        """The headers that carry tenantIDs, in lower case."""
        return frozenset(c.header.lower() if c.header else BAGGAGE for c in self.carriers)


def make_literals(carriers: Sequence[Carrier], tenants: Iterable[str]) -> Literals:
    """Indexes the conditions of all tenants by every carrier."""
    found: dict[tuple[str, str, str], str] = {}
    for tenant in tenants:
        for c in carriers:
            if c.header:
                found[c.header.lower(), "exact", tenant] = tenant
            else:
                found[BAGGAGE, "regex", baggage_text(str(c.baggage), tenant)] = tenant
    return Literals(carriers=tuple(carriers), tenants=found)


def demanded(literals: Literals, predicate: Predicate) -> list[tuple[Atom, str | None]]:
    """Returns the conditions of a predicate that a carrier header be there, each with the tenant that it demands, if any."""
    return [
        (
            atom,
            literals.tenants.get(
                (atom.name, "regex" if atom.text.kind == "found" else atom.text.kind, atom.text.value)
            ),
        )
        for atom in predicate
        if atom.subject == "header" and not atom.is_negated and atom.name in literals.names
    ]


def carried(carrier: Carrier, tenant: str) -> tuple[str, str]:
    """Returns the header line by which a carrier names a tenantID."""
    return (carrier.header.lower(), tenant) if carrier.header else (BAGGAGE, f"{carrier.baggage}={tenant}")


def strangers(literals: Literals, named: Iterable[str], tenants: Sequence[str]) -> Iterator[Scene]:
    """Yields requests that name no tenant: without a carrier, and with values that only look like a tenantID."""
    yield Scene(headers=())
    some = tenants[0] if tenants else "dev1"
    values = dict.fromkeys((STRANGER, f"{some}-x", f"x-{some}", some.upper(), *named))
    for carrier in literals.carriers:
        yield from (Scene(headers=(carried(carrier, value),)) for value in values if value not in tenants)
    for key in (f"x{c.baggage}" for c in literals.carriers if c.baggage):
        yield Scene(headers=((BAGGAGE, f"{key}={some}"),))
        yield Scene(headers=((BAGGAGE, f"a=b;{key[1:]}={some}"),))


def of_tenant(literals: Literals, tenant: str, other: str, *, first_decides: bool) -> Iterator[Scene]:
    """Yields requests of a tenant by each carrier, alone and beside one of somebody else's.

    `first_decides`: of several carriers the first that is there decides (rule R-I4); else two of different tenants are undefined.
    """
    for number, carrier in enumerate(literals.carriers):
        own = carried(carrier, tenant)
        yield Scene(headers=(own,), tenant=tenant)
        if not carrier.header:
            yield Scene(headers=((BAGGAGE, f"a=1, {own[1]};p=2,z=3"),), tenant=tenant)
            yield Scene(headers=((BAGGAGE, "a=1"), own), tenant=tenant)
        for later in literals.carriers[number + 1 :] if first_decides else ():
            beside = carried(later, other)
            if beside[0] != own[0]:
                yield Scene(headers=(own, beside), tenant=tenant)
                yield Scene(headers=(carried(carrier, STRANGER), carried(later, tenant)))


def is_repeated(scene: Scene) -> bool:
    """Tells whether a header has several lines, which proxies look at in two ways."""
    return len({name for name, _ in scene.headers}) < len(scene.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A table whose rules are sorted by the tenant that they demand: `common` are those that demand none."""

    table: Table
    common: tuple[tuple[int, Rule], ...]
    own: Mapping[str, tuple[tuple[int, Rule], ...]]
    strange: tuple[tuple[Rule, Atom], ...]

    def rules(self, tenants: Iterable[str]) -> list[tuple[int, Rule]]:
        """Returns the rules that requests of some tenants may meet, with their numbers, in order."""
        own = [rule for tenant in dict.fromkeys(tenants) for rule in self.own.get(tenant, ())]
        return sorted((*self.common, *own), key=lambda pair: pair[0]) if own else list(self.common)


def split(literals: Literals, table: Table, known: frozenset[Atom]) -> Split:
    """Sorts the rules of a table; `known` are the conditions on carriers that the base has, which demand no tenant."""
    common: list[tuple[int, Rule]] = []
    own: dict[str, list[tuple[int, Rule]]] = {}
    strange: list[tuple[Rule, Atom]] = []
    for number, rule in enumerate(table.rules):
        tenants = [(atom, tenant) for atom, tenant in demanded(literals, rule.predicate) if atom not in known]
        strange += [(rule, atom) for atom, tenant in tenants if tenant is None]
        named = {tenant for _, tenant in tenants if tenant}
        if named:
            own.setdefault(min(named), []).append((number, rule))
        else:
            common.append((number, rule))
    return Split(table=table, common=tuple(common), own={t: tuple(r) for t, r in own.items()}, strange=tuple(strange))


def carrier_atoms(literals: Literals, table: Table) -> frozenset[Atom]:
    """Returns the conditions of a table that a carrier header be there."""
    return frozenset(atom for rule in table.rules for atom, _ in demanded(literals, rule.predicate))


def left(names: frozenset[str], rule: Rule, scene: Scene, mode: Mode) -> frozenset[Atom] | None:
    """Returns the conditions of a rule that a scene leaves open, or None where it rules the rule out."""
    carried_atoms = tuple(a for a in rule.predicate if a.subject == "header" and a.name in names)
    if carried_atoms:
        request = Request(client=_NOBODY, host="", port=0, headers=scene.headers)
        if not holds(carried_atoms, request, mode):
            return None
    return frozenset(a for a in rule.predicate if a not in carried_atoms and not _is_always(a))


def _is_always(atom: Atom) -> bool:
    """Tells whether every request meets a condition."""
    return (
        atom.subject == "path"
        and not atom.is_negated
        and (atom.text.kind, atom.text.value) in (("prefix", "/"), ("segments", "/"), ("regex", ".*"))
    )
