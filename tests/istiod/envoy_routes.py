"""What Envoy does with a request by the listeners, routes and clusters that istiod pushes to a proxy.

Envoy: config/listener/v3, config/route/v3 `route_components.proto`: the virtual host with the closest domain, in it the first route that
matches. Where a header has several lines any of them may match, as Envoy 1.40 has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from sandlane.semantics.request import Request

Body = Mapping[str, Any]
PASSED, BLACKHOLE = "PassthroughCluster", "BlackHoleCluster"


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What a proxy has: listeners by address and port, route configurations by name, and the names of clusters."""

    listeners: Mapping[tuple[str, int], Body]
    by_name: Mapping[str, Body]
    routes: Mapping[str, Body]
    clusters: frozenset[str]


def pushed_of(answer: Body) -> Pushed:
    """Reads what istiod pushes to one proxy."""
    addresses = {}
    for listener in answer["listeners"]:
        place = (listener.get("address") or {}).get("socket_address") or {}
        if place:
            addresses[place["address"], place.get("port_value", 0)] = listener
    return Pushed(
        listeners=addresses,
        by_name={listener["name"]: listener for listener in answer["listeners"]},
        routes={config["name"]: config for config in answer["routes"]},
        clusters=frozenset(_outbound(cluster["name"]) for cluster in answer["clusters"]),
    )


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where a connection leads: to a route configuration, or to a cluster of connections; to nothing where both are missing."""

    routes: Body | None = None
    cluster: str = ""


def sidecar_way(pushed: Pushed, address: str | None, port: int) -> Way:
    """Returns where a connection to an address leads in a sidecar."""
    listener = pushed.listeners.get((address or "", port)) or pushed.listeners.get(("0.0.0.0", port))
    if listener is None or listener["name"] in ("virtualOutbound", "virtualInbound"):
        listener, address = pushed.by_name["virtualOutbound"], None
        chains = [
            c for c in listener["filter_chains"] if not (c.get("filter_chain_match") or {}).get("destination_port")
        ]
        return _way(pushed, chains[-1])
    return _way(pushed, _chain(listener, address))


def _chain(listener: Body, address: str | None) -> Body:
    """Returns the filter chain that takes plain HTTP to an address: one for the address before one for all, HTTP before connections."""
    chains = [*listener.get("filter_chains", ())]
    if listener.get("default_filter_chain"):
        chains.append(listener["default_filter_chain"])

    def fits(chain: Body) -> bool:
        match = chain.get("filter_chain_match") or {}
        ranges = [r["address_prefix"] for r in match.get("prefix_ranges") or ()]
        return match.get("transport_protocol") != "tls" and (not ranges or address in ranges)

    def closeness(chain: Body) -> tuple[bool, bool]:
        match = chain.get("filter_chain_match") or {}
        return bool(match.get("prefix_ranges")), bool(match.get("application_protocols"))

    return max((chain for chain in chains if fits(chain)), key=closeness)


def _way(pushed: Pushed, chain: Body) -> Way:
    for each in chain.get("filters", ()):
        config = each.get("typed_config") or {}
        if "rds" in config or "route_config" in config:
            own = config.get("route_config") or pushed.routes.get(
                str((config.get("rds") or {}).get("route_config_name"))
            )
            return Way(routes=own or {"virtual_hosts": []})
        if "cluster" in config or "weighted_clusters" in config:
            weighted = (config.get("weighted_clusters") or {}).get("clusters") or ()
            return Way(cluster=config.get("cluster") or "+".join(c["name"] for c in weighted))
    return Way()


def gateway_way(pushed: Pushed, port: int, name: str) -> Way:
    """Returns where a connection to a port of a gateway leads, for a server name."""
    listener = pushed.listeners.get(("0.0.0.0", port))
    if listener is None:
        return Way()
    chains = [*listener.get("filter_chains", ()), *filter(None, [listener.get("default_filter_chain")])]
    named = [((chain.get("filter_chain_match") or {}).get("server_names") or ["*"], chain) for chain in chains]
    best = max((p for patterns, _ in named for p in patterns if _covers(p, name)), key=_closeness, default=None)
    chosen = [chain for patterns, chain in named if best in patterns]
    return _way(pushed, chosen[0]) if chosen else Way()


def waypoint_way(pushed: Pushed, host: str, port: int) -> Way:
    """Returns where a waypoint leads a connection for a port of a Service; to nothing where it does not serve it."""
    chains = pushed.by_name.get("main_internal", {}).get("filter_chains", ())
    for prefix in (
        f"inbound-vip|{port}|http|{host}",
        f"inbound-vip|{port}||{host}-http",
        f"inbound-vip|{port}|tcp|{host}",
    ):
        for chain in chains:
            if chain.get("name") == prefix:
                return _way(pushed, chain)
    return Way()


def virtual_host(routes: Body, authority: str) -> Body | None:
    """Returns the virtual host of a request: that with the closest domain."""
    best: tuple[tuple[int, int], Body] | None = None
    for each in routes.get("virtual_hosts", ()):
        for domain in each["domains"]:
            if _covers(domain.lower(), authority) and (best is None or _closeness(domain) > best[0]):
                best = _closeness(domain), each
    return best[1] if best else None


def _covers(domain: str, name: str) -> bool:
    if domain.startswith("*"):
        return name.endswith(domain[1:]) and (domain == "*" or len(name) >= len(domain))
    return domain == name


def _closeness(domain: str) -> tuple[int, int]:
    return (0 if domain == "*" else 1 if domain.startswith("*") else 2, len(domain))


def route_of(host: Body, request: Request) -> Body | None:
    """Returns the first route of a virtual host that a request meets."""
    return next((route for route in host.get("routes", ()) if _meets(route["match"], request)), None)


def _meets(match: Body, request: Request) -> bool:
    return (
        _has_path(match, request.bare_path)
        and all(_has_header(each, request) for each in match.get("headers", ()))
        and all(_has_parameter(each, request) for each in match.get("query_parameters", ()))
    )


def _has_path(match: Body, path: str) -> bool:
    same = (lambda text: text) if match.get("case_sensitive", True) else str.lower
    if "prefix" in match:
        return bool(same(path).startswith(same(match["prefix"])))
    if "path" in match:
        return bool(same(path) == same(match["path"]))
    if "path_separated_prefix" in match:
        prefix = match["path_separated_prefix"]
        return bool(same(path) == same(prefix) or same(path).startswith(same(prefix) + "/"))
    if "safe_regex" in match:
        return re2.fullmatch(match["safe_regex"]["regex"], path) is not None
    raise ValueError(f"a match that is not known: {sorted(match)}")


def _has_header(matcher: Body, request: Request) -> bool:
    lines = list(_lines(matcher["name"].lower(), request))
    if not lines and matcher.get("treat_missing_header_as_empty"):
        lines = [""]
    if "present_match" in matcher:
        found = bool(lines) == matcher["present_match"]
    else:
        found = any(_has_text(matcher["string_match"], line) for line in lines)
    return found != bool(matcher.get("invert_match")) and (
        bool(lines) or "present_match" in matcher or not matcher.get("invert_match")
    )


def _lines(name: str, request: Request) -> Iterator[str]:
    own = {":method": request.method, ":authority": request.named, ":scheme": request.scheme}
    if name in own:
        yield own[name]
    else:
        yield from request.values(name)


def _has_text(match: Body, text: str) -> bool:
    same = str.lower if match.get("ignore_case") else (lambda value: value)
    if "safe_regex" in match:
        return re2.fullmatch(match["safe_regex"]["regex"], text) is not None
    if "prefix" in match:
        return bool(same(text).startswith(same(match["prefix"])))
    return bool(same(text) == same(match.get("exact", "")))


def _has_parameter(matcher: Body, request: Request) -> bool:
    value = next(iter(request.parameters(matcher["name"], is_form=False)), None)
    if "present_match" in matcher:
        return (value is not None) == bool(matcher["present_match"])
    return value is not None and _has_text(matcher["string_match"], value)


def clusters_of(route: Body) -> list[tuple[str, int]]:
    """Returns the clusters of a route with their weights; a single one has all."""
    action = route["route"]
    if "cluster" in action:
        return [(_outbound(action["cluster"]), 1)]
    weighted: Sequence[Body] = action["weighted_clusters"]["clusters"]
    live = [(_outbound(c["name"]), c.get("weight", 0)) for c in weighted if c.get("weight", 0)]
    return [(live[0][0], 1)] if len(live) == 1 else live


def _outbound(cluster: str) -> str:
    """Returns a cluster's name as sidecars have it: a waypoint calls those of its own Services otherwise."""
    kind, *rest = cluster.split("|")
    if kind != "inbound-vip":
        return cluster
    port, protocol, host = rest
    return f"outbound|{port}|{protocol.partition('/')[2]}|{host}"
