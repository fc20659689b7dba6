"""What the API server would refuse of a tenant's object: names, labels, annotations, keys, containers and variables.

They come from the base, from patches and from resources of sandboxes. The rules are those of Kubernetes' validation
(apimachinery's pkg/util/validation and pkg/apis/core/validation), of a base only where something is copied from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from sandlane.guards.owners import owners_of
from sandlane.k8s.limits import LARGEST_ANNOTATIONS
from sandlane.k8s.resource import Manifest, annotations_of, at, labels_of
from sandlane.k8s.workload_kinds import WORKLOADS, GroupKind
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan
from sandlane.problems.problem import Problem
from sandlane.specs.label_keys import is_key

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_KEY = re.compile(r"(?!\.\.?\Z|\.\.)[-._A-Za-z0-9]{1,253}")
_VARIABLE = re.compile(r"[ -<>-~]+")
"""Printable ASCII without `=` (RelaxedEnvironmentVariableValidation, since Kubernetes 1.34 in every cluster)."""

_LONGEST_NAMES: Mapping[GroupKind, int] = {(r.group, r.kind): r.name_limit for r in WORKLOADS.values()}


def invalid(plan: Plan, objects: Iterable[Placed]) -> Iterator[Problem]:
    """Yields what is wrong with the objects of sandboxes, and with those that lie in shared/ for all of them."""
    owners = owners_of(plan)
    for placed in objects:
        owner = owners.get(placed.directory) or plan.environment
        for what in _wrong(placed) if not placed.base else ():
            yield owner.problem("SL309", "spec", object=str(placed.id), what=what)


def _wrong(placed: Placed) -> Iterator[str]:
    key, manifest = (placed.id.group, placed.id.kind), placed.manifest
    pattern = _SERVICE if key == ("", "Service") else _DNS_SUBDOMAIN
    if len(placed.id.name) > _LONGEST_NAMES.get(key, 253) or not pattern.fullmatch(placed.id.name):
        yield "no object of its kind may have its name"
    yield from _labels(labels_of(manifest))
    yield from _annotations(annotations_of(manifest))
    if key == ("", "ConfigMap"):
        yield from _data(manifest)
    row = WORKLOADS.get(key)
    if row:
        metadata, spec = (at(manifest, (*row.template, field)) or {} for field in ("metadata", "spec"))
        yield from _labels(metadata.get("labels") or {})
        yield from _annotations(metadata.get("annotations") or {})
        yield from _containers(spec)


_is_qualified = cache(is_key)


@cache
def _is_value(value: str) -> bool:
    return not value or bool(_PART.fullmatch(value))


def _labels(labels: Mapping[str, str]) -> Iterator[str]:
    for key, value in labels.items():
        if not _is_qualified(key):
            yield f"its label '{key}' is no key of a label"
        elif not _is_value(value):
            yield f"its label '{key}' cannot be '{value}'"


def _annotations(annotations: Mapping[str, str]) -> Iterator[str]:
    yield from (f"its annotation '{key}' is no key of one" for key in annotations if not _is_qualified(key.lower()))
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > LARGEST_ANNOTATIONS:
        yield f"its annotations have {size:,} bytes, at most {LARGEST_ANNOTATIONS:,} are allowed"


def _data(config_map: Manifest) -> Iterator[str]:
    for field in ("data", "binaryData"):
        values = config_map.get(field) or {}
        if not isinstance(values, Mapping):
            yield f"its '{field}' is no mapping"
            continue
        for key, value in values.items():
            if not _KEY.fullmatch(str(key)):
                yield f"'{key}' is no key of a ConfigMap"
            elif not isinstance(value, str):
                yield f"the value of its key '{key}' is no string"


def _containers(spec: Manifest) -> Iterator[str]:
    containers = [c for field in ("initContainers", "containers") for c in spec.get(field) or ()]
    names = [container["name"] for container in containers]
    yield from (f"'{name}' is no name of a container" for name in names if not _DNS_LABEL.fullmatch(name))
    yield from (f"it has several containers '{name}'" for name in dict.fromkeys(names) if names.count(name) > 1)
    volumes = [volume.get("name") for volume in spec.get("volumes") or ()]
    yield from (f"it has several volumes '{name}'" for name in dict.fromkeys(volumes) if volumes.count(name) > 1)
    for container in containers:
        for variable in container.get("env") or ():
            if not _VARIABLE.fullmatch(variable["name"]):
                yield f"'{variable['name']}' is no name of a variable in container '{container['name']}'"
