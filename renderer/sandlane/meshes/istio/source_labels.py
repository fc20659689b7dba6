"""Clones as clients (rule R-I19): rules for requests of an origin, told by the labels of its pods, hold for its clone's.

Relabelling takes a clone's pods out of such a condition. So beside each one stands the same for the pods of the clone, in the
base's entries and thereby in tenants' copies of them; no pod of the base meets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.selectors import from_map, matches
from sandlane.k8s.workload_kinds import pod_labels
from sandlane.meshes.istio.virtual_service_fields import FIELDS
from sandlane.plan.model import Plan, Tenant, WorkloadClone
from sandlane.plan.names import ORIGIN, TENANT
from sandlane.plan.policies.selecting import is_by_source, source_matches

Clients = Mapping[ResourceId, Sequence[WorkloadClone]]
"""Origin -> its clones, by tenantID."""


def clients_of(plan: Plan) -> Clients:
    """Groups the clones of a plan by their origins."""
    found: dict[ResourceId, list[WorkloadClone]] = {}
    for clone in sorted(plan.clones, key=lambda clone: clone.sandbox.tenant):
        found.setdefault(clone.origin.id, []).append(clone)
    return dict(sorted(found.items()))


def with_clients(clients: Clients, vs: Resource) -> tuple[dict[str, Any], list[WorkloadClone]]:
    """Returns the spec of a VirtualService with conditions for clones, and the clones for which it has some."""
    spec = dict(spec_of(vs.manifest))
    meant: dict[ResourceId, WorkloadClone] = {}
    if not clients or not any(source_matches(vs.manifest)):
        return spec, []
    for field in FIELDS:
        entries = [_entry(clients, vs, field, entry, meant) for entry in spec.get(field) or ()]
        if any(new is not old for new, old in zip(entries, spec.get(field) or (), strict=True)):
            spec[field] = entries
    return spec, list(meant.values())


def _entry(
    clients: Clients, vs: Resource, field: str, entry: Manifest, meant: dict[ResourceId, WorkloadClone]
) -> Manifest:
    found: list[Manifest] = []
    for match in entry.get("match") or ():
        found.append(match)
        for clone in _lost(clients, match) if is_by_source(vs.manifest["spec"], field, match) else ():
            meant[clone.id] = clone
            found.append({**match, "sourceLabels": dict(clone.selector)})
    return entry if len(found) == len(entry.get("match") or ()) else {**entry, "match": found}


def _lost(clients: Clients, match: Manifest) -> Iterator[WorkloadClone]:
    """Yields the clones whose origins meet a condition on the client that they do not meet."""
    selector = from_map(match["sourceLabels"])
    for origin, clones in clients.items():
        labels = pod_labels(clones[0].row, clones[0].origin.manifest)
        if match.get("sourceNamespace") in (None, "", origin.namespace) and matches(selector, labels):
            yield from (clone for clone in clones if not matches(selector, clone.pods.labels))


def of_tenant(plan: Plan, tenant: Tenant, matches: Sequence[Manifest]) -> Sequence[Manifest]:
    """Returns the matches of an entry without conditions for clones that no request of a tenant meets on its way.

    So a tenant's entry grows with its own clones alone, and with those of a route group's members.
    """
    if not any(_caller(match) for match in matches):
        return matches
    reached = {sandbox.tenant for sandbox in plan.sandboxes if sandbox.name in tenant.members}
    return [match for match in matches if _caller(match) is None or _caller(match) in reached]


def _caller(match: Manifest) -> str | None:
    """Returns the tenantID of the clone for which a condition was added, or None for one of the base's."""
    labels = match.get("sourceLabels") or {}
    return labels[TENANT] if labels.keys() == {TENANT, ORIGIN} else None
