"""Matches of HTTPRoutes and GRPCRoutes: their conditions on requests and their ranks, in the orders of their readers (S1, S19, S25).

Defaults of the CRDs are applied: a rule without matches matches the path prefix `/`, a path is a prefix, a header exact.
Sources: gateway-api: apis/v1/httproute_types.go and grpcroute_types.go; istio: pilot/pkg/config/kube/gateway/conversion.go
(sortHTTPRoutes, createGRPCURIMatch); linkerd2-proxy: linkerd/http/route/src.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from sandlane.frozen import frozen
from sandlane.k8s.linkerd_routes import is_service
from sandlane.k8s.resource import Manifest
from sandlane.semantics.predicates import MODES, Atom, Mode, Predicate, Text
from sandlane.semantics.tables import PATH_LENGTH

_PATH_RANKS = {"Exact": 2, "PathPrefix": 1, "RegularExpression": 0}


@frozen(kw_only=True)
class Order:
    """How one reader of the Gateway API matches and ranks.

    `is_by_length`: the length of a path counts before everything, whatever its type, and a regular expression has that of the
    request's path. `twice`: which of the conditions on one header counts. `modes`: how it takes repeated headers.
    `is_service` tells of a group and a kind whether they are those of Services; annotations of a route that begin with one of `tuning`
    make its rules do otherwise.
    """

    name: str
    is_by_length: bool = False
    twice: Literal["first", "last", "all"] = "first"
    modes: tuple[Mode, ...] = MODES
    has_grpc_as_paths: bool = False
    is_service: Callable[[Any, Any], bool] = lambda group, kind: group in ("", "core") and kind == "Service"
    tuning: tuple[str, ...] = ()


SPEC = Order(name="the Gateway API")
ISTIO_ORDER = Order(name="Istio", twice="last", has_grpc_as_paths=True)
LINKERD = Order(
    name="Linkerd", is_by_length=True, twice="all", modes=("any line",), is_service=is_service,
    tuning=("retry.linkerd.io/", "timeout.linkerd.io/"),
)  # fmt: skip


@frozen(kw_only=True)
class Match:
    """One match: its conditions and its rank."""

    predicate: Predicate
    rank: tuple[int, ...]


def http_match(order: Order, match: Manifest) -> Match:
    """Returns a match of an HTTPRoute."""
    path, method = match.get("path") or {}, match.get("method")
    kind, value = path.get("type") or "PathPrefix", str(path.get("value") or "/")
    headers, query = _distinct(order, match.get("headers") or ()), match.get("queryParams") or ()
    predicate = (
        *((Atom("path", _path(order, kind, value)),) if (kind, value) != ("PathPrefix", "/") else ()),
        *((Atom("method", Text("exact", method)),) if method else ()),
        *(Atom("header", _value(order, h), str(h["name"]).lower()) for h in headers),
        *(Atom("query", _value(order, q), str(q["name"]), is_form=order.is_by_length) for q in query),
    )
    if not order.is_by_length:
        rank = (_PATH_RANKS.get(kind, 0), len(value), int(bool(method)), len(headers), len(query))
        return Match(predicate=predicate, rank=rank)
    length = len(value.rstrip("/") or value) if kind == "PathPrefix" else len(value)
    length = PATH_LENGTH if kind == "RegularExpression" else length
    return Match(predicate=predicate, rank=(length, len(headers), len(query), int(bool(method))))


def _path(order: Order, kind: str, value: str) -> Text:
    if kind == "Exact":
        return Text("exact", value)
    return Text("segments", value) if kind == "PathPrefix" else _expression(order, value)


def _expression(order: Order, value: str) -> Text:
    return Text("found" if order.is_by_length else "regex", value)


def _value(order: Order, condition: Mapping[str, Any]) -> Text:
    value = str(condition.get("value", ""))
    return _expression(order, value) if condition.get("type") == "RegularExpression" else Text("exact", value)


def _distinct(order: Order, conditions: Sequence[Manifest]) -> list[Manifest]:
    """Returns the conditions on headers that count, where one header is named twice."""
    if order.twice == "all":
        return list(conditions)
    listed = conditions if order.twice == "last" else [*reversed(conditions)]
    by_name = {str(c["name"]).lower(): c for c in listed}
    return [c for c in conditions if by_name[str(c["name"]).lower()] is c]


def grpc_match(order: Order, match: Manifest) -> Match:
    """Returns a match of a GRPCRoute; a method is the path /<service>/<method>."""
    called = match.get("method") or {}
    service, method = called.get("service") or "", called.get("method") or ""
    headers = _distinct(order, match.get("headers") or ())
    kind, path = _called(service, method, is_expression=called.get("type") == "RegularExpression")
    # Of a service without a method Istio makes a plain prefix.
    text = Text("prefix", path) if kind == "PathPrefix" else _path(order, kind, path)
    rank: tuple[int, ...] = (len(service), len(method), len(headers))
    if order.is_by_length:
        text = Text("rpc", f"/{service}/{method}")  # linkerd2-proxy: linkerd/http/route/src/grpc/match.rs, MatchRpc
    elif order.has_grpc_as_paths:
        rank = (_PATH_RANKS[kind], len(path), 0, len(headers), 0)
    predicate = (
        *((Atom("method", Text("exact", "POST")),) if not order.has_grpc_as_paths else ()),
        *((Atom("path", text),) if path != "/" or order.is_by_length else ()),
        *(Atom("header", _value(order, h), str(h["name"]).lower()) for h in headers),
    )
    return Match(predicate=predicate, rank=rank)


def _called(service: str, method: str, *, is_expression: bool) -> tuple[str, str]:
    if is_expression and (service or method):
        return "RegularExpression", f"/{service or '[^/]+'}/{method or '.+'}"
    if service and method:
        return "Exact", f"/{service}/{method}"
    if method:
        return "RegularExpression", f"/[^/]+/{_quoted(method)}"
    return "PathPrefix", f"/{service}/" if service else "/"


def _quoted(text: str) -> str:
    return "".join(f"\\{c}" if not (c.isalnum() or c == "_") else c for c in text)


def matches_of(order: Order, kind: str, rule: Manifest) -> Iterator[tuple[int | None, Match]]:
    """Yields the matches of a rule with their numbers; the default has None."""
    read = grpc_match if kind == "GRPCRoute" else http_match
    for number, match in enumerate(rule.get("matches") or ()):
        yield number, read(order, match or {})
    if not rule.get("matches"):
        # linkerd2-proxy: linkerd/http/route/src/lib.rs, find: without matches a GRPCRoute takes any request, whatever the method.
        is_any = kind == "GRPCRoute" and order.is_by_length
        yield None, Match(predicate=(), rank=(0, 0, 0)) if is_any else read(order, {})


def host_rank(hostnames: Sequence[str], host: str) -> tuple[int, int] | None:
    """Ranks how closely hostnames name a host: (literal 2, wildcard 1, none given 0; length); None where none does."""
    if not hostnames:
        return 0, 0
    ranks = [
        (2, len(name)) if name == host else (1, len(name))
        for name in map(str.lower, hostnames)
        if name == host or (name.startswith("*.") and host.endswith(name[1:])) or name == "*"
    ]
    return max(ranks, default=None)
