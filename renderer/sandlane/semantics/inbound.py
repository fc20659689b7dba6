"""What Linkerd makes of requests that come in: of several Servers, and of several routes of one Server, one counts (rules R-L2 to R-L4).

It is the older, and of equal ages the first by name. linkerd2: policy-controller/k8s/index/src/inbound/index.rs (reindex_servers,
select_ports), workload.rs (pod_tcp_ports_by_name), grpc/src/routes.rs; linkerd2-proxy: linkerd/http/route/src/lib.rs (find).
"""

from __future__ import annotations

from itertools import chain, product

from sandlane.k8s.resource import Manifest, Resource, at, spec_of
from sandlane.semantics.gateway_api import rules_of
from sandlane.semantics.gateway_api_matches import LINKERD, Match, matches_of
from sandlane.semantics.predicates import Text
from sandlane.semantics.tables import PATH_LENGTH


def ports_of(server: Manifest, pod: Manifest) -> frozenset[int]:
    """Returns the ports of a pod, given by its spec, that a Server is for: a name means those of all containers."""
    wanted = at(server, ("spec", "port"))
    if isinstance(wanted, int):
        return frozenset({wanted})
    containers = chain(pod.get("containers") or (), pod.get("initContainers") or ())
    ports = (port for container in containers for port in container.get("ports") or ())
    return frozenset(
        p["containerPort"] for p in ports if p.get("name") == wanted and p.get("protocol") in (None, "TCP")
    )


def compete(one: Manifest, other: Manifest, pod: Manifest) -> bool:
    """Tells whether two Servers that select a pod are for one of its ports."""
    return bool(ports_of(one, pod) & ports_of(other, pod))


def tie(one: Resource, other: Resource) -> bool:
    """Tells whether a request may meet both of two routes of one Server, and neither ranks above the other."""
    if one.id.kind != other.id.kind or not _hostnames(one) & _hostnames(other):
        return False
    matches, others = (
        [match for rule in rules_of(route) for _, match in matches_of(LINKERD, route.id.kind, rule)]
        for route in (one, other)
    )
    return any(_rank_alike(a, b) and _meet(a, b) for a, b in product(matches, others))


def _hostnames(route: Resource) -> set[str]:
    """Returns the host names of a route: a request ranks by the closest, so only routes with one in common tie."""
    return {str(name).lower() for name in spec_of(route.manifest).get("hostnames") or [""]}


def _rank_alike(one: Match, other: Match) -> bool:
    is_open = PATH_LENGTH in (one.rank[0], other.rank[0])
    return one.rank[1:] == other.rank[1:] and (is_open or one.rank[0] == other.rank[0])


def _meet(one: Match, other: Match) -> bool:
    """Tells whether a request may meet two matches of one rank; where that cannot be said, it may.

    Of the lines of a header any counts, and of the values of a query.
    """
    return all(
        _texts_meet(a.text, b.text)
        for a, b in product(one.predicate, other.predicate)
        if (a.subject, a.name) == (b.subject, b.name) and a.subject in ("path", "method")
    )


def _texts_meet(one: Text, other: Text) -> bool:
    kinds = {one.kind, other.kind}
    if "found" in kinds:
        if kinds == {"found"}:
            return True
        pattern, text = (one, other) if one.kind == "found" else (other, one)
        return text.kind != "exact" or pattern.meets(text.value)
    if kinds == {"rpc"}:
        return all(
            "" in pair or pair[0] == pair[1] for pair in zip(one.value.split("/"), other.value.split("/"), strict=True)
        )
    return _stem(one) == _stem(other)  # paths of one length, or methods


def _stem(text: Text) -> str:
    return text.value.rstrip("/") if text.kind == "segments" else text.value
