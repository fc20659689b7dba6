"""Where VirtualServices meet at gateways (rule R-I12).

Istio puts the entries of all VirtualServices of a virtual host that apply to gateway pods and their port into one list and moves its
catch-alls to the end, where only the first is met (istio: pilot/pkg/networking/core/gateway.go and route.go, SortVHostRoutes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost, covers, gateway_name
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.meshes.istio.gateway_pods import Pods, pods_of
from sandlane.meshes.istio.virtual_service_fields import MESH, NETWORKING, entries, gateways, hosts, matches_of

_CLIENTS = ("sourceLabels", "sourceNamespace")

Place = tuple[str, int | None]
"""A set of gateway pods, and a port of theirs; None where the base does not have the gateway."""
_ByGateway = Mapping[ResourceId, tuple[Pods, ...]]
Binding = tuple[Place, str]
"""A place, and the name of a virtual host there."""


@frozen(kw_only=True)
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
    pods = pods_of(base)
    for vs in base.of(NETWORKING, "VirtualService"):
        by_binding: dict[Binding, set[str]] = {}
        for binding, gateway in _bindings(base, pods, domain, vs):
            by_binding.setdefault(binding, set()).add(gateway)
        for binding in sorted(by_binding, key=str):
            found.setdefault(binding, []).append(_member(vs, frozenset(by_binding[binding]), binding[0][1]))
    return {binding: tuple(sorted(members, key=_turn)) for binding, members in found.items()}


def _turn(member: Member) -> tuple[tuple[str, str], str, str]:
    """Returns what a member is sorted by: Istio goes through the Gateways, and through the VirtualServices of each."""
    home, _, name = min(member.gateways, key=lambda gateway: gateway.partition("/")[::-1]).partition("/")
    return (name, home), member.vs.id.name, member.vs.id.namespace


def _bindings(base: Base, pods: _ByGateway, domain: str, vs: Resource) -> Iterator[tuple[Binding, str]]:
    for name in gateways(vs.manifest):
        full = gateway_name(name, vs.id.namespace)
        for place, patterns in _places(base, pods, full, vs) if full != MESH else ():
            for own in _full_hosts(domain, vs):
                yield from (((place, host), full) for host in _common(own, patterns))


def _is_seen(vs: Resource, namespace: str) -> bool:
    """Tells whether gateway pods of a namespace see a VirtualService (istio: push_context.go, VirtualServicesForGateway)."""
    return bool(visibility(vs) & {"*", namespace})


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


def _places(base: Base, pods: _ByGateway, name: str, vs: Resource) -> Iterator[tuple[Place, Sequence[str] | None]]:
    """Yields the places of a gateway, with the host patterns that it serves there for a VirtualService.

    Gateways that the same pods serve on one port are one place, but each TLS server is one of its own, with its own certificate.
    A gateway that the base does not have is its own.
    """
    home, _, own = name.partition("/")
    gateway = base.by_id.get(ResourceId(NETWORKING, "Gateway", home, own))
    if gateway is None:
        if _is_seen(vs, home):
            yield (name, None), None
        return
    for each in pods[gateway.id]:
        for server in spec_of(gateway.manifest).get("servers") or () if _is_seen(vs, each.namespace) else ():
            port = server.get("port") or {}
            is_tls = str(port.get("protocol", "")).upper() == "HTTPS"
            place = (f"{each.key} {name} {port.get('name')}" if is_tls else each.key, port.get("number"))
            listed = (_pattern(str(h).lower(), home, vs.id.namespace) for h in server.get("hosts") or ())
            yield place, [pattern for pattern in listed if pattern]


def _pattern(host: str, home: str, namespace: str) -> str | None:
    """Returns the pattern of a server's host, `namespace/pattern` or a pattern alone, or None where it is for other namespaces."""
    scope, _, pattern = host.rpartition("/")
    return pattern if (home if scope == "." else scope) in ("", "*", namespace) else None


def served_at(bindings: Bindings, gateway: Resource) -> dict[str, list[Resource]]:
    """Returns the VirtualServices of each virtual host of a gateway, whatever its port, in Istio's order for those of one age."""
    full = f"{gateway.id.namespace}/{gateway.id.name}"
    found: dict[str, list[Resource]] = {}
    for (_, host), members in sorted(bindings.items(), key=str):
        if any(full in member.gateways for member in members):
            known = found.setdefault(host, [])
            known += [member.vs for member in members if member.vs not in known]
    return found


def catches(entry: Manifest) -> bool:
    """Tells whether an entry has a match that Istio takes for a catch-all."""
    return any(is_catch_all(match) for match in matches_of(entry))


_CONDITIONS = ("scheme", "method", "authority", "headers", "withoutHeaders", "queryParams")


def is_catch_all(match: Manifest) -> bool:
    """Tells whether every request meets a match: it has no condition but the path `/` or `.*`."""
    uri = match.get("uri") or {}
    is_any = not uri or uri.get("prefix") == "/" or uri.get("regex") in (".*", "*")
    return is_any and not any(match.get(field) for field in _CONDITIONS)
