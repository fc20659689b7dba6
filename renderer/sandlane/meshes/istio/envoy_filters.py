"""EnvoyFilters that find by name what a clone has under another one: its cluster, its virtual host, a tenant's copy of a route.

Istio: networking/v1alpha3 `envoy_filter.proto` (ClusterMatch, VirtualHostMatch, RouteMatch). What such a filter changes is any part of
Envoy's configuration, so it is told and not copied.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Manifest, ResourceId, at
from sandlane.meshes.istio.virtual_service_fields import NETWORKING, entries, live
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def unapplied_filters(plan: Plan) -> Iterator[Problem]:
    """Yields the EnvoyFilters of the base that are for cloned Services, or for routes to them, by name."""
    filters = plan.base.of(NETWORKING, "EnvoyFilter")
    cloned = plan.cloned
    routes = set(_copied_routes(plan, cloned)) if filters and cloned else set()
    for each in filters:
        for number, patch in enumerate(at(each.manifest, ("spec", "configPatches")) or ()):
            for what, clones in _named(plan, patch.get("match") or {}, cloned, routes):
                path = ("spec", "configPatches", number, "match")
                yield report("SL468", source=each.source, path=path, object=str(each.id), what=what, clones=clones)


def _copied_routes(plan: Plan, cloned: frozenset[ResourceId]) -> Iterator[str]:
    """Yields the names of the base's entries that send to cloned Services: a tenant's copy has the tenantID in its name."""
    for vs in plan.base.of(NETWORKING, "VirtualService"):
        for entry in entries(vs.manifest):
            sent = (_service(plan, d["destination"]["host"], vs.id.namespace) for d in live(entry))
            if entry.get("name") and any(service in cloned for service in sent):
                yield entry["name"]


def _named(plan: Plan, match: Manifest, cloned: frozenset[ResourceId], routes: set[str]) -> Iterator[tuple[str, str]]:
    """Yields what a match names, and what clones have instead."""
    cluster, vhost = match.get("cluster") or {}, at(match, ("routeConfiguration", "vhost")) or {}
    host = cluster.get("service") or str(cluster.get("name") or "").rpartition("|")[2]
    service = _service(plan, host, "")
    if service in cloned:
        yield f"the cluster of '{service}'", "those of its clones"
    service = _service(plan, str(vhost.get("name") or "").partition(":")[0], "")
    if service in cloned:
        yield f"the virtual host of '{service}'", "those of its clones"
    name = at(vhost, ("route", "name"))
    if name in routes:
        yield f"route '{name}'", "tenants' copies of it"


def _service(plan: Plan, host: str, namespace: str) -> ResourceId | None:
    found = service_of(host, namespace, plan.environment.cluster.domain) if namespace or "." in host else None
    return ResourceId("", "Service", found.namespace, found.name) if found else None
