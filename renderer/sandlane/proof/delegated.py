"""What a tenant's copies of a delegate's entry have to be conditions beside (rule R-I13): proof's own reading.

A delegate's entry that has a match is merged with the matches of its roots that it does not contradict; one that has none takes
theirs. A copy has a match, so it has to repeat whether a root ignores the case of paths and which namespace it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.proof.alignment import entries
from sandlane.proof.conditions import Unjudged
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.world import World


def delegated(
    world: World, vs: Resource, entry: Manifest, counts: Callable[[Resource], bool] = lambda root: True
) -> list[Sequence[Manifest]]:
    """Returns the base matches of each copy of an entry: one copy, but for entries of delegates without a match. Raises Unjudged.

    Only roots that count are looked at.
    """
    own: Sequence[Manifest] = entry.get("match") or ()
    if spec_of(vs.manifest).get("hosts"):
        return [own]
    roots = [entry for root, entry in roots_of(world, vs) if counts(root)]
    if not roots:
        return [own]
    carriers = {(carrier.header or "baggage").lower() for carrier in world.claims.environment.carriers}
    for match in (*own, *(match for root in roots for match in root.get("match") or ())):
        named = {name.lower() for field in ("headers", "withoutHeaders") for name in match.get(field) or {}}
        if named & carriers:
            raise Unjudged("is merged with conditions on a carrier's header")
    if own:
        return [own]
    everything: Sequence[Manifest] = ({},)
    pairs = {
        (match.get("ignoreUriCase") is True, str(match.get("sourceNamespace") or ""))
        for root in roots
        for match in root.get("match") or everything
    }
    return [[_condition(*pair)] for pair in sorted(pairs)]


def _condition(ignores_case: bool, namespace: str) -> dict[str, Any]:
    found: dict[str, Any] = {"ignoreUriCase": True} if ignores_case else {}
    return {**found, "sourceNamespace": namespace} if namespace else found


def roots_of(world: World, delegate: Resource) -> Iterator[tuple[Resource, Manifest]]:
    """Yields the entries that delegate to a VirtualService, each with the one that holds it."""
    if spec_of(delegate.manifest).get("hosts"):
        return
    for vs in world.base.of(*VIRTUAL_SERVICE):
        for entry in entries(vs.manifest):
            named = entry.get("delegate") or {}
            home = named.get("namespace") or vs.id.namespace
            if spec_of(vs.manifest).get("hosts") and (home, named.get("name")) == (
                delegate.id.namespace,
                delegate.id.name,
            ):
                yield vs, entry
