"""The network that reports ask: a base with what is rendered of it, or with what is on disk."""

from __future__ import annotations

from collections.abc import Iterable

from sandlane.k8s.resource import Resource
from sandlane.semantics.network import Network, make_network, overlaid
from sandlane.specs.inputs import Inputs


def network_of(inputs: Inputs, objects: Iterable[Resource]) -> Network:
    """Returns the network of an environment's base with objects of its output over it."""
    environment = inputs.environment
    return make_network(
        overlaid(inputs.base, objects),
        mesh=environment.mesh,
        domain=environment.cluster.domain,
        root=environment.cluster.root_namespace,
    )
