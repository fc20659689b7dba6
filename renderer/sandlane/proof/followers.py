"""Followers: the policies that the output adds, and of which policies of the base they are copies.

An added policy is a copy that binds one clone, a copy that names copies, or a NetworkPolicy in shared/ that lets clones through
where their origins are let. What is none of these is left over, and nobody can say what it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, ResourceId, labels_of
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.proof.claims import Claim
from sandlane.proof.literals import ORIGIN, copied_origin
from sandlane.proof.policies import (
    ATTACHED,
    BINDING,
    NETWORK_POLICY,
    Reference,
    clone_selected,
    is_of_servers,
    kind_of,
    references,
)
from sandlane.proof.readers import DESTINATION_RULE
from sandlane.proof.world import Pods, World, clone_marks, directory, pods_of


@frozen(kw_only=True)
class Bound:
    """A clone that a copy of a policy binds: its sandbox, its pods and those of its origin."""

    owner: Claim
    clone: Pods
    origin: Pods


@frozen(kw_only=True)
class Followers:
    """Added policies by what they are, with the base's policies that they may be copies of.

    `named`: base policy and added target -> the copy that names it.
    """

    selecting: tuple[tuple[Resource, tuple[Resource, ...], Bound], ...]
    naming: tuple[tuple[Resource, tuple[Resource, ...], tuple[Reference, ...]], ...]
    letting: tuple[tuple[Resource, tuple[Resource, ...]], ...]
    stray: tuple[Resource, ...]
    named: Mapping[tuple[ResourceId, ResourceId], Resource]


def clones_of_claims(world: World) -> list[Bound]:
    """Returns the claimed clones that are there; a missing one is a matter of P4."""
    found = []
    for claim in world.claims.sandboxes:
        for id in claim.origins:
            row, origin, clone = (
                WORKLOADS.get((id.group, id.kind)),
                world.base.by_id.get(id),
                world.clone_of(id, claim.tenant),
            )
            if row and origin and clone:
                pods = pods_of(row, with_template(world.base, origin))
                found.append(Bound(owner=claim, clone=clone, origin=pods))
    return found


def read_followers(world: World) -> Followers:
    """Reads the added policies of an output."""
    added = [r for r in world.added if _is_policy(r) and _is_ours(world, r)]
    if not added:
        return Followers(selecting=(), naming=(), letting=(), stray=(), named={})
    bound = {(b.clone.resource.id.namespace, *clone_marks(b.clone.resource)): b for b in clones_of_claims(world)}
    by_label: dict[tuple[str, str, str], list[Resource]] = {}
    for key in {kind_of(resource) for resource in added}:
        for policy in world.base.of(*key):
            by_label.setdefault((*key, copied_origin(key[1], policy.id.name)), []).append(policy)
    selecting, naming, letting, stray = [], [], [], []
    named: dict[tuple[ResourceId, ResourceId], Resource] = {}
    for resource in added:
        originals = _originals(world, resource, by_label)
        selected, given = clone_selected(resource), tuple(references(resource))
        clone = bound.get((resource.id.namespace, *selected)) if selected else None
        if directory(resource) == "shared":
            letting.append((resource, originals))
        elif clone and not given and world.owner(resource) == clone.owner:
            selecting.append((resource, originals, clone))
        elif given and not selected:
            naming.append((resource, originals, given))
            named |= {(policy.id, reference.target): resource for policy in originals for reference in given}
        else:
            stray.append(resource)
    return Followers(
        selecting=tuple(selecting), naming=tuple(naming), letting=tuple(letting), stray=tuple(stray), named=named
    )


def _is_ours(world: World, resource: Resource) -> bool:
    """Tells whether an added policy is to be judged here: a sandbox's own is by `resources`, others in shared/ by `additions`."""
    if directory(resource) == "shared":
        return kind_of(resource) == NETWORK_POLICY
    return not world.is_brought(resource)


def _is_policy(resource: Resource) -> bool:
    key = kind_of(resource)
    if key == DESTINATION_RULE:
        return clone_selected(resource) is not None
    if "HTTPRoute" in key or "GRPCRoute" in key:
        return is_of_servers(resource)
    return key in BINDING or key in ATTACHED


def _originals(
    world: World, copy: Resource, by_label: Mapping[tuple[str, str, str], Iterable[Resource]]
) -> tuple[Resource, ...]:
    """Returns the base's policies of which one may be a copy by its label: of its namespace, or of Istio's root one."""
    row = BINDING.get(kind_of(copy))
    root = world.claims.environment.cluster.root_namespace
    homes = {copy.id.namespace, *((root,) if row and row[2] else ())}
    label = labels_of(copy.manifest).get(ORIGIN, "")
    return tuple(policy for policy in by_label.get((*kind_of(copy), label), ()) if policy.id.namespace in homes)
