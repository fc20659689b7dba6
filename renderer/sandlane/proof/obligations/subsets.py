"""P9, subsets: whatever part of the output has arrived, a request without a carrier gets the base's outcome (rule R-O2).

The sync units are shared/ and each sandboxes/<name>/. Let B be the base and U any set of units; what is in force is B with
every object of U put in, or in place of the base's object with its id. Promise 1 holds for all U, because

1. no two units write one object (`additions`: no id stands twice), so that what is in force does not depend on an order;
2. an object in place of a base object is checked beside that object alone (`erasure`): whichever other units are there, it
   answers a request without a carrier as the base's own, and where its unit is missing the base's own is there still;
   conditions for clones as clients name labels that no pod of the base has, whether the clones have arrived or not;
3. an object that the base has not is checked against the base alone: a copied route against its base route (`copies`), a default
   of a VirtualService or of a route against its base Service (`defaults`, `route_defaults`), a policy against the base's
   policy (`followers`), a Service and a workload by their kinds, names and selectors (`additions`, `selection`);
4. what several objects do together to such a request, they do one by one. Routes of one parent are merged, and of each either
   no rule matches the request, or its last one does, which is the same rule in all of them and leads where the
   Service's own default does: so a Service with any number of them, from one up, answers as with none. There is at most one
   new VirtualService for a Service (`defaults`), and pods are caught by no selector of the base (`selection`).

Points 1 to 3 are each about one object, so they hold for an output exactly if they hold for its parts. What is left is that
an object leans on one of another unit, so that it passes beside that one and not without it. Of what the output may hold,
two kinds of objects can: a DestinationRule, which has to be for a Service of the output, and a route for a Service
without routes, which needs the default. Both must find it in their own unit (the route even in itself, which is for `copies`
to say). A tenant's rule may well lead to a Service of another unit (an entry in shared/, a route group's copy): only
requests with that tenantID suffer.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import Resource, ResourceId, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.additional import AddedRoute
from sandlane.proof.readers import DESTINATION_RULE
from sandlane.proof.world import World, directory


def check(world: World) -> Iterator[Problem]:
    """Yields objects of a sync unit that keep promise 1 only beside objects of another."""
    for rule in world.added:
        if (rule.id.group, rule.id.kind) == DESTINATION_RULE and directory(rule) in world.owners:
            host = str(spec_of(rule.manifest).get("host") or "")
            service = world.added_service(world.service(host, rule.id.namespace))
            if service and directory(service) != directory(rule):
                yield _wrong(rule, f"is for '{service.id}', which lies in '{directory(service)}'", ("spec", "host"))
    yield from _defaults(world)


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL609", source=resource.source, path=path, what=f"'{resource.id}' of '{directory(resource)}' {what}")


def _defaults(world: World) -> Iterator[Problem]:
    """Yields routes without a default of their own, at a Service whose only defaults lie in other units."""
    holding: dict[tuple[ResourceId | None, int | None], dict[str, AddedRoute]] = {}
    for added in world.added_routes:
        for parent in added.parents if added.is_default else ():
            holding.setdefault((parent.target, parent.port), {}).setdefault(directory(added.resource), added)
    for added in world.added_routes:
        for parent in () if added.is_copy or added.is_default else added.parents:
            found = holding.get((parent.target, parent.port), {})
            if found and directory(added.resource) not in found:
                where, other = next(iter(found.items()))
                what = f"has no default for '{parent.target}': that of '{other.resource.id}' lies in '{where}'"
                yield _wrong(added.resource, what, ("spec", "rules"))
