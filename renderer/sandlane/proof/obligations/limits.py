"""P6, limits: what the API server, the CRDs and the proxies accept, as far as tables say it (rules R-I17b and R-G5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, annotations_of, labels_of, spec_of
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import align, entries
from sandlane.proof.readers import GRPC_ROUTE, HTTP_ROUTE, LINKERD_ROUTE, VIRTUAL_SERVICE
from sandlane.proof.route_values import refused
from sandlane.proof.routes import rules_of
from sandlane.proof.world import World

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NAMES: Mapping[GroupKind, tuple[re.Pattern[str], int]] = {
    ("", "Service"): (_LABEL, 63),
    ("apps", "StatefulSet"): (_SUBDOMAIN, 52),
    ("batch", "CronJob"): (_SUBDOMAIN, 52),
    ("batch", "Job"): (_SUBDOMAIN, 63),
}
"""Names that are shorter than a subdomain of 253; the rows of workload kinds, which clones are named by, are not asked."""
_ANNOTATIONS, _OBJECT, _REGEX, _HEADER = 256 * 1024, 1024 * 1024, 1024, 4096
_ROUTES: tuple[GroupKind, ...] = (HTTP_ROUTE, GRPC_ROUTE, LINKERD_ROUTE)
_RULES, _MATCHES, _MATCHES_IN_ALL, _PARENTS, _LISTED, _WEIGHT = 16, 64, 128, 32, 16, 1_000_000
_CHANGES = ("set", "add", "remove")


def check(world: World) -> Iterator[Problem]:
    """Yields added objects, and VirtualServices of the base with tenants' entries, that nothing would accept."""
    pod_labels = {pods.resource.id: pods.labels for pods in world.pods}
    # Most labels stand on many objects, so each is looked at once.
    bad: dict[tuple[str, str], str | None] = {}
    for resource in world.added:
        key = (resource.id.group, resource.id.kind)
        labels = (*labels_of(resource.manifest).items(), *pod_labels.get(resource.id, {}).items())
        for what, path in _metadata(resource, labels, bad, world.text_of(resource).length):
            yield _wrong(resource, what, path)
        if key in _ROUTES:
            for what, path in _route(resource):
                yield _wrong(resource, what, path)
        if key != VIRTUAL_SERVICE:
            yield from _size(world, resource)
    for vs in world.output.of(*VIRTUAL_SERVICE):
        yield from _virtual_service(world, vs)


def _virtual_service(world: World, vs: Resource) -> Iterator[Problem]:
    ours = world.base.by_id.get(vs.id)
    added = align(entries(ours.manifest) if ours else (), entries(vs.manifest)).added
    if added:
        yield from _size(world, vs)
    for number in added:
        place: Path = ("spec", "http", number)
        for match in entries(vs.manifest)[number].get("match") or ():
            for text in _expressions(match):
                if len(text) > _REGEX:
                    what = f"has an expression of {len(text)} characters, expected at most {_REGEX}"
                    yield _wrong(vs, f"entry {number + 1} {what}", place)


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL606", source=resource.source, path=path, what=f"'{resource.id}': {what}")


def _metadata(
    resource: Resource, labels: Iterable[tuple[str, str]], bad: dict[tuple[str, str], str | None], length: int
) -> Iterator[tuple[str, Path]]:
    pattern, limit = _NAMES.get((resource.id.group, resource.id.kind), (_SUBDOMAIN, 253))
    if len(resource.id.name) > limit or not pattern.fullmatch(resource.id.name):
        yield f"its kind may have no such name of {len(resource.id.name)} characters", ("metadata", "name")
    for label in labels:
        if label not in bad:
            bad[label] = _bad_label(*label)
        what = bad[label]
        if what:
            yield what, ("metadata", "labels")
    annotations = annotations_of(resource.manifest) if length > _ANNOTATIONS else {}
    if sum(len(name.encode()) + len(value.encode()) for name, value in annotations.items()) > _ANNOTATIONS:
        yield f"has annotations of more than {_ANNOTATIONS:,} bytes", ("metadata", "annotations")


def _bad_label(key: str, value: str) -> str | None:
    if not _is_key(key):
        return f"label key '{key}' is none"
    return None if len(value) <= 63 and _VALUE.fullmatch(value) else f"label value '{value}' is none"


def _is_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    has_prefix = not slash or (len(prefix) <= 253 and _SUBDOMAIN.fullmatch(prefix) is not None)
    return has_prefix and len(name) <= 63 and _NAME.fullmatch(name) is not None


def _size(world: World, resource: Resource) -> Iterator[Problem]:
    size = world.text_of(resource).length
    if size > _OBJECT:
        size = len(json.dumps(resource.manifest, separators=(",", ":"), ensure_ascii=False, default=str).encode())
    if size > _OBJECT:
        yield _wrong(resource, f"has {size:,} bytes, expected at most {_OBJECT:,}")


def _expressions(match: Mapping[str, Any]) -> Iterator[str]:
    for field in ("headers", "withoutHeaders"):
        for condition in (match.get(field) or {}).values():
            text = (condition or {}).get("regex")
            if isinstance(text, str):
                yield text


def _route(resource: Resource) -> Iterator[tuple[str, Path]]:
    """Yields what a route has more of than its CRD lets it have (Gateway API 1.1 and, for matches, 1.2)."""
    rules = rules_of(resource.manifest)
    parents = spec_of(resource.manifest).get("parentRefs") or ()
    in_all = sum(len(rule.get("matches") or ()) for rule in rules)
    counts = (
        ("parentRefs", len(parents), _PARENTS, ("spec", "parentRefs")),
        ("rules", len(rules), _RULES, ("spec", "rules")),
        ("matches", in_all, _MATCHES_IN_ALL, ("spec", "rules")),
    )
    yield from ((_many(what, found, limit), path) for what, found, limit, path in counts if found > limit)
    yield from refused(rules)
    for number, rule in enumerate(rules):
        for what, found, limit in _counts(rule):
            if found > limit:
                yield _many(f"{what} in rule {number + 1}", found, limit), ("spec", "rules", number)


def _many(what: str, found: int, limit: int) -> str:
    return f"has {found} {what}, expected at most {limit}"


def _counts(rule: Manifest) -> Iterator[tuple[str, int, int]]:
    """Yields what a rule has of what its CRD limits: what it is, how many there are, and how many there may be."""
    matches, backends = rule.get("matches") or (), rule.get("backendRefs") or ()
    yield "matches", len(matches), _MATCHES
    yield "filters", len(rule.get("filters") or ()), _LISTED
    yield "backendRefs", len(backends), _LISTED
    yield "as the weight of a backendRef", max((backend.get("weight") or 0 for backend in backends), default=0), _WEIGHT
    for place in (rule, *backends):
        for item in place.get("filters") or ():
            for field in ("requestHeaderModifier", "responseHeaderModifier"):
                changed = item.get(field) or {}
                yield from ((f"headers to {name}", len(changed.get(name) or ()), _LISTED) for name in _CHANGES)
    for match in matches:
        headers = match.get("headers") or ()
        yield "headers in a match", len(headers), _LISTED
        yield "characters of a header's value", max((len(str(h.get("value"))) for h in headers), default=0), _HEADER
