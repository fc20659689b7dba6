"""What routing decisions are compiled from: the objects of a base or of a base with output, indexed once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product

from sandlane.base.base import Base, make_base
from sandlane.frozen import frozen
from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.semantics.istio_matches import MESH
from sandlane.semantics.objects import (
    Attached,
    GatewayPods,
    Host,
    VirtualService,
    attached,
    destination_rules,
    full_host,
    gateway_pods,
    hosts_of,
    virtual_services,
)
from sandlane.semantics.request import bare


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
    has_waypoints: bool
    virtual_services: Sequence[VirtualService]
    attached: Mapping[ResourceId, Sequence[Attached]]
    destination_rules: Mapping[str, Mapping[str, Sequence[Resource]]]
    gateway_pods: Mapping[ResourceId, Sequence[GatewayPods]]
    source_namespaces: Sequence[str]
    bound: Mapping[str, Mapping[str, Sequence[VirtualService]]]
    named: Mapping[ResourceId, Mapping[str, Sequence[int]]]

    @property
    def is_istio(self) -> bool:
        """Tells whether the mesh is Istio's, with sidecars or without."""
        return self.mesh.startswith("istio")

    def routes(self, kinds: Collection[GroupKind], parent: ResourceId, port: int | None = None) -> list[Attached]:
        """Returns the routes of some kinds whose parentRefs name an object; where a port is given, those for it."""
        found = self.attached.get(parent, ())
        return [a for a in found if a.kind in kinds and (port is None or a.port in (None, port))]

    def in_mesh(self, namespace: str) -> list[VirtualService]:
        """Returns the VirtualServices for proxies of the mesh that a namespace sees."""
        return [vs for vs in self.virtual_services if MESH in vs.gateways and vs.is_seen(namespace)]

    def full(self, host: str, namespace: str) -> str:
        """Returns the full name of a host in an object of a namespace: one with a dot is literal (rule R-I1)."""
        return full_host(host, namespace, self.domain)

    def meant(self, authority: str, namespace: str) -> str:
        """Returns the host that a client of a namespace means, as DNS completes it; others as they are."""
        host = bare(authority)
        ends = (f".{namespace}.svc.{self.domain}", f".svc.{self.domain}", f".{self.domain}", "")
        for end in ends:
            if host + end in self.hosts:
                return host + end
        for end in ends:
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

    def dialled(self, authority: str, namespace: str) -> Host | None:
        """Returns the host that answers to what a client of a namespace names, if the mesh knows it."""
        return self.hosts.get(self.concrete(self.meant(authority, namespace)))


def make_network(base: Base, *, mesh: str, domain: str, root: str, has_waypoints: bool = False) -> Network:
    """Indexes the objects of a base."""
    found = tuple(virtual_services(base, domain))
    bound: dict[str, dict[str, list[VirtualService]]] = {}
    for vs in found:
        for gateway, host in product(vs.gateways, dict.fromkeys(vs.hosts)):
            bound.setdefault(gateway, {}).setdefault(host, []).append(vs)
    routes = attached(base, mesh)
    named: dict[ResourceId, dict[str, list[int]]] = {}
    for parent in (parent for parent in routes if parent.kind == "Gateway"):
        for number, route in enumerate(routes[parent]):
            for host in dict.fromkeys(route.hostnames or ("",)):
                named.setdefault(parent, {}).setdefault(host, []).append(number)
    return Network(
        base=base, mesh=mesh, domain=domain, root=root, has_waypoints=has_waypoints,
        hosts=hosts_of(base, domain), virtual_services=found, attached=routes, bound=bound, named=named,
        destination_rules=destination_rules(base, domain), gateway_pods=gateway_pods(base),
        source_namespaces=sorted(_source_namespaces(found)),
    )  # fmt: skip


def patterns_of(host: str) -> list[str]:
    """Returns a host and all patterns that may cover it."""
    return [host, *(f"*{host[start:]}" for start in range(len(host) + 1))]


def _source_namespaces(found: Iterable[VirtualService]) -> set[str]:
    """Returns the `sourceNamespace` of matches for gateways; where a match names its gateways, Istio does not look at it."""
    matches = (match for vs in found if not vs.hosts or vs.gateways != {MESH} for match in vs.matches)
    return {str(m["sourceNamespace"]) for m in matches if m.get("sourceNamespace") and not m.get("gateways")}


def overlaid(base: Base, output: Iterable[Resource]) -> Base:
    """Returns a base with the objects of an output in it: those of equal id take the places of the base's."""
    objects = {**base.by_id, **{resource.id: resource for resource in output}}.values()
    return make_base(objects, base.export_defaults, base.unseen_namespace)


def most_specific(patterns: Iterable[str], host: str) -> str | None:
    """Returns the pattern that covers a host most closely: itself, else the longest wildcard; None where none does."""
    covering = [pattern for pattern in patterns if covers(pattern, host)]
    return max(covering, key=closeness, default=None)


def closeness(pattern: str) -> tuple[bool, int]:
    """Ranks patterns that cover one host: literal ones first, then by length."""
    return not pattern.startswith("*"), len(pattern)
