"""VirtualServices that share a virtual host of gateways, and what that means for their catch-alls (rule R-I12).

There a proxy has one list of all their entries, in which catch-alls stand last: only the first of these is ever met. A tenant's copy
of it is no catch-all, so the entries that stand before it in that list have to have copies before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from renderer.base import Base
from renderer.hosts import ServiceHost, covers
from renderer.model import Manifest, Resource, ResourceId
from renderer.proof.alignment import entries, hosts
from renderer.proof.compile.istio_matches import MESH, gateway_name, is_catch_all, predicate_of
from renderer.proof.readers import VIRTUAL_SERVICE

Key = tuple[str, int | None, str]
"""The pods of gateways, their port, and the name of a virtual host there."""

_PER_MATCH = ("gateways", "port", "sourceLabels", "sourceNamespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The first catch-all of a VirtualService that shares a virtual host: its index, whether any request meets it.

    `before` are entries of the others that are met before it. `why_not` says why no copies of these could be written.
    """

    number: int
    is_met: bool
    before: tuple[tuple[Resource, Manifest], ...] = ()
    why_not: str = ""


def lasts_of(base: Base, domain: str) -> Mapping[ResourceId, Last]:
    """Returns the first catch-alls of VirtualServices that are not alone on a virtual host, by VirtualService."""
    sharing: dict[Key, list[Resource]] = {}
    for vs in sorted(base.of(*VIRTUAL_SERVICE), key=lambda vs: (vs.id.name, vs.id.namespace)):
        for key in dict.fromkeys(keys_of(base, domain, vs)):
            sharing.setdefault(key, []).append(vs)
    found: dict[ResourceId, Last] = {}
    for vs in {vs.id: vs for members in sharing.values() if len(members) > 1 for vs in members}.values():
        number = _first(vs)
        if number is not None:
            found[vs.id] = _last(
                vs, number, {key: members for key, members in sharing.items() if vs in members}, sharing
            )
    return found


def _last(
    vs: Resource, number: int, own: Mapping[Key, Sequence[Resource]], sharing: Mapping[Key, Sequence[Resource]]
) -> Last:
    is_met = [next(m for m in members if _first(m) is not None).id == vs.id for members in own.values()]
    if not any(is_met):
        return Last(number=number, is_met=False)
    others = [m for m in dict.fromkeys(m for members in own.values() for m in members) if m.id != vs.id]
    before = tuple((m, entry) for m in others for entry in entries(m.manifest)[: _first(m)])
    is_alike = all({k for k, members in sharing.items() if m in members} == own.keys() for m in others)
    bound = {tuple(sorted(gateway_name(g, m.id.namespace) for g in _gateways(m))) for m in (vs, *others)}
    if not before and all(is_met):
        return Last(number=number, is_met=True)
    if not is_alike or len(bound) > 1 or MESH in next(iter(bound)) or any(_is_special(m) for m in (vs, *others)):
        return Last(number=number, is_met=True, why_not="shares only a part of its hosts and gateways with others")
    return Last(number=number, is_met=True, before=before)


def _is_special(vs: Resource) -> bool:
    """Tells whether entries of a VirtualService are more than conditions on requests and what is done with these."""
    for entry in entries(vs.manifest):
        matches = entry.get("match") or ()
        if entry.get("delegate") or any(match.get(field) for match in matches for field in _PER_MATCH):
            return True
        if len(matches) > 1 and any(is_catch_all(predicate_of(match)) for match in matches):
            return True
    return False


def _first(vs: Resource) -> int | None:
    """Returns the index of the first entry with a catch-all."""
    everything: tuple[Manifest, ...] = ({},)
    for number, entry in enumerate(entries(vs.manifest)):
        if any(is_catch_all(predicate_of(match)) for match in entry.get("match") or everything):
            return number
    return None


def _gateways(vs: Resource) -> Sequence[str]:
    return (vs.manifest.get("spec") or {}).get("gateways") or (MESH,)


def keys_of(base: Base, domain: str, vs: Resource, only: str = "") -> Iterator[Key]:
    """Yields the virtual hosts of a VirtualService at its gateways, or at one of them."""
    for host in hosts(vs.manifest):
        is_full = "." in host or "*" in host
        name = host if is_full else ServiceHost(vs.id.namespace, host).fqdn(domain)
        for gateway in _gateways(vs):
            if gateway != MESH and only in ("", gateway_name(gateway, vs.id.namespace)):
                yield from _at(base, gateway_name(gateway, vs.id.namespace), vs, name)


def _at(base: Base, gateway: str, vs: Resource, host: str) -> Iterator[Key]:
    home, _, name = gateway.partition("/")
    found = base.by_id.get(ResourceId("networking.istio.io", "Gateway", home, name))
    if found is None:
        yield gateway, None, host
        return
    spec = found.manifest.get("spec") or {}
    pods = str(sorted((spec.get("selector") or {}).items())) if spec.get("selector") else gateway
    for server in spec.get("servers") or ():
        for listed in server.get("hosts") or ():
            scope, _, pattern = str(listed).lower().rpartition("/")
            if scope in ("", "*", vs.id.namespace) or (scope == "." and home == vs.id.namespace):
                port = (server.get("port") or {}).get("number")
                yield from ((pods, port, common) for common in (host, pattern) if _is_common(host, pattern, common))


def _is_common(host: str, pattern: str, common: str) -> bool:
    return covers(pattern, common) and covers(host, common)
