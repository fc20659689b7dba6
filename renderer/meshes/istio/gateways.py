"""Where VirtualServices meet at gateways (rule R-I12).

Istio puts the entries of all VirtualServices of a virtual host into one list and moves its catch-alls to the end, where only
the first is met (istio: pilot/pkg/networking/core/gateway.go and route.go, SortVHostRoutes). A tenant's copy of a catch-all
demands a carrier, so it is none: it would hide the entries of the VirtualServices behind its own. Copies of those go before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from renderer.base import Base
from renderer.catalogue import report
from renderer.hosts import ServiceHost, covers
from renderer.meshes.istio.fields import MESH, NETWORKING, entries, gateways, hosts
from renderer.model import Manifest, Resource, ResourceId
from renderer.problems import Problem

Binding = tuple[str, str]
"""A place, which is a set of gateway pods and a port, and the name of a virtual host there."""
Bindings = Mapping[Binding, tuple[Resource, ...]]

_STATIC = ("gateways", "port", "sourceLabels", "sourceNamespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the other VirtualServices of its virtual hosts mean for the first catch-all of one.

    `is_hidden`: another one's stands before it, so it is never met. `others` are their entries, in order, that stand before every
    catch-all; a tenant's copy of this one needs theirs before it.
    """

    is_hidden: bool
    others: tuple[tuple[Resource, Manifest], ...]


class Inseparable(Exception):
    """Raised where copies of others' entries would answer more than those do: its argument says why."""


def bindings_of(base: Base, domain: str) -> Bindings:
    """Returns the VirtualServices of each virtual host of gateways, in the order in which Istio takes those of one age."""
    found: dict[Binding, list[Resource]] = {}
    for vs in sorted(base.of(NETWORKING, "VirtualService"), key=lambda vs: (vs.id.name, vs.id.namespace)):
        for binding in sorted(set(_bindings(base, domain, vs))):
            found.setdefault(binding, []).append(vs)
    return {binding: tuple(members) for binding, members in found.items()}


def _bindings(base: Base, domain: str, vs: Resource) -> Iterator[Binding]:
    for name in gateways(vs.manifest):
        if name == MESH:
            continue
        for place, patterns in _places(base, gateway_name(name, vs.id.namespace), vs.id.namespace):
            yield from ((place, host) for own in _full_hosts(domain, vs) for host in _common(own, patterns))


def _full_hosts(domain: str, vs: Resource) -> list[str]:
    """Returns the hosts of a VirtualService in full."""
    return [h if "." in h or "*" in h else ServiceHost(vs.id.namespace, h).fqdn(domain) for h in hosts(vs.manifest)]


def _common(host: str, patterns: Sequence[str] | None) -> Iterator[str]:
    """Yields the names of the virtual hosts that a host has where a gateway serves some patterns (None: anything)."""
    if patterns is None:
        yield host
    for pattern in patterns or ():
        if covers(pattern, host):
            yield host
        elif covers(host, pattern):
            yield pattern


def _places(base: Base, name: str, namespace: str) -> Iterator[tuple[str, Sequence[str] | None]]:
    """Yields the places of a gateway, with the host patterns that it serves there for objects of a namespace.

    Gateways with one selector and port are one place, whatever their names. One that the base does not have is its own.
    """
    home, _, own = name.partition("/")
    gateway = base.by_id.get(ResourceId(NETWORKING, "Gateway", home, own))
    if gateway is None:
        yield name, None
        return
    spec = gateway.manifest.get("spec") or {}
    selector = ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items()))
    for server in spec.get("servers") or ():
        place = f"{selector or name}:{(server.get('port') or {}).get('number')}"
        yield place, [p for p in (_pattern(str(h).lower(), home, namespace) for h in server.get("hosts") or ()) if p]


def _pattern(host: str, home: str, namespace: str) -> str | None:
    """Returns the pattern of a server's host, `namespace/pattern` or a pattern alone, or None where it is for other namespaces."""
    scope, _, pattern = host.rpartition("/")
    return pattern if (home if scope == "." else scope) in ("", "*", namespace) else None


def served_at(base: Base, domain: str, gateway: Resource) -> dict[str, list[Resource]]:
    """Returns the VirtualServices of each virtual host of a gateway, whatever its port, in Istio's order for those of one age."""
    full = f"{gateway.id.namespace}/{gateway.id.name}"
    found: dict[str, list[Resource]] = {}
    for vs in sorted(base.of(NETWORKING, "VirtualService"), key=lambda vs: (vs.id.name, vs.id.namespace)):
        if any(gateway_name(name, vs.id.namespace) == full for name in gateways(vs.manifest)):
            places = _places(base, full, vs.id.namespace)
            names = {
                host for _, patterns in places for own in _full_hosts(domain, vs) for host in _common(own, patterns)
            }
            for host in sorted(names):
                found.setdefault(host, []).append(vs)
    return found


def gateway_name(gateway: str, namespace: str) -> str:
    """Returns a gateway as `namespace/name` (istio: pilot/pkg/model/virtualservice.go, resolveGatewayName)."""
    if gateway == MESH:
        return MESH
    home, slash, name = gateway.partition("/")
    if slash:
        return f"{namespace if home == '.' else home}/{name}"
    name, dot, rest = gateway.partition(".")
    return f"{rest.partition('.')[0]}/{name}" if dot else f"{namespace}/{name}"


def group_of(bindings: Bindings, vs: Resource, number: int) -> Group | None:
    """Returns what its virtual hosts mean for an entry of a VirtualService, if it is its first catch-all. Raises Inseparable."""
    groups = {binding: members for binding, members in bindings.items() if vs in members}
    first = next((n for n, entry in enumerate(entries(vs.manifest)) if _catches(entry)), None)
    if number != first or all(len(members) == 1 for members in groups.values()):
        return None
    hidden = {vs.id != next(m for m in members if _has_catch_all(m)).id for members in groups.values()}
    if hidden == {True}:
        return Group(is_hidden=True, others=())
    members = list(dict.fromkeys(member for found in groups.values() for member in found))
    others = tuple((m, entry) for m in members if m.id != vs.id for entry in _before_catch_all(m))
    if others or len(hidden) > 1:
        _check(bindings, vs, members, {frozenset(m.id for m in found) for found in groups.values()})
    return Group(is_hidden=False, others=others)


def _check(bindings: Bindings, vs: Resource, members: Sequence[Resource], groups: set[frozenset[ResourceId]]) -> None:
    """Raises Inseparable unless the members are for the same hosts and gateways, and for all clients of these."""
    places = {frozenset(b for b, found in bindings.items() if member in found) for member in members}
    written = {frozenset(gateway_name(g, m.id.namespace) for g in gateways(m.manifest)) for m in members}
    if len(groups) > 1 or len(places) > 1 or len(written) > 1:
        raise Inseparable("they have other hosts or gateways than it")
    if MESH in next(iter(written)):
        raise Inseparable("they are for the mesh too, where only one of them is used")
    for member in members:
        for entry in entries(member.manifest):
            if entry.get("delegate"):
                raise Inseparable(f"'{member.id}' delegates")
            if any(match.get(field) for match in entry.get("match") or [] for field in _STATIC):
                raise Inseparable(f"matches of '{member.id}' name ports, gateways or clients")
            if _catches(entry) and len(entry.get("match") or ()) > 1:
                raise Inseparable(f"'{member.id}' has an entry with a catch-all beside other matches")


def _before_catch_all(vs: Resource) -> Iterator[Manifest]:
    for entry in entries(vs.manifest):
        if _catches(entry):
            return
        yield entry


def _has_catch_all(vs: Resource) -> bool:
    return any(_catches(entry) for entry in entries(vs.manifest))


def _catches(entry: Manifest) -> bool:
    """Tells whether an entry has a match that Istio takes for a catch-all."""
    everything: tuple[Manifest, ...] = ({},)
    return any(is_catch_all(match) for match in entry.get("match") or everything)


_CONDITIONS = ("scheme", "method", "authority", "headers", "withoutHeaders", "queryParams")


def is_catch_all(match: Manifest) -> bool:
    """Tells whether every request meets a match: it has no condition but the path `/` or `.*`."""
    uri = match.get("uri") or {}
    is_any = not uri or uri.get("prefix") == "/" or uri.get("regex") in (".*", "*")
    return is_any and not any(match.get(field) for field in _CONDITIONS)


def order_notices(bindings: Bindings, touched: set[ResourceId]) -> Iterator[Problem]:
    """Yields virtual hosts of gateways that leave to the age of objects what a request meets, where tenants have entries."""
    said = set()
    for (_, host), members in bindings.items():
        for number, one in enumerate(members):
            for two in members[number + 1 :]:
                if touched & {one.id, two.id} and (one.id, two.id) not in said and _overlap(one, two):
                    said.add((one.id, two.id))
                    path = ("spec", "http")
                    yield report("SL430", source=two.source, path=path, object=str(two.id), other=one.id, host=host)


def _overlap(one: Resource, two: Resource) -> bool:
    """Tells whether a request can meet entries of both: two catch-alls, or two others that nothing tells apart."""
    if _has_catch_all(one) and _has_catch_all(two):
        return True
    everything: tuple[Manifest, ...] = ({},)
    ours, theirs = ([m for e in _before_catch_all(vs) for m in e.get("match") or everything] for vs in (one, two))
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
