"""Scenes: what a request carries in the headers that choose tenants, and which rules of a table are left for it.

In a scene every condition on a carrier's header is true or false. What is left of a table is a list of rules with conditions on
other parts of the request alone, so that two tables can be compared without asking for single requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sandlane.frozen import frozen
from sandlane.proof.literals import baggage_text
from sandlane.semantics.predicates import Atom, Predicate
from sandlane.semantics.request import members
from sandlane.specs.model import Carrier

BAGGAGE = "baggage"
STRANGER = "sandlane-nobody"
"""A tenantID that nobody has."""

Headers = tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class Scene:
    """The carrier headers of a request; `tenant` is whose clones it should meet, or None for the base's own workloads."""

    headers: Headers
    tenant: str | None = None


@frozen(kw_only=True)
class Literals:
    """The conditions that demand one tenant, by header: the exact value, or the expression for baggage.

    `names` are the headers that carry tenantIDs, in lower case.
    """

    carriers: tuple[Carrier, ...]
    tenants: Mapping[tuple[str, str, str], str]
    names: frozenset[str]

    def tenant(self, atom: Atom) -> str | None:
        """Returns the tenant that a condition on a carrier's header demands, if any."""
        kind = "regex" if atom.text.kind == "found" else atom.text.kind
        return self.tenants.get((atom.name, kind, atom.text.value))


def make_literals(carriers: Sequence[Carrier], tenants: Iterable[str]) -> Literals:
    """Indexes the conditions of all tenants by every carrier."""
    found: dict[tuple[str, str, str], str] = {}
    for tenant in tenants:
        for c in carriers:
            if c.header:
                found[c.header.lower(), "exact", tenant] = tenant
            else:
                found[BAGGAGE, "regex", baggage_text(str(c.baggage), tenant)] = tenant
    names = frozenset(carried(carrier, "")[0] for carrier in carriers)
    return Literals(carriers=tuple(carriers), tenants=found, names=names)


def demanded(literals: Literals, predicate: Predicate) -> list[tuple[Atom, str | None]]:
    """Returns the conditions of a predicate that a carrier header be there, each with the tenant that it demands, if any."""
    return [
        (atom, literals.tenant(atom))
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


def required(literals: Literals, scene: Scene) -> frozenset[str]:
    """Returns the headers of a scene that name a tenantID, whosever."""
    keys = {c.baggage for c in literals.carriers}
    return frozenset(
        name
        for name, value in scene.headers
        if name in literals.names and (name != BAGGAGE or any(key in keys for key, _ in members(value)))
    )


def named_by(scene: Scene) -> list[str]:
    """Returns the tenants that a scene may name, whose rules have to be looked at."""
    found: dict[str, None] = {}
    for name, value in scene.headers:
        found |= dict.fromkeys(v for _, v in members(value)) if name == BAGGAGE else {value: None}
    return list(found)
