"""What serves a Service in the mesh, and the ports on which nothing does (rules R-I8, R-I9, R-I14 and R-I21).

Of the VirtualServices for a host a sidecar uses the first that has an entry for its port and its own labels: those of its namespace
alone, then those exported to it, then those of all, the oldest first; of those with a wildcard that covers the host, the closest
alone. Where none has one, Istio's default route sends to the Service, and a tenant's entry would be the first: the default is written
out behind it, into the VirtualService that is there, or into a new one, which any that is seen in fewer namespaces goes before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.ports import has_sidecar_listener, is_http, istio_protocol
from sandlane.k8s.resource import Manifest, Resource
from sandlane.k8s.visibility import visibility
from sandlane.meshes.istio.delegates import expanded
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.virtual_service_fields import MESH, hosts, matches_of
from sandlane.plan.optout import is_opted_out
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


@frozen(kw_only=True)
class Standing:
    """How a Service is served in the base's mesh.

    `is_bare`: by nothing, so that it gets a VirtualService of its own. `ports` are those without an entry, `host` what gets entries
    for them.
    """

    is_bare: bool = False
    host: Resource | None = None
    ports: tuple[int, ...] = ()
    problems: tuple[Problem, ...] = ()


def http_ports(service: Manifest) -> list[int]:
    """Returns the numbers of a Service's ports that Istio's sidecars can route by headers."""
    ports = (service.get("spec") or {}).get("ports") or ()
    return [port["port"] for port in ports if is_http(istio_protocol(port)) and has_sidecar_listener(port)]


def standing(view: RouteIndex, service: Resource) -> Standing:
    """Returns how a Service is served in the mesh."""
    seen = visibility(service)
    serving = [vs for vs in view.in_mesh.get(service.id, ()) if _meets(visibility(vs), seen)]
    caught = view.caught_by(service.id)
    if not serving:
        wild = [vs for vs in caught if _meets(visibility(vs), seen)]
        if not wild and caught:
            return Standing(problems=(_hidden_wildcard(caught[0], service),))
        if not wild:
            return Standing(is_bare=True)
        serving = view.closest(service.id, wild)
    by_port = {port: _coverage(view.base, serving, seen, port) for port in http_ports(service.manifest)}
    missing = tuple(port for port, found in by_port.items() if found == "none")
    problems = [_split(serving[0], service, port) for port, found in by_port.items() if found == "some"]
    own = [vs for vs in serving if not is_opted_out(vs)]
    if missing and not own:
        return Standing(problems=tuple(problems))
    host = next((vs for vs in own if _is_its_own(view, vs, service) and _covers(visibility(vs), seen)), None)
    if missing and host is None:
        problems += [_several_hosts(serving[0], service, port) for port in missing]
    return Standing(host=host, ports=missing if host else (), problems=tuple(problems))


def _meets(scope: frozenset[str], seen: frozenset[str]) -> bool:
    """Tells whether an object is in force where a Service is seen by all; else wherever the two meet."""
    return "*" in scope or ("*" not in seen and bool(scope & seen))


def _covers(scope: frozenset[str], seen: frozenset[str]) -> bool:
    return "*" in scope or seen <= scope


def _is_its_own(view: RouteIndex, vs: Resource, service: Resource) -> bool:
    own = hosts(vs.manifest)
    return len(own) == 1 and view.service(own[0], vs.id.namespace) == service.id


def _coverage(base: Base, serving: Sequence[Resource], seen: frozenset[str], port: int) -> str:
    """Tells whether all clients, some or none meet an entry on a port."""
    found = {who if _covers(visibility(vs), seen) else "some" for vs in serving for who in clients(base, vs, port)}
    return "all" if "all" in found else "some" if found else "none"


def clients(base: Base, vs: Resource, port: int) -> Iterator[str]:
    """Yields for each match that can apply in the mesh on a port whether it does for all clients or some."""
    for _, entry, root in expanded(base, vs):
        for match in matches_of(entry):
            for above in matches_of(root or {}):
                stands = [_client(part, port) for part in (match, above)]
                if None not in stands:
                    yield "some" if "some" in stands else "all"


def _client(match: Manifest, port: int) -> str | None:
    bound = match.get("gateways")
    if (bound and MESH not in bound) or match.get("port") not in (None, port):
        return None
    # With gateways of its own a match ignores its sourceLabels and sourceNamespace.
    return "some" if not bound and (match.get("sourceLabels") or match.get("sourceNamespace")) else "all"


def _split(vs: Resource, service: Resource, port: int) -> Problem:
    return report("SL431", source=vs.source, path=("spec", "http"), object=str(vs.id), service=service.id, port=port)


def _several_hosts(vs: Resource, service: Resource, port: int) -> Problem:
    return report("SL432", source=vs.source, path=("spec", "hosts"), object=str(vs.id), service=service.id, port=port)


def _hidden_wildcard(vs: Resource, service: Resource) -> Problem:
    return report("SL433", source=vs.source, path=("spec", "exportTo"), object=str(vs.id), service=service.id)
