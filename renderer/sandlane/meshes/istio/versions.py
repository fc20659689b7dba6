"""Requests for one version of a workload that reach, for a tenant, the clone of another (rule C24)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.meshes.istio.route_index import Affected, RouteIndex
from sandlane.meshes.istio.virtual_service_fields import entries
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

_CHOOSE = frozenset({"headers", "withoutHeaders", "queryParams", "sourceLabels"})
"""Conditions of a match by which a version is chosen for some callers."""


def of_other_versions(view: RouteIndex, by_service: Affected) -> Iterator[Problem]:
    """Yields a notice for each entry for certain callers that sends a cloned Service's to versions that a tenant did not clone.

    Entries for everybody, and for paths, are left alone: there a clone stands in for its whole Service, which is what it is for.
    """
    for vs in view.virtual_services:
        for number, entry in enumerate(entries(vs.manifest)):
            matches: Sequence[Manifest] = entry.get("match") or ({},)
            if not all(_CHOOSE & set(match) for match in matches):
                continue
            for id, subsets in _subsets(view, vs, entry).items():
                selected = frozenset().union(*(_selected(view, id, subset) for subset in subsets))
                apart: dict[frozenset[ResourceId], list[str]] = {}
                for tenant in by_service.get(id, ()) if selected else ():
                    cloned = frozenset(clone.origin.id for clone in tenant.services[id].clones)
                    if cloned and not cloned & selected:
                        apart.setdefault(cloned, []).append(tenant.id)
                for cloned, tenants in apart.items():
                    yield report(
                        "SL327",
                        source=vs.source,
                        path=("spec", "http", number),
                        object=str(vs.id),
                        subset="', '".join(subsets),
                        service=id,
                        tenants="', '".join(tenants),
                        one=_names(cloned),
                        other=_names(selected),
                    )


def _subsets(view: RouteIndex, vs: Resource, entry: Manifest) -> dict[ResourceId, list[str]]:
    """Returns the subsets of each Service to which an entry sends; a Service to all of which it sends has none."""
    found: dict[ResourceId, list[str]] = {}
    whole = set()
    for destination in (sent["destination"] for sent in entry.get("route") or ()):
        id = view.service(destination["host"], vs.id.namespace)
        if id and destination.get("subset"):
            found.setdefault(id, []).append(destination["subset"])
        elif id:
            whole.add(id)
    return {id: subsets for id, subsets in found.items() if id not in whole}


def _names(ids: Iterable[ResourceId]) -> str:
    return "', '".join(str(id) for id in sorted(ids))


def _selected(view: RouteIndex, service: ResourceId, subset: str) -> frozenset[ResourceId]:
    """Returns the workloads behind a Service that a subset of its DestinationRules selects."""
    found: set[ResourceId] = set()
    if service not in view.base.by_id:
        return frozenset()
    selector = at(view.base.by_id[service].manifest, ("spec", "selector")) or {}
    for rule in view.rules_of.get(service, ()):
        for each in spec_of(rule.manifest).get("subsets") or ():
            if each.get("name") == subset:
                found |= set(_with_labels(view, service.namespace, {**selector, **(each.get("labels") or {})}))
    return frozenset(found)


def _with_labels(view: RouteIndex, namespace: str, labels: Mapping[str, str]) -> Iterator[ResourceId]:
    """Yields the workloads of a namespace whose pods have all labels."""
    for row in WORKLOADS.values():
        for workload in view.base.of(row.group, row.kind):
            if workload.id.namespace == namespace and labels.items() <= pod_labels(row, workload.manifest).items():
                yield workload.id
