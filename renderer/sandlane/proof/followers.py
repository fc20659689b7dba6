"""Followers: the policies that the output adds, and of which policies of the base they are copies.

One binds a clone, names copies, or is a NetworkPolicy in shared/ that lets clones through. Of any other nobody can say what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.network_policies import NETWORK_POLICY
from sandlane.k8s.resource import Resource
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.problems.problem import Problem
from sandlane.proof.claims import Claim
from sandlane.proof.differences import wrong
from sandlane.proof.literals import ORIGIN
from sandlane.proof.policies import (
    ATTACHED,
    BINDING,
    ROUTES,
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
class Follower:
    """An added policy with the base's policies that it may be a copy of, and the clone that it binds or what it names."""

    resource: Resource
    originals: tuple[Resource, ...]
    bound: Bound | None = None
    given: tuple[Reference, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether it is for all clones."""
        return directory(self.resource) == "shared"

    def wrong(self, verdict: Callable[[Resource], Iterable[str]]) -> Iterator[Problem]:
        """Yields what is wrong with it, beside the policy that it is most like."""
        if not self.originals:
            what = f"label '{ORIGIN}' names no {self.resource.id.kind} of the base"
            yield wrong("SL601", self.resource, what, ("metadata", "labels"))
        else:
            found = min((list(verdict(policy)) for policy in self.originals), key=len)
            yield from (wrong("SL601", self.resource, what) for what in found)


def clones_of_claims(world: World) -> list[Bound]:
    """Returns the claimed clones that are there; a missing one is a matter of P4."""
    read = cache(lambda id: pods_of(WORKLOADS[(id.group, id.kind)], with_template(world.base, world.base.by_id[id])))
    found = []
    for claim in world.claims.sandboxes:
        for id in claim.origins:
            clone = world.clone_of(id, claim.tenant)
            if clone and id in world.base.by_id:
                found.append(Bound(owner=claim, clone=clone, origin=read(id)))
    return found


def followers(world: World, clones: Iterable[Bound]) -> Iterator[Follower]:
    """Yields the added policies of an output: those that a sandbox brings are judged by `resources`, others in shared/ by `additions`."""
    bound = {(b.clone.resource.id.namespace, *clone_marks(b.clone.resource)): b for b in clones}
    for resource in world.added:
        is_shared = directory(resource) == "shared"
        is_own = not is_shared and _is_policy(resource) and not world.is_brought(resource)
        if not is_own and not (is_shared and kind_of(resource) == NETWORK_POLICY):
            continue
        selected, given = clone_selected(resource), tuple(references(resource))
        clone = bound.get((resource.id.namespace, *selected)) if selected and not given else None
        yield Follower(
            resource=resource,
            originals=world.originals(resource),
            bound=clone if clone and world.owner(resource) == clone.owner and not is_shared else None,
            given=() if selected or is_shared else given,
        )


def _is_policy(resource: Resource) -> bool:
    key = kind_of(resource)
    if key == DESTINATION_RULE:
        return clone_selected(resource) is not None
    return is_of_servers(resource) if key in ROUTES else key in BINDING or key in ATTACHED
