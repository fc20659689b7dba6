"""Routes of Services in meshes of the Gateway API: the specification's order, and Istio's merging of them (S18, S20).

Istio makes one VirtualService of all routes of a namespace with one form of parentRef (with a port, or without) for a host;
sidecars use the first of those, as of any VirtualServices (pilot/pkg/config/kube/gateway/route_collections.go).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sandlane.k8s.ports import plain_other
from sandlane.semantics.gateway_api import Reading, compiled, plain, without_group
from sandlane.semantics.gateway_api_matches import ISTIO_ORDER, SPEC
from sandlane.semantics.istio_matches import Proxy
from sandlane.semantics.istio_rules import destination
from sandlane.semantics.network import Network
from sandlane.semantics.objects import GRPC_ROUTE, L4_ROUTES, ROUTES, Attached, Host
from sandlane.semantics.outcomes import L4, Destination, Forward, NoCluster, NotFound, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Rule, Table

NO_BACKENDS = NoCluster("500: the rule has no backendRefs")


def tables_of(network: Network, address: Address, host: Host) -> tuple[Table, ...]:
    """Returns the rules of a meshed client for a Service, in a mesh of which nothing but the Gateway API is known."""
    default = Forward(destinations=(Destination(host=host.name, port=address.port),))
    routes = network.routes(ROUTES, host.resource.id, address.port)
    notes = without_group(network, ROUTES, host.resource.id)
    other = network.routes(L4_ROUTES, host.resource.id, address.port)
    if not routes and other:
        return (Table(otherwise=Unknown(f"'{other[0].route.id}' routes connections, which is not modelled")),)
    # A client namespace's own routes, else the Service's (GEP-1294).
    own = [a for a in routes if a.namespace == address.client.namespace]
    chosen = own or [a for a in routes if a.namespace == host.resource.id.namespace]
    if not chosen:
        outcome = L4(host.name, address.port) if not routes and plain_other(host.ports[address.port]) else default
        return (Table(otherwise=outcome, notes=tuple(notes)),)
    grpc = [a for a in chosen if a.kind == GRPC_ROUTE]
    notes += [f"'{a.route.id}' is not accepted: '{grpc[0].route.id}' is for the same port" for a in chosen
             if grpc and a not in grpc]  # fmt: skip
    reading = Reading(network=network, order=SPEC, send=partial(plain, network), default=NO_BACKENDS)
    rules = tuple(rule for a in grpc or chosen for rule in compiled(reading, a))
    return expressions(Table(rules=rules, otherwise=NotFound(), notes=tuple(notes)))


def expressions(table: Table, *, at: int = 0) -> tuple[Table, ...]:
    """Returns the tables of both readings of the specification, which leaves open where regular expressions of paths rank.

    `at` is the place of a path's type in the ranks.
    """
    if not any(rule.rank[at] == 0 and _is_expression(rule) for rule in table.rules):
        return (table,)
    first = tuple(
        replace(rule, rank=(*rule.rank[:at], 3, *rule.rank[at + 1 :])) if _is_expression(rule) else rule
        for rule in table.rules
    )
    return (
        replace(table, when="if regular expressions of paths rank last"),
        replace(table, rules=first, when="if regular expressions of paths rank first"),
    )


def _is_expression(rule: Rule) -> bool:
    is_http_route = rule.origin.resource.id.kind == "HTTPRoute"
    return is_http_route and any(atom.subject == "path" and atom.text.kind == "regex" for atom in rule.predicate)


def candidates(network: Network, proxy: Proxy, host: Host) -> list[tuple[Rule, ...]]:
    """Returns the rules of each VirtualService that Istio makes of routes of a Service, for a client: its own namespace's come first."""
    for namespace in dict.fromkeys((proxy.client.namespace, host.resource.id.namespace)):
        found = [a for a in network.routes(ROUTES, host.resource.id) if a.namespace == namespace]
        made = [
            merged(network, proxy, [a for a in found if a.port == port])
            for port in (None, proxy.port)
            if any(a.port == port for a in found)
        ]
        if made:
            return made
    return []


def merged(network: Network, proxy: Proxy, found: Sequence[Attached], above: tuple[int, ...] = ()) -> tuple[Rule, ...]:
    """Returns the rules of routes that Istio merges into one VirtualService; `above` ranks it among others."""
    reading = Reading(network=network, order=ISTIO_ORDER, send=partial(send, network, proxy), default=NO_BACKENDS)
    return tuple(rule for a in found for rule in compiled(reading, a, above=above))


def send(network: Network, proxy: Proxy, host: str, port: int, weight: int, filters: Any) -> Destination:
    """Returns a destination as Istio makes it of a backendRef: with DestinationRules, and 500 where there is no such Service."""
    made = destination(network, proxy, host, port, weight=weight, changes=filters)
    return replace(made, failure=made.failure.replace("503:", "500:", 1))
