"""Which objects a target, a selector or a name of a kustomization means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.base.kustomize.entries import Entry, Id, texts
from sandlane.k8s.selectors import BadSelector, Selector, from_text, matches
from sandlane.patch.patterns import TargetError, is_whole


def selected(entries: Iterable[Entry], target: Mapping[str, Any]) -> list[int]:
    """Returns the positions of the entries that a patch's target selects, by patterns over first and last ids."""
    labels = label_selector(target.get("labelSelector") or "")
    annotations = label_selector(target.get("annotationSelector") or "")
    found = []
    for number, entry in enumerate(entries):
        now, first = entry.id, entry.original
        if (
            is_whole(target.get("kind"), (now.kind,))
            and is_whole(target.get("name"), (first.name, now.name))
            and is_whole(target.get("namespace"), (first.namespace, now.namespace))
            and is_whole(target.get("group"), (now.group,))
            and is_whole(target.get("version"), (now.version,))
            and matches(labels, texts(entry.manifest, "labels"))
            and matches(annotations, texts(entry.manifest, "annotations"))
        ):
            found.append(number)
    return found


def with_id(entries: Iterable[Entry], wanted: Id) -> list[int]:
    """Returns the positions of the entries that have, or had, an id."""
    return [number for number, entry in enumerate(entries) if wanted in entry.ids]


def is_meant(entry: Entry, selector: Mapping[str, Any]) -> bool:
    """Tells whether a selector of a replacement means an entry: equality with any id that it has had."""
    return any(
        all(
            not selector.get(field) or selector[field] == getattr(id_, field)
            for field in ("group", "version", "kind", "name")
        )
        and (not selector.get("namespace") or selector["namespace"] == id_.namespace)
        for id_ in entry.ids
    )


def label_selector(text: str) -> Selector:
    """Parses a selector such as `app=web,tier in (a, b),!canary`. Raises TargetError."""
    try:
        return from_text(text)
    except BadSelector:
        raise TargetError(f"'{text}' is no label selector") from None
