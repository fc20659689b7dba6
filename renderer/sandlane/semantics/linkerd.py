"""What Linkerd makes of requests to a Service (S19 to S24, S26): policy routes, ServiceProfiles, protocols.

linkerd2: policy-controller/k8s/index/src/outbound and grpc/src/outbound; linkerd2-proxy: app/outbound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sandlane.k8s.linkerd_routes import unconvertible, unknown_filter
from sandlane.k8s.ports import is_http_alone, linkerd_unroutable
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.semantics.gateway_api import (
    Reading,
    compiled,
    plain,
    rules_of,
    without_group,
)
from sandlane.semantics.gateway_api_matches import LINKERD, host_rank
from sandlane.semantics.network import Network
from sandlane.semantics.objects import GRPC_ROUTE, L4_ROUTES, LINKERD_ROUTES, Attached, Host
from sandlane.semantics.outcomes import L4, Destination, Forward, NotFound, Origin, Outcome, Unknown
from sandlane.semantics.request import Address, bare
from sandlane.semantics.tables import Table


def tables_of(network: Network, address: Address, host: Host) -> tuple[Table, ...]:
    """Returns the rules of a meshed client for the Service that it connects to; Linkerd goes by its address, not by the authority."""
    default = Forward(destinations=(Destination(host=host.name, port=address.port),))
    if host.is_headless or not host.is_service:
        what = "headless" if host.is_headless else "no Service with an address"
        return (_only(default, f"'{host.name}' is {what}, so no route applies to it"),)
    why_not = linkerd_unroutable(
        host.resource.manifest, host.ports[address.port], network.base.namespace(host.resource.id.namespace)
    )
    if why_not:
        return (_only(L4(host.name, address.port), f"port {address.port} of '{host.name}': {why_not}"),)
    profiled = _profiled(network, address, host, default)
    return (profiled or _routed(network, address, host, default),)


def _only(outcome: Outcome, *notes: str) -> Table:
    return Table(otherwise=outcome, modes=LINKERD.modes, notes=notes)


def _routed(network: Network, address: Address, host: Host, default: Forward) -> Table:
    parent, port = host.resource.id, host.ports[address.port]
    live, notes = _live(network.routes(LINKERD_ROUTES, parent, address.port), address, parent)
    notes += without_group(network, LINKERD_ROUTES, parent)
    grpc = [a for a in live if a.kind == GRPC_ROUTE]
    is_called = grpc and not is_http_alone(port)
    chosen = grpc if is_called else [a for a in live if a not in grpc]
    if not chosen:
        # The default route, unless TLSRoutes or TCPRoutes stand there.
        other = () if port.get("appProtocol") else network.routes(L4_ROUTES, parent, address.port)
        why = [f"'{a.route.id}' routes connections, which is not modelled" for a in other]
        return _only(Unknown(why[0]) if why else default, *notes)
    notes += [
        f"a match of '{a.route.id}' has no method: proxies before Linkerd 2.21 fail every request to the Service"
        for a in (chosen if is_called else ())
        if any(not match.get("method") for rule in rules_of(a.route) for match in rule.get("matches") or ())
    ]  # rule R-L1
    send, authority = partial(_send, network), bare(address.authority)
    reading = Reading(network=network, order=LINKERD, send=send, default=default, home=parent.namespace)
    rules = [
        rule
        for a in chosen
        if (rank := host_rank(a.hostnames, authority)) is not None
        for rule in compiled(reading, a, above=rank)
    ]
    return Table(rules=tuple(rules), otherwise=NotFound(), modes=LINKERD.modes, notes=tuple(notes))


def _live(found: Sequence[Attached], address: Address, parent: ResourceId) -> tuple[list[Attached], list[str]]:
    """Returns the routes that are accepted and for the client, and why others are not."""
    taken = {a.port for a in found if a.kind == GRPC_ROUTE}
    live, notes = [], []
    for each in (a for a in found if a.namespace in (parent.namespace, address.client.namespace)):
        why = unheeded(each.route)
        if why:
            notes.append(f"'{each.route.id}' has no effect: {why}")
        elif each.route.id.kind == "HTTPRoute" and each.port in taken:
            notes.append(f"'{each.route.id}' is not accepted: a GRPCRoute has the same parentRef")
        else:
            live.append(each)
    return live, notes


def unheeded(route: Resource) -> str:
    """Returns why Linkerd ignores a route as a whole (rules R-L5 and R-L11), or ''."""
    unknown = next((name for rule in rules_of(route) if (name := unknown_filter(rule))), None)
    why = unconvertible(route.manifest)
    if unknown:
        return f"Linkerd does not know its filter {unknown}"
    return f"Linkerd cannot read it: {why}" if why else ""


def _send(network: Network, host: str, port: int, weight: int, filters: Any) -> Destination:
    """Returns a destination: a filter that Linkerd does not know fails its backend (rule R-L5).

    A Service without the port is a load balancer without endpoints, which ends in 504 (rule R-L15).
    """
    made, known = plain(network, host, port, weight, filters), network.hosts.get(host)
    name = unknown_filter({"filters": filters}) if filters else None
    if name:
        return replace(made, failure=f"500: Linkerd does not know the filter {name} of a backendRef")
    is_absent = known is not None and known.is_service and port not in known.ports
    return replace(made, failure=f"504: '{host}' has no port {port}") if is_absent else made


def _profiled(network: Network, address: Address, host: Host, default: Forward) -> Table | None:
    """Returns the table of a ServiceProfile that overrides the routes of a Service, if one does (S21)."""
    for namespace in (address.client.namespace, host.resource.id.namespace):
        profile = network.base.by_id.get(ResourceId("linkerd.io", "ServiceProfile", namespace, host.name))
        if profile:
            spec = spec_of(profile.manifest)
            if not (spec.get("routes") or spec.get("dstOverrides")):
                return None  # one of the client's namespace hides the Service's own all the same (rule R-L18)
            note = f"'{profile.id}' overrides every route of '{host.name}'"
            origin = Origin(resource=profile, path=("spec",))
            return replace(_only(_overridden(address, spec, default), note), origin=origin)
    return None


def _overridden(address: Address, spec: Manifest, default: Forward) -> Outcome:
    overrides, destinations = spec.get("dstOverrides") or (), []
    for each in overrides:
        host, _, port = str(each.get("authority", "")).partition(":")
        weight = str(each.get("weight", "1"))
        if not weight.isdigit() or (port and not port.isdigit()):
            return Unknown("weights of dstOverrides that are no whole numbers are not modelled")
        if int(weight):
            share = int(weight) if len(overrides) > 1 else 1
            destinations.append(Destination(host=bare(host), port=int(port or address.port), weight=share))
    return Forward(destinations=tuple(destinations)) if destinations else default
