"""Changes of objects that are alike told once: two hundred clones that follow their base are one line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandlane.frozen import frozen
from sandlane.reports.diff.fields import FieldChange
from sandlane.reports.diff.intents import Change, ObjectChange


@frozen(kw_only=True)
class Group:
    """Objects of one kind that changed alike; one alone is a group as well."""

    change: Change
    members: tuple[ObjectChange, ...]
    fields: tuple[FieldChange, ...]


@frozen(kw_only=True)
class Rules:
    """Rules that a shared route object gains or loses for a tenant."""

    tenant: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def grouped(objects: Iterable[ObjectChange]) -> list[Group]:
    """Returns objects in groups of those that changed alike, in the order of the first of each."""
    found: dict[str, list[ObjectChange]] = {}
    for entry in objects:
        found.setdefault(_alike(entry), []).append(entry)
    return [
        Group(change=members[0].change, members=tuple(members), fields=members[0].fields) for members in found.values()
    ]


def _alike(entry: ObjectChange) -> str:
    """What is equal where two objects changed alike: kind, origin and fields; those that came or went are told one by one."""
    if entry.change != "changed" or not entry.origin:
        return str((entry.change, entry.id))
    told: list[Any] = [[change.kind, change.field, change.before, change.after] for change in entry.fields]
    return json.dumps([entry.id.group, entry.id.kind, entry.id.namespace, entry.origin, told], default=str)


def rules_of(entry: ObjectChange, tenants: Iterable[str]) -> tuple[list[Rules], list[FieldChange]]:
    """Returns what a shared object's rules gain and lose for each tenant, and the fields that are no tenant's.

    A tenant's rules are named `<rule>.<tenantID>` or `tenant-<tenantID>`.
    """
    known = sorted(tenants, key=lambda tenant: (-len(tenant), tenant))
    found: dict[str, dict[str, list[str]]] = {}
    rest = []
    for change in entry.fields:
        name = next(
            (str(s)[1:-1].partition("=")[2].partition(" #")[0] for s in change.path if str(s).startswith("[name=")), ""
        )
        tenant = next((t for t in known if name.endswith((f".{t}", f"tenant-{t}"))), None)
        if tenant is None:
            rest.append(change)
        else:
            is_whole = str(change.path[-1]).startswith("[name=")
            kind = change.kind if is_whole and change.kind in ("added", "removed") else "changed"
            names = found.setdefault(tenant, {"added": [], "removed": [], "changed": []})[kind]
            names += [] if name in names else [name]
    rules = [
        Rules(tenant=t, added=tuple(kinds["added"]), removed=tuple(kinds["removed"]), changed=tuple(kinds["changed"]))
        for t, kinds in sorted(found.items())
    ]
    return rules, rest
