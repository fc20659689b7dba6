"""What becomes of requests: by what istiod pushes, by the evaluator, and as a tenant has to meet it, in one form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandlane.base.pod_templates import labels_of_pods, with_pods
from sandlane.k8s.resource import spec_of
from sandlane.k8s.selectors import from_map, matches
from sandlane.semantics.network import Network
from sandlane.semantics.objects import Host
from sandlane.semantics.outcomes import (
    L4,
    Blackhole,
    Direct,
    Forward,
    NoCluster,
    NotFound,
    Outcome,
    Passthrough,
    Redirect,
    Unknown,
)
from sandlane.semantics.request import Address, Request
from tests.istiod.envoy_routes import (
    BLACKHOLE,
    PASSED,
    Body,
    Pushed,
    Way,
    clusters_of,
    gateway_way,
    route_of,
    sidecar_way,
    virtual_host,
    waypoint_way,
)
from tests.istiod.worlds import Addresses, Asker
from tests.networks import decide_request

Shares = tuple[tuple[str, float], ...]
_IDLE = {"name", "decorator", "metadata", "stat_prefix", "match"}
"""Fields of a route that no request can tell."""
_CLUSTERS = ("cluster", "weighted_clusters", "cluster_not_found_response_code")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What becomes of a request: `kind`, the clusters with their shares, and the rest of what the route does, as text."""

    kind: str
    shares: Shares = ()
    rest: str = ""

    @property
    def plain(self) -> Seen:
        """The same without the rest."""
        return replace(self, rest="")


def way_of(network: Network, addresses: Addresses, asker: Asker, pushed: Pushed, address: Address) -> Way:
    """Returns where a proxy leads the connection of an address."""
    if asker.client.kind == "gateway":
        return gateway_way(pushed, address.port, address.authority)
    host = network.hosts.get(network.concrete(network.meant(address.host, address.client.namespace)))
    if asker.client.kind == "waypoint":
        return waypoint_way(pushed, host.name if host else "", address.port)
    return sidecar_way(pushed, _dialled(network, addresses, host) if host else None, address.port)


def _dialled(network: Network, addresses: Addresses, host: Host) -> str | None:
    """Returns the address to which a name resolves: a Service's own, or that of a pod of a headless one."""
    if not host.is_headless:
        return addresses.services.get(host.resource.id) if host.is_service else None
    chosen = from_map(spec_of(host.resource.manifest).get("selector") or {})
    for workload in with_pods(network.base):
        if workload.id.namespace == host.resource.id.namespace and matches(chosen, labels_of_pods(workload)):
            return addresses.pods.get(workload.id)
    return None


def seen(pushed: Pushed, way: Way, request: Request) -> Seen:
    """Returns what becomes of a request on a way."""
    if way.routes is None:
        named = {PASSED: "passed", BLACKHOLE: "blackhole", "": "nothing"}.get(way.cluster)
        return Seen(kind=named) if named else Seen(kind="connection", shares=((way.cluster, 1.0),))
    host = virtual_host(way.routes, request.address.authority)
    if host is None:
        return Seen(kind="404")
    if host["name"] == "block_all":
        return Seen(kind="blackhole")
    route = route_of(host, request)
    if route is None:
        return Seen(kind="404")
    if "route" not in route:
        kind = "redirect" if "redirect" in route else "direct"
        return Seen(kind=kind, rest=_rest(route))
    clusters = clusters_of(route)
    if clusters == [(PASSED, 1)]:
        return Seen(kind="passed")
    is_dead = not any(name in pushed.clusters for name, _ in clusters)
    return Seen(kind="no cluster" if is_dead else "forward", shares=_shares(clusters), rest=_rest(route))


def _shares(clusters: Sequence[tuple[str, int]]) -> Shares:
    whole = sum(weight for _, weight in clusters)
    found: dict[str, float] = {}
    for name, weight in clusters:
        found[name] = found.get(name, 0) + weight / whole
    return tuple(sorted((name, round(share, 4)) for name, share in found.items()))


def _rest(route: Body) -> str:
    """Returns what a route does beside sending to clusters."""
    action = {key: value for key, value in route.items() if key not in _IDLE}
    if "route" in action:
        action["route"] = {k: v for k, v in action["route"].items() if k not in _CLUSTERS}
        changes = [{k: v for k, v in c.items() if k not in ("name", "weight")} for c in _weighted(route)]
        action["each"] = [change for change in changes if change]
    return json.dumps(action, sort_keys=True)


def _weighted(route: Body) -> Sequence[Body]:
    found: Sequence[Body] = (route["route"].get("weighted_clusters") or {}).get("clusters") or ()
    return found


def evaluated(network: Network, request: Request) -> list[Seen | None]:
    """Returns what the evaluator says may become of a request; None is what it does not know."""
    return [_of(choice.outcome) for choice in decide_request(network, request)]


def _of(outcome: Outcome) -> Seen | None:
    if isinstance(outcome, Unknown):
        return None
    if isinstance(outcome, Forward):
        sent = [(f"outbound|{d.port}|{d.subset}|{d.host}", d.weight) for d in outcome.destinations]
        return Seen(kind="forward", shares=_shares(sent))
    if isinstance(outcome, L4):
        return Seen(kind="connection", shares=((f"outbound|{outcome.port}||{outcome.host}", 1.0),))
    if isinstance(outcome, NoCluster) and outcome.why.startswith("500"):
        return Seen(
            kind="direct"
        )  # istiod writes a direct response for a rule of the Gateway API that sends nothing anywhere
    kinds: dict[type[Any], str] = {
        NoCluster: "no cluster", NotFound: "404", Passthrough: "passed", Blackhole: "blackhole", Redirect: "redirect", Direct: "direct",
    }  # fmt: skip
    return Seen(kind=kinds[type(outcome)])


def agrees(ours: Sequence[Seen | None], theirs: Seen) -> bool:
    """Tells whether istiod's answer is one of the evaluator's."""
    dead = theirs.kind == "no cluster"
    return any(one is not None and one.kind == theirs.kind and (dead or one.shares == theirs.shares) for one in ours)


def as_tenant(base: Seen, clones: Mapping[str, str], known: frozenset[str], called: Sequence[str] = ()) -> list[Seen]:
    """Returns what a tenant may meet where the base's requests meet something: with clones in place of their origins (rule R-I5).

    A clone's cluster is there where its origin's is among the base's, `known`. Where routes of the Gateway API send the requests of a
    cloned host to nothing that is cloned, its clone gets them: one of the clusters in `called`.
    """
    if base.kind not in ("forward", "no cluster"):
        return [base]
    parts = [(name.split("|"), share) for name, share in base.shares]
    ours = [(part, share) for part, share in parts if part[3] in clones]
    if not ours:
        return [base, *(replace(_sent(base, [(cluster, 1.0)]), kind="forward") for cluster in called)]
    whole = sum(share for _, share in ours)
    kind = "forward" if any(f"outbound|{part[1]}||{part[3]}" in known for part, _ in ours) else "no cluster"
    moved = [(f"outbound|{p[1]}||{clones[p[3]]}", share / whole) for p, share in ours]
    return [replace(_sent(base, moved), kind=kind, rest=_mirrored(base.rest, clones))]


def _sent(base: Seen, clusters: Sequence[tuple[str, float]]) -> Seen:
    found: dict[str, float] = {}
    for name, share in clusters:
        found[name] = round(found.get(name, 0) + share, 4)
    return replace(base, shares=tuple(sorted(found.items())))


def _mirrored(rest: str, clones: Mapping[str, str]) -> str:
    """Returns the rest of an answer with clones for the Services that get copies of requests."""
    action = json.loads(rest or "{}")
    for policy in action.get("route", {}).get("request_mirror_policies", ()):
        _, port, _, host = policy["cluster"].split("|")
        if host in clones:
            policy["cluster"] = f"outbound|{port}||{clones[host]}"
    return json.dumps(action, sort_keys=True)


def difference(found: Seen, expected: Seen) -> str:
    """Returns where two answers differ, in words."""
    if found.plain != expected.plain:
        return f"{found.kind} {dict(found.shares)}, expected {expected.kind} {dict(expected.shares)}"
    one, two = (json.loads(each.rest or "{}") for each in (found, expected))
    flat = [
        {**one, **{f"route.{k}": v for k, v in one.get("route", {}).items()}},
        {**two, **{f"route.{k}": v for k, v in two.get("route", {}).items()}},
    ]
    keys = sorted({*flat[0], *flat[1]} - {"route"})
    return "; ".join(
        f"{key} is {flat[0].get(key)}, expected {flat[1].get(key)}"
        for key in keys
        if flat[0].get(key) != flat[1].get(key)
    )


def without_subsets(found: Seen, clones: Mapping[str, str]) -> Seen:
    """Returns an answer without the subsets of clones: those with a policy of their own are kept."""
    mine = set(clones.values())
    parts = [(name.split("|"), share) for name, share in found.shares]
    plain = [(f"outbound|{p[1]}||{p[3]}" if p[0] == "outbound" and p[3] in mine else "|".join(p), s) for p, s in parts]
    return _sent(found, plain)


def requests_for(ways: Sequence[Way], asker: Asker, address: Address) -> Iterator[Request]:
    """Yields a request for each route that any way has for an address, and one plain request."""
    plain = Request(client=asker.client, host=address.host, port=address.port, authority=address.authority)
    yield plain
    for way in ways:
        host = virtual_host(way.routes, plain.address.authority) if way.routes else None
        for route in (host or {}).get("routes", ()):
            yield _meeting(route["match"], plain)


def _meeting(match: Body, plain: Request) -> Request:
    """Returns a request that meets a route's path, method, headers and parameters, but for carriers and expressions that are foreign."""
    path = match.get("prefix") or match.get("path") or match.get("path_separated_prefix") or ""
    path = path or _PATHS.get((match.get("safe_regex") or {}).get("regex", ""), "/a/b")
    headers, method = [], "GET"
    for each in match.get("headers", ()):
        text = each.get("string_match") or {}
        value = text.get("exact") or text.get("prefix") or "1"
        if each["name"] == ":method":
            method = value
        elif each["name"][0] != ":" and each["name"] not in ("tenantid", "baggage") and not each.get("invert_match"):
            headers.append((each["name"], value))
    queries = [
        f"{q['name']}={(q.get('string_match') or {}).get('exact', '1')}" for q in match.get("query_parameters", ())
    ]
    full = path + ("?" + "&".join(queries) if queries else "")
    return replace(plain, path=full, method=method, headers=tuple(headers))


_PATHS = {".*": "/any", "/[a-b].*": "/b1", "/v[0-9]+/.*": "/v1/x"}
