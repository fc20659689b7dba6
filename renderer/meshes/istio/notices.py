"""What cannot be routed, or only so: said each time, so that nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from renderer.catalogue import report
from renderer.kinds import WORKLOADS, at, pod_labels
from renderer.meshes.istio.rules import literal_hosts
from renderer.meshes.istio.view import NETWORKING, View
from renderer.model import ResourceId
from renderer.plan import Plan, Tenant
from renderer.problems import Problem

INJECT = "sidecar.istio.io/inject"


def service_notices(plan: Plan, view: View, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Problem]:
    """Yields what VirtualServices and DestinationRules of cloned Services cannot keep, or leave to chance."""
    for id in by_service:
        if id not in view.in_mesh:
            yield from _hashing(view, id)
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


def client_notices(plan: Plan, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Problem]:
    """Yields Sidecars that may hide a Service from its clients, and workloads that have no sidecar."""
    if not by_service:
        return
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
