"""Where VirtualServices meet at gateways (rule R-I12).

Istio puts the entries of all VirtualServices of a virtual host that apply to a gateway and its port into one list and moves its
catch-alls to the end, where only the first is met (istio: pilot/pkg/networking/core/gateway.go and route.go, SortVHostRoutes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandlane.base.base import Base
from sandlane.k8s.hosts import ServiceHost, covers
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.meshes.istio.virtual_service_fields import MESH, NETWORKING, entries, gateways, hosts, matches_of

_CLIENTS = ("sourceLabels", "sourceNamespace")

Place = tuple[str, int | None]
"""A set of gateway pods, and a port of theirs; None where the base does not have the gateway."""
Binding = tuple[Place, str]
"""A place, and the name of a virtual host there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A VirtualService at a virtual host: the gateways by which it is there, and what its entries say there.

    `entries` come with their numbers and with the matches that apply there, as far as the first catch-all: `last` is the number of the
    entry that has it (None: there is none). `doubt` says why they could not stand in another VirtualService, `unsure` why requests may
    go past the catch-all.
    """

    vs: Resource
    gateways: frozenset[str]
    entries: tuple[tuple[int, Manifest], ...]
    last: int | None
    doubt: str = ""
    unsure: str = ""

    def reaches(self, number: int) -> bool:
        """Tells whether Istio reads an entry there."""
        return self.last is None or self.last >= number


Bindings = Mapping[Binding, tuple[Member, ...]]


def bindings_of(base: Base, domain: str) -> Bindings:
    """Returns the VirtualServices of each virtual host of gateways, in the order in which Istio takes those of one age."""
    found: dict[Binding, list[Member]] = {}
    for vs in sorted(base.of(NETWORKING, "VirtualService"), key=lambda vs: (vs.id.name, vs.id.namespace)):
        by_binding: dict[Binding, set[str]] = {}
        for binding, gateway in _bindings(base, domain, vs):
            by_binding.setdefault(binding, set()).add(gateway)
        for binding in sorted(by_binding, key=str):
            found.setdefault(binding, []).append(_member(vs, frozenset(by_binding[binding]), binding[0][1]))
    return {binding: tuple(members) for binding, members in found.items()}


def _bindings(base: Base, domain: str, vs: Resource) -> Iterator[tuple[Binding, str]]:
    for name in gateways(vs.manifest):
        full = gateway_name(name, vs.id.namespace)
        if full == MESH or not is_seen(vs, full):
            continue
        for place, patterns in _places(base, full, vs.id.namespace):
            for own in _full_hosts(domain, vs):
                yield from (((place, host), full) for host in _common(own, patterns))


def is_seen(vs: Resource, gateway: str) -> bool:
    """Tells whether a VirtualService is exported to a gateway (istio: pilot/pkg/model/push_context.go, VirtualServicesForGateway)."""
    return bool(visibility(vs) & {"*", gateway.partition("/")[0]})


def _member(vs: Resource, names: frozenset[str], port: int | None) -> Member:
    found: list[tuple[int, Manifest]] = []
    doubts: list[str] = []
    last, unsure = None, ""
    for number, entry in enumerate(entries(vs.manifest)):
        here = [m for m in matches_of(entry) if applies(m, vs.id.namespace, names, port)]
        first = next((n for n, match in enumerate(here) if is_catch_all(match)), None)
        if here[:first]:
            found.append((number, {**entry, "match": here[:first]}))
        doubts += [f"'{vs.id}' delegates"] if here and entry.get("delegate") else []
        open_fields = _CLIENTS if port else ("port", *_CLIENTS)
        if any(match.get(field) for match in here for field in ("gateways", *open_fields)):
            doubts.append(f"matches of '{vs.id}' name ports, gateways or clients")
        if first is not None:
            fields = open_fields if not here[first].get("gateways") else open_fields[:-2]
            is_for_some = any(here[first].get(field) for field in fields)
            unsure = doubts[-1] if is_for_some or entry.get("delegate") else ""
            last = number
            break
    return Member(vs=vs, gateways=names, entries=tuple(found), last=last, doubt=next(iter(doubts), ""), unsure=unsure)


def applies(match: Manifest, namespace: str, names: frozenset[str], port: int | None) -> bool:
    """Tells whether a match is for one of some gateways and their port; what is not known of these is taken to be met."""
    own = match.get("gateways")
    is_named = not own or any(gateway_name(name, namespace) in names for name in own)
    return is_named and (port is None or match.get("port") in (None, 0, port))


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


def _places(base: Base, name: str, namespace: str) -> Iterator[tuple[Place, Sequence[str] | None]]:
    """Yields the places of a gateway, with the host patterns that it serves there for objects of a namespace.

    Gateways with one selector and port are one place, whatever their names. One that the base does not have is its own.
    """
    home, _, own = name.partition("/")
    gateway = base.by_id.get(ResourceId(NETWORKING, "Gateway", home, own))
    if gateway is None:
        yield (name, None), None
        return
    spec = spec_of(gateway.manifest)
    selector = ",".join(f"{key}={value}" for key, value in sorted((spec.get("selector") or {}).items()))
    for server in spec.get("servers") or ():
        place = (selector or name, (server.get("port") or {}).get("number"))
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
        if is_seen(vs, full) and any(gateway_name(name, vs.id.namespace) == full for name in gateways(vs.manifest)):
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


def catches(entry: Manifest) -> bool:
    """Tells whether an entry has a match that Istio takes for a catch-all."""
    return any(is_catch_all(match) for match in matches_of(entry))


_CONDITIONS = ("scheme", "method", "authority", "headers", "withoutHeaders", "queryParams")


def is_catch_all(match: Manifest) -> bool:
    """Tells whether every request meets a match: it has no condition but the path `/` or `.*`."""
    uri = match.get("uri") or {}
    is_any = not uri or uri.get("prefix") == "/" or uri.get("regex") in (".*", "*")
    return is_any and not any(match.get(field) for field in _CONDITIONS)
