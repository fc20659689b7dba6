"""Changes of objects that change nothing in a cluster, each with the reason: two texts of one normal form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Form = Callable[[Any], Any]


def harmless(before: Mapping[str, Any], after: Mapping[str, Any], cloned: frozenset[str] = frozenset()) -> str | None:
    """Returns why a change of an object is none, or None; `cloned` are the origins of which the output has clones."""
    for reason, kinds, form in REASONS:
        if before.get("kind") in kinds and _same(form(before), form(after)):
            return reason
    if before.get("kind") == "NetworkPolicy" and _same(_for_clones(before, cloned), _for_clones(after, cloned)):
        return FOR_NOBODY
    return None


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _without_nothing(value: Any) -> Any:
    """Returns a value without nulls, which the API server drops."""
    if isinstance(value, Mapping):
        return {key: _without_nothing(inner) for key, inner in value.items() if inner is not None}
    return [_without_nothing(inner) for inner in value] if isinstance(value, list) else value


_EVERYTHING = {"type": "PathPrefix", "value": "/"}


def _defaulted(manifest: Any) -> Any:
    """Returns an HTTPRoute with the defaults of its CRD written out, and every rule's backends without a needless repetition."""
    route = _without_nothing(manifest)
    spec = route.get("spec") or {}
    service = {"group": "", "kind": "Service", "namespace": (route.get("metadata") or {}).get("namespace")}
    parents = [
        {"group": "gateway.networking.k8s.io", "kind": "Gateway", **parent} for parent in spec.get("parentRefs") or ()
    ]
    rules = []
    for rule in spec.get("rules") or ():
        matches = [_match(match) for match in rule.get("matches") or [{}]]
        backends = [{**service, "weight": 1, **backend} for backend in rule.get("backendRefs") or ()]
        kept = {key: value for key, value in rule.items() if key not in ("matches", "backendRefs") and value}
        rules.append({**kept, "matches": matches, "backendRefs": _once(backends)})
    # An equal rule behind another is met by no request.
    unique = list({json.dumps(rule, sort_keys=True): rule for rule in rules}.values())
    return {**route, "spec": {**spec, "parentRefs": parents, "rules": unique}}


def _match(match: Any) -> Any:
    path = {**_EVERYTHING, **(match.get("path") or {})}
    headers = [{"type": "Exact", **header} for header in match.get("headers") or ()]
    return {**match, "path": path, "headers": headers}


def _once(backends: Sequence[Any]) -> list[Any]:
    """Returns one of backends that are all the same, without its weight: its share of the requests is all of them."""
    if not backends or not backends[0]["weight"] or not all(_same(backend, backends[0]) for backend in backends):
        return list(backends)
    return [{key: value for key, value in backends[0].items() if key != "weight"}]


def _alternatives(value: Any) -> Any:
    """Returns a NetworkPolicy, or a part of one, with each list sorted and without repetitions: all of its lists are alternatives,
    but for requirements, which hold together in any order as well.
    """
    if isinstance(value, Mapping):
        return {key: _alternatives(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(_alternatives(inner), sort_keys=True) for inner in value})
    return value


def _for_clones(value: Any, cloned: frozenset[str]) -> Any:
    """Returns a NetworkPolicy whose peers name those origins alone of which there are clones."""
    if isinstance(value, Mapping):
        kept = {key: _for_clones(inner, cloned) for key, inner in value.items()}
        if value.get("key") == "sandlane.dev/origin" and isinstance(value.get("values"), list):
            kept["values"] = sorted({origin for origin in value["values"] if origin in cloned})
        return kept
    return [_for_clones(inner, cloned) for inner in value] if isinstance(value, list) else value


def for_same_listeners(before: Any, after: Any, listeners: Sequence[Any]) -> str | None:
    """Returns why a parentRef without its sectionName is for the same of a Gateway's listeners, or None."""
    hosts = (before.get("spec") or {}).get("hostnames") or ["*"]
    reached = [each for each in listeners if any(_meet(host, each.get("hostname") or "*") for host in hosts)]
    is_one = len(reached) == 1 and _same(_defaulted(_without_sections(before)), _defaulted(_without_sections(after)))
    return FOR_ONE_LISTENER if is_one else None


def _without_sections(route: Any) -> Any:
    spec = route.get("spec") or {}
    parents = [{k: v for k, v in parent.items() if k != "sectionName"} for parent in spec.get("parentRefs") or ()]
    return {**route, "spec": {**spec, "parentRefs": parents}}


def _meet(host: str, listener: str) -> bool:
    """Tells whether a host name is one that a listener answers for; neither of two wildcards counts as the other."""
    return "*" in host or host == listener or (listener.startswith("*") and host.endswith(listener[1:]))


def _reached(entries: Sequence[Any]) -> list[Any]:
    """Returns entries without their names, which logs alone have, and without those that an equal one before them hides.

    The matches of an entry are alternatives.
    """
    found: dict[str, Any] = {}
    for entry in map(_without_nothing, entries):
        kept = {key: value for key, value in entry.items() if key != "name"}
        if kept.get("match"):
            kept["match"] = [
                json.loads(each) for each in sorted({json.dumps(m, sort_keys=True) for m in kept["match"]})
            ]
        found.setdefault(json.dumps(kept, sort_keys=True), kept)
    return list(found.values())


def _by_port(manifest: Any) -> Any:
    """Returns a VirtualService with its HTTP entries by the port that all of their matches name, in their order."""
    entries: dict[str, list[Any]] = {}
    for entry in _reached((manifest.get("spec") or {}).get("http") or ()):
        ports = {str(match.get("port")) for match in entry.get("match") or [{}]}
        entries.setdefault(ports.pop() if len(ports) == 1 else "any", []).append(entry)
    if entries.keys() & {"any", "None"}:
        http = _reached(manifest["spec"]["http"])
        return {**manifest, "spec": {**manifest["spec"], "http": http}}
    return {**manifest, "spec": {**manifest["spec"], "http": entries}}


FOR_ONE_LISTENER = "harmless: no other listener answers for the host"
FOR_NOBODY = "harmless: a peer for clones of which there are none"
REASONS: tuple[tuple[str, tuple[str, ...], Form], ...] = (
    (
        "harmless: a null is no value",
        ("Deployment", "HTTPRoute", "NetworkPolicy", "Service", "VirtualService"),
        _without_nothing,
    ),
    ("harmless: a default of the CRD, or the only backend twice", ("HTTPRoute",), _defaulted),
    ("harmless: alternatives in another order, or twice", ("NetworkPolicy",), _alternatives),
    (
        "harmless: names of entries, entries that no request reaches, or their order by port",
        ("VirtualService",),
        _by_port,
    ),
)
"""Reason -> the kinds that it is for, and the normal form by which both texts say the same."""
