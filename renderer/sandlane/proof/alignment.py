"""The entries of an output VirtualService laid beside the base's: which are the base's own, and which were added.

An entry of the base may have more matches in the output: for clones as clients, of whose labels no pod of the base has any (rule
R-I19). What those and the added entries do with requests is for `requests` to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, spec_of
from sandlane.proof.literals import ORIGIN, TENANT


@frozen(kw_only=True)
class Alignment:
    """The numbers of the entries that were added, and of the first base entry that is not found in order (None: all are there)."""

    added: tuple[int, ...]
    missing: int | None


def same(one: Any, other: Any) -> bool:
    """Tells whether two values are the same data: unlike `==`, `1`, `1.0` and `true` differ. The order of keys does not count."""
    return one is other or (bool(one == other) and _is_of_same_types(one, other))


def _is_of_same_types(one: Any, other: Any) -> bool:
    """Tells whether equal values are of the same types; texts equal texts alone."""
    if isinstance(one, dict):
        pairs = [(value, other[key]) for key, value in one.items() if type(value) is not str]
    elif isinstance(one, list):
        pairs = [pair for pair in zip(one, other, strict=True) if type(pair[0]) is not str]
    else:
        return type(one) is type(other)
    return all(mine is yours or _is_of_same_types(mine, yours) for mine, yours in pairs)


def align(base: Sequence[Manifest], output: Sequence[Manifest]) -> Alignment:
    """Finds the base's entries in the output's, in order.

    Each base entry is taken to be the first that equals it. Another choice among equal entries would leave equal entries
    over, so the verdict is the same.
    """
    added: list[int] = []
    found = 0
    for number, entry in enumerate(output):
        if found < len(base) and is_kept(base[found], entry):
            found += 1
        else:
            added.append(number)
    return Alignment(added=tuple(added), missing=found if found < len(base) else None)


def is_kept(base: Manifest, output: Manifest) -> bool:
    """Tells whether an entry is the base's, but for matches for clones as clients."""
    if same(base, output):
        return True
    if not base.get("match") or not same({**base, "match": 0}, {**output, "match": 0}):
        return False
    return same(list(base["match"]), [match for match in output.get("match") or () if not is_for_clone(match)])


def is_for_clone(match: Manifest) -> bool:
    """Tells whether a match is for the pods of one clone alone."""
    return set(match.get("sourceLabels") or {}) == {TENANT, ORIGIN}


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
