"""The entries of an output VirtualService laid beside the base's: which are the base's own, and which were inserted.

Alignment is by position (P1), never by what an entry says: base rules may name a tenantID themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sandlane.k8s.resource import Manifest, spec_of
from sandlane.proof.literals import Literals, tenant_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """An entry that the base has not: its index, the tenantID that it demands, and the base entry (with index) behind it."""

    number: int
    entry: Manifest
    tenant: str | None
    before: Manifest | None
    before_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What was inserted, and the index of the first base entry that is not found in order (None: all are there)."""

    insertions: tuple[Insertion, ...]
    missing: int | None


def same(one: Any, other: Any) -> bool:
    """Tells whether two values are the same data: unlike `==`, `1`, `1.0` and `true` differ. The order of keys does not count."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other) and bool(one == other)


def align(base: Sequence[Manifest], output: Sequence[Manifest], literals: Literals) -> Alignment:
    """Finds the base's entries in the output's, in order.

    Each base entry is taken to be the first that equals it. Another choice among equal entries would leave equal entries
    over, so the verdict is the same.
    """
    insertions: list[Insertion] = []
    found = 0
    for number, entry in enumerate(output):
        before = base[found] if found < len(base) else None
        if before is not None and same(entry, before):
            found += 1
            continue
        insertions.append(
            Insertion(number=number, entry=entry, tenant=tenant_of(literals, entry), before=before, before_number=found)
        )
    if found < len(base):
        # What stands behind the last entry that was found may be insertions or the base's entries, changed.
        return Alignment(insertions=tuple(i for i in insertions if i.before_number < found), missing=found)
    return Alignment(insertions=tuple(insertions), missing=None)


def entries(manifest: Manifest) -> Sequence[Manifest]:
    """Returns the HTTP entries of a VirtualService."""
    return spec_of(manifest).get("http") or ()


def hosts(manifest: Manifest) -> list[str]:
    """Returns the hosts of a VirtualService, which Istio compares in lower case; a destination's it takes as written."""
    return [str(host).lower() for host in spec_of(manifest).get("hosts") or ()]


def called(entry: Manifest, number: int) -> str:
    """Returns how messages call an entry: by its name, else by its position, counted from 1."""
    return f"'{entry['name']}'" if entry.get("name") else f"entry {number + 1}"


def destinations(entry: Manifest) -> Iterator[tuple[Manifest, bool]]:
    """Yields where an entry sends requests or copies of them, and whether it sends any there (a weight other than 0)."""
    route = entry.get("route") or ()
    for item in route:
        # A lone destination takes everything, whatever its weight; beside others a missing weight is 0.
        yield item.get("destination") or {}, len(route) == 1 or bool(item.get("weight"))
    if entry.get("mirror"):
        yield entry["mirror"], True
    for mirror in entry.get("mirrors") or ():
        yield mirror.get("destination") or {}, True
