"""What gateways make of requests: Istio's own Gateways, and those of the Gateway API with their listeners and routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.semantics import istio_gateways
from sandlane.semantics.gamma import NO_BACKENDS, expressions, send
from sandlane.semantics.gateway_api import Reading, admits, compiled, plain
from sandlane.semantics.gateway_api_matches import ISTIO_ORDER, SPEC, host_rank
from sandlane.semantics.istio_matches import Proxy
from sandlane.semantics.network import Network, patterns_of
from sandlane.semantics.objects import GATEWAY_API, ROUTES, Attached
from sandlane.semantics.outcomes import L4, NotFound, Origin, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Rule, Table

KINDS = (istio_gateways.GATEWAY, (GATEWAY_API, "Gateway"))
_TERMINATED = frozenset({"HTTP", "HTTPS"})
_ORDER = replace(SPEC, has_grpc_as_paths=True)
_CHAINED = "the gateway's own sidecar, if it has one, routes what it sends to a Service once more: trace that from the gateway's pods"


def tables_of(network: Network, address: Address) -> tuple[Table, ...]:
    """Returns the rules of the gateway that the client names, for a port and an authority."""
    named = (address.client.namespace, address.client.name)
    found = [g for kind in KINDS for g in network.base.of(*kind) if (g.id.namespace, g.id.name) == named]
    if len(found) != 1:
        what = "several Gateways have" if found else "no Gateway has"
        return (Table(otherwise=Unknown(f"{what} the name '{address.client.namespace}/{address.client.name}'")),)
    if (found[0].id.group, found[0].id.kind) == istio_gateways.GATEWAY:
        return istio_gateways.tables_of(network, found[0], address)
    return _listened(network, found[0], address)


def _listened(network: Network, gateway: Resource, address: Address) -> tuple[Table, ...]:
    origin = Origin(resource=gateway, path=("spec",))
    listeners = spec_of(gateway.manifest).get("listeners") or ()
    here = [x for x in listeners if x.get("port") == address.port]
    if not here:
        return (Table(otherwise=Unknown(f"'{gateway.id}' serves no port {address.port}"), origin=origin),)
    ranks = [(rank, x) for x in here if (rank := host_rank(_hosts(x), address.authority)) is not None]
    if not ranks:
        return (Table(otherwise=NotFound(), origin=origin),)
    best = max(rank for rank, _ in ranks)
    chosen = [x for rank, x in ranks if rank == best]
    if any(x.get("protocol") not in _TERMINATED for x in chosen):
        return (Table(otherwise=L4(address.authority, address.port), origin=origin),)
    rules = _rules(network, gateway, chosen, address)
    notes = () if network.is_istio else (_CHAINED,)
    table = Table(rules=rules, otherwise=NotFound(), origin=origin, notes=notes)
    return _readings(network, table)


def _readings(network: Network, table: Table) -> tuple[Table, ...]:
    """Returns the tables that implementations make: some go on to less close host names where no rule of the closest matches."""
    closer = closest(table)
    if network.is_istio:
        return (closer,)
    if len(closer.rules) == len(table.rules):
        return expressions(table, at=2)
    return (
        *(_when(t, "if the gateway goes on to less close host names") for t in expressions(table, at=2)),
        *(_when(t, "if the gateway keeps to the closest host name") for t in expressions(closer, at=2)),
    )


def closest(table: Table) -> Table:
    """Returns the rules of the closest host names; those of Istio's own gateways are of one."""
    best = max((rule.rank[:2] for rule in table.rules), default=())
    rules = tuple(rule for rule in table.rules if rule.rank[:2] == best)
    return replace(table, rules=rules) if len(best) > 1 else table


def _when(table: Table, what: str) -> Table:
    return replace(table, when=f"{what}, {table.when}" if table.when else what)


def _hosts(listener: Manifest) -> list[str]:
    return [str(listener["hostname"]).lower()] if listener.get("hostname") else []


def _rules(network: Network, gateway: Resource, listeners: Sequence[Manifest], address: Address) -> tuple[Rule, ...]:
    proxy = Proxy(client=address.client, gateway=f"{gateway.id.namespace}/{gateway.id.name}", port=address.port)
    reading = Reading(
        network=network,
        order=ISTIO_ORDER if network.is_istio else _ORDER,
        send=partial(send, network, proxy) if network.is_istio else partial(plain, network),
        default=NO_BACKENDS,
        is_granted=lambda route, service: is_granted(
            network, {"group": route.id.group, "kind": route.id.kind, "namespace": route.id.namespace}, service
        ),
    )
    found: list[Rule] = []
    for each in _attached(network, gateway, address.authority):
        admitted = [(x, admits(network, gateway, x, each.namespace)) for x in listeners if _is_meant(each, x)]
        admitting = [x for x, is_admitted in admitted if is_admitted is not False]
        rank = host_rank(each.hostnames, address.authority)
        if not admitting or rank is None:
            continue
        if rank == (0, 0):  # without host names of its own it has its listener's
            rank = host_rank([host for x in admitting for host in _hosts(x)], address.authority) or rank
        known = any(is_admitted for _, is_admitted in admitted)
        doubt = "" if known else f"no manifest says whether namespace '{each.namespace}' may attach routes"
        found += compiled(reading, each, above=rank, doubt=doubt)
    return tuple(found)


def _attached(network: Network, gateway: Resource, authority: str) -> Iterator[Attached]:
    """Yields the routes of a Gateway with a host name that covers an authority, or with none."""
    by_host, every = network.named.get(gateway.id, {}), network.attached.get(gateway.id, ())
    numbers = {number for pattern in ("", *patterns_of(authority)) for number in by_host.get(pattern, ())}
    return (every[number] for number in sorted(numbers) if every[number].kind in ROUTES)


def _is_meant(found: Attached, listener: Manifest) -> bool:
    """Tells whether a route asks for a listener by section and port, and has a kind that it takes."""
    section, port = found.parent.get("sectionName"), listener.get("port")
    kinds = [kind.get("kind") for kind in (listener.get("allowedRoutes") or {}).get("kinds") or ()]
    is_named = (section is None or section == listener.get("name")) and found.port in (None, port)
    return is_named and (not kinds or found.route.id.kind in kinds)


def is_granted(network: Network, source: Mapping[str, str], service: ResourceId) -> bool:
    """Tells whether routes of a group, kind and namespace may name a Service: of their own namespace, or by a ReferenceGrant."""
    if source["namespace"] == service.namespace:
        return True
    for grant in network.base.of(GATEWAY_API, "ReferenceGrant"):
        spec = spec_of(grant.manifest)
        to = [t for t in spec.get("to") or () if (t.get("group") or "", t.get("kind")) == ("", "Service")]
        is_named = any(t.get("name") in (None, "", service.name) for t in to)
        is_given = any(all(f.get(key) == value for key, value in source.items()) for f in spec.get("from") or ())
        if grant.id.namespace == service.namespace and is_named and is_given:
            return True
    return False
