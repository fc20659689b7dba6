"""The steps of a build that set fields: namespace, prefix and suffix, labels, annotations, replicas.

https://github.com/kubernetes-sigs/kustomize/tree/kustomize/v5.5.0/api/internal/builtins
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sandlane.base.kustomize.configurations import specs_of
from sandlane.base.kustomize.defaults import CLAIM_LABELS
from sandlane.base.kustomize.field_specs import Config, FieldError, FieldSpec, merged_specs, set_fields
from sandlane.base.kustomize.objects import Entry, Id, is_cluster_scoped, remembered
from sandlane.patch.put import put, update

_NEVER_RENAMED = (("", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService"), ("", "Namespace"))
"""(group, kind) of objects whose names stay; an empty group is any."""
_METADATA_NAME, _METADATA_NAMESPACE = ("metadata", "name"), ("metadata", "namespace")
_METADATA_LABELS = FieldSpec(path=("metadata", "labels"), create=True)


def set_namespace(entries: list[Entry], namespace: str, config: Config) -> list[Entry]:
    """Sets the namespace of all objects that may have one, and of what names it. Raises FieldError where two become one."""
    specs = tuple(spec for spec in config.namespace if spec.path != _METADATA_NAMESPACE)
    others = tuple(spec for spec in specs if spec.path != _METADATA_NAME)
    moved = [_in_namespace(entry, namespace, specs, others) for entry in entries]
    known: dict[Id, Entry] = {}
    for entry in moved:
        if known.setdefault(entry.id, entry) is not entry:
            raise FieldError(f"two objects become '{entry.id}' in the namespace '{namespace}'")
    return moved


def _in_namespace(entry: Entry, namespace: str, specs: tuple[FieldSpec, ...], others: tuple[FieldSpec, ...]) -> Entry:
    manifest = entry.manifest
    # Only a Namespace of the core API takes the name; kinds of that name in other groups do not.
    chosen = specs if manifest.get("apiVersion") == "v1" else others
    if not is_cluster_scoped(manifest):
        manifest = put(manifest, _METADATA_NAMESPACE, namespace, create=True)
    if manifest.get("kind") in ("RoleBinding", "ClusterRoleBinding"):
        chosen = tuple(spec for spec in chosen if spec.path != ("subjects", "namespace"))
        subjects = manifest.get("subjects")
        if isinstance(subjects, list):
            manifest = put(manifest, ("subjects",), [_subject(subject, namespace) for subject in subjects])
    manifest = set_fields(manifest, chosen, lambda _: namespace, str)
    return replace(remembered(entry), manifest=manifest)


def _subject(subject: Any, namespace: str) -> Any:
    is_default = isinstance(subject, dict) and subject.get("name") == "default"
    return update(subject, {"namespace": namespace}) if is_default else subject


def add_prefix(entries: list[Entry], prefix: str, config: Config) -> list[Entry]:
    """Puts a prefix before the names of all objects but a few kinds. Raises FieldError."""
    return [
        _renamed(entry, config.name_prefix, lambda name: f"{prefix}{name}", {"prefixes": (*entry.prefixes, prefix)})
        for entry in entries
    ]


def add_suffix(entries: list[Entry], suffix: str, config: Config) -> list[Entry]:
    """Puts a suffix behind the names of all objects but a few kinds. Raises FieldError."""
    return [
        _renamed(entry, config.name_suffix, lambda name: f"{name}{suffix}", {"suffixes": (*entry.suffixes, suffix)})
        for entry in entries
    ]


def _renamed(
    entry: Entry, specs: tuple[FieldSpec, ...], change: Callable[[Any], Any], context: Mapping[str, Any]
) -> Entry:
    first = entry.original
    if any(kind == first.kind and group in ("", first.group) for group, kind in _NEVER_RENAMED):
        return entry
    for spec in specs:
        if not spec.selects(first.group, first.version, first.kind):
            continue
        if spec.path == _METADATA_NAME:
            entry = replace(remembered(entry), **context)
        entry = replace(entry, manifest=set_fields(entry.manifest, (spec,), change, str))
    return entry


def add_labels(entries: list[Entry], label: Mapping[str, Any], config: Config) -> list[Entry]:
    """Sets the pairs of an entry of `labels`. Raises FieldError where its `fields` contradict kustomize's own."""
    specs = merged_specs(specs_of(label.get("fields")), config.labels)
    if label.get("includeSelectors"):
        specs = merged_specs(specs, config.common_labels)
    else:
        specs = merged_specs(specs, config.template_labels if label.get("includeTemplates") else ())
        specs = merged_specs(specs, CLAIM_LABELS if label.get("includeVolumeClaimTemplates") else ())
        specs = merged_specs(specs, (_METADATA_LABELS,))
    return set_pairs(entries, label.get("pairs") or {}, specs)


def add_common_labels(entries: list[Entry], pairs: Mapping[str, str], config: Config) -> list[Entry]:
    """Sets labels of objects, of their pods and in their selectors. Raises FieldError."""
    return set_pairs(entries, pairs, config.common_labels)


def add_common_annotations(entries: list[Entry], pairs: Mapping[str, str], config: Config) -> list[Entry]:
    """Sets annotations of objects and of their pods. Raises FieldError."""
    return set_pairs(entries, pairs, config.common_annotations)


def set_pairs(entries: list[Entry], pairs: Mapping[str, str], specs: tuple[FieldSpec, ...]) -> list[Entry]:
    """Sets labels or annotations in all fields. Raises FieldError."""
    wanted = dict(sorted(pairs.items()))
    if not wanted:
        return entries

    def with_pairs(found: Any) -> Any:
        if found is None:
            return None
        if not isinstance(found, dict):
            raise FieldError(f"expected a mapping for labels or annotations, not {str(found)[:60]!r}")
        return update(found, wanted)

    return [replace(entry, manifest=set_fields(entry.manifest, specs, with_pairs, dict)) for entry in entries]


def set_replicas(entries: list[Entry], row: Mapping[str, Any], config: Config) -> list[Entry]:
    """Sets the replicas of the workloads that have, or had, a name. Raises FieldError where there is none."""
    name, count = row.get("name") or "", row.get("count") or 0
    found = False
    result = []
    for entry in entries:
        specs = tuple(
            spec
            for spec in config.replicas
            if any(id_.name == name and spec.selects(id_.group, id_.version, id_.kind) for id_ in entry.ids)
        )
        found = found or bool(specs)
        result.append(
            replace(entry, manifest=set_fields(entry.manifest, specs, lambda _: count, int)) if specs else entry
        )
    if not found:
        kinds = ", ".join(dict.fromkeys(spec.kind for spec in config.replicas))
        raise FieldError(f"no {kinds} is called '{name}'")
    return result
