"""All manifests of clones that a plan asks for."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.clone.config_map import clone_config_map
from sandlane.clone.policies import policies
from sandlane.clone.service import clone_service, headless_service
from sandlane.clone.workload import clone_workload
from sandlane.k8s.resource import ResourceId
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.plan.model import Plan


def clone_all(plan: Plan) -> Iterator[Placed]:
    """Yields the clones of workloads, Services, ConfigMaps and policies, each in its place.

    Nothing else of the base follows: no autoscaler, no disruption budget (C6, C7).
    """
    environment = plan.environment
    for clone in plan.clones:
        directory = f"{SANDBOXES}/{clone.sandbox.name}"
        yield Placed(directory=directory, id=clone.id, manifest=clone_workload(environment, clone))
        if clone.headless:
            name = clone.origin.manifest["spec"].get("serviceName") or ""
            governing = plan.base.by_id.get(ResourceId("", "Service", clone.id.namespace, name))
            manifest = headless_service(environment, clone, governing.manifest if governing else None)
            yield Placed(directory=directory, id=clone.headless, manifest=manifest)
    for copy in plan.config_maps:
        manifest = clone_config_map(environment, copy)
        yield Placed(directory=f"{SANDBOXES}/{copy.sandbox.name}", id=copy.id, manifest=manifest)
    for service in plan.services:
        yield Placed(
            directory=f"{SANDBOXES}/{service.sandbox.name}", id=service.id, manifest=clone_service(environment, service)
        )
    yield from policies(plan)
