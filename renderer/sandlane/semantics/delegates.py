"""Delegates of VirtualServices (S12): the routes of a root with those of its delegates in their places.

Istio: pilot/pkg/model/virtualservice_controller.go, mergeHTTPRoutes and below (1.30).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import gateway_name
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.semantics.network import Network
from sandlane.semantics.objects import ISTIO
from sandlane.semantics.outcomes import Origin

_INHERITED = ("rewrite", "directResponse", "timeout", "retries", "fault", "mirror", "mirrorPercent", "mirrorPercentage",
              "corsPolicy", "mirrors", "headers")  # fmt: skip
_STRINGS = ("uri", "scheme", "method", "authority")
_MAPS = ("headers", "withoutHeaders", "queryParams", "sourceLabels")


@frozen(kw_only=True)
class Entry:
    """One http entry as a proxy gets it: with full host names, where it is written, and how many matches it has there."""

    body: Manifest
    origin: Origin
    matches: int


def entries_of(network: Network, resource: Resource) -> Iterator[Entry]:
    """Yields the http entries of a VirtualService that has hosts, delegates merged in."""
    for number, entry in enumerate(spec_of(resource.manifest).get("http") or ()):
        body = _full(network, entry, resource.id.namespace)
        origin = Origin(resource=resource, path=("spec", "http", number))
        if entry.get("delegate"):
            yield from _delegated(network, resource, body)
        else:
            yield Entry(body=body, origin=origin, matches=len(entry.get("match") or ()))


def _delegated(network: Network, root: Resource, body: Manifest) -> Iterator[Entry]:
    named = body["delegate"]
    id = ResourceId(ISTIO, "VirtualService", named.get("namespace") or root.id.namespace, named.get("name", ""))
    delegate = network.base.by_id.get(id)
    spec: Manifest = spec_of(delegate.manifest) if delegate else {}
    if delegate is None or spec.get("hosts"):
        return
    if not visibility(delegate) & {"*", root.id.namespace}:
        return
    for number, leaf in enumerate(spec.get("http") or ()):
        merged = _merged(body, _full(network, leaf, id.namespace))
        if merged is not None:
            origin = Origin(resource=delegate, path=("spec", "http", number))
            yield Entry(body=merged, origin=origin, matches=len(leaf.get("match") or ()))


def _full(network: Network, entry: Manifest, namespace: str) -> Manifest:
    """Returns an entry with the full names of its hosts and gateways."""

    def full(body: Manifest) -> Manifest:
        return {**body, "host": network.full(str(body.get("host", "")), namespace)}

    changed: dict[str, Any] = dict(entry)
    if entry.get("match"):
        named = [(match, (match or {}).get("gateways")) for match in entry["match"]]
        changed["match"] = [
            {**m, "gateways": [gateway_name(n, namespace) for n in g]} if g else m or {} for m, g in named
        ]
    if entry.get("mirror"):
        changed["mirror"] = full(entry["mirror"])
    for field in ("route", "mirrors"):
        if entry.get(field):
            changed[field] = [{**item, "destination": full(item.get("destination") or {})} for item in entry[field]]
    return changed


def _merged(root: Manifest, leaf: Manifest) -> Manifest | None:
    matches = _matches(root.get("match") or (), leaf.get("match") or ())
    if matches is None:
        return None
    kept = {field: root[field] for field in _INHERITED if field in root}
    return {**kept, **{k: v for k, v in leaf.items() if v is not None}, "match": matches}


def _matches(roots: Sequence[Manifest], leaves: Sequence[Manifest]) -> list[Manifest] | None:
    """Returns the merged matches, or None where a leaf's match has no root that it does not contradict."""
    if not roots or not leaves:
        return list(roots or leaves)
    found: list[Manifest] = []
    for leaf in leaves:
        fitting = [_match(root, leaf) for root in roots if not _conflicts(root, leaf)]
        if not fitting:
            return None
        found += fitting
    return found


def _match(root: Manifest, leaf: Manifest) -> Manifest:
    merged = {**root, **{k: v for k, v in leaf.items() if v}, "ignoreUriCase": leaf.get("ignoreUriCase", False)}
    for field in _MAPS:
        merged[field] = {**(root.get(field) or {}), **(leaf.get(field) or {})}
    return merged


def _conflicts(root: Manifest, leaf: Manifest) -> bool:
    theirs = _texts(root)
    if any(_texts_conflict(theirs[place], text) for place, text in _texts(leaf).items() if place in theirs):
        return True
    if bool(root.get("ignoreUriCase")) != bool(leaf.get("ignoreUriCase")):
        return True
    ports = {match["port"] for match in (root, leaf) if match.get("port")}
    source, labels = root.get("sourceNamespace"), root.get("sourceLabels") or {}
    if len(ports) > 1 or (source and leaf.get("sourceNamespace", "") != source):
        return True
    if any(labels.get(key, value) != value for key, value in (leaf.get("sourceLabels") or {}).items()):
        return True
    gateways, narrower = root.get("gateways") or (), leaf.get("gateways") or ()
    return bool(gateways and narrower and not set(narrower) <= set(gateways))


def _texts(match: Manifest) -> dict[tuple[str, str], Manifest]:
    """Returns the conditions of a match on texts, by field and name."""
    named = [(field, name, text) for field in _MAPS[:3] for name, text in (match.get(field) or {}).items()]
    listed = (*((field, "", match.get(field)) for field in _STRINGS), *named)
    return {(field, name): text for field, name, text in listed if text is not None}


def _texts_conflict(root: Manifest, leaf: Manifest) -> bool:
    kinds = ("exact", "prefix", "regex")
    if any(a.get("regex") and any(b.get(kind) for kind in kinds) for a, b in ((root, leaf), (leaf, root))):
        return True
    if root.get("exact"):
        return bool(leaf.get("prefix")) or leaf.get("exact") != root["exact"]
    if root.get("prefix"):
        text = leaf.get("prefix") or leaf.get("exact")
        return not (text and str(text).startswith(str(root["prefix"])))
    return True
