"""Label selectors: parsing, matching, and an index that finds the selectors which match a set of labels.

Semantics are those of Kubernetes' `labels.Selector` and `metav1.LabelSelectorAsSelector`
(https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from sandlane.frozen import frozen

T = TypeVar("T")


@frozen
class Requirement:
    """One condition on a label: `In` and `NotIn` name values, `Exists` and `DoesNotExist` none."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tells whether labels meet the condition; a missing label meets `NotIn`, as in Kubernetes."""
        value = labels.get(self.key)
        if self.operator == "In":
            return value is not None and value in self.values
        if self.operator == "NotIn":
            return value is None or value not in self.values
        return (value is not None) == (self.operator == "Exists")


Selector = tuple[Requirement, ...]
"""A conjunction: the empty one matches everything."""


def from_map(labels: Mapping[str, str]) -> Selector:
    """Parses an equality selector, the form of Services."""
    return tuple([Requirement(key, "In", (value,)) for key, value in labels.items()])


def from_label_selector(selector: Mapping[str, Any]) -> Selector:
    """Parses a LabelSelector: matchLabels and matchExpressions."""
    expressions = (
        Requirement(str(e.get("key")), str(e.get("operator")), tuple(e.get("values") or ()))
        for e in selector.get("matchExpressions") or ()
    )
    return (*from_map(selector.get("matchLabels") or {}), *expressions)


class BadSelector(ValueError):
    """Raised for text that is no label selector; its text says what is wrong."""


_TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*(?P<gone>[^\s!=,()]+)"
    r"|(?P<key>[^\s!=,()]+)(?:\s*(?P<sign>==|=|!=)\s*(?P<value>[^\s!=,()]*)"
    r"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)


def from_text(text: str) -> Selector:
    """Parses a selector as kubectl takes it: `app=web,tier!=db,env in (a, b),!old`. Raises BadSelector."""
    found: list[Requirement] = []
    place = 0
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None:
            raise BadSelector(f"cannot read '{text[place:].strip()}'")
        if term["absent"]:
            found.append(Requirement(term["gone"], "DoesNotExist"))
        elif term["sign"]:
            found.append(Requirement(term["key"], "NotIn" if term["sign"] == "!=" else "In", (term["value"],)))
        elif term["set"]:
            values = tuple(sorted({value.strip() for value in term["values"].split(",")}))
            found.append(Requirement(term["key"], "In" if term["set"] == "in" else "NotIn", values))
        else:
            found.append(Requirement(term["key"], "Exists"))
        place = term.end()
    return tuple(found)


def from_workload_selector(selector: Mapping[str, Any]) -> Selector:
    """Parses the selector of a policy: Istio's Sidecar and EnvoyFilter write `labels` where others write `matchLabels`."""
    found = from_map(selector["labels"]) if selector.get("labels") else from_label_selector(selector)
    return tuple(_without_source(requirement) for requirement in found)


def _without_source(requirement: Requirement) -> Requirement:
    """Returns a requirement on a label of a pod: before its key Cilium may write where it comes from (`k8s:app`)."""
    source, colon, key = requirement.key.partition(":")
    is_of_pod = colon and source in ("k8s", "any")
    return Requirement(key, requirement.operator, requirement.values) if is_of_pod else requirement


def matches(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Tells whether labels meet every requirement of a selector."""
    return all(requirement.matches(labels) for requirement in selector)


class Index(Generic[T]):
    """Finds which of many selectors match a set of labels, without trying them all.

    Each selector is filed under the rarest of its (namespace, key, value) equalities; one without an equality is tried
    for its whole namespace, and one filed without a namespace for every namespace.
    """

    def __init__(self, entries: Iterable[tuple[str | None, Selector, T]]) -> None:
        entries = tuple(entries)
        rarity = Counter(
            (namespace, r.key, v)
            for namespace, selector, _ in entries
            for r in selector
            if r.operator == "In"
            for v in r.values
        )
        self._filed: dict[str | None, dict[tuple[str, str], list[tuple[int, Selector, T]]]] = {}
        self._loose: dict[str | None, list[tuple[int, Selector, T]]] = defaultdict(list)
        self._scopes = frozenset(namespace for namespace, _, _ in entries)
        for number, (namespace, selector, item) in enumerate(entries):
            equalities = [r for r in selector if r.operator == "In"]
            if not equalities:
                self._loose[namespace].append((number, selector, item))
                continue
            rarest = min(equalities, key=lambda r: max((rarity[(namespace, r.key, v)] for v in r.values), default=0))
            filed = self._filed.setdefault(namespace, {})
            for value in dict.fromkeys(rarest.values):
                filed.setdefault((rarest.key, value), []).append((number, selector, item))

    def matching(self, namespace: str, labels: Mapping[str, str]) -> list[T]:
        """Returns the items whose selectors match the labels in a namespace, in the order in which they were filed."""
        found: list[tuple[int, T]] = []
        for scope in (namespace, None):
            if scope not in self._scopes:
                continue
            candidates = self._loose.get(scope, ())
            if candidates:
                found += [(number, item) for number, selector, item in candidates if matches(selector, labels)]
            filed = self._filed.get(scope, {})
            for label in filed.keys() & labels.items() if filed else ():
                found += [(number, item) for number, selector, item in filed[label] if matches(selector, labels)]
        if len(found) > 1:
            found.sort(key=_number)
        return [item for _, item in found]


def _number(entry: tuple[int, Any]) -> int:
    return entry[0]
