"""P6, limits: what the API server, the CRDs and the proxies accept, as far as tables say it (rules R-I17b and R-G5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from sandlane.k8s.limits import LARGEST_ANNOTATIONS, LARGEST_OBJECT, stored_size
from sandlane.k8s.resource import Resource, annotations_of, labels_of
from sandlane.k8s.route_values import refused_in
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.problem import Path, Problem
from sandlane.proof.alignment import align, entries
from sandlane.proof.differences import wrong
from sandlane.proof.policies import ROUTES
from sandlane.proof.readers import VIRTUAL_SERVICE
from sandlane.proof.world import World
from sandlane.specs.label_keys import is_key

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_NAMES: Mapping[GroupKind, tuple[re.Pattern[str], int]] = {
    ("", "Service"): (_LABEL, 63),
    ("apps", "StatefulSet"): (_SUBDOMAIN, 52),
    ("batch", "CronJob"): (_SUBDOMAIN, 52),
    ("batch", "Job"): (_SUBDOMAIN, 63),
}
"""Names that are shorter than a subdomain of 253; the rows of workload kinds, which clones are named by, are not asked."""
_REGEX = 1024
_TEXTS, _WAYS = ("uri", "scheme", "method", "authority"), {"exact", "prefix", "regex"}

_wrong = partial(wrong, "SL606")


def check(world: World) -> Iterator[Problem]:
    """Yields added objects, and VirtualServices of the base with tenants' entries, that nothing would accept."""
    pod_labels = {pods.resource.id: pods.labels for pods in world.pods}
    for resource in world.added:
        key = (resource.id.group, resource.id.kind)
        labels = (*labels_of(resource.manifest).items(), *pod_labels.get(resource.id, {}).items())
        length, refused = world.text_of(resource).length, refused_in(resource.manifest) if key in ROUTES else ()
        for what, path in (*_metadata(resource, labels, length), *refused):
            yield _wrong(resource, what, path)
        if key != VIRTUAL_SERVICE:
            yield from _size(resource, length)
    for vs in world.output.of(*VIRTUAL_SERVICE):
        yield from _virtual_service(world, vs)


def _virtual_service(world: World, vs: Resource) -> Iterator[Problem]:
    ours = world.base.by_id.get(vs.id)
    added, _ = align(entries(ours.manifest) if ours else (), entries(vs.manifest))
    if added:
        yield from _size(vs, world.text_of(vs).length)
    for number in added:
        place: Path = ("spec", "http", number)
        for match in entries(vs.manifest)[number].get("match") or ():
            for field in _ambiguous(match):
                what = f"entry {number + 1} asks '{field}' for more than one of exact, prefix and regex"
                yield _wrong(vs, what, place)
            for text in _expressions(match):
                if len(text) > _REGEX:
                    what = f"has an expression of {len(text)} characters, expected at most {_REGEX}"
                    yield _wrong(vs, f"entry {number + 1} {what}", place)


def _metadata(resource: Resource, labels: Iterable[tuple[str, str]], length: int) -> Iterator[tuple[str, Path]]:
    pattern, limit = _NAMES.get((resource.id.group, resource.id.kind), (_SUBDOMAIN, 253))
    if len(resource.id.name) > limit or not pattern.fullmatch(resource.id.name):
        yield f"its kind may have no such name of {len(resource.id.name)} characters", ("metadata", "name")
    for what in (_bad_label(*label) for label in labels):
        if what:
            yield what, ("metadata", "labels")
    annotations = annotations_of(resource.manifest) if length > LARGEST_ANNOTATIONS else {}
    if sum([len(name.encode()) + len(value.encode()) for name, value in annotations.items()]) > LARGEST_ANNOTATIONS:
        yield f"has annotations of more than {LARGEST_ANNOTATIONS:,} bytes", ("metadata", "annotations")


@lru_cache(maxsize=1 << 16)
def _bad_label(key: str, value: str) -> str | None:
    if not is_key(key):
        return f"label key '{key}' is none"
    return None if len(value) <= 63 and _VALUE.fullmatch(value) else f"label value '{value}' is none"


def _size(resource: Resource, size: int) -> Iterator[Problem]:
    if size > LARGEST_OBJECT:
        size = stored_size(resource.manifest)
    if size > LARGEST_OBJECT:
        yield _wrong(resource, f"has {size:,} bytes, expected at most {LARGEST_OBJECT:,}")


def _ambiguous(match: Mapping[str, Any]) -> Iterator[str]:
    """Yields what a match compares in two ways at once, which the CRD refuses."""
    listed = [match[field] for field in ("headers", "withoutHeaders", "queryParams") if match.get(field)]
    for conditions in ({field: match[field] for field in _TEXTS if field in match}, *listed):
        for field, condition in conditions.items():
            if isinstance(condition, dict) and len(condition) > 1 and len(condition.keys() & _WAYS) > 1:
                yield field


def _expressions(match: Mapping[str, Any]) -> Iterator[str]:
    for field in ("headers", "withoutHeaders"):
        for condition in (match.get(field) or {}).values():
            text = (condition or {}).get("regex")
            if isinstance(text, str):
                yield text
