"""What routing decisions are compiled from: the objects of a base or of a base with output, indexed once.

The registry holds the hosts that a mesh knows: Services, and for Istio the hosts of ServiceEntries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from sandlane.base.base import Base, make_base
from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost, covers
from sandlane.k8s.linkerd_routes import is_service
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.semantics.gateway_pods import GatewayPods, gateway_pods
from sandlane.semantics.istio_matches import gateway_name
from sandlane.semantics.request import bare

ISTIO = "networking.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"
PUBLIC = frozenset({"*"})


@frozen(kw_only=True)
class Host:
    """A host of the registry, with its ports by number. `exported` are namespaces that see it, or `*`."""

    name: str
    resource: Resource
    ports: Mapping[int, Manifest]
    exported: frozenset[str] = PUBLIC

    @property
    def is_headless(self) -> bool:
        """Whether it is a Service without an address of its own."""
        return self.is_service and self.spec.get("clusterIP") == "None"

    @property
    def is_service(self) -> bool:
        """Whether it is a Service, and no host of a ServiceEntry."""
        return (self.resource.id.group, self.resource.id.kind) == ("", "Service")

    @property
    def is_external(self) -> bool:
        """Whether it is a Service of type ExternalName: a name for another host."""
        return self.is_service and self.spec.get("type") == "ExternalName"

    @property
    def external_name(self) -> str:
        """The host that an ExternalName Service means."""
        return str(self.spec.get("externalName") or "")

    @property
    def spec(self) -> Manifest:
        """The spec of its object."""
        return spec_of(self.resource.manifest)

    def is_seen(self, namespace: str) -> bool:
        """Tells whether clients of a namespace see it."""
        return bool(self.exported & {"*", namespace})


@frozen(kw_only=True)
class Network:
    """A base, the mesh that reads it (`spec.mesh`), the cluster's domain and the mesh's root namespace.

    `has_waypoints`: Services of which manifests show no waypoint are taken to have one in their own namespace.
    `attached`: parent -> routes with the parentRef that names it. `destination_rules`: namespace -> host, or pattern of hosts, in
    lower case -> DestinationRules, patterns first. `gateway_pods`: Istio's Gateway -> the pods that serve it; `source_namespaces` are
    those in which routes ask whether such pods are. `bound`: Istio's Gateway (`namespace/name`) -> host -> VirtualServices, and
    `named`: Gateway of the Gateway API -> host ('' for all) -> numbers of its `attached`: hosts as written, in lower case.
    """

    base: Base
    mesh: str
    domain: str
    root: str
    hosts: Mapping[str, Host]
    has_waypoints: bool = False
    attached: Mapping[ResourceId, tuple[tuple[Resource, Manifest], ...]] = field(default_factory=dict)
    destination_rules: Mapping[str, Mapping[str, tuple[Resource, ...]]] = field(default_factory=dict)
    gateway_pods: Mapping[ResourceId, tuple[GatewayPods, ...]] = field(default_factory=dict)
    source_namespaces: tuple[str, ...] = ()
    bound: Mapping[str, Mapping[str, Sequence[Resource]]] = field(default_factory=dict)
    named: Mapping[ResourceId, Mapping[str, Sequence[int]]] = field(default_factory=dict)

    @property
    def is_istio(self) -> bool:
        """Tells whether the mesh is Istio's, with sidecars or without."""
        return self.mesh.startswith("istio")

    def full(self, host: str, namespace: str) -> str:
        """Returns the full name of a host in an object of a namespace: one with a dot is literal (rule R-I1)."""
        return full_host(host, namespace, self.domain)

    def meant(self, authority: str, namespace: str) -> str:
        """Returns the host that a client of a namespace means, as DNS completes it; others as they are."""
        host = bare(authority)
        for end in (f".{namespace}.svc.{self.domain}", f".svc.{self.domain}", f".{self.domain}", ""):
            if host + end in self.hosts:
                return host + end
        for end in (f".{namespace}.svc.{self.domain}", f".svc.{self.domain}", f".{self.domain}", ""):
            parent = self.hosts.get((host + end).partition(".")[2])
            if parent and parent.is_headless:  # the name of one pod, web-0.web
                return parent.name
        return host

    def concrete(self, name: str) -> str:
        """Returns the host that answers to a name: what an ExternalName Service means in the end; names in a circle mean themselves.

        Istio: pilot/pkg/model/push_context.go, resolveServiceAliases.
        """
        seen = [name]
        while (host := self.hosts.get(seen[-1])) and host.is_external and host.external_name not in seen:
            seen.append(host.external_name)
        return name if host and host.is_external else seen[-1]


def full_host(host: str, namespace: str, domain: str) -> str:
    """Returns the full name of a host in an object of a namespace: one with a dot is literal (rule R-I1)."""
    return host if "." in host or "*" in host else ServiceHost(namespace, host).fqdn(domain)


def make_network(base: Base, *, mesh: str, domain: str, root: str, has_waypoints: bool = False) -> Network:
    """Indexes the objects of a base."""
    hosts = {host.name: host for host in (*_entries(base), *_services(base, domain))}
    attached = _attached(base, mesh)
    return Network(
        base=base, mesh=mesh, domain=domain, root=root, hosts=hosts, has_waypoints=has_waypoints,
        attached=attached, destination_rules=_destination_rules(base, domain), gateway_pods=gateway_pods(base),
        source_namespaces=tuple(sorted(set(_source_namespaces(base)))), bound=_bound(base, domain), named=_named(attached),
    )  # fmt: skip


def _bound(base: Base, domain: str) -> dict[str, dict[str, list[Resource]]]:
    found: dict[str, dict[str, list[Resource]]] = {}
    for vs in base.of(ISTIO, "VirtualService"):
        spec = spec_of(vs.manifest)
        for gateway in dict.fromkeys(gateway_name(name, vs.id.namespace) for name in spec.get("gateways") or ()):
            by_host = found.setdefault(gateway, {})
            for host in dict.fromkeys(
                full_host(str(h), vs.id.namespace, domain).lower() for h in spec.get("hosts") or ()
            ):
                by_host.setdefault(host, []).append(vs)
    return found


def _named(
    attached: Mapping[ResourceId, Sequence[tuple[Resource, Manifest]]],
) -> dict[ResourceId, dict[str, list[int]]]:
    found: dict[ResourceId, dict[str, list[int]]] = {}
    for parent in (parent for parent in attached if parent.kind == "Gateway"):
        by_host = found.setdefault(parent, {})
        for number, (route, _) in enumerate(attached[parent]):
            for host in dict.fromkeys(str(name).lower() for name in spec_of(route.manifest).get("hostnames") or ("",)):
                by_host.setdefault(host, []).append(number)
    return found


def patterns_of(host: str) -> list[str]:
    """Returns a host and all patterns that may cover it."""
    return [host, *(f"*{host[start:]}" for start in range(len(host) + 1))]


def _source_namespaces(base: Base) -> Iterator[str]:
    """Yields the `sourceNamespace` of matches for gateways; where a match names its gateways, Istio does not look at it."""
    for vs in base.of(ISTIO, "VirtualService"):
        spec = spec_of(vs.manifest)
        is_delegate, names = not spec.get("hosts"), spec.get("gateways") or ("mesh",)
        for entry in (spec.get("http") or ()) if is_delegate or any(name != "mesh" for name in names) else ():
            for match in entry.get("match") or ():
                if match and match.get("sourceNamespace") and not match.get("gateways"):
                    yield str(match["sourceNamespace"])


_ROUTES = ((GATEWAY_API, "HTTPRoute"), (GATEWAY_API, "GRPCRoute"), ("policy.linkerd.io", "HTTPRoute"),
           (GATEWAY_API, "TLSRoute"), (GATEWAY_API, "TCPRoute"))  # fmt: skip


def _attached(base: Base, mesh: str) -> dict[ResourceId, tuple[tuple[Resource, Manifest], ...]]:
    """Returns the routes by the parents that they name: group and kind default to Gateway, the namespace to the route's."""
    found: dict[ResourceId, list[tuple[Resource, Manifest]]] = {}
    for group, kind in _ROUTES:
        for route in base.of(group, kind):
            for reference in (route.manifest.get("spec") or {}).get("parentRefs") or ():
                found.setdefault(parent_of(reference, route.id.namespace, mesh), []).append((route, reference))
    return {parent: tuple(routes) for parent, routes in found.items()}


def parent_of(reference: Manifest, namespace: str, mesh: str) -> ResourceId:
    """Returns what a parentRef of a route in a namespace means."""
    group = GATEWAY_API if reference.get("group") is None else reference["group"]
    kind = reference.get("kind") or "Gateway"
    if is_service(group, kind) if mesh == "linkerd" else (group == "core" and kind == "Service"):
        group, kind = "", "Service"  # Linkerd and Istio take both for the core group; Linkerd ignores case (rule R-L6)
    return ResourceId(str(group), str(kind), reference.get("namespace") or namespace, str(reference.get("name")))


def _destination_rules(base: Base, domain: str) -> dict[str, dict[str, tuple[Resource, ...]]]:
    found: dict[str, dict[str, tuple[Resource, ...]]] = {}
    for rule in base.of(ISTIO, "DestinationRule"):
        host = full_host(str(spec_of(rule.manifest).get("host", "")), rule.id.namespace, domain).lower()
        own = found.setdefault(rule.id.namespace, {})
        own[host] = (*own.get(host, ()), rule)
    return {namespace: dict(sorted(own.items())) for namespace, own in found.items()}


def overlaid(base: Base, output: Iterable[Resource]) -> Base:
    """Returns a base with the objects of an output in it: those of equal id take the places of the base's."""
    objects = {**base.by_id, **{resource.id: resource for resource in output}}.values()
    return make_base(objects, base.export_defaults, base.unseen_namespace)


def _services(base: Base, domain: str) -> Iterator[Host]:
    for service in base.of("", "Service"):
        yield Host(
            name=ServiceHost(service.id.namespace, service.id.name).fqdn(domain),
            resource=service,
            ports=_numbered((service.manifest.get("spec") or {}).get("ports"), "port"),
            exported=visibility(service),
        )


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


def most_specific(patterns: Iterable[str], host: str) -> str | None:
    """Returns the pattern that covers a host most closely: itself, else the longest wildcard; None where none does."""
    covering = [pattern for pattern in patterns if covers(pattern, host)]
    return max(covering, key=closeness, default=None)


def closeness(pattern: str) -> tuple[bool, int]:
    """Ranks patterns that cover one host: literal ones first, then by length."""
    return not pattern.startswith("*"), len(pattern)
