"""DestinationRules of clones (rule R-I10).

Istio finds a DestinationRule by host, so a clone's Service inherits nothing: TLS mode, outlier detection, pools and load
balancing would silently be the defaults. Each rule whose host is the origin's Service is copied for the clone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.hosts import renamed
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.virtual_service_fields import NETWORKING, entries, live, mirrors
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.plan.metadata import copied_labels, kept_annotations, tenant_metadata
from sandlane.plan.model import Plan, ServiceClone, WorkloadClone
from sandlane.plan.names import ORIGIN, clone_name
from sandlane.specs.model import Environment


def destination_rules(plan: Plan, view: RouteIndex) -> Iterator[Placed]:
    """Yields the copies for every cloned Service of every sandbox.

    A rule for clients of certain labels has one more for each clone of these clients in the sandbox (rule R-I19).
    """
    kept = _kept_subsets(view)
    clients: dict[tuple[str, ResourceId], list[WorkloadClone]] = {}
    for made in plan.policies.copies:
        clients.setdefault((made.clone.sandbox.name, made.policy.id), []).append(made.clone)
    for service in plan.services:
        for rule in view.rules_of.get(service.origin.id, ()):
            name = clone_name(rule.id.name, service.sandbox.tenant)
            yield _placed(plan, service, rule, name, kept, None)
            for clone in clients.get((service.sandbox.name, rule.id), ()):
                own = clone_name(f"{name}-{clone.selector[ORIGIN]}", service.sandbox.tenant)
                yield _placed(plan, service, rule, own, kept, clone.selector)


def _placed(
    plan: Plan,
    service: ServiceClone,
    rule: Resource,
    name: str,
    kept: Mapping[ResourceId, set[str]],
    client: Mapping[str, str] | None,
) -> Placed:
    id = ResourceId(NETWORKING, "DestinationRule", rule.id.namespace, name)
    manifest = _copy(plan.environment, service, rule, id, kept.get(service.origin.id, set()))
    if client is not None:
        manifest["spec"]["workloadSelector"] = {"matchLabels": dict(client)}
    return Placed(directory=f"{SANDBOXES}/{service.sandbox.name}", id=id, manifest=manifest)


def _kept_subsets(view: RouteIndex) -> dict[ResourceId, set[str]]:
    """Returns, by Service, the subsets that base routes send to and that have a policy of their own."""
    kept: dict[ResourceId, set[str]] = {}
    for vs in view.virtual_services:
        for entry in entries(vs.manifest):
            for destination in (*(d["destination"] for d in live(entry)), *mirrors(entry)):
                service = view.service(destination["host"], vs.id.namespace)
                if service and destination.get("subset") in view.subsets_with_policy.get(service, ()):
                    kept.setdefault(service, set()).add(destination["subset"])
    return kept


def _copy(
    environment: Environment, service: ServiceClone, rule: Resource, id: ResourceId, kept: set[str]
) -> dict[str, Any]:
    spec = dict(rule.manifest["spec"])
    spec["host"] = renamed(spec["host"], service.id.name)
    subsets = [
        {key: value for key, value in subset.items() if key != "labels"}
        for subset in spec.pop("subsets", None) or ()
        if subset["name"] in kept
    ]
    if subsets:
        spec["subsets"] = subsets
    metadata = tenant_metadata(
        environment,
        service.sandbox,
        name=id.name,
        namespace=id.namespace,
        origin=rule.id.name,
        labels=copied_labels(rule.manifest),
        annotations=kept_annotations(rule.manifest),
    )
    return {"apiVersion": rule.manifest["apiVersion"], "kind": "DestinationRule", "metadata": metadata, "spec": spec}
