"""The entries of an output VirtualService laid beside the base's: which are the base's own, and which were added.

An entry of the base may have more matches in the output: for clones as clients, of whose labels no pod of the base has any (rule
R-I19). What those and the added entries do with requests is for `requests` to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandlane.k8s.resource import Manifest, spec_of
from sandlane.proof.differences import same
from sandlane.proof.literals import ORIGIN, TENANT


def align(base: Sequence[Manifest], output: Sequence[Manifest]) -> tuple[list[int], int | None]:
    """Returns the numbers of the entries that were added, and of the first base entry that is not found in order (None: all are there).

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
    return added, found if found < len(base) else None


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


def called(entry: Manifest, number: int) -> str:
    """Returns how messages call an entry: by its name, else by its position, counted from 1."""
    return f"'{entry['name']}'" if entry.get("name") else f"entry {number + 1}"
