"""Whose the objects of an output are, and the files by which sandboxes bring their own."""

from __future__ import annotations

from collections.abc import Mapping

from sandlane.k8s.resource import annotations_of
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.plan.model import Plan
from sandlane.plan.names import RESOURCE
from sandlane.specs.model import RouteGroup, Sandbox


def owners_of(plan: Plan) -> Mapping[str, Sandbox | RouteGroup]:
    """Returns the sandboxes and route groups by the directories of their objects; what lies elsewhere is for all of them."""
    return {f"{SANDBOXES}/{tenant.name}": tenant.spec for tenant in plan.tenants}


def file_of(placed: Placed) -> str | None:
    """Returns the file by which a sandbox brings an object; None for one that sandlane makes."""
    return annotations_of(placed.manifest).get(RESOURCE)
