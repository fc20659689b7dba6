"""The objects that a target, a selector or a name of a kustomization selects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.base.kustomize.objects import Entry, Id, texts
from sandlane.patch.targets import has_id, has_labels

ID_FIELDS = ("group", "version", "kind", "name", "namespace")


def selected(entries: Iterable[Entry], target: Mapping[str, Any]) -> list[int]:
    """Returns the positions of the entries that a patch's target selects, by patterns over first and last ids."""
    found = []
    for number, entry in enumerate(entries):
        now, first = entry.id, entry.original
        ids = {"kind": (now.kind,), "group": (now.group,), "version": (now.version,)}
        names = {"name": (first.name, now.name), "namespace": (first.namespace, now.namespace)}
        if is_labelled(entry, target) and has_id(target, {**ids, **names}):
            found.append(number)
    return found


def with_id(entries: Iterable[Entry], wanted: Id) -> list[int]:
    """Returns the positions of the entries that have, or had, an id."""
    return [number for number, entry in enumerate(entries) if wanted in entry.ids]


def is_meant(entry: Entry, selector: Mapping[str, Any]) -> bool:
    """Tells whether the source of a replacement selects an entry, by equality with any id that it has had."""
    asked = {field: selector[field] for field in ID_FIELDS if selector.get(field)}
    return any(all(getattr(id_, field) == value for field, value in asked.items()) for id_ in entry.ids)


def is_chosen(entry: Entry, selector: Mapping[str, Any]) -> bool:
    """Tells whether a `select` or `reject` of a replacement matches an entry, by patterns over any id that it has had.

    kustomize 5.5 compares; later ones have patterns, which a name matches as well. Raises TargetError.
    """
    return any(has_id(selector, {field: (getattr(id_, field),) for field in ID_FIELDS}) for id_ in entry.ids)


def is_labelled(entry: Entry, target: Mapping[str, Any]) -> bool:
    """Tells whether an entry has the labels and annotations that a target asks for. Raises TargetError."""
    return has_labels(target, texts(entry.manifest, "labels"), texts(entry.manifest, "annotations"))
