"""P2, answers: a tenant's rule of the Gateway API that sends to a clone says so in its answers, where the environment asks for that.

A rule that has as many filters as it may, and none that changes answers, has no room for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import Manifest
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.additional import AddedRoute, added_routes
from sandlane.proof.literals import MOST_FILTERS
from sandlane.proof.routes import backend, rules_of
from sandlane.proof.world import World


def check(world: World) -> Iterator[Problem]:
    """Yields rules that send to a clone and answer without the header that names it."""
    header = world.claims.environment.routes.answer_header
    for added in added_routes(world) if header else ():
        for number, rule in enumerate(rules_of(added.resource.manifest)):
            if header and _sends_to_clones(world, added, rule) and not _answers(rule, header.lower()):
                what = f"'{added.resource.id}': rule {number + 1} answers without header '{header}'"
                path = ("spec", "rules", number)
                yield report("SL604", source=added.resource.source, path=path, what=what)


def _sends_to_clones(world: World, added: AddedRoute, rule: Manifest) -> bool:
    home = added.resource.id.namespace
    return any(world.added_service(backend(reference, home)) for reference in rule.get("backendRefs") or ())


def _answers(rule: Manifest, header: str) -> bool:
    filters = [*(rule.get("filters") or ())]
    if len(filters) >= MOST_FILTERS and not any(each.get("responseHeaderModifier") for each in filters):
        return True
    filters += [each for reference in rule.get("backendRefs") or () for each in reference.get("filters") or ()]
    changed = (each.get("responseHeaderModifier") or {} for each in filters)
    return any(str(h.get("name")).lower() == header for change in changed for h in change.get("set") or ())
