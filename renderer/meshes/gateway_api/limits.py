"""What a tenant's copy of a route would have more of than the Gateway API lets it have, though its route has not (rule R-G5)."""

from __future__ import annotations

from collections.abc import Iterator

from renderer.emit import Placed
from renderer.meshes.gateway_api.copies import Copying, Rule
from renderer.meshes.gateway_api.refusals import refused
from renderer.problems import Problem

_MOST_SET, _MOST_WEIGHT = 16, 1_000_000


def too_much(copying: Copying, copy: Placed) -> Iterator[Problem]:
    """Yields what one of a route's copies has too much of: the copies differ in their carriers alone."""
    for number, rule in enumerate(copy.manifest["spec"]["rules"]):
        for what, most, way in _of_rule(rule):
            words = {"number": number + 1, "what": what, "most": f"{most:,}", "way": way}
            yield refused("SL461", copying.route, copying.tenant, ("spec", "rules", number), **words)


def _of_rule(rule: Rule) -> Iterator[tuple[str, int, str]]:
    """Yields what a rule has too much of, how much it may have, and the way out."""
    for item in rule.get("filters") or ():
        count = len((item.get("responseHeaderModifier") or {}).get("set") or ())
        if count > _MOST_SET:
            yield (
                f"{count} response headers to set",
                _MOST_SET,
                "take one out of the rule, or 'routes.answerHeader' out",
            )
    for backend in rule.get("backendRefs") or ():
        if backend["weight"] > _MOST_WEIGHT:
            what = f"a backendRef of weight {backend['weight']:,}"
            yield what, _MOST_WEIGHT, "scale the weights of the rule's backendRefs down"
