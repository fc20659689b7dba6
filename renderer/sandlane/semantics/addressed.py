"""The port of a host to which a client connects, where a mesh goes by the address and not by the authority."""

from __future__ import annotations

from sandlane.k8s.resource import Manifest
from sandlane.semantics.network import Host, Network
from sandlane.semantics.outcomes import Passthrough, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Table


def addressed(network: Network, address: Address) -> tuple[Host, Manifest] | Table:
    """Returns the host and the port that an address means, or what becomes of requests to one that the mesh knows not."""
    host = network.hosts.get(network.concrete(network.meant(address.host, address.client.namespace)))
    if host is None or host.is_external:
        return Table(otherwise=Passthrough())
    port = host.ports.get(address.port)
    return Table(otherwise=Unknown(f"'{host.name}' has no port {address.port}")) if port is None else (host, port)
