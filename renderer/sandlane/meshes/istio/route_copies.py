"""A tenant's copy of an entry: what it sends to, and what it answers with (rule R-I5).

Destinations that lead to cloned Services lead to the clones; everything else is the base's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandlane.k8s.hosts import renamed
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.virtual_service_fields import live

Entry = dict[str, Any]
Replacements = Mapping[ResourceId, str]
"""Base Service -> name of the clone that replaces it for a tenant."""


def substituted(view: RouteIndex, entry: Manifest, namespace: str, names: Replacements) -> Entry:
    """Returns an entry whose destinations and mirrors lead to clones (rule R-I5)."""
    result = dict(entry)
    result["route"] = _merged(
        [d for d in live(entry) if _cloned(view, d["destination"], namespace, names)], view, namespace, names
    )
    if entry.get("mirror"):
        result["mirror"] = _destination(view, entry["mirror"], namespace, names)
    if entry.get("mirrors"):
        result["mirrors"] = [
            {**m, "destination": _destination(view, m["destination"], namespace, names)} if m.get("destination") else m
            for m in entry["mirrors"]
        ]
    return result


def _cloned(view: RouteIndex, destination: Manifest, namespace: str, names: Replacements) -> bool:
    return view.service(destination["host"], namespace) in names


def _merged(route: Sequence[Manifest], view: RouteIndex, namespace: str, names: Replacements) -> list[Entry]:
    """Replaces destinations by clones and adds up the weights of those that become one."""
    merged: list[Entry] = []
    for item in route:
        new = {**item, "destination": _destination(view, item["destination"], namespace, names)}
        same = next((m for m in merged if {**m, "weight": 0} == {**new, "weight": 0}), None)
        if same is None:
            merged.append(new)
        else:
            same["weight"] = (same.get("weight") or 0) + (new.get("weight") or 0)
    if len(merged) == 1:
        merged[0].pop("weight", None)
    return merged


def _destination(view: RouteIndex, destination: Manifest, namespace: str, names: Replacements) -> Entry:
    """Returns a destination with its clone's host; a subset stays only if it has a policy of its own."""
    service = view.service(destination["host"], namespace)
    if service is None or service not in names:
        return dict(destination)
    keeps = destination.get("subset") in view.subsets_with_policy.get(service, ())
    return {
        **{key: value for key, value in destination.items() if key != "subset" or keeps},
        "host": renamed(destination["host"], names[service]),
    }


def answering(headers: Mapping[str, Any], name: str, value: str) -> Entry:
    """Returns an entry's header operations with a response header set."""
    response = headers.get("response") or {}
    kept = {key: given for key, given in (response.get("set") or {}).items() if key.lower() != name.lower()}
    return {**headers, "response": {**response, "set": {**kept, name: value}}}


def named(entry: Manifest, tenant: str) -> str:
    """Returns the name of a tenant's copy of an entry."""
    return f"{entry['name']}.{tenant}" if entry.get("name") else f"tenant-{tenant}"


def is_affected(view: RouteIndex, entry: Manifest, namespace: str, names: Replacements) -> bool:
    """Tells whether an entry sends anything to what is replaced."""
    return any(_cloned(view, d["destination"], namespace, names) for d in live(entry))


def moved(view: RouteIndex, entry: Manifest, namespace: str) -> Entry:
    """Returns an entry for another namespace than its own: hosts without a dot are written in full."""

    def full(destination: Manifest) -> Entry:
        service = view.service(destination["host"], namespace)
        return {**destination, **({"host": view.fqdn(service)} if service else {})}

    result = dict(entry)
    for field in ("route", "mirrors"):
        if entry.get(field):
            result[field] = [
                {**item, "destination": full(item["destination"])} if item.get("destination") else item
                for item in entry[field]
            ]
    if entry.get("mirror"):
        result["mirror"] = full(entry["mirror"])
    return result
