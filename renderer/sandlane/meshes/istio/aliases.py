"""ExternalName Services that are other names of cloned Services.

Istio sends what goes to such a name to the Service that it means, and lets the Service's virtual host answer to it (istio:
pilot/pkg/networking/core/route/route.go, GetDestinationCluster, and httproute.go, generateVirtualHostDomains). So who calls a
Service by it meets tenants' entries. A VirtualService that sends to the name sends to the base's Service; one that serves the name
does so only as long as no VirtualService of the Service itself goes before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.k8s.resource import ResourceId, at
from sandlane.meshes.istio.coverage import Standing, http_ports
from sandlane.meshes.istio.route_index import Affected, RouteIndex
from sandlane.meshes.istio.virtual_service_fields import destinations
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def alias_problems(
    view: RouteIndex, by_service: Affected, standings: Mapping[ResourceId, Standing]
) -> Iterator[Problem]:
    """Yields VirtualServices that send to other names of cloned Services, and those that a new one might hide from such a name."""
    meanings = _meanings(view)
    for vs in view.virtual_services if meanings else ():
        sent = [view.service(d["host"], vs.id.namespace) for d in destinations(vs.manifest)]
        for alias in dict.fromkeys(id for id in sent if id in meanings):
            service = meanings[alias]
            if service in by_service:
                what = f"sends to '{alias}', another name of '{service}'"
                way = "name the Service itself in its destination"
                yield report("SL464", source=vs.source, path=("spec", "http"), object=str(vs.id), what=what, way=way)
    for alias in meanings:
        service = _end(meanings, alias)
        if service in standings and _is_first(view, service, standings[service]):
            for vs in view.in_mesh.get(alias, ()) or view.caught_by(alias):
                yield report(
                    "SL465", source=vs.source, path=("spec", "hosts"), object=str(vs.id), alias=alias, service=service
                )


def _meanings(view: RouteIndex) -> dict[ResourceId, ResourceId]:
    """Returns what each ExternalName Service means, of those that mean a Service of the base."""
    by_name = {view.fqdn(service.id): service.id for service in view.base.of("", "Service")}
    named = {
        service.id: by_name.get(at(service.manifest, ("spec", "externalName")) or "")
        for service in view.base.of("", "Service")
        if at(service.manifest, ("spec", "type")) == "ExternalName"
    }
    return {alias: service for alias, service in named.items() if service}


def _end(meanings: Mapping[ResourceId, ResourceId], alias: ResourceId) -> ResourceId:
    """Returns what a name means in the end; names that mean each other mean nothing, and are not cloned."""
    seen = {alias}
    found = meanings[alias]
    while found in meanings and found not in seen:
        seen.add(found)
        found = meanings[found]
    return found


def _is_first(view: RouteIndex, service: ResourceId, how: Standing) -> bool:
    """Tells whether a Service gets its first entries by tenants, on one port at least."""
    return bool(how.ports) or (how.is_bare and bool(http_ports(view.base.by_id[service].manifest)))
