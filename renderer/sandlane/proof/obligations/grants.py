"""P4 and P8, ReferenceGrants: a Gateway's route may name a clone exactly where the base lets it name the origin (rule R-G8).

Without the grant a Gateway answers 500 where the base's route forwards, which `requests` finds. With more than that, routes of
other namespaces could send to a clone that could not send to its origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from sandlane.k8s.resource import Manifest, Resource, ResourceId, labels_of, spec_of
from sandlane.problems.problem import Problem
from sandlane.proof.differences import told
from sandlane.proof.literals import ORIGIN
from sandlane.proof.readers import REFERENCE_GRANT
from sandlane.proof.world import World, directory
from sandlane.semantics.gateways import is_granted

_wrong = partial(told, "SL608")


def check(world: World) -> Iterator[Problem]:
    """Yields grants of the output that give more than the base's."""
    for grant in (r for r in world.added if (r.id.group, r.id.kind) == REFERENCE_GRANT):
        targets, sources = (spec_of(grant.manifest).get(field) or () for field in ("to", "from"))
        services = [to for to in targets if ((to.get("group") or ""), to.get("kind")) == ("", "Service")]
        if len(services) != len(targets) or not services or not sources:
            yield _wrong(grant, f"'{grant.id}' is not to Services alone", ("spec", "to"))
        for to in services:
            yield from _excess(world, grant, str(to.get("name") or ""), sources)


def _excess(world: World, grant: Resource, name: str, sources: Sequence[Manifest]) -> Iterator[Problem]:
    """Yields what a grant of a sandbox gives beside its own clones, to those who may name their origins."""
    clone = world.added_by_id(ResourceId("", "Service", grant.id.namespace, name))
    if clone is None or directory(clone) != directory(grant):
        what = f"Service '{name}'" if name else "every Service"
        text = f"'{grant.id}' is to {what} of '{grant.id.namespace}', which is no clone of its sandbox"
        yield _wrong(grant, text, ("spec", "to"))
        return
    origin = replace(clone.id, name=labels_of(clone.manifest).get(ORIGIN, ""))
    for source in sources:
        asked = {field: str(source.get(field) or "") for field in ("group", "kind", "namespace")}
        if not is_granted(world.network, asked, origin):
            who = f"{source.get('kind')}s of '{source.get('namespace')}'"
            text = f"'{grant.id}' lets {who} name '{clone.id}', and the base does not let them name its origin"
            yield _wrong(grant, text, ("spec", "from"))
