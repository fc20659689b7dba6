"""Where pods of a clone may run beside others: terms of placement that mean its origin's pods mean its own.

A term of required anti-affinity keeps other pods off a node as much as its own pods off theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.patch.put import put
from sandlane.proof.differences import same
from sandlane.proof.literals import ORIGIN, TENANT

_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
_TERMS = (
    ("topologySpreadConstraints",),
    *(("affinity", kind, field) for kind in ("podAffinity", "podAntiAffinity") for field in (_REQUIRED, _PREFERRED)),
)
Labels = Mapping[str, str]


@frozen(kw_only=True)
class Placement:
    """The labels of an origin's pods and of its clone's, and those by which the clone's are selected."""

    before: Labels
    after: Labels
    selector: Labels

    def of(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Returns a pod spec with terms for the clone."""
        result: Any = spec
        for path in _TERMS if spec.get("affinity") else _TERMS[:1]:
            if terms := at(spec, path):
                result = put(result, path, [self._weighted(term) for term in terms])
        return result  # type: ignore[no-any-return]

    def _weighted(self, term: Any) -> Any:
        inner = term.get("podAffinityTerm") if isinstance(term, Mapping) else None
        return {**term, "podAffinityTerm": self.term(inner)} if inner else self.term(term)

    def term(self, term: Any) -> Any:
        """Returns a term for the clone."""
        given = term.get("labelSelector") if isinstance(term, Mapping) else None
        selector = from_label_selector(given) if given is not None else ()
        if not selector or not matches(selector, self.before):
            return term
        if not any(requirement.operator == "In" and len(requirement.values) > 1 for requirement in selector):
            return {**term, "labelSelector": {"matchLabels": dict(self.selector)}}
        # It names the origin among others: the clone's label stands in the place of the origin's.
        expressions = []
        for key, operator, values in ((r.key, r.operator, r.values) for r in selector):
            named = [self.after.get(key, value) if value == self.before.get(key) else value for value in values]
            expressions.append({"key": key, "operator": operator, **({"values": named} if named else {})})
        return {**term, "labelSelector": {"matchExpressions": expressions}}


def kept_off(before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields terms of the pods of a template that other pods suffer and that those of another template do not have.

    A clone's term may be about its own pods, or name them among those that its origin's names.
    """
    path = ("spec", "affinity", "podAntiAffinity", _REQUIRED)
    if not at(after, path):
        return
    old, new = (at(template, ("metadata", "labels")) or {} for template in (before, after))
    own = Placement(before=old, after=new, selector={key: new[key] for key in (TENANT, ORIGIN) if key in new})
    known = [term for given in at(before, path) or () for term in (given, own.term(given))]
    for term in at(after, path):
        is_own = TENANT in new and at(term, ("labelSelector", "matchLabels", TENANT)) == new[TENANT]
        if not is_own and not any(same(term, other) for other in known):
            yield "nodes", "keeping other pods off its nodes"
