"""The fields of a kustomization, as a table: names, types, and those that are known and not supported.

Names and types are strict, as kustomize's are; upper and lower case of field names have no meaning there, and so none here.
https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/types/kustomization.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source, did_you_mean, dotted
from sandlane.yamlio.shapes import TEXTS, Each, Shape, mismatches
from sandlane.yamlio.value_types import type_of

KINDS = {
    "Kustomization": "kustomize.config.k8s.io/v1beta1",
    "Component": "kustomize.config.k8s.io/v1alpha1",
}
"""Kind of a kustomization -> its apiVersion; both may be left out."""


_ID = {"group": str, "version": str, "kind": str, "name": str, "namespace": str}
_SELECTOR = {**_ID, "labelSelector": str, "annotationSelector": str}
_SPEC = {"path": str, "group": str, "version": str, "kind": str, "create": bool}
_PATCH = {"path": str, "patch": str, "target": _SELECTOR, "options": Each(bool)}
_OPTIONS = {"labels": TEXTS, "annotations": TEXTS, "disableNameSuffixHash": bool, "immutable": bool}
_GENERATOR = {
    "namespace": str, "name": str, "behavior": str, "options": _OPTIONS,
    "literals": [str], "files": [str], "envs": [str], "env": str,
}  # fmt: skip
_IMAGE = {"name": str, "newName": str, "newTag": str, "tagSuffix": str, "digest": str}
_PLACE = {"delimiter": str, "index": int, "encoding": str, "create": bool}
REPLACEMENT = {
    "source": {**_ID, "fieldPath": str, "options": _PLACE},
    "sourceValue": str,
    "targets": [{"select": _SELECTOR, "reject": [_SELECTOR], "fieldPaths": [str], "options": _PLACE}],
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
    "commonLabels": TEXTS, "commonAnnotations": TEXTS,
    "labels": [{
        "pairs": TEXTS, "includeSelectors": bool, "includeTemplates": bool, "includeVolumeClaimTemplates": bool,
        "fields": [_SPEC],
    }],
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


def problems_of(data: Any, shape: Shape, source: Source) -> Iterator[Problem]:
    """Yields what in a document has not the shape that it should have."""
    for found in mismatches(shape, data, is_closed=True):
        path = found.path
        says, hint, where = "expected a mapping", "", dotted(path)
        if found.what == "unknown":
            yield from _unknown(path, found.value, found.shape, source)
            continue
        if found.what == "twice":
            says = f"'{path[-1]}' and another spelling of it stand in one mapping"
        elif found.what == "missing":
            says = f"there is nothing in '{where}'"
        elif path:
            says = f"expected {found.expected} in '{where}', not {type_of(found.value)}"
            hint = "quote it" if found.shape is str and not isinstance(found.value, dict | list) else ""
        yield report("SL142", source=source, path=path, at_key=found.what == "twice", what=says, hint=hint)


def _unknown(path: Path, value: Any, shape: Any, source: Source) -> Iterator[Problem]:
    key = str(path[-1])
    known = UNSUPPORTED if shape is KUSTOMIZATION else ()
    unsupported = next((name for name in known if name.lower() == key.lower()), None)
    if unsupported and value:
        directory = source.file.rpartition("/")[0] or "."
        yield report("SL140", source=source, path=path, at_key=True, field=unsupported, directory=directory)
    elif not unsupported:
        where = f" in '{dotted(path[:-1])}'" if len(path) > 1 else ""
        hint = did_you_mean(key, shape, otherwise=f"expected one of {', '.join(sorted(shape))}")
        yield report("SL142", source=source, path=path, at_key=True, what=f"unknown field '{key}'{where}", hint=hint)


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
