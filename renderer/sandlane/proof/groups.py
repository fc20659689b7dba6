"""VirtualServices that share a virtual host of gateways, and what that means for their catch-alls (rule R-I12).

There a proxy has one list of all their entries that apply to its gateway and port, in which catch-alls stand last: only the first of
these is ever met. A tenant's copy of it is no catch-all, so the entries that stand before it in that list have to have copies before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.proof.alignment import entries, hosts
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.semantics.delegates import entries_of
from sandlane.semantics.istio_matches import MESH, Proxy, gateway_name, has_claims, is_catch_all, is_for, predicate_of
from sandlane.semantics.network import Network
from sandlane.semantics.request import Client

Key = tuple[str, int | None, str]
"""The pods of gateways, their port, and the name of a virtual host there."""

_CLIENTS = ("sourceLabels", "sourceNamespace")
_DELEGATED = -1
"""In place of the number of a catch-all that a delegate has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """A catch-all of a VirtualService that shares a virtual host: whether any request meets it.

    `before` are entries of the others that are met before it, and `ports` those for which all that is so, if not for every one.
    `why_not` says why no copies could be written.
    """

    is_met: bool
    before: tuple[tuple[Resource, Manifest], ...] = ()
    ports: tuple[int, ...] = ()
    why_not: str = ""


Lasts = Mapping[tuple[ResourceId, int], Last]
"""VirtualService and number of an entry -> what sharing means for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seat:
    """What a VirtualService says at a virtual host: entries with the matches that come before its first catch-all, and that one's number.

    `strange` tells that more than ports and requests decide there, or a delegate.
    """

    vs: Resource
    port: int | None
    plain: tuple[tuple[int, Manifest], ...]
    last: int | None
    strange: bool
    is_sure: bool


_Place = tuple[Sequence[_Seat], _Seat]


def lasts_of(network: Network, may_enter: Callable[[str], bool]) -> Lasts:
    """Returns the catch-alls of VirtualServices that are not alone on a virtual host of gateways at which something is chosen."""
    sharing: dict[Key, dict[ResourceId, set[str]]] = {}
    every = sorted(network.base.of(*VIRTUAL_SERVICE), key=lambda vs: (vs.id.name, vs.id.namespace))
    for vs in every:
        for gateway in dict.fromkeys(gateway_name(g, vs.id.namespace) for g in gateways_of(vs)):
            for key in keys_of(network, vs, gateway):
                sharing.setdefault(key, {}).setdefault(vs.id, set()).add(gateway)
    crowded = {id for members in sharing.values() if len(members) > 1 for id in members}
    sharing = {key: members for key, members in sharing.items() if crowded & members.keys()}
    seats = {
        key: [_seat(network, vs, members[vs.id], key[1]) for vs in _in_turn(every, members)]
        for key, members in sharing.items()
    }
    found: dict[tuple[ResourceId, int], Last] = {}
    for vs in (vs for vs in every if vs.id in crowded):
        own = [
            (seats[key], next(s for s in seats[key] if s.vs.id == vs.id))
            for key, members in sharing.items()
            if any(may_enter(gateway) for gateway in members.get(vs.id, ()))
        ]
        for number in {seat.last for members, seat in own if len(members) > 1 and seat.last is not None}:
            found[vs.id, number] = _last(vs, number, own, is_meshed=may_enter(MESH) and _is_meshed(vs, number))
    return found


def _in_turn(every: Sequence[Resource], members: Mapping[ResourceId, set[str]]) -> list[Resource]:
    """Returns the VirtualServices of a virtual host, by the first of their gateways and then by their own names."""
    first = {id: min(gateway.split("/")[::-1] for gateway in names) for id, names in members.items()}
    return sorted((vs for vs in every if vs.id in members), key=lambda vs: first[vs.id])


def _seat(network: Network, vs: Resource, gateways: set[str], port: int | None) -> _Seat:
    plain: list[tuple[int, Manifest]] = []
    last, strange, is_sure = None, False, True
    for entry in entries_of(network, vs):
        is_own = entry.origin.resource.id == vs.id
        number = int(entry.origin.path[-1]) if is_own else _DELEGATED
        written = entries(vs.manifest)[number] if is_own else entry.body
        kept = []
        for position, match in enumerate(entry.body.get("match") or ({},)):
            if not any(_is_for(match, gateway, port) for gateway in gateways):
                continue
            open_fields = _CLIENTS if port else ("port", *_CLIENTS)
            strange |= not is_own or any(match.get(field) for field in ("gateways", *open_fields))
            if is_catch_all(predicate_of(match)) and not has_claims(match):
                named = {field for field in open_fields if match.get(field)}
                is_sure = is_own and not (named - {*_CLIENTS} if match.get("gateways") else named)
                last = number
                break
            kept.append(position)
        if kept:
            plain.append((number, {**written, "match": [written["match"][n] for n in kept]}))
        if last is not None:
            break
    return _Seat(vs=vs, port=port, plain=tuple(plain), last=last, strange=strange, is_sure=is_sure)


def _is_for(match: Manifest, gateway: str, port: int | None) -> bool:
    bare = {key: value for key, value in match.items() if key not in _CLIENTS and (port or key != "port")}
    return is_for(
        bare, Proxy(client=Client(kind="gateway", namespace=gateway.partition("/")[0]), gateway=gateway, port=port or 0)
    )


def _last(vs: Resource, number: int, own: Sequence[_Place], *, is_meshed: bool) -> Last:
    caught = [place for place in own if place[1].last == number]
    met = [place for place in caught if next(m for m in place[0] if m.last is not None) is place[1]]
    away = [place for place in own if place not in met and (place[1].last is None or place[1].last >= number)]
    here = [place for place in away if any(n == number for n, _ in place[1].plain)]
    is_mixed = any(n == number for members, seat in caught if len(members) > 1 for n, _ in seat.plain)
    if any(not m.is_sure for members, seat in caught for m in members if m is not seat):
        return Last(is_met=True, why_not="shares a host with a catch-all that is not for all clients, or a delegate's")
    if not met and not here:
        return Last(is_met=False, why_not="is hidden at gateways, and met in the mesh" if is_meshed else "")
    lists = [[(m.vs, entry) for m in members if m is not seat for _, entry in m.plain] for members, seat in met]
    before = lists[0] if lists else []
    if any(_texts(one) != _texts(before) for one in lists):
        return Last(is_met=True, why_not="shares only a part of its hosts and gateways with others")
    wrong = [place for place in away if place[1].last == number or _any_for(before, place[1].port)]
    ports = {seat.port for _, seat in met}
    is_bound = bool(before) and number >= 0 and _is_bound(entries(vs.manifest)[number].get("match") or ())
    is_limited = bool(wrong) or is_bound
    if is_limited and (
        {None, *ports} & {seat.port for _, seat in wrong} or None in ports or {s.port for _, s in here} - ports
    ):
        return Last(is_met=True, why_not="shares only a part of its hosts and gateways with others")
    is_moved = bool(before or wrong or (is_mixed and len(met) < len(caught)))
    strange = any(m.strange for members, _ in caught if len(members) > 1 for m in members)
    if is_moved and (is_mixed or strange or is_meshed):
        return Last(is_met=True, why_not="is met beside others by more than ports and requests")
    return Last(is_met=True, before=tuple(before), ports=tuple(sorted(p for p in ports if p and is_limited)))


def _is_bound(matches: Sequence[Manifest]) -> bool:
    """Tells whether all matches of an entry name a port."""
    return bool(matches) and all(match.get("port") for match in matches)


def _texts(listed: Sequence[tuple[Resource, Manifest]]) -> list[str]:
    return [repr((owner.id, entry)) for owner, entry in listed]


def _any_for(listed: Sequence[tuple[Resource, Manifest]], port: int | None) -> bool:
    """Tells whether any of some entries has a match for a port."""
    return any(match.get("port") in (None, 0, port) for _, entry in listed for match in entry["match"])


def _is_meshed(vs: Resource, number: int) -> bool:
    """Tells whether an entry is for the mesh beside gateways."""
    if MESH not in gateways_of(vs) or number < 0:
        return MESH in gateways_of(vs)
    matches: Sequence[Manifest] = entries(vs.manifest)[number].get("match") or ({},)
    return any(MESH in (match.get("gateways") or (MESH,)) for match in matches)


def gateways_of(vs: Resource) -> Sequence[str]:
    """Returns the gateways of a VirtualService as it writes them."""
    return spec_of(vs.manifest).get("gateways") or (MESH,)


def keys_of(network: Network, vs: Resource, only: str = "") -> Iterator[Key]:
    """Yields the virtual hosts of a VirtualService at its gateways, or at one of them."""
    for host in hosts(vs.manifest):
        name = network.full(host, vs.id.namespace)
        for gateway in gateways_of(vs):
            if gateway != MESH and only in ("", gateway_name(gateway, vs.id.namespace)):
                yield from _at(network, gateway_name(gateway, vs.id.namespace), vs, name)


def _at(network: Network, gateway: str, vs: Resource, host: str) -> Iterator[Key]:
    home, _, name = gateway.partition("/")
    found = network.base.by_id.get(ResourceId("networking.istio.io", "Gateway", home, name))
    if found is None:
        if visibility(vs) & {"*", home}:
            yield gateway, None, host
        return
    for pods in network.gateway_pods[found.id]:
        if visibility(vs) & {"*", pods.namespace or home}:  # else the pods do not see it
            merged = str(pods.workload or [str(g.id) for g in pods.gateways])
            yield from _served(found, merged, vs, host)


def _served(gateway: Resource, pods: str, vs: Resource, host: str) -> Iterator[Key]:
    home = gateway.id.namespace
    for server in spec_of(gateway.manifest).get("servers") or ():
        port = server.get("port") or {}
        is_tls = str(port.get("protocol", "")).upper() == "HTTPS"  # a server of TLS has a list of its own
        place = f"{pods} {gateway.id} {port.get('name')}" if is_tls else pods
        for listed in server.get("hosts") or ():
            scope, _, pattern = str(listed).lower().rpartition("/")
            if scope in ("", "*", vs.id.namespace) or (scope == "." and home == vs.id.namespace):
                yield from ((place, port.get("number"), c) for c in (host, pattern) if _is_common(host, pattern, c))


def _is_common(host: str, pattern: str, common: str) -> bool:
    return covers(pattern, common) and covers(host, common)
