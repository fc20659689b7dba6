"""Linkerd: HTTPRoutes of a tenant's own, in the dialect of its policy controller."""

from __future__ import annotations

from collections.abc import Mapping

from renderer.base import Base
from renderer.kinds import WorkloadKind
from renderer.meshes.base import Routed, Unroutable
from renderer.meshes.gateway_api import route_all
from renderer.meshes.gateway_api.dialects import LINKERD
from renderer.meshes.gateway_api.unroutable import unroutable_ports
from renderer.model import Environment, Resource
from renderer.plan import Plan


def pod_labels(_: WorkloadKind, __: Resource, ___: str) -> Mapping[str, str]:
    """Returns no labels: Linkerd names workloads by their owners."""
    return {}


def unroutable(environment: Environment, base: Base) -> Unroutable:
    """Returns the ports that Linkerd cannot route by headers."""
    return unroutable_ports(environment, base, LINKERD)


def route(plan: Plan, unroutable: Unroutable) -> Routed:
    """Returns the routes of all tenants."""
    return route_all(plan, LINKERD, unroutable)
