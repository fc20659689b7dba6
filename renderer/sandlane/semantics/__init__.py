"""The compiler: from manifests, whoever wrote them, to routing decisions per client, host and port (docs/rules/model.md).

It shares syntax with the renderer and no decision. What it does not know it says: an `Unknown` outcome, a note, or several choices
that depend on what manifests do not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandlane.semantics import gamma, gateways, istio, linkerd, waypoints
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import L4, Passthrough
from sandlane.semantics.request import Address, Request
from sandlane.semantics.tables import Decision, Table, decide

MESHES: Mapping[str, Callable[[Network, Address], tuple[Table, ...]]] = {
    "gateway-api": gamma.tables_of,
    "istio": istio.tables_of,
    "istio-ambient": waypoints.tables_of,
    "linkerd": linkerd.tables_of,
}
"""Value of `spec.mesh` -> what it makes of requests of its own clients."""


def compile_address(network: Network, address: Address) -> tuple[Table, ...]:
    """Returns the rules for one client, host and port: one table, or one for each of the things that manifests do not decide."""
    if address.client.kind == "gateway":
        return gateways.tables_of(network, address)
    if address.client.kind == "unmeshed":
        return (_unmeshed(network, address),)
    return MESHES[network.mesh](network, address)


def _unmeshed(network: Network, address: Address) -> Table:
    host = network.hosts.get(network.meant(address.host, address.client.namespace))
    note = "the client is not in the mesh: nothing looks at its requests"
    return Table(otherwise=L4(host.name, address.port) if host else Passthrough(), notes=(note,))


def decide_request(network: Network, request: Request) -> Decision:
    """Returns what becomes of a request."""
    return decide(compile_address(network, request.address), request)
