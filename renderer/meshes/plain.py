"""Any mesh that follows the Gateway API for Services, of which nothing else is known."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.base import Base
from renderer.kinds import WorkloadKind
from renderer.meshes.base import Routed, Unroutable
from renderer.meshes.gateway_api import route_all
from renderer.meshes.gateway_api.dialects import GENERIC
from renderer.meshes.gateway_api.unroutable import unroutable_ports
from renderer.model import Environment, Resource
from renderer.plan import Plan


def pod_labels(_: WorkloadKind, __: Resource, ___: str) -> Mapping[str, str]:
    """Returns no labels."""
    return {}


def unroutable(environment: Environment, base: Base) -> Unroutable:
    """Returns the ports that do not look like HTTP."""
    return unroutable_ports(environment, base, GENERIC)


def route(plan: Plan, unroutable: Unroutable) -> Routed:
    """Returns the routes of all tenants."""
    return route_all(plan, GENERIC, unroutable)
