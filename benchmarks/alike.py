"""Changes of routes that no request meets: every request that conditions tell apart is asked before and after the change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, product

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, spec_of
from sandlane.semantics import compile_address
from sandlane.semantics.gateways import KINDS as GATEWAYS
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.semantics.outcomes import Outcome, Redirect
from sandlane.semantics.predicates import Atom
from sandlane.semantics.request import Address, Client, Request
from sandlane.semantics.tables import Table, decide
from sandlane.specs.model import Environment

FOR_REQUESTS = "harmless: every request that conditions tell apart is answered as before"
_KINDS = ("GRPCRoute", "HTTPRoute", "VirtualService")
_MOST = 20_000
"""As many requests are asked at one address; a change for which there are more is not called harmless."""


def answered_alike(
    environment: Environment,
    base: Base,
    before: Base,
    after: Base,
    changed: Resource,
    tenants: Sequence[str],
    *,
    is_for_nobody: bool = False,
) -> str | None:
    """Returns why a change of a route is harmless, or None; `is_for_nobody`: to requests that name no tenant."""
    if changed.id.kind not in _KINDS:
        return None
    one, two = (_network(environment, overlaid(base, output.resources)) for output in (before, after))
    for address in _addresses(one, changed):
        tables = compile_address(one, address), compile_address(two, address)
        for request in _requests(address, [*tables[0], *tables[1]], environment, tenants):
            if request is None:
                return None
            named = _named(request, tenants)
            # What meets rules of two tenants is nobody's promise where ranks decide and not the order.
            is_left = len(named) > (0 if is_for_nobody else 1 if changed.id.kind != "VirtualService" else len(tenants))
            if not is_left and _outcomes(tables[0], request) != _outcomes(tables[1], request):
                return None
    return FOR_REQUESTS


def _network(environment: Environment, base: Base) -> Network:
    cluster = environment.cluster
    return make_network(
        base, mesh=environment.mesh, domain=cluster.domain, root=cluster.root_namespace, has_waypoints=True
    )


def _addresses(network: Network, changed: Resource) -> Iterator[Address]:
    """Yields the addresses at which requests may meet a route: of all hosts in the mesh, and of those that gateways serve."""
    kind = "linkerd" if network.mesh == "linkerd" else "sidecar"
    for namespace in (changed.id.namespace, "elsewhere"):
        client = Client(kind=kind, namespace=namespace)  # type: ignore[arg-type]
        for host in network.hosts.values():
            yield from (Address(client=client, host=host.name, port=port, authority=host.name) for port in host.ports)
    names = [name for r in network.base.resources for name in _names(r)]
    for gateway in (gateway for key in GATEWAYS for gateway in network.base.of(*key)):
        client = Client(kind="gateway", namespace=gateway.id.namespace, name=gateway.id.name)
        spec = spec_of(gateway.manifest)
        ports = [(server.get("port") or {}).get("number") for server in spec.get("servers") or ()]
        ports += [listener.get("port") for listener in spec.get("listeners") or ()]
        for name, port in product(dict.fromkeys(names), dict.fromkeys(ports)):
            yield Address(client=client, host=name, port=port, authority=name)


def _names(route: Resource) -> Iterable[str]:
    spec = spec_of(route.manifest)
    listed = (*(spec.get("hosts") or ()), *(spec.get("hostnames") or ())) if route.id.kind in _KINDS else ()
    return (str(name).lower().replace("*", "any") for name in listed)


def _requests(
    address: Address, tables: Sequence[Table], environment: Environment, tenants: Sequence[str]
) -> Iterator[Request | None]:
    """Yields requests with every combination of what the tables ask for; None where there are too many."""
    atoms = {atom for table in tables for rule in table.rules for atom in rule.predicate}
    headers: dict[str, dict[str | None, None]] = {}
    for atom in atoms:
        if atom.subject == "header":
            headers.setdefault(atom.name, {None: None, "a stranger": None})[_value(atom)] = None
    for carrier in environment.carriers:
        if not carrier.header and "baggage" in headers:
            headers["baggage"] = {None: None, **{f"{carrier.baggage}={t}": None for t in (*tenants, "a-stranger")}}
    paths = {path: None for atom in atoms if atom.subject == "path" for path in _paths(_value(atom))}
    methods = {"GET": None, "POST": None} | {_value(atom): None for atom in atoms if atom.subject == "method"}
    names = sorted(headers)
    combined = product(("/", *paths), methods, *(headers[name] for name in names))
    for path, method, *values in islice(combined, _MOST):
        sent = tuple((name, value) for name, value in zip(names, values, strict=True) if value is not None)
        yield Request(
            client=address.client, host=address.host, port=address.port, authority=address.authority, method=str(method),
            path=str(path), headers=sent,
        )  # fmt: skip
    if next(combined, None) is not None:
        yield None


def _named(request: Request, tenants: Sequence[str]) -> set[str]:
    return {value.partition("=")[2] or value for _, value in request.headers} & {*tenants}


def _value(atom: Atom) -> str:
    return atom.text.value


def _paths(value: str) -> tuple[str, ...]:
    """Returns paths at, below and beside one for which a rule asks."""
    stem = value.rstrip("/")
    return value, f"{stem}/x", f"{stem}x", stem[:-1] or "/"


def _outcomes(tables: Sequence[Table], request: Request) -> list[Outcome]:
    return [_spelled(choice.outcome) for choice in decide(tables, request)]


def _spelled(outcome: Outcome) -> Outcome:
    """Returns a redirect with the status that the CRD of routes fills in."""
    return replace(outcome, how={"statusCode": 302, **outcome.how}) if isinstance(outcome, Redirect) else outcome
