"""P1 and P8, attachment: what names a Service, a route or a policy that has a copy applies to the copy as well (rule R-G13).

A tenant's header must not lead around authentication, limits or transport security: each policy that names what was copied has
a copy for it, which says the same and names nothing else, and so has what names that policy in turn. What a spec accepts with a
reason may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, ResourceId, labels_of, spec_of
from sandlane.k8s.selectors import matches
from sandlane.problems.problem import Problem
from sandlane.proof.claims import GroupClaim
from sandlane.proof.differences import told
from sandlane.proof.followers import Follower, clones_of_claims, followers
from sandlane.proof.policies import (
    REFERENCES,
    ROUTES,
    SERVER,
    is_route,
    kind_of,
    label_selections,
    other_fields,
    references,
)
from sandlane.proof.world import World, directory
from sandlane.semantics.inbound import tie

_Wanted = Mapping[tuple[ResourceId, ResourceId], Mapping[ResourceId, bool]]
"""A policy of the base and a copy that something like it has to name -> what the copy is of, and whether by labels."""


def check(world: World) -> Iterator[Problem]:
    """Yields policies of the base that nothing names a copy like that names what was copied, and copies that name anything else."""
    added = [f for f in followers(world, clones_of_claims(world)) if f.bound or f.given]
    naming = _naming(world.base)
    wanted: dict[tuple[ResourceId, ResourceId], dict[ResourceId, bool]] = {}
    for origin, copy in _copies(world, added) if naming else ():
        for policy, by_labels in _named(world, naming, origin, copy):
            wanted.setdefault((policy.id, copy.id), {})[origin] = by_labels
    for follower in (f for f in added if f.given):
        yield from follower.wrong(partial(_differences, world, wanted, follower))
    named = {(p.id, reference.target) for f in added for p in f.originals for reference in f.given}
    for (id, copied), origins in wanted.items():
        copy = world.output.by_id[copied]
        for origin in origins:
            rival = next(_rivals(naming, origin, world.base.by_id[id]), None) if (id, copied) in named else None
            if rival:
                what = f"'{id}' names '{origin}' as '{rival.id}' does, and of the two the older counts: '{copied}' has a copy"
                yield told("SL608", copy, what)
            if (id, copied) not in named and ("SL323", str(id)) not in _accepted(world, copy):
                what = f"'{id}' names '{origin}', and nothing like it '{copied}'"
                yield told("SL608", copy, what)


def _differences(world: World, wanted: _Wanted, follower: Follower, policy: Resource) -> Iterator[str]:
    """Yields how what names a copy differs from what names its origin: by its names alone, each of a copy in its own directory."""
    copy = follower.resource
    but = (*REFERENCES, *(("parentRefs",) if any(r.field == "parentRefs" for r in follower.given) else ()))
    if other_fields(copy.manifest, but) != other_fields(policy.manifest, but):
        yield f"says something else than '{policy.id}'"
    fields = {field for field in but if field in spec_of(copy.manifest)}
    if len(fields) != 1 or fields == {"targetSelectors"}:
        yield "names what it applies to in more places than one"
    said = {(reference.target, reference.rest) for reference in references(policy)}
    for reference in follower.given:
        target, origins = reference.target, wanted.get((policy.id, reference.target), {})
        there = world.added_by_id(target)
        if there is None or directory(there) != directory(copy):
            yield f"names '{target}', which is no copy of its own directory"
        elif not any(by_labels or (origin, reference.rest) in said for origin, by_labels in origins.items()):
            yield f"names '{target}', of whose origin '{policy.id}' says no such thing"


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


def _copies(world: World, added: Sequence[Follower]) -> Iterator[tuple[ResourceId, Resource]]:
    """Yields what policies may name, with its copies: Services, routes, and policies that are copied themselves."""
    yield from ((service, copy) for (service, _), copy in world.clones.services.items())
    yield from ((origin.id, route) for route in world.added if is_route(route) for origin in world.originals(route))
    yield from ((policy.id, follower.resource) for follower in added for policy in follower.originals)


def _named(
    world: World, naming: Mapping[ResourceId, list[Resource]], origin: ResourceId, copy: Resource
) -> Iterator[tuple[Resource, bool]]:
    """Yields what names an object, and what selects it by its labels and not its copy by the labels that this has."""
    yield from ((policy, False) for policy in naming.get(origin, ()))
    key, original = (origin.group, origin.kind), world.base.by_id.get(origin)
    before, after = labels_of(original.manifest) if original else {}, labels_of(copy.manifest)
    for policy in naming.get(ResourceId(*key, origin.namespace, ""), ()):
        selectors = [selector for kind, selector in label_selections(policy) if kind == key]
        if any(matches(selector, before) and not matches(selector, after) for selector in selectors):
            yield policy, True


def _accepted(world: World, copy: Resource) -> frozenset[tuple[str, str]]:
    """Returns what the sandbox of a copy accepts; of a route group's what its members do."""
    holder = world.holders.get(directory(copy))
    if isinstance(holder, GroupClaim):
        members = [claim for claim in world.claims.sandboxes if claim.name in holder.members]
        return frozenset(pair for claim in members for pair in claim.accepted)
    return holder.accepted if holder else frozenset()
