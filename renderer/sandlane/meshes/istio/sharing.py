"""What it means for tenants' copies that several VirtualServices share a virtual host at gateways (rule R-I12).

A tenant's copy of a catch-all demands a carrier, so it is none: it would hide the entries of the VirtualServices behind its own.
Copies of those go before it; where such copies would answer more than those do, it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.meshes.istio.gateways import Bindings, Member, applies
from sandlane.meshes.istio.virtual_service_fields import MESH, entries, matches_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


@frozen(kw_only=True)
class Group:
    """What the other VirtualServices of its virtual hosts mean for a catch-all of one.

    `is_hidden`: another one's stands before it, so it is never met. `others` are their entries, in order, that stand before every
    catch-all; a tenant's copy of this one needs theirs before it. `ports`: all of these are for some ports alone; none for every.
    """

    is_hidden: bool = False
    others: tuple[tuple[Resource, Manifest], ...] = ()
    ports: tuple[int, ...] = ()


class Inseparable(Exception):
    """Raised where copies of other VirtualServices' entries would answer more requests than these do: its argument says why."""


@frozen(kw_only=True)
class _Seat:
    """A VirtualService at a virtual host (`own`), among all that are there."""

    port: int | None
    members: tuple[Member, ...]
    own: Member

    @property
    def others(self) -> list[Member]:
        """The other VirtualServices there."""
        return [member for member in self.members if member is not self.own]

    @property
    def is_hidden(self) -> bool:
        """Whether the catch-all of another VirtualService is met before its own."""
        return next(m for m in self.members if m.last is not None) is not self.own

    @property
    def before(self) -> tuple[tuple[Resource, Manifest], ...]:
        """The entries of the other VirtualServices that are met before every catch-all."""
        return tuple((member.vs, entry) for member in self.others for _, entry in member.entries)

    def has_plain(self, number: int) -> bool:
        """Tells whether an entry of its own applies there by a match that is no catch-all."""
        return any(n == number for n, _ in self.own.entries)


def group_of(bindings: Bindings, vs: Resource, number: int, allowed: frozenset[str]) -> Group | None:
    """Returns what its virtual hosts mean for an entry of a VirtualService at some gateways, if it is a catch-all at one that
    it shares. Raises Inseparable.
    """
    own = [
        _Seat(port=port, members=members, own=member)
        for ((_, port), _), members in bindings.items()
        for member in members
        if member.vs.id == vs.id and member.gateways & allowed
    ]
    caught = [seat for seat in own if seat.own.last == number]
    shared = [seat for seat in caught if len(seat.members) > 1]
    if not shared:
        return None
    for unsure in (other.unsure for seat in shared for other in seat.others if other.unsure):
        raise Inseparable(unsure)
    live = [seat for seat in caught if not seat.is_hidden]
    partial = any(seat.has_plain(number) for seat in shared)
    if not live and not partial and not any(seat.has_plain(number) for seat in own):
        if MESH in allowed and _is_for_mesh(vs, number):
            raise Inseparable("it is for the mesh too, where it is met")
        return Group(is_hidden=True)
    copied = live[0].before if live else ()
    if any(_key(seat.before) != _key(copied) for seat in live):
        raise Inseparable("they have other hosts or gateways than it")
    if partial and (copied or len(live) < len(caught)):
        raise Inseparable(f"'{vs.id}' has a catch-all beside other matches in its entry {number + 1}")
    rest = [seat for seat in own if seat.own.reaches(number) and (seat.own.last != number or seat.is_hidden)]
    ports = _ports(live, rest, vs, number)
    if copied or ports:
        for doubt in (member.doubt for seat in shared for member in seat.members if member.doubt):
            raise Inseparable(doubt)
        if MESH in allowed and _is_for_mesh(vs, number):
            raise Inseparable("they are for the mesh too, where only one of them is used")
    return Group(others=copied, ports=ports)


def _key(others: Sequence[tuple[Resource, Manifest]]) -> str:
    return repr([(owner.id, entry.get("name"), entry.get("match")) for owner, entry in others])


def _is_for_mesh(vs: Resource, number: int) -> bool:
    own = matches_of(entries(vs.manifest)[number])
    return any(applies(match, vs.id.namespace, frozenset({MESH}), None) for match in own)


def _ports(live: Sequence[_Seat], rest: Sequence[_Seat], vs: Resource, number: int) -> tuple[int, ...]:
    """Returns the ports that copies are limited to, where at other ports they would answer foreign requests. Raises Inseparable."""
    copied = live[0].before if live else ()
    mine = {seat.port for seat in live}
    disturbed = {
        seat.port
        for seat in rest
        if (seat.own.last == number and seat.is_hidden)
        or any(match.get("port") in (None, 0, seat.port) for _, entry in copied for match in entry["match"])
    }
    if not disturbed and not (copied and _names_ports(entries(vs.manifest)[number])):
        return ()
    plain = {seat.port for seat in rest if seat.has_plain(number)}
    if mine & disturbed or plain - mine or None in mine | disturbed:
        raise Inseparable("they have other hosts or gateways than it")
    return tuple(sorted(port for port in mine if port is not None))


def _names_ports(entry: Manifest) -> bool:
    matches = entry.get("match") or ()
    return bool(matches) and all(match.get("port") for match in matches)


def for_ports(matches: Sequence[Manifest], ports: Sequence[int]) -> list[Manifest]:
    """Returns matches for some ports alone; for all where none is named."""
    everything: tuple[Manifest, ...] = ({},)
    if not ports:
        return list(matches)
    return [{**m, "port": p} for m in matches or everything for p in ports if m.get("port") in (None, 0, p)]


def order_notices(bindings: Bindings, touched: set[ResourceId]) -> Iterator[Problem]:
    """Yields virtual hosts of gateways with tenants' entries at which the age of VirtualServices decides what a request meets."""
    said = set()
    for (_, host), members in bindings.items():
        for number, one in enumerate(members):
            for two in members[number + 1 :]:
                ids = (one.vs.id, two.vs.id)
                if touched & {*ids} and ids not in said and _overlap(one, two):
                    said.add(ids)
                    yield _of_ages(one, two, host)


def _of_ages(one: Member, two: Member, host: str) -> Problem:
    """Returns the notice on two of which the older one answers; `one` is taken for it where both have a catch-all."""
    values: dict[str, Any] = {"object": str(two.vs.id), "other": str(one.vs.id), "host": host}
    values["tenants"] = "for tenants as for all others"
    if one.last is not None and two.last is not None:
        values["tenants"] = f"and only if that is '{one.vs.id}' tenants are sure to meet their clones there"
        values["hint"] = "merge the two, or leave a catch-all in one of them only"
    return report("SL430", source=two.vs.source, path=("spec", "http"), **values)


def _overlap(one: Member, two: Member) -> bool:
    """Tells whether a request can meet entries of both: two catch-alls, or two others that nothing tells apart."""
    if one.last is not None and two.last is not None:
        return True
    ours, theirs = ([match for _, e in member.entries for match in e.get("match") or ()] for member in (one, two))
    return any(not _apart(a, b) for a in ours for b in theirs)


def _apart(one: Manifest, two: Manifest) -> bool:
    """Tells whether the texts of two matches show that no request meets both."""
    if any(_differ(one.get(field), two.get(field)) for field in ("uri", "method", "authority", "scheme")):
        return True
    headers = two.get("headers") or {}
    return any(_differ(condition, headers.get(name)) for name, condition in (one.get("headers") or {}).items())


def _differ(one: Mapping[str, str] | None, two: Mapping[str, str] | None) -> bool:
    if not one or not two:
        return False
    exact, other = one.get("exact"), two.get("exact")
    prefix, beside = one.get("prefix"), two.get("prefix")
    if exact is not None and other is not None:
        return exact != other
    if exact is not None and beside is not None:
        return not exact.startswith(beside)
    if other is not None and prefix is not None:
        return not other.startswith(prefix)
    if prefix is not None and beside is not None:
        return not (prefix.startswith(beside) or beside.startswith(prefix))
    return False
