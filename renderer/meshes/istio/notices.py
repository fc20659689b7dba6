"""What cannot be routed, or only so: said each time, so that nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from renderer.catalogue import report
from renderer.kinds import WORKLOADS, at, pod_labels
from renderer.meshes.istio.rules import literal_hosts
from renderer.meshes.istio.view import NETWORKING, View
from renderer.model import ResourceId
from renderer.plan import Plan, Tenant
from renderer.ports import is_http, istio_protocol
from renderer.problems import Problem

INJECT = "sidecar.istio.io/inject"


def notices(plan: Plan, view: View, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Problem]:
    """Yields all notices on the Services that tenants cloned."""
    for id in by_service:
        service = plan.base.by_id[id]
        for number, port in enumerate((service.manifest.get("spec") or {}).get("ports") or ()):
            protocol = istio_protocol(port)
            if not is_http(protocol):
                yield report(
                    "SL410",
                    source=service.source,
                    path=("spec", "ports", number),
                    port=port["port"],
                    service=id,
                    protocol=protocol.upper(),
                )
        if id not in view.in_mesh:
            yield from _hashing(view, id)
    yield from _ingresses(plan, by_service)
    if by_service:
        yield from _blind_clients(plan, by_service)
    for vs in view.virtual_services:
        for host, meant in literal_hosts(view, vs):
            if meant in by_service:
                yield report(
                    "SL414", source=vs.source, path=("spec",), object=str(vs.id), host=host, meant=view.fqdn(meant)
                )
    yield from _twice_served(view, by_service)


def _hashing(view: View, id: ResourceId) -> Iterator[Problem]:
    for rule in view.rules_of.get(id, ()):
        policy = at(rule.manifest, ("spec", "trafficPolicy")) or {}
        places = [policy, *(policy.get("portLevelSettings") or ())]
        if any(at(place, ("loadBalancer", "consistentHash")) for place in places):
            yield report("SL413", source=rule.source, path=("spec", "trafficPolicy"), object=str(rule.id), service=id)


def _ingresses(plan: Plan, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Problem]:
    for ingress in plan.base.of("networking.k8s.io", "Ingress"):
        spec = ingress.manifest.get("spec") or {}
        backends = [
            spec.get("defaultBackend"),
            *(path.get("backend") for rule in spec.get("rules") or () for path in at(rule, ("http", "paths")) or ()),
        ]
        named = (ResourceId("", "Service", ingress.id.namespace, at(b, ("service", "name")) or "") for b in backends)
        for id in dict.fromkeys(named):
            if id in by_service:
                yield report("SL415", source=ingress.source, object=str(ingress.id), service=id)


def _blind_clients(plan: Plan, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Problem]:
    """Yields Sidecars that may hide a Service from its clients, and workloads that have no sidecar."""
    for sidecar in plan.base.of(NETWORKING, "Sidecar"):
        if at(sidecar.manifest, ("spec", "egress")):
            for id in by_service:
                yield report(
                    "SL416", source=sidecar.source, path=("spec", "egress"), object=str(sidecar.id), service=id
                )
    for row in WORKLOADS.values():
        for workload in plan.base.of(row.group, row.kind):
            annotations = at(workload.manifest, (*row.template, "metadata", "annotations")) or {}
            if "false" in (pod_labels(row, workload.manifest).get(INJECT), annotations.get(INJECT)):
                yield report(
                    "SL417",
                    source=workload.source,
                    path=row.template,
                    object=str(workload.id),
                    why_not=f"{INJECT}: 'false'",
                )


def _twice_served(view: View, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Problem]:
    for id in by_service:
        serving = view.in_mesh.get(id, ())
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
