"""Ports that cannot be routed by tenant, and why (rule R-G2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sandlane.base.base import Base
from sandlane.k8s.hosts import service_of
from sandlane.k8s.ports import is_http_alone, number_and_protocol
from sandlane.k8s.resource import ResourceId, at, spec_of
from sandlane.meshes.gateway_api.attached_routes import is_service_kind, parents_of, read_routes, why_ignored
from sandlane.meshes.gateway_api.dialects import GATEWAY, Dialect
from sandlane.meshes.gateway_api.waypoints import heeded
from sandlane.specs.model import Environment

Ports = dict[tuple[ResourceId, tuple[int, str]], str]


def unroutable_ports(environment: Environment, base: Base, dialect: Dialect) -> Ports:
    """Returns the ports of the base's Services that cannot be routed by tenant, each with the reason."""
    found: Ports = {}
    in_the_way = dict(_profiles(environment, base)) if dialect.yields_to_profiles else {}
    kept_off = dict(_inert(base, dialect)) if dialect.reads_by_protocol else {}
    kept_off |= dict(_kept_off(base, dialect)) if dialect.grpc_keeps_off else {}
    for service in base.of("", "Service"):
        ports = spec_of(service.manifest).get("ports") or ()
        namespace = base.namespace(service.id.namespace)
        for port in ports:
            reason = dialect.unroutable(service.manifest, port, namespace) or in_the_way.get(service.id)
            reason = reason or kept_off.get((service.id, port["port"]))
            if reason:
                found[(service.id, number_and_protocol(port))] = reason
    served = _served(base, dialect)
    for service_id, number, route in _l4_routes(base, dialect):
        for service in [base.by_id[service_id]] if service_id in base.by_id else []:
            for port in spec_of(service.manifest).get("ports") or ():
                is_served = any((service_id, n) in served for n in (0, port["port"]))
                if dialect.reads_by_protocol and port.get("appProtocol"):
                    continue  # it reads no such route for a port that says what it is (rule R-L19)
                if number in (0, port["port"]) and not is_served:  # GEP-1294: of several kinds HTTPRoutes count
                    found.setdefault(
                        (service_id, number_and_protocol(port)),
                        f"'{route}' serves it, which an HTTPRoute would switch off",
                    )
    return found


def _profiles(environment: Environment, base: Base) -> Iterator[tuple[ResourceId, str]]:
    """Yields the Services whose ServiceProfile makes Linkerd ignore routes: those with routes or dstOverrides, or a TrafficSplit."""
    for profile in base.of("linkerd.io", "ServiceProfile"):
        spec = spec_of(profile.manifest)
        host = service_of(profile.id.name, profile.id.namespace, environment.cluster.domain)
        if host and "." in profile.id.name and (spec.get("routes") or spec.get("dstOverrides")):
            yield (
                ResourceId("", "Service", host.namespace, host.name),
                f"'{profile.id}' makes Linkerd ignore its routes",
            )
    for split in base.of("split.smi-spec.io", "TrafficSplit"):
        # linkerd-smi makes a ServiceProfile with dstOverrides of it.
        name = str(at(split.manifest, ("spec", "service")) or "")
        host = service_of(name, split.id.namespace, environment.cluster.domain)
        if host:
            service = ResourceId("", "Service", host.namespace, host.name)
            yield service, f"'{split.id}' makes Linkerd ignore its routes"


def _kept_off(base: Base, dialect: Dialect) -> Iterator[tuple[tuple[ResourceId, int], str]]:
    """Yields the ports that GRPCRoutes keep HTTPRoutes off without any effect of their own, since Linkerd ignores them.

    linkerd2: policy-controller/k8s/status/src/index.rs (parent_has_conflicting_routes) looks at their parentRefs alone; where a
    route of the Service's own namespace serves the port by another parentRef, its copies do as well.
    """
    served = _served(base, dialect)
    for route in base.of(GATEWAY, "GRPCRoute"):
        ignored = why_ignored(route, dialect)
        for attached in parents_of(route, dialect) if ignored else ():
            parent = attached.parent
            is_served = any((parent.target, number) in served for number in (0, parent.port))
            if attached.is_service and parent.port and not is_served:
                why = f"'{route.id}' has no effect, since {ignored}, and keeps HTTPRoutes off"
                yield (parent.target, parent.port), why


def _inert(base: Base, dialect: Dialect) -> Iterator[tuple[tuple[ResourceId, int], str]]:
    """Yields the ports that say that they are HTTP and have none but GRPCRoutes of their own, which Linkerd does not read there (R-L19).

    It takes HTTPRoutes alone for them, and none with the parentRef of a GRPCRoute: one for all ports leaves them to an HTTPRoute.
    """
    served = _served(base, dialect, ("HTTPRoute",))
    for route in base.of(GATEWAY, "GRPCRoute"):
        for parent in (attached.parent for attached in parents_of(route, dialect) if attached.is_service):
            service = base.by_id.get(parent.target)
            for port in at(service.manifest, ("spec", "ports")) or () if service else ():
                is_meant = is_http_alone(port) and parent.port == port["port"]
                if is_meant and not any((parent.target, number) in served for number in (0, port["port"])):
                    why = f"'{route.id}' is for it, which has no effect where 'appProtocol' is http"
                    yield (parent.target, port["port"]), why


def _served(
    base: Base, dialect: Dialect, kinds: Collection[str] = ("HTTPRoute", "GRPCRoute")
) -> frozenset[tuple[ResourceId, int]]:
    """Returns the Services and ports (0: all) that have routes of some kinds for every client."""
    found = set()
    for route in (route for route in read_routes(base, dialect) if route.resource.id.kind in kinds):
        for parent in (attached.parent for attached in route.parents if attached.is_service):
            homes = heeded(base, parent.target) if dialect.needs_waypoint else {parent.target.namespace}
            if route.resource.id.namespace in homes:
                found.add((parent.target, parent.port))
    return frozenset(found)


def _l4_routes(base: Base, dialect: Dialect) -> Iterator[tuple[ResourceId, int, ResourceId]]:
    for kind in ("TCPRoute", "TLSRoute"):
        for route in base.of(GATEWAY, kind):
            for reference in spec_of(route.manifest).get("parentRefs") or ():
                group = str(reference.get("group", GATEWAY))
                is_core = (group.lower() if dialect.ignores_case else group) in ("", "core")
                if is_core and is_service_kind(reference.get("kind"), dialect):
                    namespace = reference.get("namespace") or route.id.namespace
                    service = ResourceId("", "Service", namespace, reference.get("name") or "")
                    yield service, reference.get("port") or 0, route.id
