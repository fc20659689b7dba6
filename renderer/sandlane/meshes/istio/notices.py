"""Notices of what Istio does not route by tenant, or not wholly: told on every render, so that nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.k8s.hosts import covers
from sandlane.k8s.proxies import own_proxy
from sandlane.k8s.resource import Resource, ResourceId, at, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.meshes.istio.coverage import Standing, http_ports
from sandlane.meshes.istio.delegates import expanded
from sandlane.meshes.istio.route_index import Affected, RouteIndex
from sandlane.meshes.istio.versions import of_other_versions
from sandlane.meshes.istio.virtual_service_fields import NETWORKING, destinations, entries, hosts, live, mirrors
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan
from sandlane.plan.optout import is_opted_out
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

INJECT = "sidecar.istio.io/inject"


def service_notices(
    view: RouteIndex, by_service: Affected, standings: Mapping[ResourceId, Standing]
) -> Iterator[Problem]:
    """Yields what tenants lose of the VirtualServices and DestinationRules of cloned Services, and where the age of objects decides."""
    for id, how in standings.items():
        if how.is_bare or how.ports:
            yield from _hashing(view, id)
        if not how.is_bare and not view.in_mesh.get(id):
            yield from _caught(view, id)
        if how.is_bare and http_ports(view.base.by_id[id].manifest):
            yield from _conflicting(view, id)
    for vs in view.virtual_services:
        for host, meant in literal_hosts(view, vs):
            if meant in by_service:
                yield report(
                    "SL414", source=vs.source, path=("spec",), object=str(vs.id), host=host, meant=view.fqdn(meant)
                )
    yield from _lost_subsets(view, by_service)
    yield from of_other_versions(view, by_service)
    yield from _twice_served(view, by_service)
    for id in standings:
        service = view.base.by_id[id]
        if http_ports(service.manifest) and at(service.manifest, ("spec", "clusterIP")) == "None":
            yield report("SL449", source=service.source, path=("spec", "clusterIP"), object=str(id))


def _conflicting(view: RouteIndex, id: ResourceId) -> Iterator[Problem]:
    """Yields VirtualServices that Istio's analyzer takes for conflicting with the new one of a Service, though no client sees both.

    Istio: pkg/config/analysis/analyzers/virtualservice/conflictingmeshgatewayhosts.go, which knows no defaults of MeshConfig.
    """
    new = visibility(view.base.by_id[id])
    for vs in view.in_mesh.get(id, ()):
        listed = spec_of(vs.manifest).get("exportTo") or ("*",)
        own = {vs.id.namespace if name == "." else name for name in listed}
        if "*" in own | new or own & new:
            yield report("SL470", source=vs.source, path=("spec", "exportTo"), object=str(vs.id), service=id)


def _hashing(view: RouteIndex, id: ResourceId) -> Iterator[Problem]:
    for rule in view.rules_of.get(id, ()):
        policy = at(rule.manifest, ("spec", "trafficPolicy")) or {}
        places = [policy, *(policy.get("portLevelSettings") or ())]
        if any(at(place, ("loadBalancer", "consistentHash")) for place in places):
            yield report("SL413", source=rule.source, path=("spec", "trafficPolicy"), object=str(rule.id), service=id)


def _lost_subsets(view: RouteIndex, by_service: Affected) -> Iterator[Problem]:
    """Yields subsets with a policy that cloned Services have by a wildcard host alone, to which routes send (rule R-I10)."""
    sent = {
        (service, destination.get("subset"))
        for vs in view.virtual_services
        for destination in destinations(vs.manifest)
        if (service := view.service(destination["host"], vs.id.namespace)) in by_service
    }
    for rule in view.base.of(NETWORKING, "DestinationRule"):
        spec = spec_of(rule.manifest)
        names = [subset["name"] for subset in spec.get("subsets") or () if subset.get("trafficPolicy")]
        host = spec.get("host") or ""
        for id in by_service if host.startswith("*") else ():
            lost = [name for name in names if (id, name) in sent]
            if lost and not view.rules_of.get(id) and covers(host, view.fqdn(id)):
                yield report(
                    "SL466",
                    source=rule.source,
                    path=("spec", "subsets"),
                    object=str(rule.id),
                    subset="', '".join(lost),
                    service=id,
                )


def _caught(view: RouteIndex, id: ResourceId) -> Iterator[Problem]:
    """Yields wildcard hosts that take a cloned Service's requests elsewhere: nobody reaches it by its name (rule R-I14)."""
    for vs in view.closest(id, view.caught_by(id)):
        sent = {
            view.service(d["destination"]["host"], owner.id.namespace)
            for owner, entry, _ in expanded(view.base, vs)
            for d in live(entry)
        }
        if id not in sent:
            how = f"catches '{id}' by a wildcard host and sends its requests elsewhere"
            yield report("SL448", source=vs.source, path=("spec", "hosts"), object=str(vs.id), how=how)


def unreached(
    view: RouteIndex,
    by_service: Affected,
    standings: Mapping[ResourceId, Standing],
    objects: Sequence[Placed],
) -> Iterator[Problem]:
    """Yields VirtualServices that serve cloned Services to which no route of the output sends any tenant's requests."""
    reached = {id for placed in objects for id in _sent(view, placed)}
    for id in standings:
        serving = view.in_mesh.get(id, ())
        is_told = standings[id].is_bare or any(is_opted_out(vs) for vs in serving)
        if is_told or not serving or not http_ports(view.base.by_id[id].manifest):
            continue
        lost = [f"'{tenant.id}'" for tenant in by_service[id] if tenant.services[id].id not in reached]
        if lost:
            vs, how = serving[0], f"serves '{id}' and has no entry that sends requests of {', '.join(lost)} to it"
            yield report("SL448", source=vs.source, path=("spec", "http"), object=str(vs.id), how=how)


def _sent(view: RouteIndex, placed: Placed) -> Iterator[ResourceId | None]:
    """Yields the Services to which a route object sends requests of the mesh; what is for gateways alone sends none."""
    home = placed.id.namespace
    spec = at(placed.manifest, ("spec",)) or {}
    is_meshed = any(reference.get("kind") == "Service" for reference in spec.get("parentRefs") or ())
    if placed.id.kind == "VirtualService":
        is_meshed = "mesh" in (spec.get("gateways") or ("mesh",))
    if not is_meshed:
        return
    if placed.id.kind == "VirtualService":
        yield from (
            view.service(d["destination"]["host"], home) for e in entries(placed.manifest) for d in e.get("route") or ()
        )
    for rule in at(placed.manifest, ("spec", "rules")) or ():
        for reference in rule.get("backendRefs") or ():
            yield ResourceId("", "Service", reference.get("namespace") or home, reference["name"])


def client_notices(plan: Plan, view: RouteIndex, by_service: Affected) -> Iterator[Problem]:
    """Yields Sidecars that may hide a Service from its clients, and workloads that have no sidecar."""
    if not by_service:
        return
    for sidecar in plan.base.of(NETWORKING, "Sidecar"):
        for id in by_service if at(sidecar.manifest, ("spec", "egress")) else ():
            unseen = ", ".join(f"'{hidden}'" for hidden in _hidden(view, sidecar, id))
            if unseen:
                path = ("spec", "egress")
                yield report("SL416", source=sidecar.source, path=path, object=str(sidecar.id), unseen=unseen)
    for row in WORKLOADS.values():
        for workload in plan.base.of(row.group, row.kind):
            annotations = at(workload.manifest, (*row.template, "metadata", "annotations")) or {}
            is_off = "false" in (pod_labels(row, workload.manifest).get(INJECT), annotations.get(INJECT))
            if is_off and not own_proxy(at(workload.manifest, (*row.template, "spec")) or {}):
                yield report(
                    "SL417",
                    source=workload.source,
                    path=row.template,
                    object=str(workload.id),
                    why_not=f"has no proxy of the mesh ({INJECT}: 'false')",
                    where="",
                )


def _hidden(view: RouteIndex, sidecar: Resource, id: ResourceId) -> list[ResourceId]:
    """Returns what a Sidecar hides from its workloads of a Service and its VirtualServices, with the clones that these lead to."""
    listed = [
        str(host) for entry in at(sidecar.manifest, ("spec", "egress")) or () for host in entry.get("hosts") or ()
    ]
    shown = set()
    for home, _, pattern in (host.rpartition("/") for host in listed):
        if covers(pattern, view.fqdn(id)):
            shown.add(sidecar.id.namespace if home == "." else home or "*")
    needed = [id, *(vs.id for vs in view.in_mesh.get(id, ()))]
    return [] if "*" in shown else [each for each in needed if each.namespace not in shown]


def _twice_served(view: RouteIndex, by_service: Affected) -> Iterator[Problem]:
    for id in by_service:
        serving = [vs for vs in view.in_mesh.get(id, ()) if "*" in visibility(vs)]
        if len(serving) > 1:
            yield report(
                "SL418",
                source=serving[1].source,
                path=("spec", "hosts"),
                object=str(serving[1].id),
                service=id,
                one=serving[0].id,
                two=serving[1].id,
            )


def literal_hosts(view: RouteIndex, vs: Resource) -> Iterator[tuple[str, ResourceId]]:
    """Yields hosts of a VirtualService that look like `service.namespace` of the base, which Istio takes literally."""
    sent = (
        d
        for entry in entries(vs.manifest)
        for d in (*(r["destination"] for r in entry.get("route") or ()), *mirrors(entry))
    )
    named = [*hosts(vs.manifest), *(destination["host"] for destination in sent)]
    for host in dict.fromkeys(named):
        name, dot, namespace = host.partition(".")
        id = ResourceId("", "Service", namespace.removesuffix(".svc"), name)
        if dot and view.service(host, vs.id.namespace) is None and id in view.base.by_id:
            yield host, id
