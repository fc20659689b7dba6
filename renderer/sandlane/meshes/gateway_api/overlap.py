"""Whether one request meets two matches, and how they rank: what ties of routes are made of (rule R-G10).

Ranks: https://gateway-api.sigs.k8s.io/reference/spec/ (HTTPRouteRule, GRPCRouteRule); linkerd2-proxy:
linkerd/http/route/src/http/match.rs, where the length of a path counts before its type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest
from sandlane.meshes.gateway_api.attached_routes import Route
from sandlane.meshes.gateway_api.copies import with_defaults
from sandlane.meshes.gateway_api.dialects import Dialect

Match = Mapping[str, Any]
Rank = tuple[int | str, ...]
_ANY_LENGTH = -1
"""The length of a path that a regular expression matches, where that of the request's counts."""


@frozen
class Ranked:
    """A match with its rank, and the path or method that it is for: None where a regular expression says so."""

    match: Match
    rank: Rank
    text: str | None


def ranked(dialect: Dialect, route: Route) -> Iterator[Ranked]:
    """Yields the matches of a route."""
    is_http = route.resource.id.kind == "HTTPRoute"
    for match in (with_defaults(m, is_http) for rule in route.rules for m in rule.get("matches") or [{}]):
        yield _http(dialect, match) if is_http else _grpc(match)


def _http(dialect: Dialect, match: Match) -> Ranked:
    kind, value = match["path"]["type"], match["path"]["value"]
    counts = (len(match.get("headers") or ()), len(match.get("queryParams") or ()), int("method" in match))
    is_open, trimmed = kind == "RegularExpression", _trimmed(match["path"])
    if dialect.ranks_by_length:
        rank: Rank = (_ANY_LENGTH if is_open else len(trimmed), *counts)
    else:
        rank = (kind, len(value), *counts)
    return Ranked(match, rank, None if is_open else trimmed)


def _grpc(match: Match) -> Ranked:
    method = match.get("method") or {}
    service, name = method.get("service") or "", method.get("method") or ""
    is_open = method.get("type") == "RegularExpression"
    return Ranked(
        match, (len(service), len(name), len(match.get("headers") or ())), None if is_open else f"{service}/{name}"
    )


def overlap(one: Ranked, other: Ranked) -> bool:
    """Tells whether two matches rank alike and a request can meet both; where that cannot be said, it may."""
    is_open = _ANY_LENGTH in (one.rank[0], other.rank[0])
    is_alike = one.rank[1:] == other.rank[1:] and (one.rank[0] == other.rank[0] or is_open)
    return is_alike and _satisfiable(one.match, other.match)


def _satisfiable(one: Match, other: Match) -> bool:
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
    import re2  # few routes have patterns

    try:
        return re2.fullmatch(pattern, text) is not None
    except re2.error:
        return False
