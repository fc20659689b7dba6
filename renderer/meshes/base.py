"""What a mesh is to the pipeline: a module with these functions, and a line in `renderer.meshes.MESHES`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from renderer.emit import Placed
from renderer.plan import Plan, WorkloadClone
from renderer.problems import Problem


@dataclass(frozen=True, slots=True)
class Routed:
    """The route objects of a plan, and what is wrong with them or cannot be routed."""

    objects: tuple[Placed, ...]
    problems: tuple[Problem, ...]


class Mesh(Protocol):
    """One mesh."""

    # Called for each clone: labels that its pods carry for the mesh's sake.
    def pod_labels(self, clone: WorkloadClone) -> Mapping[str, str]: ...

    # Called for each port of a Service: why it cannot be routed by tenant, or None where it can.
    def unroutable(self, service: Mapping[str, Any], port: Mapping[str, Any]) -> str | None: ...

    # Called once: the route objects of all tenants, adopted ones also where there are no tenants.
    def route(self, plan: Plan) -> Routed: ...
