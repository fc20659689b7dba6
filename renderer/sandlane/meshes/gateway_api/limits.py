"""What a tenant's copy of a route would have more of than the Gateway API lets it have (rule R-G5): most often its route has not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from sandlane.k8s.route_values import refused_in
from sandlane.meshes.gateway_api.copies import Copying, Rule
from sandlane.meshes.gateway_api.tenant_errors import tenant_error
from sandlane.output.layout import Placed
from sandlane.problems.problem import Problem

_MOST_HEADERS, _MOST_WEIGHT = 16, 1_000_000


def exceeded_limits(copying: Copying, copy: Placed) -> Iterator[Problem]:
    """Yields what one of a route's copies has too much of, else what the API server refuses in the base's route already.

    The copies differ in their carriers alone.
    """
    found = [*_exceeded(copying, copy)]
    refused = () if found else refused_in(copying.route.resource.manifest)
    yield from found
    yield from (tenant_error("SL480", copying.route, copying.tenant, path, what=what) for what, path in refused)


def _exceeded(copying: Copying, copy: Placed) -> Iterator[Problem]:
    for number, rule in enumerate(copy.manifest["spec"]["rules"]):
        for what, most, way in _of_rule(rule):
            words = {"number": number + 1, "what": what, "most": f"{most:,}", "way": way}
            yield tenant_error("SL461", copying.route, copying.tenant, ("spec", "rules", number), **words)


def _of_rule(rule: Rule) -> Iterator[tuple[str, int, str]]:
    """Yields what a rule has too much of, how much it may have, and the way out."""
    backends = rule.get("backendRefs") or ()
    for item in (item for place in (rule, *backends) for item in place.get("filters") or ()):
        for side, operation in product(("request", "response"), ("set", "add", "remove")):
            count = len((item.get(f"{side}HeaderModifier") or {}).get(operation) or ())
            if count > _MOST_HEADERS:
                way = "take one out of the rule" + (", or 'routes.answerHeader' out" if side == "response" else "")
                yield f"{count} {side} headers to {operation}", _MOST_HEADERS, way
    for backend in backends:
        if backend["weight"] > _MOST_WEIGHT:
            what = f"a backendRef of weight {backend['weight']:,}"
            yield what, _MOST_WEIGHT, "scale the weights of the rule's backendRefs down"
