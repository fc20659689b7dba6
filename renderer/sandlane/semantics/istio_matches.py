"""One match of a VirtualService: whether it is for a proxy at all, and its conditions on requests.

Istio: pilot/pkg/networking/core/route/route.go (sourceMatchHTTP, TranslateRouteMatch, IsCatchAllRoute).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest
from sandlane.k8s.selectors import from_map, matches
from sandlane.semantics.predicates import Atom, Kind, Predicate, Text
from sandlane.semantics.request import Client

MESH = "mesh"
_CLAIMS = "@request.auth.claims"
_KINDS: tuple[Kind, ...] = ("exact", "prefix", "regex")


@frozen(kw_only=True)
class Proxy:
    """A proxy as VirtualServices are translated for it: its client, `mesh` or its gateway `namespace/name`, and the listener's port.

    `dialled` is the host of the virtual host, where it is one that the mesh knows.
    """

    client: Client
    gateway: str
    port: int
    dialled: str = ""


def is_for(match: Manifest, proxy: Proxy) -> bool:
    """Tells whether a match (its gateways in full) is for a proxy: by port, gateways, sourceLabels and sourceNamespace (S9)."""
    port = match.get("port")
    if port and port != proxy.port:
        return False
    gateways = match.get("gateways")
    if gateways:  # then sourceLabels and sourceNamespace are not looked at
        return proxy.gateway in gateways
    labels = match.get("sourceLabels") or {}
    if proxy.client.kind == "waypoint" and labels:
        return False
    is_seen = not labels or proxy.client.kind == "gateway" or matches(from_map(labels), proxy.client.labels)
    source = match.get("sourceNamespace")
    return is_seen and (not source or source == proxy.client.namespace)


def doubt_about(match: Manifest, proxy: Proxy) -> str:
    """Returns why a match that is for a proxy may not be, or ''."""
    if proxy.client.kind == "gateway" and match.get("sourceLabels") and not match.get("gateways"):
        return "sourceLabels are compared with the labels of the gateway's pods, which no manifest holds"
    return "claims of tokens are not modelled" if has_claims(match) else ""


def has_claims(match: Manifest) -> bool:
    """Tells whether a match asks for claims of a token, which are no conditions on the request that the model knows."""
    return any(name.startswith(_CLAIMS) for field in ("headers", "withoutHeaders") for name in match.get(field) or {})


def predicate_of(match: Manifest) -> Predicate:
    """Returns the conditions of a match on requests."""
    return tuple(_atoms(match))


def _atoms(match: Manifest) -> Iterator[Atom]:
    if match.get("uri"):
        text = _text(match["uri"])
        if text.kind != "present":
            yield Atom("path", Text(text.kind, text.value, bool(match.get("ignoreUriCase"))))
    for subject in ("method", "authority", "scheme"):
        if match.get(subject):
            yield Atom(subject, _text(match[subject]))
    for name, condition in (match.get("headers") or {}).items():
        if not name.startswith(_CLAIMS):
            yield Atom("header", _text(condition), name.lower())
    for name, condition in (match.get("withoutHeaders") or {}).items():
        if name.startswith(_CLAIMS):
            continue
        text = _text(condition)
        yield Atom("header", text, name.lower(), is_negated=True, is_empty_if_missing=text.kind != "present")
    for name, condition in (match.get("queryParams") or {}).items():
        yield Atom("query", _text(condition), name)


def _text(condition: Any) -> Text:
    """Returns the condition of a StringMatch; the empty one, and the expression `*`, ask for presence."""
    if isinstance(condition, Mapping):
        for kind in _KINDS:
            value = condition.get(kind)
            if value is not None and (kind, value) != ("regex", "*"):
                return Text(kind, str(value))
    return Text("present")


def is_catch_all(predicate: Predicate) -> bool:
    """Tells whether Istio takes a match for one that every request meets: nothing but the path `/` or `.*`."""
    return all(
        atom.subject == "path" and (atom.text.kind, atom.text.value) in (("prefix", "/"), ("regex", ".*"))
        for atom in predicate
    )
