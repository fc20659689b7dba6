"""Which route objects of a base the output has to own: those that some sandbox could change (rule R-O1).

That depends on the base and the environment alone: a VirtualService that sends to a Service behind which a workload can be cloned, or
serves its host, tells such a workload from other clients, or routes for a gateway at which carriers are removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandlane.frozen import frozen
from sandlane.k8s.hosts import gateway_name
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.k8s.selectors import from_map, matches
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.meshes.istio.route_index import RouteIndex, make_route_index
from sandlane.meshes.istio.virtual_service_fields import entries, gateways, hosts, live
from sandlane.plan.optout import is_opted_out
from sandlane.plan.policies.selecting import source_matches
from sandlane.plan.relabel import make_selectors
from sandlane.specs.inputs import Inputs

Pods = tuple[ResourceId, Mapping[str, str]]
"""A workload and the labels of its pods."""


@frozen(kw_only=True)
class Proposal:
    """A route object that the output has to own, why, and whether the environment says so already."""

    resource: Resource
    why: str
    is_adopted: bool


def proposals(inputs: Inputs) -> list[Proposal]:
    """Returns the route objects to adopt, those that are adopted already too, sorted."""
    environment = inputs.environment
    if not environment.is_istio or environment.output.base == "full":
        return []
    view = make_route_index(inputs.base, environment.cluster.domain)
    clonable = list(_clonable(inputs))
    services = make_selectors(inputs.base, environment.cluster.root_namespace).services
    cloned = {service.id for id, labels in clonable for service in services.matching(id.namespace, labels)}
    adopted = {(o.kind, o.namespace, o.name) for o in environment.routes.adopt}
    found = ((vs, next(_reasons(inputs, view, vs, cloned, clonable), None)) for vs in view.virtual_services)
    return [
        Proposal(resource=vs, why=why, is_adopted=(vs.id.kind, vs.id.namespace, vs.id.name) in adopted)
        for vs, why in found
        if why
    ]


def _clonable(inputs: Inputs) -> Iterator[Pods]:
    """Yields the workloads that can be cloned, with the labels of their pods."""
    for row in WORKLOADS.values():
        for workload in inputs.base.of(row.group, row.kind) if row.is_clonable else ():
            yield workload.id, pod_labels(row, workload.manifest)


def _reasons(
    inputs: Inputs, view: RouteIndex, vs: Resource, cloned: set[ResourceId], clonable: Sequence[Pods]
) -> Iterator[str]:
    if not is_opted_out(vs):
        yield from _for_tenants(view, vs, cloned, clonable)
    for name in gateways(vs.manifest):
        full = gateway_name(name, vs.id.namespace)
        if full in inputs.environment.routes.strip:
            yield f"routes for '{full}', where carriers are removed"


def _for_tenants(view: RouteIndex, vs: Resource, cloned: set[ResourceId], clonable: Sequence[Pods]) -> Iterator[str]:
    """Yields why a VirtualService could have entries of tenants, or conditions for clones as clients."""
    for entry in entries(vs.manifest):
        for destination in live(entry):
            service = view.service(destination["destination"]["host"], vs.id.namespace)
            if service in cloned:
                yield f"sends to '{service}'"
    for host in hosts(vs.manifest):
        service = view.service(host, vs.id.namespace)
        if service in cloned:
            yield f"serves '{service}'"
    for match in source_matches(vs.manifest):
        selector, namespace = from_map(match["sourceLabels"]), match.get("sourceNamespace")
        for id, labels in clonable:
            if namespace in (None, "", id.namespace) and matches(selector, labels):
                yield f"tells '{id}' from other clients"
