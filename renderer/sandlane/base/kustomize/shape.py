"""The fields of a kustomization, as a table: names, types, and those that are known and not supported.

Names and types are strict, as kustomize's are; upper and lower case of field names have no meaning there, and so none here.
https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/types/kustomization.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source, did_you_mean, dotted
from sandlane.yamlio.value_types import type_of

KINDS = {
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Component": "kustomize.config.k8s.io/v1alpha1",
}
"""Kind of a kustomization -> its apiVersion; both may be left out."""


@dataclass(frozen=True, slots=True)
class Each:
    """The shape of a mapping with free keys, all of whose values have one shape."""

    shape: Any


Shape = Any
"""A type, a list with the shape of its items, a mapping of fields to shapes, or `Each`."""

_TEXTS = Each(str)
_ID = {"group": str, "version": str, "kind": str, "name": str, "namespace": str}
_SELECTOR = {**_ID, "labelSelector": str, "annotationSelector": str}
_SPEC = {"path": str, "group": str, "version": str, "kind": str, "create": bool}
_PATCH = {"path": str, "patch": str, "target": _SELECTOR, "options": Each(bool)}
_OPTIONS = {"labels": _TEXTS, "annotations": _TEXTS, "disableNameSuffixHash": bool, "immutable": bool}
_GENERATOR = {
    "namespace": str, "name": str, "behavior": str, "options": _OPTIONS,
    "literals": [str], "files": [str], "envs": [str], "env": str,
}  # fmt: skip
_IMAGE = {"name": str, "newName": str, "newTag": str, "tagSuffix": str, "digest": str}
REPLACEMENT = {
    "source": {**_ID, "fieldPath": str, "options": {"delimiter": str, "index": int, "create": bool}},
    "targets": [{
        "select": _SELECTOR, "reject": [_SELECTOR], "fieldPaths": [str],
        "options": {"delimiter": str, "index": int, "create": bool},
    }],
}  # fmt: skip
CONFIGURATION = {
    **{name: [_SPEC] for name in (
        "namePrefix", "nameSuffix", "namespace", "commonLabels", "labels", "templateLabels", "commonAnnotations",
        "varReference", "images", "replicas",
    )},
    "nameReference": [{"group": str, "version": str, "kind": str, "fieldSpecs": [_SPEC]}],
}  # fmt: skip
"""The fields of a file that `configurations` names."""

KUSTOMIZATION: dict[str, Shape] = {
    "apiVersion": str, "kind": str, "metadata": dict,
    "resources": [str], "bases": [str], "components": [str], "configurations": [str],
    "namespace": str, "namePrefix": str, "nameSuffix": str,
    "commonLabels": _TEXTS, "commonAnnotations": _TEXTS,
    "labels": [{"pairs": _TEXTS, "includeSelectors": bool, "includeTemplates": bool, "fields": [_SPEC]}],
    "patches": [_PATCH], "patchesStrategicMerge": [str], "patchesJson6902": [_PATCH],
    "images": [_IMAGE], "imageTags": [_IMAGE],
    "replicas": [{"name": str, "count": int}],
    "replacements": [{**REPLACEMENT, "path": str}],
    "configMapGenerator": [_GENERATOR], "secretGenerator": [{**_GENERATOR, "type": str}],
    "generatorOptions": _OPTIONS,
    "sortOptions": {"order": str, "legacySortOptions": {"orderFirst": [str], "orderLast": [str]}},
}  # fmt: skip
UNSUPPORTED = (
    "vars", "crds", "openapi", "buildMetadata", "helmCharts", "helmGlobals", "helmChartInflationGenerator",
    "generators", "transformers", "validators",
)  # fmt: skip
"""Fields that kustomize knows and this build does not: they need plugins, a network, or are on their way out."""


def mismatches(data: Any, shape: Shape, source: Source, path: Path = ()) -> Iterator[Problem]:
    """Yields what in a document has not the shape that it should have."""
    if data is None:
        return
    expected = _expected(shape)
    if not isinstance(data, expected) or (isinstance(data, bool) and expected is not bool):
        says = f"expected {_NAMES[expected]} in '{dotted(path)}', not {type_of(data)}" if path else "expected a mapping"
        hint = "quote it" if expected is str and not isinstance(data, dict | list) else ""
        yield report("SL142", source=source, path=path, what=says, hint=hint)
    elif isinstance(shape, list):
        for number, item in enumerate(data):
            if item is None:
                says = f"there is nothing in '{dotted((*path, number))}'"
                yield report("SL142", source=source, path=(*path, number), what=says)
            yield from mismatches(item, shape[0], source, (*path, number))
    elif isinstance(shape, Each):
        for key, value in data.items():
            yield from mismatches(value, shape.shape, source, (*path, key))
    elif isinstance(shape, dict):
        yield from _in_fields(data, shape, source, path)


def _in_fields(data: Mapping[str, Any], shape: Mapping[str, Shape], source: Source, path: Path) -> Iterator[Problem]:
    names = {name.lower(): name for name in shape}
    seen: set[str] = set()
    for key, value in data.items():
        name = names.get(key.lower())
        place: Path = (*path, key)
        if name is None:
            yield from _unknown(key, value, shape, source, place)
            continue
        if name in seen:
            says = f"'{key}' and another spelling of it stand in one mapping"
            yield report("SL142", source=source, path=place, at_key=True, what=says)
        seen.add(name)
        yield from mismatches(value, shape[name], source, place)


def _unknown(key: str, value: Any, shape: Mapping[str, Shape], source: Source, path: Path) -> Iterator[Problem]:
    known = UNSUPPORTED if shape is KUSTOMIZATION else ()
    unsupported = next((name for name in known if name.lower() == key.lower()), None)
    if unsupported and value:
        directory = source.file.rpartition("/")[0] or "."
        yield report("SL140", source=source, path=path, at_key=True, field=unsupported, directory=directory)
    elif not unsupported:
        where = f" in '{dotted(path[:-1])}'" if len(path) > 1 else ""
        hint = did_you_mean(key, shape, otherwise=f"expected one of {', '.join(sorted(shape))}")
        yield report("SL142", source=source, path=path, at_key=True, what=f"unknown field '{key}'{where}", hint=hint)


def canonical(data: Any, shape: Shape) -> Any:
    """Returns data that has a shape with its field names in their usual spelling and without nulls."""
    if isinstance(shape, list):
        return [canonical(item, shape[0]) for item in data]
    if isinstance(shape, Each):
        return {key: canonical(value, shape.shape) if value is not None else "" for key, value in data.items()}
    if isinstance(shape, dict):
        names = {name.lower(): name for name in shape}
        spelled = ((names.get(key.lower(), ""), value) for key, value in data.items())
        return {name: canonical(value, shape[name]) for name, value in spelled if name and value is not None}
    return data


_NAMES: Mapping[type[Any], str] = {
    str: "a string", int: "a whole number", bool: "true or false", dict: "a mapping", list: "a list",
}  # fmt: skip


def _expected(shape: Shape) -> type[Any]:
    if isinstance(shape, type):
        return shape
    return list if isinstance(shape, list) else dict


def _quote(data: Any, expected: type) -> str:
    return "quote it" if expected is str and not isinstance(data, dict | list) else ""


def kind_problems(data: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    """Yields what is wrong with the kind and apiVersion of a kustomization, and whether it is empty."""
    kind = data.get("kind") or "Kustomization"
    if kind not in KINDS:
        says = f"expected kind Kustomization or Component, not '{kind}'"
        yield report("SL142", source=source, path=("kind",), what=says)
    elif data.get("apiVersion") not in (None, "", KINDS[kind]):
        says = f"expected apiVersion {KINDS[kind]} for kind {kind}, not '{data['apiVersion']}'"
        yield report("SL142", source=source, path=("apiVersion",), what=says)
    elif not set(data) - {"apiVersion", "kind"}:
        yield report("SL142", source=source, what="the kustomization is empty")
