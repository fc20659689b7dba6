"""P1, defaults: a VirtualService that the base has not stands in for Istio's default routes (rules R-I8 and R-I11).

The first entry for a host switches its default route off, so the VirtualService has to send every request without a
carrier where the default route would have: on each port that carries HTTP to the Service itself, with no other policy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandlane.base.base import Base
from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import export_to
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof import coverage
from sandlane.proof.aliases import rivals
from sandlane.proof.alignment import Insertion, entries, hosts, same
from sandlane.proof.coverage import routable
from sandlane.proof.readers import GRPC_ROUTE, HTTP_ROUTE, VIRTUAL_SERVICE, Reader
from sandlane.proof.routes import parents_of
from sandlane.proof.world import World, directory

_SPEC = frozenset({"hosts", "gateways", "exportTo", "http"})
_CLIENT_CONDITIONS = ("gateways", "sourceLabels", "sourceNamespace")


@dataclass(frozen=True, slots=True)
class Served:
    """The VirtualServices that serve hosts in the base's mesh: by Service, and by wildcard."""

    exact: Mapping[ResourceId, Resource]
    wildcard: Mapping[str, Resource]


def check(world: World) -> Iterator[Problem]:
    """Yields added VirtualServices that change what a request without a carrier gets."""
    by_route = dict(gateway_api(world.reader, world.base))
    first: dict[ResourceId, Resource] = {}
    for vs in world.added:
        if (vs.id.group, vs.id.kind) != VIRTUAL_SERVICE or directory(vs) != "shared":
            continue  # a preview has obligations of its own
        spec = spec_of(vs.manifest)
        service = served_service(world, vs)
        if service is None:
            yield _wrong(
                vs, "hosts are not the full name of one Service of the base in its own namespace", ("spec", "hosts")
            )
            continue
        other = coverage.served(world, service).by or by_route.get(service.id) or first.setdefault(service.id, vs)
        if other is not vs:
            yield _wrong(vs, f"'{service.id}' is served by '{other.id}'", ("spec", "hosts"))
        for what in rivals(world, service.id):
            yield _wrong(vs, what, ("spec", "hosts"))
        yield from _scope(vs, spec, service)
        yield from _entries(world, vs, service)


def _wrong(vs: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=vs.source, path=path, what=f"'{vs.id}': {what}")


def served_service(world: World, vs: Resource) -> Resource | None:
    """Returns the one Service of the base that an added VirtualService is for, by its full name in its own namespace."""
    named = spec_of(vs.manifest).get("hosts") or []
    id = world.service(named[0], vs.id.namespace) if len(named) == 1 else None
    if id is None or id.namespace != vs.id.namespace or named[0] != _fqdn(world, id):
        return None
    return world.base.by_id.get(id)


def _fqdn(world: World, id: ResourceId) -> str:
    return ServiceHost(id.namespace, id.name).fqdn(world.claims.environment.cluster.domain)


def served(world: World, is_heeded: Callable[[ResourceId, Resource], bool] = lambda service, vs: True) -> Served:
    """Returns the VirtualServices that serve hosts in the base's mesh, of those that count for a Service."""
    exact: dict[ResourceId, Resource] = {}
    wildcard: dict[str, Resource] = {}
    for vs in world.base.of(*VIRTUAL_SERVICE):
        for host in hosts(vs.manifest) if "mesh" in gateways(vs.manifest) else ():
            service = world.service(host, vs.id.namespace)
            if service and is_heeded(service, vs):
                exact.setdefault(service, vs)
            elif service is None and host.startswith("*"):
                wildcard.setdefault(host, vs)
    return Served(exact, wildcard)


def gateways(manifest: Manifest) -> set[str]:
    """Returns the gateways for which a VirtualService, or a match in it, is; `mesh` stands for the mesh's own clients."""
    bound = spec_of(manifest).get("gateways") or ("mesh",)
    matches = (match for entry in entries(manifest) for match in entry.get("match") or ())
    return {*bound, *(gateway for match in matches for gateway in match.get("gateways") or ())}


def gateway_api(reader: Reader, base: Base) -> Iterator[tuple[ResourceId, Resource]]:
    """Yields Services with a route of the Gateway API: a VirtualService would take their requests away from it (rule R-G1)."""
    for kind in (HTTP_ROUTE, GRPC_ROUTE):
        for route in base.of(*kind):
            for parent in parents_of(reader, route.manifest, route.id.namespace):
                if parent.target and parent.is_service:
                    yield parent.target, route


def mesh_server(world: World, served: Served, id: ResourceId) -> Resource | None:
    """Returns what serves a Service in the base's mesh, by its name or by a wildcard."""
    return served.exact.get(id) or _by_wildcard(world, served, id)


def _by_wildcard(world: World, served: Served, id: ResourceId) -> Resource | None:
    host = _fqdn(world, id)
    patterns = ("*", *(f"*{host[dot:]}" for dot, character in enumerate(host) if character == "."))
    return next((served.wildcard[pattern] for pattern in patterns if pattern in served.wildcard), None)


def _scope(vs: Resource, spec: Manifest, service: Resource) -> Iterator[Problem]:
    for field in spec:
        if field not in _SPEC:
            yield _wrong(vs, f"'spec.{field}' is none of a default route's", ("spec", field))
    if (spec.get("gateways") or ["mesh"]) != ["mesh"]:
        yield _wrong(vs, "'spec.gateways' is wider than the mesh", ("spec", "gateways"))
    if spec.get("exportTo") != list(export_to(service)):
        yield _wrong(vs, f"'spec.exportTo' is not that of '{service.id}'", ("spec", "exportTo"))


def _entries(world: World, vs: Resource, service: Resource) -> Iterator[Problem]:
    """Yields entries that are neither a tenant's nor a port's default, and ports without exactly one default behind tenants'."""
    yield from behind(world, vs, service, world.alignments[vs.id].insertions, routable(service), {})


def behind(
    world: World,
    vs: Resource,
    service: Resource,
    insertions: Sequence[Insertion],
    routable: Sequence[int],
    more: Manifest,
) -> Iterator[Problem]:
    """Yields what is wrong with entries for ports that Istio's default route serves; `more` stands beside the port in matches."""
    defaults: set[int] = set()
    for insertion in insertions:
        path: Path = ("spec", "http", insertion.number)
        entry, name = insertion.entry, f"entry {insertion.number + 1}"
        if insertion.tenant is None:
            port = next((p for p in routable if _is_default(world, vs, entry, service.id, p, more)), None)
            if port is None:
                yield _wrong(
                    vs,
                    f"{name} is neither a tenant's nor the default of an HTTP port",
                    path,
                )
            elif port in defaults:
                yield _wrong(vs, f"{name} is a second default of port {port}", path)
            else:
                defaults.add(port)
            continue
        what = _unfit(entry, routable, defaults, more)
        if what:
            yield _wrong(vs, f"{name} {what}", path)
    for port in routable:
        if port not in defaults:
            yield _wrong(vs, f"port {port} of '{service.id}' has no default", ("spec", "http"))


def _is_default(world: World, vs: Resource, entry: Manifest, service: ResourceId, port: int, more: Manifest) -> bool:
    route = entry.get("route") or [{}]
    host = (route[0].get("destination") or {}).get("host") or ""
    expected = {
        "name": "default",
        "match": [{"port": port, **more}],
        "route": [{"destination": {"host": host, "port": {"number": port}}}],
    }
    return same(entry, expected) and world.service(host, vs.id.namespace) == service


def _unfit(entry: Manifest, routable: Sequence[int], before: Collection[int], more: Manifest) -> str | None:
    """Returns why a tenant's entry may not stand behind the defaults of the ports `before`, or None."""
    for match in entry["match"]:
        if any((match.get(field) or None) != more.get(field) for field in _CLIENT_CONDITIONS):
            return "is for some clients only"
        port = match.get("port")
        if not port:  # istiod would make it answer on port 80 as well, whether the Service has that port or not
            return "names no port"
        if port not in routable:
            return "applies on a port that carries no HTTP"
        if port in before:
            return f"stands behind the default of port {port}"
    return None
