"""Requests for one version of a workload that reach, for a tenant, the clone of another (C24 of docs/rules/cloning.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.k8s.resource import ResourceId, at, spec_of
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.virtual_service_fields import entries
from sandlane.plan.model import Tenant
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def of_other_versions(view: RouteIndex, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Problem]:
    """Yields a notice for each entry to a subset that selects no workload that a tenant cloned, though its Service is cloned."""
    for vs in view.virtual_services:
        for number, entry in enumerate(entries(vs.manifest)):
            for place, sent in enumerate(entry.get("route") or ()):
                subset = sent["destination"].get("subset")
                id = view.service(sent["destination"]["host"], vs.id.namespace) if subset else None
                if id is None or id not in by_service:
                    continue
                selected = _selected(view, id, subset)
                for tenant in by_service[id] if selected else ():
                    cloned = {clone.origin.id for clone in tenant.services[id].clones}
                    if cloned and not cloned & selected:
                        yield report(
                            "SL327",
                            source=vs.source,
                            path=("spec", "http", number, "route", place, "destination", "subset"),
                            object=str(vs.id),
                            subset=subset,
                            service=id,
                            tenant=tenant.id,
                            one="', '".join(str(origin) for origin in sorted(cloned)),
                            other="', '".join(str(origin) for origin in sorted(selected)),
                        )


def _selected(view: RouteIndex, service: ResourceId, subset: str) -> frozenset[ResourceId]:
    """Returns the workloads behind a Service that a subset of its DestinationRules selects."""
    selector = at(view.base.by_id[service].manifest, ("spec", "selector")) or {}
    found = set()
    named = (
        {**selector, **(each.get("labels") or {})}.items()
        for rule in view.rules_of.get(service, ())
        for each in spec_of(rule.manifest).get("subsets") or ()
        if each.get("name") == subset
    )
    for wanted in named:
        for row in WORKLOADS.values():
            found |= {
                workload.id
                for workload in view.base.of(row.group, row.kind)
                if workload.id.namespace == service.namespace and wanted <= pod_labels(row, workload.manifest).items()
            }
    return frozenset(found)
