"""Parts of routes with the defaults of their CRDs written out, so that two spellings of one meaning are the same data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandlane.k8s.resource import Manifest

Written = dict[str, Any]
_MODIFIERS = ("requestHeaderModifier", "responseHeaderModifier")


def spelled_filter(item: Manifest) -> Written:
    """Returns a filter."""
    full = _said(item)
    for field in _MODIFIERS:
        if field in full:
            full[field] = _said(full[field])
    if "requestRedirect" in full:
        full["requestRedirect"] = {"statusCode": 302, **_said(full["requestRedirect"])}
    return full


def without_answer(filters: Sequence[Written], header: str, values: Sequence[str] | None) -> Sequence[Written]:
    """Returns filters that do not set a response header (to one of the values, if any are given); else the same object."""
    changed: list[Written] = []
    is_changed = False
    for item in filters:
        modifier = item.get("responseHeaderModifier") or {}
        entries = modifier.get("set") or []
        kept = [e for e in entries if not _sets(e, header, values)]
        if len(kept) == len(entries):
            changed.append(item)
            continue
        is_changed = True
        rest = _said({**modifier, "set": kept})
        if rest:
            changed.append({**item, "responseHeaderModifier": rest})
    return changed if is_changed else filters


def _sets(entry: Manifest, header: str, values: Sequence[str] | None) -> bool:
    is_header = str(entry.get("name")).lower() == header.lower()
    return is_header and (values is None or entry.get("value") in values)


def _said(value: Manifest) -> Written:
    """Returns a mapping without the fields that say nothing."""
    return {key: part for key, part in value.items() if part is not None and part != []}
