"""Where pods of a clone may run beside others: terms of placement that mean its origin's pods mean its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import at
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.patch.put import put

_TERMS = ("requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution")
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
        if isinstance(spec.get("topologySpreadConstraints"), list):
            terms = [self._term(term) for term in spec["topologySpreadConstraints"]]
            result = put(result, ("topologySpreadConstraints",), terms)
        for kind in ("podAffinity", "podAntiAffinity"):
            required, preferred = (at(spec, ("affinity", kind, field)) for field in _TERMS)
            if required:
                terms = [self._term(term) for term in required]
                result = put(result, ("affinity", kind, _TERMS[0]), terms)
            if preferred:
                terms = [{**term, "podAffinityTerm": self._term(term["podAffinityTerm"])} for term in preferred]
                result = put(result, ("affinity", kind, _TERMS[1]), terms)
        return result  # type: ignore[no-any-return]

    def _term(self, term: Any) -> Any:
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
