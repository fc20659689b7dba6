"""The result of a mesh: its route objects and their problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId
from sandlane.output.layout import Placed
from sandlane.problems.problem import Problem

if TYPE_CHECKING:
    from sandlane.meshes.gateway_api.components import Component


@frozen
class Routed:
    """The route objects of a plan, and what is wrong with them or cannot be routed.

    `entered` are cloned Services to which Gateways send tenants by routes of their own, whatever the mesh does at their ports.
    """

    objects: tuple[Placed, ...]
    problems: tuple[Problem, ...]
    entered: frozenset[ResourceId] = frozenset()


@frozen
class RoutedBase:
    """The copies of the base's routes of the Gateway API and what is wrong with them, the components of those routes, and Services
    to which Gateways send tenants.
    """

    routed: Routed
    parts: tuple[Component, ...]
    entered: frozenset[ResourceId]
