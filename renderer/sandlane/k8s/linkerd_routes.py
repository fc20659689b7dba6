"""Routes that Linkerd's policy controller cannot convert: it ignores such a route as a whole, and would ignore copies (rule R-L11).

linkerd2: policy-controller/k8s/index/src/outbound/index/http.rs and grpc.rs (convert_route), outbound/index.rs (parse_timeouts,
parse_duration), routes/http.rs and routes/grpc.rs (try_match, req_redirect). Its admission webhook refuses most of them where it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from sandlane.k8s.resource import Manifest, annotations_of, spec_of

FILTERS = frozenset({"RequestHeaderModifier", "RequestRedirect", "ResponseHeaderModifier"})
"""The types of filters that it knows: for another in a rule it ignores the route, for one in a backendRef it answers 500 there."""

_TIMEOUTS = ("timeout.linkerd.io/response", "timeout.linkerd.io/request", "timeout.linkerd.io/idle")
_RETRY = "retry.linkerd.io/"
_DURATION = re.compile(r"(\+?[0-9]+)([^0-9]*)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_GRPC_CONDITIONS = frozenset({"cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"})


def is_service(group: Any, kind: Any) -> bool:
    """Tells whether Linkerd takes a group and kind for those of Services: it ignores case (rule R-L6).

    linkerd2: policy-controller/k8s/index/src/outbound/index.rs, is_service.
    """
    return (group, kind) == ("", "Service") or (str(group).lower() in ("", "core") and str(kind).lower() == "service")


def unconvertible(route: Manifest) -> str | None:
    """Returns why Linkerd ignores a route as a whole, unknown filters aside, or None."""
    return next(chain(_of_annotations(route), _of_rules(route)), None)


def unknown_filter(place: Mapping[str, Any]) -> str | None:
    """Returns the type of a filter of a rule or a backendRef that Linkerd does not know, or None."""
    types = [str(item.get("type")) for item in place.get("filters") or ()]
    return next((kind for kind in types if kind not in FILTERS), None) if types else None


def _of_annotations(route: Manifest) -> Iterator[str]:
    given = annotations_of(route)
    for key in (*_TIMEOUTS, f"{_RETRY}timeout"):
        if key in given and not _is_duration(str(given[key])):
            yield f"annotation '{key}' is no duration of its own kind: '{given[key]}'"
    limit = str(given.get(f"{_RETRY}limit", "1"))
    if not re.fullmatch(r"\+?[0-9]+", limit) or int(limit) > 65_535:
        yield f"annotation '{_RETRY}limit' is no number: '{limit}'"
    field, is_condition = ("grpc", _is_grpc) if route.get("kind") == "GRPCRoute" else ("http", _is_status)
    for condition in str(given[f"{_RETRY}{field}"]).split(",") if f"{_RETRY}{field}" in given else ():
        if not is_condition(condition):
            yield f"annotation '{_RETRY}{field}' has a condition that it does not know: '{condition}'"


def _is_duration(text: str) -> bool:
    found = _DURATION.fullmatch(text.strip())
    if not found:
        return False
    number, unit = int(found[1]), found[2]
    return number == 0 if not unit else number * _MILLISECONDS.get(unit, 2**64) < 2**64


def _is_grpc(condition: str) -> bool:
    return condition.lower() in _GRPC_CONDITIONS


def _is_status(condition: str) -> bool:
    if condition.lower() in ("5xx", "gateway-error"):
        return True
    bounds = [int(part) if re.fullmatch(r"\+?[0-9]+", part) else 0 for part in condition.split("-", 1)]
    return all(100 <= bound < 600 for bound in bounds) and bounds[0] <= bounds[-1]


def _of_rules(route: Manifest) -> Iterator[str]:
    is_grpc = route.get("kind") == "GRPCRoute"
    for rule in spec_of(route).get("rules") or ():
        for match in rule.get("matches") or ():
            yield from _of_grpc_method(match) if is_grpc else _of_path(match)
            for condition in (*(match.get("headers") or ()), *(match.get("queryParams") or ())):
                if condition.get("type") == "RegularExpression" and (why := _expression(condition)):
                    yield why
        for item in rule.get("filters") or ():
            path = (item.get("requestRedirect") or {}).get("path")
            yield from _of_redirect(path) if path is not None else ()


def _of_grpc_method(match: Manifest) -> Iterator[str]:
    if (match.get("method") or {}).get("type") == "RegularExpression":
        yield "a match has a method of type RegularExpression"


def _of_path(match: Manifest) -> Iterator[str]:
    path = match.get("path") or {}
    if path.get("type") == "RegularExpression":
        if why := _expression(path):
            yield why
    elif str(path.get("value") or "/")[0] != "/":
        yield f"a path does not begin with '/': '{path['value']}'"


def _expression(condition: Manifest) -> str | None:
    value = str(condition.get("value") or "")
    from sandlane.k8s.rust_expressions import reading  # for the few conditions that are expressions

    return f"'{value}' is no regular expression of Rust's" if reading(value) == "refused" else None


def _of_redirect(path: Manifest) -> Iterator[str]:
    full, prefix = path.get("replaceFullPath"), path.get("replacePrefixMatch")
    meant = full if full is not None else prefix
    if meant is None:
        yield "a redirect's path says neither replaceFullPath nor replacePrefixMatch"
    elif not str(meant).startswith("/"):
        yield f"a redirect leads to a path without '/' at its beginning: '{meant}'"
