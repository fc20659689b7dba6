"""Linkerd: HTTPRoutes of a tenant's own, in the dialect of its policy controller."""

from __future__ import annotations

from collections.abc import Mapping

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource
from sandlane.k8s.workload_kinds import WorkloadKind
from sandlane.meshes.gateway_api import route_all
from sandlane.meshes.gateway_api.dialects import LINKERD
from sandlane.meshes.gateway_api.unroutable import unroutable_ports
from sandlane.meshes.protocol import Routed
from sandlane.plan.model import Plan, Unroutable
from sandlane.specs.model import Environment


def pod_labels(_: WorkloadKind, __: Resource, ___: str) -> Mapping[str, str]:
    """Returns no labels: Linkerd names workloads by their owners."""
    return {}


def unroutable(environment: Environment, base: Base) -> Unroutable:
    """Returns the ports that Linkerd cannot route by headers."""
    return unroutable_ports(environment, base, LINKERD)


def route(plan: Plan, unroutable: Unroutable) -> Routed:
    """Returns the routes of all tenants."""
    return route_all(plan, LINKERD, unroutable)
