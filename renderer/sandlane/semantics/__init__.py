"""The compiler: from manifests, whoever wrote them, to routing decisions per client, host and port (docs/rules/model.md).

It shares syntax with the renderer and no decision. What it does not know it says: an `Unknown` outcome, a note, or several choices
that depend on what manifests do not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import L4, Passthrough, Unknown
from sandlane.semantics.request import Address
from sandlane.semantics.tables import Table

MESHES: Mapping[str, str] = {
    "gateway-api": "gamma",
    "istio": "istio",
    "istio-ambient": "waypoints",
    "linkerd": "linkerd",
}
"""Value of `spec.mesh` -> the module below this one whose `tables_of` knows what it makes of requests of its own clients to a host.

It is imported when it is asked: planning reads of this package only what Linkerd's policies have in common with routes.
"""


def compile_address(network: Network, address: Address) -> tuple[Table, ...]:
    """Returns the rules for one client, host and port: one table, or one for each of the things that manifests do not decide."""
    kind = address.client.kind
    if kind == "unmeshed":
        return (_unmeshed(network, address),)
    module = import_module(f"sandlane.semantics.{'gateways' if kind == 'gateway' else MESHES[network.mesh]}")
    tables_of: Callable[..., tuple[Table, ...]] = module.tables_of
    if kind == "gateway" or network.mesh == "istio":
        return tables_of(network, address)
    # The others go by the address of a Service, and not by the authority.
    host = network.dialled(address.host, address.client.namespace)
    if host is None or host.is_external:
        has_egress = network.mesh == "linkerd" and network.base.of("policy.linkerd.io", "EgressNetwork")
        return (Table(otherwise=Unknown("EgressNetworks are not modelled") if has_egress else Passthrough()),)
    if address.port not in host.ports:
        return (Table(otherwise=Unknown(f"'{host.name}' has no port {address.port}")),)
    return tables_of(network, address, host)


def _unmeshed(network: Network, address: Address) -> Table:
    host = network.hosts.get(network.meant(address.host, address.client.namespace))
    note = "the client is not in the mesh: nothing looks at its requests"
    return Table(otherwise=L4(host.name, address.port) if host else Passthrough(), notes=(note,))
