"""Routes of which their age decides, which manifests do not tell (rule R-G10).

Two rules tie where one request meets both and neither ranks above the other. Copies tie exactly where their routes do, and are
told apart by their own ages: so which route answers a tenant may differ from which answers all others, and that is said.

Ranks: https://gateway-api.sigs.k8s.io/reference/spec/ (HTTPRouteRule, GRPCRouteRule); linkerd2-proxy:
linkerd/http/route/src/http/match.rs, where the length of a path counts before its type; gateway-api: GEP-1294 (routes of
clients replace those of the Service, and hostnames do not count there); istio: pilot/pkg/config/kube/gateway/
route_collections.go (one VirtualService for each namespace and form of parentRef, of which a sidecar uses the oldest).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import re2

from renderer.base import Base
from renderer.catalogue import report
from renderer.meshes.gateway_api.components import Component, Pair, hosts_meet, together
from renderer.meshes.gateway_api.copies import with_defaults
from renderer.meshes.gateway_api.dialects import Dialect
from renderer.meshes.gateway_api.view import Attached, Route
from renderer.model import Manifest, ResourceId
from renderer.problems import Problem

Match = Mapping[str, Any]
Rank = tuple[int | str, ...]
Ranked = Mapping[Rank, Sequence[Match]]
_ANY_LENGTH = -1
"""The length of a path that a regular expression matches, where that of the request's counts."""


def ties(base: Base, dialect: Dialect, copied: Sequence[Component]) -> Iterator[Problem]:
    """Yields the pairs of routes on one parent between which their age decides."""
    for part in copied:
        reported: set[tuple[ResourceId, ResourceId]] = set()
        ranked = {route.resource.id: _ranked(dialect, route) for route, _ in part.pairs}
        for one, other in combinations(part.pairs, 2):
            routes = (one[0].resource.id, other[0].resource.id)
            if routes in reported or routes[0] == routes[1] or not _meet(base, dialect, one, other):
                continue
            has_forms = dialect.has_port_forms and one[1].is_service
            is_apart = has_forms and (one[1].parent.port == 0) != (other[1].parent.port == 0)
            if is_apart or _tie(ranked[routes[0]], ranked[routes[1]]):
                reported.add(routes)
                yield _problem("SL442" if is_apart else "SL426", other[0], one[0], part.target)


def _problem(code: str, route: Route, other: Route, target: ResourceId) -> Problem:
    resource = route.resource
    path = ("spec", "parentRefs" if code == "SL442" else "rules")
    return report(
        code, source=resource.source, path=path, object=str(resource.id), other=other.resource.id, service=target
    )


def _meet(base: Base, dialect: Dialect, one: Pair, other: Pair) -> bool:
    """Tells whether one request can meet the rules of both routes."""
    (route, attached), (rival, beside) = one, other
    if not together(attached, beside) or route.resource.id.kind != rival.resource.id.kind:
        return False
    if not attached.is_service:
        heard = _listeners(base, attached, beside)
        return any(_names(route, host) & _names(rival, host) for host in heard)
    homes, parent = {route.resource.id.namespace, rival.resource.id.namespace}, attached.parent.target.namespace
    is_seen = len(homes) == 1 or (dialect.merges_namespaces and parent in homes)
    return is_seen and (not dialect.reads_hostnames or bool(_hostnames(route) & _hostnames(rival)))


def _hostnames(route: Route) -> set[str]:
    """Returns a route's host names; a request ranks by the closest, so only routes with a name in common tie."""
    return set((route.resource.manifest.get("spec") or {}).get("hostnames") or [""])


def _listeners(base: Base, attached: Attached, beside: Attached) -> set[str]:
    """Returns the host names ('' for any) of the listeners of a Gateway that two routes are attached to."""
    gateway = base.by_id.get(attached.parent.target)
    if gateway is None:
        return {""}
    listeners = (gateway.manifest.get("spec") or {}).get("listeners") or ()
    parents = (attached.parent, beside.parent)
    meant = (
        x for x in listeners if all(p.listener in ("", x.get("name")) and p.port in (0, x.get("port")) for p in parents)
    )
    return {str(x.get("hostname") or "") for x in meant}


def _names(route: Route, listener: str) -> set[str]:
    """Returns the host names by which a route answers at a listener: the listener's, where it has none of its own."""
    found = _hostnames(route)
    return {listener} if found == {""} else {name for name in found if not listener or hosts_meet(name, listener)}


def _ranked(dialect: Dialect, route: Route) -> Ranked:
    """Returns the matches of a route by rank."""
    is_http = route.resource.id.kind == "HTTPRoute"
    found: dict[Rank, list[Match]] = {}
    for match in (with_defaults(m, is_http) for rule in route.rules for m in rule.get("matches") or [{}]):
        found.setdefault(_http_rank(dialect, match) if is_http else _grpc_rank(match), []).append(match)
    return found


def _tie(one: Ranked, other: Ranked) -> bool:
    pairs = ((a, b) for a in one for b in other if _equal(a, b))
    return any(_satisfiable(m, n) for a, b in pairs for m in one[a] for n in other[b])


def _http_rank(dialect: Dialect, match: Match) -> Rank:
    kind, value = match["path"]["type"], match["path"]["value"]
    counts = (len(match.get("headers") or ()), len(match.get("queryParams") or ()), int("method" in match))
    if not dialect.ranks_by_length:
        return (kind, len(value), *counts)
    trimmed = value.rstrip("/") or "/" if kind == "PathPrefix" else value
    return (_ANY_LENGTH if kind == "RegularExpression" else len(trimmed), *counts)


def _grpc_rank(match: Match) -> Rank:
    method = match.get("method") or {}
    return len(method.get("service") or ""), len(method.get("method") or ""), len(match.get("headers") or ())


def _equal(one: Rank, other: Rank) -> bool:
    is_open = _ANY_LENGTH in (one[0], other[0])
    return one[1:] == other[1:] and (one[0] == other[0] or is_open)


def _satisfiable(one: Match, other: Match) -> bool:
    """Tells whether a request can meet two matches of one rank; where that cannot be said, it may."""
    methods = (one.get("method"), other.get("method"))
    if isinstance(methods[0], Mapping) and isinstance(methods[1], Mapping):
        is_called = all(_texts_meet(_text(methods[0], f), _text(methods[1], f)) for f in ("service", "method"))
    else:
        is_called = isinstance(methods[0], Mapping) or isinstance(methods[1], Mapping) or methods[0] == methods[1]
    paths = "path" not in one or _paths_meet(one["path"], other["path"])
    fields = (_by_name(one, other, field) for field in ("headers", "queryParams"))
    return is_called and paths and all(_texts_meet(a, b) for pairs in fields for a, b in pairs)


def _text(method: Match, field: str) -> Manifest | None:
    return {"type": method.get("type"), "value": method[field]} if method.get(field) else None


def _by_name(one: Match, other: Match, field: str) -> Iterator[tuple[Manifest, Manifest]]:
    """Yields the conditions that both matches put on one header or parameter."""
    fold = str.lower if field == "headers" else str
    named = {fold(str(condition["name"])): condition for condition in other.get(field) or ()}
    for condition in one.get(field) or ():
        if fold(str(condition["name"])) in named:
            yield condition, named[fold(str(condition["name"]))]


def _texts_meet(one: Manifest | None, other: Manifest | None) -> bool:
    if one is None or other is None:
        return True
    are_exact = [text.get("type") != "RegularExpression" for text in (one, other)]
    if all(are_exact):
        return bool(one["value"] == other["value"])
    if not any(are_exact):
        return True
    exact, pattern = (one, other) if are_exact[0] else (other, one)
    return is_matched(str(pattern["value"]), str(exact["value"]))


def _paths_meet(one: Manifest, other: Manifest) -> bool:
    kinds = {one["type"], other["type"]}
    if kinds == {"RegularExpression"}:
        literals = [_literal(str(path["value"])) for path in (one, other)]
        return literals[0].startswith(literals[1]) or literals[1].startswith(literals[0])
    if "RegularExpression" in kinds:
        pattern, path = (one, other) if one["type"] == "RegularExpression" else (other, one)
        return is_matched(str(pattern["value"]), _trimmed(path))
    # Of one rank, so of one length: a prefix and a path of its length are the same.
    return _trimmed(one) == _trimmed(other)


def _trimmed(path: Manifest) -> str:
    value = str(path["value"])
    return value.rstrip("/") or "/" if path["type"] == "PathPrefix" else value


def _literal(pattern: str) -> str:
    """Returns the characters with which everything begins that a regular expression matches, as far as is plain to see."""
    plain = ""
    for character in "" if "|" in pattern else pattern.removeprefix("^"):
        if character in "*?{":
            return plain[:-1]
        if not (character.isalnum() or character in "/-_"):
            return plain
        plain += character
    return plain


def is_matched(pattern: str, text: str) -> bool:
    """Tells whether a regular expression matches a text as a whole; one that is wrong matches none."""
    try:
        return re2.fullmatch(pattern, text) is not None
    except re2.error:
        return False
