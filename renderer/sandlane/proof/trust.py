"""What the environment says of gateways (`routes.entry`, `routes.strip`): proof's own reading of rule R-G14.

Tenants are chosen in the mesh, and at gateways only with `entry: any` and where carriers are not removed. Where they are, an entry for
requests with a carrier stands before each base entry that sends requests on: it does the same and removes the carriers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.proof.alignment import Insertion, same
from sandlane.proof.claims import may_choose
from sandlane.proof.conditions import Unjudged
from sandlane.proof.delegated import delegated, roots_of
from sandlane.proof.literals import any_member_text
from sandlane.proof.world import World
from sandlane.semantics.istio_matches import MESH, gateway_name

_EVERYTHING: Sequence[Manifest] = ({},)


def gateways_of(world: World, vs: Resource) -> dict[str, str]:
    """Returns the gateways of a VirtualService, or those of what delegates to it: full name -> as its matches write it."""
    spec = spec_of(vs.manifest)
    if spec.get("hosts"):
        written = spec.get("gateways") or (MESH,)
        return {gateway_name(name, vs.id.namespace): name for name in written}
    found: dict[str, str] = {}
    for root, _ in roots_of(world, vs):
        for name in spec_of(root.manifest).get("gateways") or (MESH,):
            full = gateway_name(name, root.id.namespace)
            found[full] = full
    return found or {MESH: MESH}


def is_stripped(world: World, gateway: str) -> bool:
    """Tells whether carriers are removed at a gateway."""
    return gateway in world.claims.environment.routes.strip


def within(world: World, vs: Resource, base: Sequence[Manifest], allowed: Sequence[str]) -> list[Manifest] | None:
    """Returns matches for allowed gateways alone, as they are where all are; None where none is left. Raises Unjudged."""
    bound = gateways_of(world, vs)
    if set(bound) <= set(allowed):
        return list(base)
    is_root_bound = any(m.get("gateways") for _, entry in roots_of(world, vs) for m in entry.get("match") or ())
    found: list[Manifest] = []
    for match in base or _EVERYTHING:
        own = match.get("gateways")
        names = {gateway_name(name, vs.id.namespace): name for name in own} if own else bound
        kept = [name for full, name in names.items() if full in allowed]
        if not kept:
            continue
        if is_root_bound or (not own and (match.get("sourceLabels") or match.get("sourceNamespace"))):
            raise Unjudged("tells clients apart beside gateways")
        found.append(match if own and len(kept) == len(names) else {**match, "gateways": kept})
    return found or None


def chosen(world: World, vs: Resource) -> list[str]:
    """Returns the gateways of a VirtualService at which tenants may be chosen."""
    return [gateway for gateway in gateways_of(world, vs) if may_choose(world.claims.environment, gateway)]


def stripping(world: World, vs: Resource, entry: Manifest, number: int) -> list[dict[str, Any]]:
    """Returns the entries that have to remove carriers before one of the base. Raises Unjudged.

    There is one, none where no carriers get there, and for a delegate's entry one for each of the matches that its copies have.
    """
    last = world.stripped_lasts.get((vs.id, number))
    if last and not last.is_met and not last.why_not:
        return []
    if last and (last.before or last.ports or last.why_not):
        raise Unjudged("shares a host of gateways with others")
    stripped = [gateway for gateway in gateways_of(world, vs) if is_stripped(world, gateway)]
    if not stripped or not entry.get("route"):
        return []
    if entry.get("headers") is None and any(e.get("headers") for r, e in roots_of(world, vs) if _is_closed(world, r)):
        raise Unjudged("would lose the header operations of what delegates to it beside a removal of carriers")
    found = []
    for conditions in delegated(world, vs, entry, lambda root: _is_closed(world, root)):
        base = within(world, vs, conditions, stripped)
        matches = [m for c in _carriers(world) for match in base or (_EVERYTHING if base is not None else ())
                   if (m := _carrying(match, *c)) is not None]  # fmt: skip
        if matches:
            found.append(_removing(world, entry, matches))
    return found


def _is_closed(world: World, root: Resource) -> bool:
    """Tells whether carriers are removed at a gateway of a VirtualService."""
    return any(is_stripped(world, gateway) for gateway in gateways_of(world, root))


def _removing(world: World, entry: Manifest, matches: Sequence[Manifest]) -> dict[str, Any]:
    headers = entry.get("headers") or {}
    request = headers.get("request") or {}
    removed = [*(request.get("remove") or ())]
    for name in dict.fromkeys(name for name, _ in _carriers(world)):
        removed += [] if name in {known.lower() for known in removed} else [name]
    return {
        **entry,
        "name": f"{entry['name']}.strip" if entry.get("name") else "strip",
        "match": matches,
        "headers": {**headers, "request": {**request, "remove": removed}},
    }


def is_stripping(world: World, vs: Resource, insertion: Insertion) -> bool:
    """Tells whether an entry is the one that removes carriers before the base's behind it."""
    try:
        meant = stripping(world, vs, insertion.before, insertion.before_number) if insertion.before is not None else []
    except Unjudged:
        return False
    return any(same(insertion.entry, one) for one in meant)


def _carriers(world: World) -> list[tuple[str, Mapping[str, str]]]:
    """Returns the header of each carrier, and the condition that it is there."""
    return [
        (c.header.lower(), {}) if c.header else ("baggage", {"regex": any_member_text([str(c.baggage)])})
        for c in world.claims.environment.carriers
    ]


def _carrying(match: Manifest, name: str, condition: Mapping[str, str]) -> Manifest | None:
    headers = match.get("headers") or {}
    given = [value or {} for key, value in headers.items() if key.lower() == name]
    without = [value or {} for key, value in (match.get("withoutHeaders") or {}).items() if key.lower() == name]
    if any(_is_presence(value) for value in without):
        return None
    if given and not condition:
        return match
    if not all(_is_presence(value) for value in given):
        raise Unjudged("demands more of baggage than a match can hold beside the carrier")
    kept = {key: value for key, value in headers.items() if key.lower() != name}
    return {**match, "headers": {**kept, name: condition}}


def _is_presence(condition: Mapping[str, str]) -> bool:
    return not condition or condition.get("regex") == "*"
