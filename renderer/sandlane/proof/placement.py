"""Proof's own reading of required anti-affinity: a term keeps other pods off a node as much as its own pods off theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, at
from sandlane.proof.alignment import same
from sandlane.proof.literals import TENANT

_TERMS = ("spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")


def kept_off(before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields terms of the pods of a template that other pods suffer and that those of another template do not have.

    A clone's term may be about its own pods, or name them among those that its origin's names.
    """
    known = at(before, _TERMS) or ()
    labels = at(after, ("metadata", "labels")) or {}
    for term in at(after, _TERMS) or ():
        if not any(_is_for(term, other, labels) for other in known):
            yield "nodes", "keeping other pods off its nodes"


def _is_for(term: Manifest, origin: Manifest, labels: Mapping[str, str]) -> bool:
    if not same(*({k: v for k, v in each.items() if k != "labelSelector"} for each in (term, origin))):
        return False
    if same(term.get("labelSelector"), origin.get("labelSelector")):
        return True
    selector = term.get("labelSelector") or {}
    own = labels.get(TENANT)
    if own and at(selector, ("matchLabels", TENANT)) == own:
        return True
    given = dict(_values(origin.get("labelSelector") or {}))
    return all(values - {labels.get(key[0])} <= given.get(key, set()) for key, values in _values(selector)) and bool(
        given
    )


def _values(selector: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """Yields the keys and operators of a selector with their values."""
    for key, value in (selector.get("matchLabels") or {}).items():
        yield (key, "In"), {value}
    for expression in selector.get("matchExpressions") or ():
        yield (expression["key"], expression["operator"]), {*(expression.get("values") or ())}
