"""What the CRDs of routes refuse: types that are none, filters that stand twice, names that are empty, and too much of anything.

https://gateway-api.sigs.k8s.io/reference/spec/ (enumerations, CEL rules and list-map keys), and Linkerd's HTTPRoute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest, spec_of
from sandlane.problems.problem import Path

_MATCHES = {"Exact", "RegularExpression"}
_PATHS = {*_MATCHES, "PathPrefix"}
_FILTERS = {
    "CORS": "cors",
    "ExternalAuth": "externalAuth",
    "ExtensionRef": "extensionRef",
    "RequestHeaderModifier": "requestHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "URLRewrite": "urlRewrite",
}
"""Type of a filter -> the field that says what it does."""
_SEVERAL = {"ExtensionRef", "RequestMirror"}
"""Types of filters that one rule may have several of."""
_RULES, _MATCHES_OF_RULE, _MATCHES_IN_ALL, _PARENTS, _LISTED, _WEIGHT = 16, 64, 128, 32, 16, 1_000_000
_HEADER = 4096
_CHANGES = ("set", "add", "remove")

Refused = Iterator[tuple[str, Path]]


def refused_in(manifest: Manifest) -> Refused:
    """Yields what the API server refuses in a route, and where it stands (Gateway API 1.1 and, for matches, 1.2)."""
    rules = spec_of(manifest).get("rules") or ()
    in_all = sum([len(rule.get("matches") or ()) for rule in rules])
    counts: tuple[tuple[str, int, int, Path], ...] = (
        ("parentRefs", len(spec_of(manifest).get("parentRefs") or ()), _PARENTS, ("spec", "parentRefs")),
        ("rules", len(rules), _RULES, ("spec", "rules")),
        ("matches", in_all, _MATCHES_IN_ALL, ("spec", "rules")),
    )
    yield from [(_many(what, found, limit), path) for what, found, limit, path in counts if found > limit]
    yield from _values(rules)
    for number, rule in enumerate(rules):
        for what, found, limit in _counts(rule):
            if found > limit:
                yield _many(f"{what} in rule {number + 1}", found, limit), ("spec", "rules", number)


def _many(what: str, found: int, limit: int) -> str:
    return f"has {found} {what}, expected at most {limit}"


def _counts(rule: Manifest) -> list[tuple[str, int, int]]:
    """Returns what a rule has of what its CRD limits: what it is, how many there are, and how many there may be."""
    matches, backends = rule.get("matches") or (), rule.get("backendRefs") or ()
    headers = [match["headers"] for match in matches if match.get("headers")]
    filters = [item for place in (rule, *backends) if "filters" in place for item in place["filters"] or ()]
    changed = [item.get(side) or {} for item in filters for side in ("requestHeaderModifier", "responseHeaderModifier")]
    return [
        ("matches", len(matches), _MATCHES_OF_RULE),
        ("filters", len(rule.get("filters") or ()), _LISTED),
        ("backendRefs", len(backends), _LISTED),
        ("as the weight of a backendRef", max([b.get("weight") or 0 for b in backends], default=0), _WEIGHT),
        *[(f"headers to {name}", len(each.get(name) or ()), _LISTED) for each in changed for name in _CHANGES],
        *[("headers in a match", len(listed), _LISTED) for listed in headers],
        *[("characters of a header's value", len(str(h.get("value"))), _HEADER) for listed in headers for h in listed],
    ]


def _values(rules: Sequence[Manifest]) -> Refused:
    """Yields values in rules that the API server refuses, and where they stand."""
    for number, rule in enumerate(rules):
        path: Path = ("spec", "rules", number)
        yield from _filters(rule["filters"], (*path, "filters")) if rule.get("filters") else ()
        for place, match in enumerate(rule.get("matches") or ()):
            yield from _match(match, (*path, "matches", place))
        for place, backend in enumerate(rule.get("backendRefs") or ()):
            here = (*path, "backendRefs", place)
            yield from _filters(backend["filters"], (*here, "filters")) if backend.get("filters") else ()
            for field in ("kind", "name", "namespace") if "" in backend.values() else ():
                if backend.get(field) == "":
                    yield f"has an empty '{field}'", (*here, field)


def _match(match: Manifest, path: Path) -> Refused:
    for field, known in (("path", _PATHS), ("method", _MATCHES)):
        value = match.get(field)
        # A method of HTTP is a text; of gRPC a match of its own.
        if isinstance(value, dict):
            yield from _type(value, known, (*path, field))
            yield from _path(value, (*path, field)) if field == "path" else ()
    for field in ("headers", "queryParams"):
        listed: Sequence[Manifest] = match.get(field) or ()
        for number, header in enumerate(listed):
            yield from _type(header, _MATCHES, (*path, field, number))
        # A list that is a map by name; the names of HTTP ignore case, those of a key do not.
        if len(listed) > 1 and len({header.get("name") for header in listed}) < len(listed):
            yield f"has two '{field}' of one name in a match", (*path, field)


def _path(value: Manifest, path: Path) -> Refused:
    text = value.get("value")
    if str(text or "/")[0] != "/" and value.get("type") != "RegularExpression":
        yield f"has path '{text}', expected one that begins with '/'", (*path, "value")
    if text == "":
        yield "has an empty path", (*path, "value")


def _type(value: Manifest, known: set[str], path: Path) -> Refused:
    if value.get("type") is not None and value["type"] not in known:
        yield f"has type '{value['type']}', expected one of {', '.join(sorted(known))}", (*path, "type")


def _filters(filters: Sequence[Manifest], path: Path) -> Refused:
    for number, each in enumerate(filters):
        kind = str(each.get("type") or "")
        here = (*path, number)
        if kind not in _FILTERS:
            yield f"has a filter of type '{kind}', expected one of {', '.join(_FILTERS)}", here
        elif each.get(_FILTERS[kind]) is None:
            yield f"has a filter of type '{kind}' without '{_FILTERS[kind]}'", here
        for field in _FILTERS.values():
            if kind in _FILTERS and field != _FILTERS[kind] and each.get(field) is not None:
                yield f"has a filter of type '{kind}' with '{field}'", (*here, field)
        for field in ("requestHeaderModifier", "responseHeaderModifier"):
            yield from _header_changes(each.get(field) or {}, (*here, field))
    counted = Counter(str(each.get("type")) for each in filters)
    for kind, times in counted.items():
        if times > 1 and kind not in _SEVERAL:
            yield f"has {times} filters of type '{kind}', expected at most one", path


def _header_changes(modifier: Manifest, path: Path) -> Refused:
    for operation in ("set", "add"):
        headers: Sequence[Any] = modifier.get(operation) or ()
        for name, times in Counter(str(header.get("name")).lower() for header in headers).items():
            if times > 1:
                yield f"changes header '{name}' {times} times", (*path, operation)
        for number, header in enumerate(headers):
            if not header.get("value"):
                yield f"changes header '{header.get('name')}' to nothing", (*path, operation, number)
