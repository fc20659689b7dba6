"""Objects as routing decisions read them: hosts, VirtualServices, routes with what they are attached to, and gateways' pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import labels_of_pods, with_pods
from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost, gateway_name
from sandlane.k8s.linkerd_routes import is_service
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.selectors import from_map, matches
from sandlane.k8s.visibility import visibility
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.semantics.istio_matches import MESH

ISTIO = "networking.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"
GRPC_ROUTE = (GATEWAY_API, "GRPCRoute")
ROUTES = ((GATEWAY_API, "HTTPRoute"), GRPC_ROUTE)
LINKERD_ROUTES = (*ROUTES, ("policy.linkerd.io", "HTTPRoute"))
L4_ROUTES = ((GATEWAY_API, "TLSRoute"), (GATEWAY_API, "TCPRoute"))


@frozen(kw_only=True)
class _Exported:
    """What Istio shows to some namespaces: `exported` are these, or `*`."""

    exported: frozenset[str]

    def is_seen(self, namespace: str) -> bool:
        """Tells whether clients of a namespace see it."""
        return not self.exported.isdisjoint(("*", namespace))


@frozen(kw_only=True)
class Host(_Exported):
    """A host of the registry, with its ports by number.

    Where it is no Service it is one of a ServiceEntry. A headless Service has no address of its own; an external one, of type
    ExternalName, is a name for the host `external_name`.
    """

    name: str
    resource: Resource
    ports: Mapping[int, Manifest]
    is_service: bool = False
    is_headless: bool = False
    is_external: bool = False
    external_name: str = ""


@frozen(kw_only=True)
class VirtualService(_Exported):
    """A VirtualService with the full names of its gateways and hosts (as written, in lower case).

    `matches` are those of all its http entries; of an entry without any, the one that all requests meet.
    """

    resource: Resource
    namespace: str
    spec: Manifest
    gateways: frozenset[str]
    hosts: tuple[str, ...]
    matches: tuple[Manifest, ...]


@frozen(kw_only=True)
class Attached:
    """A route and one parentRef of it. Where `port` is None it means all; `hostnames` are in lower case."""

    route: Resource
    kind: GroupKind
    namespace: str
    hostnames: tuple[str, ...]
    parent: Manifest
    port: int | None


def full_host(host: str, namespace: str, domain: str) -> str:
    """Returns the full name of a host in an object of a namespace: one with a dot is literal (rule R-I1)."""
    return host if "." in host or "*" in host else ServiceHost(namespace, host).fqdn(domain)


def virtual_services(base: Base, domain: str) -> Iterator[VirtualService]:
    """Yields VirtualServices as proxies read them: one that names no gateways is for the mesh."""
    for vs in base.of(ISTIO, "VirtualService"):
        spec, home = spec_of(vs.manifest), vs.id.namespace
        gateways = frozenset(gateway_name(str(name), home) for name in spec.get("gateways") or (MESH,))
        hosts = tuple(full_host(str(host), home, domain).lower() for host in spec.get("hosts") or ())
        matches = (match or {} for entry in spec.get("http") or () for match in entry.get("match") or (None,))
        yield VirtualService(
            resource=vs, namespace=home, spec=spec, gateways=gateways, hosts=hosts, matches=tuple(matches),
            exported=visibility(vs),
        )  # fmt: skip


def hosts_of(base: Base, domain: str) -> dict[str, Host]:
    """Returns the registry: Services, and for Istio the hosts of ServiceEntries."""
    return {host.name: host for host in (*_entries(base), *_services(base, domain))}


def _services(base: Base, domain: str) -> Iterator[Host]:
    for service in base.of("", "Service"):
        spec = spec_of(service.manifest)
        yield Host(
            name=ServiceHost(service.id.namespace, service.id.name).fqdn(domain),
            resource=service, ports=_numbered(spec.get("ports"), "port"), exported=visibility(service),
            is_service=True, is_headless=spec.get("clusterIP") == "None", is_external=spec.get("type") == "ExternalName",
            external_name=str(spec.get("externalName") or ""),
        )  # fmt: skip


def _entries(base: Base) -> Iterator[Host]:
    for entry in base.of(ISTIO, "ServiceEntry"):
        spec = spec_of(entry.manifest)
        # A ServiceEntry's port says its protocol where a Service's says it with its name.
        ports = [{**port, "protocol": "TCP", "appProtocol": str(port.get("protocol", "")).lower()}
                 for port in spec.get("ports") or ()]  # fmt: skip
        for name in spec.get("hosts") or ():
            yield Host(
                name=str(name).lower(), resource=entry, ports=_numbered(ports, "number"), exported=visibility(entry)
            )


def _numbered(ports: Any, field: str) -> dict[int, Manifest]:
    """Returns ports by number; one number may stand for UDP and for TCP, by which requests come."""
    listed = sorted(ports or (), key=lambda port: str(port.get("protocol") or "TCP").upper() == "TCP")
    return {port[field]: port for port in listed if isinstance(port.get(field), int)}


def attached(base: Base, mesh: str) -> dict[ResourceId, list[Attached]]:
    """Returns the routes by the parents that they name: group and kind default to Gateway, the namespace to the route's."""
    found: dict[ResourceId, list[Attached]] = {}
    for kind, route in ((each, route) for each in (*LINKERD_ROUTES, *L4_ROUTES) for route in base.of(*each)):
        spec, home = spec_of(route.manifest), route.id.namespace
        names = tuple(str(name).lower() for name in spec.get("hostnames") or ())
        for parent in spec.get("parentRefs") or ():
            port: int | None = parent.get("port")
            one = Attached(route=route, kind=kind, namespace=home, hostnames=names, parent=parent, port=port)
            found.setdefault(parent_of(parent, home, mesh), []).append(one)
    return found


def parent_of(reference: Manifest, namespace: str, mesh: str) -> ResourceId:
    """Returns what a parentRef of a route in a namespace means."""
    group = GATEWAY_API if reference.get("group") is None else reference["group"]
    kind = reference.get("kind") or "Gateway"
    if is_service(group, kind) if mesh == "linkerd" else (group == "core" and kind == "Service"):
        group, kind = "", "Service"  # Linkerd and Istio take both for the core group; Linkerd ignores case (rule R-L6)
    return ResourceId(str(group), str(kind), reference.get("namespace") or namespace, str(reference.get("name")))


def destination_rules(base: Base, domain: str) -> dict[str, dict[str, list[Resource]]]:
    """Returns DestinationRules by namespace and host, or pattern of hosts, in lower case; patterns come first."""
    found: dict[str, dict[str, list[Resource]]] = {}
    for rule in base.of(ISTIO, "DestinationRule"):
        host = full_host(str(spec_of(rule.manifest).get("host", "")), rule.id.namespace, domain).lower()
        found.setdefault(rule.id.namespace, {}).setdefault(host, []).append(rule)
    return {namespace: dict(sorted(own.items())) for namespace, own in found.items()}


@frozen(kw_only=True)
class GatewayPods:
    """Pods that serve Gateways: all that they serve, in the order in which Istio reads those of one age.

    `workload` is what runs them; None where the base does not have them. `namespace` is theirs, from which VirtualServices, Services
    and DestinationRules are looked at, and which may be any; where it is not known, ''.
    """

    gateways: tuple[Resource, ...]
    workload: ResourceId | None = None
    namespace: str = ""


def gateway_pods(base: Base) -> dict[ResourceId, tuple[GatewayPods, ...]]:
    """Returns the pods that serve each Gateway: one for every workload that does, else those that may exist.

    A proxy merges all Gateways whose selectors its labels meet (S14, rule R-I12). Where the base has no pods of a Gateway, those with
    both labels of two Gateways may exist. Istio: pilot/pkg/model/push_context.go (mergeGateways).
    """
    gateways = sorted(base.of(ISTIO, "Gateway"), key=lambda gateway: (gateway.id.name, gateway.id.namespace))
    selectors: dict[ResourceId, Manifest] = {g.id: spec_of(g.manifest).get("selector") or {} for g in gateways}
    found: dict[ResourceId, list[GatewayPods]] = {gateway.id: [] for gateway in gateways}
    for workload in with_pods(base) if gateways else ():
        labels = labels_of_pods(workload)
        named = [g for g in gateways if selectors[g.id] and matches(from_map(selectors[g.id]), labels)]
        served = [gateway for gateway in gateways if gateway in named or not selectors[gateway.id]] if named else []
        for gateway in served:
            pods = GatewayPods(gateways=tuple(served), workload=workload.id, namespace=workload.id.namespace)
            found[gateway.id].append(pods)
    missing = [gateway for gateway in gateways if not found[gateway.id]]
    for group in _compatible([selectors[gateway.id] for gateway in missing]):
        served = [missing[number] for number in group]
        for gateway in served:
            found[gateway.id].append(GatewayPods(gateways=tuple(served)))
    return {id: tuple(pods) for id, pods in found.items()}


def _compatible(selectors: Sequence[Mapping[str, str]]) -> list[tuple[int, ...]]:
    """Returns the largest sets of selectors (as numbers) that one pod can meet: no two of them ask for different values of a key."""
    found: set[tuple[int, ...]] = {()}
    for number, selector in enumerate(selectors):
        for group in list(found):
            fitting = tuple(n for n in group if _agree(selectors[n], selector))
            if fitting == group:
                found.discard(group)
            found.add((*fitting, number))
    return sorted(group for group in found if group and not any(set(group) < set(other) for other in found))


def _agree(one: Mapping[str, str], two: Mapping[str, str]) -> bool:
    return all(two.get(key, value) == value for key, value in one.items())
