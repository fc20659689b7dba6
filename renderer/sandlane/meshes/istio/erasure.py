"""A VirtualService without what tenants have in it: for a function of kustomize or kpt, whose input is what it wrote the last time.

An entry is a tenant's if its name says so (rule R-I4), and each of its matches has a carrier that names the same tenant; what gateways
strip is told by name and conditions as well, and conditions for clones as clients (rule R-I19) by the clone's selector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest, spec_of
from sandlane.meshes.carriers import any_baggage_regex, baggage_regex, header_of
from sandlane.meshes.istio.virtual_service_fields import FIELDS
from sandlane.plan.names import ORIGIN, TENANT
from sandlane.specs.model import Carrier


def without_tenants(manifest: Manifest, carriers: Sequence[Carrier]) -> Manifest:
    """Returns a VirtualService as it was before tenants had entries in it; the manifest itself where they have none."""
    spec = spec_of(manifest)
    changed = {}
    for field in FIELDS:
        entries = spec.get(field)
        if isinstance(entries, list):
            left = [_without_clones(e) for e in entries if not (field == "http" and _is_tenants(e, carriers))]
            if left != entries:
                changed[field] = left
    return {**manifest, "spec": {**spec, **changed}} if changed else manifest


def _is_tenants(entry: Any, carriers: Sequence[Carrier]) -> bool:
    matches = entry.get("match") if isinstance(entry, Mapping) else None
    if not isinstance(matches, list) or not matches or not all(isinstance(match, Mapping) for match in matches):
        return False
    name = str(entry.get("name") or "")
    if name == "strip" or name.endswith(".strip"):
        return all(_has_carrier(match, carriers) for match in matches)
    tenant = name.removeprefix("tenant-") if name.startswith("tenant-") else name.rpartition(".")[2]
    return bool(tenant) and all(_names(match, carriers, tenant) for match in matches)


def _names(match: Mapping[str, Any], carriers: Sequence[Carrier], tenant: str) -> bool:
    """Tells whether a match is for requests of a tenant."""
    wanted = [
        (header_of(c), {"exact": tenant} if c.header else {"regex": baggage_regex(c.baggage or "", tenant)})
        for c in carriers
    ]
    return any((match.get("headers") or {}).get(header) == condition for header, condition in wanted)


def _has_carrier(match: Mapping[str, Any], carriers: Sequence[Carrier]) -> bool:
    """Tells whether a match is for requests that have a carrier, whoever it names."""
    wanted = [(header_of(c), {} if c.header else {"regex": any_baggage_regex([c.baggage or ""])}) for c in carriers]
    headers = match.get("headers") or {}
    return any(header in headers and headers[header] == condition for header, condition in wanted)


def _without_clones(entry: Any) -> Any:
    """Returns an entry without the conditions that were added for clones as clients."""
    matches = entry.get("match") if isinstance(entry, Mapping) else None
    if not isinstance(matches, list):
        return entry
    kept = [match for match in matches if not _is_clones(match)]
    return entry if len(kept) in (0, len(matches)) else {**entry, "match": kept}


def _is_clones(match: Any) -> bool:
    labels = match.get("sourceLabels") if isinstance(match, Mapping) else None
    return isinstance(labels, Mapping) and labels.keys() == {TENANT, ORIGIN}
