"""Delegates of VirtualServices (rule R-I13): a root's entry stands for the entries of another VirtualService, without hosts.

Istio merges the matches of both, each of the root with each of the delegate that does not contradict it; a delegate's match that
contradicts all of a root's entry takes its whole entry out there (istio: pilot/pkg/model/virtualservice.go, mergeHTTPRoutes). An
entry without a match takes the root's without that check, and a tenant's copy of it has a match, so it has to repeat what would
contradict: `ignoreUriCase` and `sourceNamespace`. There is one copy for each pair that roots have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.k8s.visibility import visibility
from sandlane.meshes.carriers import header_of
from sandlane.meshes.istio.virtual_service_fields import NETWORKING, entries, gateways, hosts, matches_of
from sandlane.specs.model import Carrier

Root = tuple[Resource, Manifest]
"""A VirtualService and one of its entries, which delegates."""
Roots = Mapping[ResourceId, tuple[Root, ...]]


class Entangled(Exception):
    """Raised where a root and a copy of a delegate's entry do not go together: its argument says why."""


class Hidden(Entangled):
    """Raised where a copy of a delegate's entry would hide the header operations that the entry takes from a root."""


def roots_of(base: Base) -> Roots:
    """Returns the entries that delegate to each VirtualService."""
    found: dict[ResourceId, list[Root]] = {}
    for vs in base.of(NETWORKING, "VirtualService"):
        for entry in entries(vs.manifest):
            delegate = delegate_of(base, vs, entry)
            if delegate:
                found.setdefault(delegate.id, []).append((vs, entry))
    return {id: tuple(roots) for id, roots in found.items()}


def delegate_of(base: Base, vs: Resource, entry: Manifest) -> Resource | None:
    """Returns the VirtualService to which an entry delegates, if the base has it and Istio would take it."""
    named = entry.get("delegate")
    if not named or not hosts(vs.manifest):
        return None
    id = ResourceId(NETWORKING, "VirtualService", named.get("namespace") or vs.id.namespace, named.get("name") or "")
    found = base.by_id.get(id)
    if found is None or hosts(found.manifest):
        return None
    return found if visibility(found) & {"*", vs.id.namespace} else None


def expanded(base: Base, vs: Resource) -> Iterator[tuple[Resource, Manifest, Manifest | None]]:
    """Yields the entries of a VirtualService, with those of delegates in their places: whose, the entry, and its root's."""
    for entry in entries(vs.manifest):
        if not entry.get("delegate"):
            yield vs, entry, None
            continue
        delegate = delegate_of(base, vs, entry)
        yield from ((delegate, leaf, entry) for leaf in entries(delegate.manifest)) if delegate else ()


def is_delegate(vs: Resource) -> bool:
    """Tells whether a VirtualService is there to be delegated to."""
    return not hosts(vs.manifest)


def copied_matches(
    roots: Sequence[Root], entry: Manifest, carriers: Sequence[Carrier], *, hider: str = ""
) -> list[Sequence[Manifest]]:
    """Returns the base matches of each copy of a delegate's entry; `hider` names what gives copies headers. Raises Entangled."""
    if not roots:
        return [entry.get("match") or ()]
    names = {header_of(carrier) for carrier in carriers}
    for root, delegating in roots:
        for match in (*(delegating.get("match") or ()), *(entry.get("match") or ())):
            for field in ("headers", "withoutHeaders"):
                named = sorted(name for name in match.get(field) or {} if name.lower() in names)
                if named:
                    raise Entangled(
                        f"is merged with '{root.id}' and one of them names the carrier's header '{named[0]}'"
                    )
        if hider and delegating.get("headers") and entry.get("headers") is None:
            raise Hidden(f"takes the headers of '{root.id}', which '{hider}' would hide")
    if entry.get("match"):
        return [entry["match"]]
    return [[pair] for pair in _pairs(roots)]


def _pairs(roots: Sequence[Root]) -> list[dict[str, Any]]:
    """Returns the distinct pairs of `ignoreUriCase` and `sourceNamespace` that matches of roots have, in a fixed order."""
    found = {
        (bool(match.get("ignoreUriCase")), match.get("sourceNamespace") or "")
        for _, entry in roots
        for match in matches_of(entry)
    }
    return [
        {**({"ignoreUriCase": True} if ignores else {}), **({"sourceNamespace": source} if source else {})}
        for ignores, source in sorted(found)
    ]


def bound(roots: Sequence[Root], vs: Resource) -> list[tuple[str, str]]:
    """Returns the gateways of a VirtualService as written, each with the namespace in which it is; of a delegate, its roots'."""
    owners = [root for root, _ in roots] if is_delegate(vs) else [vs]
    return list(
        dict.fromkeys((gateway, owner.id.namespace) for owner in owners for gateway in gateways(owner.manifest))
    )
