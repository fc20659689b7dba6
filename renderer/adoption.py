"""Which route objects of a base the output has to own: those that some sandbox could change (PRODUCT.md, Output).

That depends on the base and the environment alone: a VirtualService that sends to a Service behind which a workload can be cloned, or
serves its host, or routes for a gateway at which carriers are removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from renderer.inputs import Inputs
from renderer.kinds import WORKLOADS, pod_labels
from renderer.meshes.istio.fields import entries, gateways, hosts, live
from renderer.meshes.istio.gateways import gateway_name
from renderer.meshes.istio.view import View, make_view
from renderer.model import Resource, ResourceId
from renderer.relabel import make_selectors

READS_VIRTUAL_SERVICES = ("istio", "istio-ambient")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A route object that the output has to own, why, and whether the environment says so already."""

    resource: Resource
    why: str
    is_adopted: bool


def proposals(inputs: Inputs) -> list[Proposal]:
    """Returns the route objects to adopt, those that are adopted already too, sorted."""
    environment = inputs.environment
    if environment.mesh not in READS_VIRTUAL_SERVICES or environment.output.base == "full":
        return []
    view = make_view(inputs.base, environment.cluster.domain)
    cloned = _clonable_services(inputs)
    adopted = {(o.kind, o.namespace, o.name) for o in environment.routes.adopt}
    found = ((vs, next(_reasons(inputs, view, vs, cloned), None)) for vs in view.virtual_services)
    return [
        Proposal(resource=vs, why=why, is_adopted=(vs.id.kind, vs.id.namespace, vs.id.name) in adopted)
        for vs, why in found
        if why
    ]


def _clonable_services(inputs: Inputs) -> set[ResourceId]:
    """Returns the Services behind which a workload can be cloned."""
    services = make_selectors(inputs.base, inputs.environment.cluster.root_namespace).services
    return {
        service.id
        for row in WORKLOADS.values()
        if row.is_clonable
        for workload in inputs.base.of(row.group, row.kind)
        for service in services.matching(workload.id.namespace, pod_labels(row, workload.manifest))
    }


def _reasons(inputs: Inputs, view: View, vs: Resource, cloned: set[ResourceId]) -> Iterator[str]:
    for entry in entries(vs.manifest):
        for destination in live(entry):
            service = view.service(destination["destination"]["host"], vs.id.namespace)
            if service in cloned:
                yield f"sends to '{service}'"
    for host in hosts(vs.manifest):
        service = view.service(host, vs.id.namespace)
        if service in cloned:
            yield f"serves '{service}'"
    for name in gateways(vs.manifest):
        full = gateway_name(name, vs.id.namespace)
        if full in inputs.environment.routes.strip:
            yield f"routes for '{full}', where carriers are removed"
