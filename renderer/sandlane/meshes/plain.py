"""Any mesh that follows the Gateway API for Services, of which nothing else is known."""

from __future__ import annotations

from collections.abc import Mapping

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource
from sandlane.k8s.workload_kinds import WorkloadKind
from sandlane.meshes.gateway_api import route_all
from sandlane.meshes.gateway_api.dialects import GENERIC
from sandlane.meshes.gateway_api.unroutable import unroutable_ports
from sandlane.meshes.protocol import Routed
from sandlane.plan.model import Plan, Unroutable
from sandlane.specs.model import Environment


def pod_labels(_: WorkloadKind, __: Resource, ___: str) -> Mapping[str, str]:
    """Returns no labels."""
    return {}


def unroutable(environment: Environment, base: Base) -> Unroutable:
    """Returns the ports that do not look like HTTP."""
    return unroutable_ports(environment, base, GENERIC)


def route(plan: Plan, unroutable: Unroutable) -> Routed:
    """Returns the routes of all tenants."""
    return route_all(plan, GENERIC, unroutable)
