"""P8, attachment: what names a Service, a route or a policy that has a copy applies to the copy as well (rule R-G13).

A tenant's header must not lead around authentication, limits or transport security: each policy that names what was copied has
a copy for it, and so has what names that policy in turn. What a spec accepts with a reason may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, ResourceId, labels_of
from sandlane.k8s.selectors import matches
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.proof.additional import added_routes
from sandlane.proof.claims import GroupClaim
from sandlane.proof.followers import Followers, read_followers
from sandlane.proof.policies import ROUTES, SERVER, kind_of, label_selections, references
from sandlane.proof.world import World, directory
from sandlane.semantics.inbound import tie


def check(world: World) -> Iterator[Problem]:
    """Yields policies of the base that name what has a copy, and that nothing names the copy like."""
    naming = _naming(world.base)
    if not naming:
        return
    followers = read_followers(world)
    for origin, copy in _copies(world, followers):
        for policy in (*naming.get(origin, ()), *_by_labels(world, naming, origin, copy)):
            is_there = (policy.id, copy.id) in followers.named
            rival = next(_rivals(naming, origin, policy), None) if is_there else None
            if rival:
                what = f"'{policy.id}' names '{origin}' as '{rival.id}' does, and of the two the older counts: '{copy.id}' has a copy"
                yield report("SL608", source=copy.source, what=what)
            if not is_there and ("SL323", str(policy.id)) not in _accepted(world, copy):
                what = f"'{policy.id}' names '{origin}', and nothing like it '{copy.id}'"
                yield report("SL608", source=copy.source, what=what)


def _rivals(naming: Mapping[ResourceId, list[Resource]], server: ResourceId, route: Resource) -> Iterator[Resource]:
    """Yields the other routes of one of Linkerd's Servers that answer some requests of a route, of equal rank (rule R-L4)."""
    is_route = kind_of(route) in ROUTES and (server.group, server.kind) == SERVER
    for other in naming.get(server, ()) if is_route else ():
        if other.id != route.id and kind_of(other) in ROUTES and tie(route, other):
            yield other


def _naming(base: Base) -> Mapping[ResourceId, list[Resource]]:
    """Returns the policies of a base by what they name; those that select by labels are under kind and namespace."""
    found: dict[ResourceId, list[Resource]] = {}
    for resource in base.resources:
        for target in dict.fromkeys(reference.target for reference in references(resource)):
            found.setdefault(target, []).append(resource)
        for kind in dict.fromkeys(kind for kind, _ in label_selections(resource)):
            found.setdefault(ResourceId(*kind, resource.id.namespace, ""), []).append(resource)
    return found


def _copies(world: World, followers: Followers) -> Iterator[tuple[ResourceId, Resource]]:
    """Yields what policies may name, with its copies: Services, routes, and policies that are copied themselves."""
    yield from ((service, copy) for (service, _), copy in world.clones.services.items())
    yield from ((added.origin.id, added.resource) for added in added_routes(world) if added.origin)
    for copy, originals, _ in (*followers.selecting, *followers.naming):
        yield from ((policy.id, copy) for policy in originals)


def _by_labels(
    world: World, naming: Mapping[ResourceId, list[Resource]], origin: ResourceId, copy: Resource
) -> Iterator[Resource]:
    """Yields what selects an object by its labels, and not its copy by the labels that this has."""
    original = world.base.by_id.get(origin)
    before, after = labels_of(original.manifest) if original else {}, labels_of(copy.manifest)
    key = (origin.group, origin.kind)
    for policy in naming.get(ResourceId(*key, origin.namespace, ""), ()):
        selectors = [selector for kind, selector in label_selections(policy) if kind == key]
        if any(matches(selector, before) and not matches(selector, after) for selector in selectors):
            yield policy


def _accepted(world: World, copy: Resource) -> frozenset[tuple[str, str]]:
    """Returns what the sandbox of a copy accepts; of a route group's what its members do."""
    holder = world.holders.get(directory(copy))
    if isinstance(holder, GroupClaim):
        members = [claim for claim in world.claims.sandboxes if claim.name in holder.members]
        return frozenset(pair for claim in members for pair in claim.accepted)
    return holder.accepted if holder else frozenset()
