"""What a mesh is to the pipeline: a module with these functions, and a line in `sandlane.meshes.MESHES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.k8s.workload_kinds import WorkloadKind
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan, Unroutable
from sandlane.problems.problem import Problem
from sandlane.specs.model import Environment


@dataclass(frozen=True, slots=True)
class Routed:
    """The route objects of a plan, and what is wrong with them or cannot be routed.

    `entered` are cloned Services to which Gateways send tenants by routes of their own, whatever the mesh does at their ports.
    """

    objects: tuple[Placed, ...]
    problems: tuple[Problem, ...]
    entered: frozenset[ResourceId] = frozenset()


class Mesh(Protocol):
    """One mesh."""

    # Called for each clone, with its origin and tenantID: labels that its pods carry for the mesh's sake.
    def pod_labels(self, row: WorkloadKind, origin: Resource, tenant: str) -> Mapping[str, str]: ...

    # Called once: the ports of the base's Services that cannot be routed by tenant.
    def unroutable(self, environment: Environment, base: Base) -> Unroutable: ...

    # Called once: the route objects of all tenants, adopted ones also where there are no tenants.
    def route(self, plan: Plan, unroutable: Unroutable) -> Routed: ...
