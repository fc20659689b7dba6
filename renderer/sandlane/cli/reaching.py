"""How a tenant's clones are reached, of an environment that is rendered."""

from __future__ import annotations

from sandlane.meshes.registry import MESHES
from sandlane.pipeline import Rendered, written
from sandlane.reports.connect.entrances import Doors, doors_of
from sandlane.reports.connect.reach import Reach, reach_of
from sandlane.reports.networks import network_of
from sandlane.semantics.trace import make_tracer
from sandlane.specs.inputs import Inputs


def doors(inputs: Inputs, rendered: Rendered) -> Doors:
    """Returns the hosts at the gateways of a base with what is rendered of it."""
    return doors_of(make_tracer(network_of(inputs, written(rendered.objects).resources)), rendered.plan)


def reach(inputs: Inputs, rendered: Rendered, name: str) -> Reach | None:
    """Returns how the clones of a sandbox or route group are reached; None where it has no tenant."""
    tenant = next((tenant for tenant in rendered.plan.tenants if tenant.name == name), None)
    unroutable = MESHES[inputs.environment.mesh].unroutable(inputs.environment, inputs.base)
    return reach_of(rendered.plan, tenant, unroutable, doors(inputs, rendered)) if tenant else None
