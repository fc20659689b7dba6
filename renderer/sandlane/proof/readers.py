"""What each mesh reads of the Gateway API, and where a first route does no harm: proof's own table (rules R-G1 and R-G6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.ports import istio_unroutable, linkerd_unroutable, plain_unroutable, sidecar_unroutable
from sandlane.k8s.resource import Manifest, Resource, spec_of
from sandlane.k8s.workload_kinds import GroupKind

GATEWAY_API = "gateway.networking.k8s.io"
HTTP_ROUTE = (GATEWAY_API, "HTTPRoute")
GRPC_ROUTE = (GATEWAY_API, "GRPCRoute")
LINKERD_ROUTE = ("policy.linkerd.io", "HTTPRoute")
REFERENCE_GRANT = (GATEWAY_API, "ReferenceGrant")
DESTINATION_RULE = ("networking.istio.io", "DestinationRule")
VIRTUAL_SERVICE = ("networking.istio.io", "VirtualService")


@frozen(kw_only=True)
class Reader:
    """How one mesh reads routes.

    `unroutable` tells which protocols it takes a port of a Service for; `kinds` of routes that it reads. `is_linkerd`: a
    backendRef without a namespace means the parent's. `shared` are the kinds of objects that the output may add in shared/.
    """

    unroutable: Callable[[Manifest, Manifest, Manifest], str | None] = istio_unroutable
    kinds: tuple[GroupKind, ...] = (HTTP_ROUTE, GRPC_ROUTE)
    is_linkerd: bool = False
    reads_virtual_services: bool = False
    shared: frozenset[GroupKind] = frozenset()


READERS: Mapping[str, Reader] = {
    "gateway-api": Reader(unroutable=plain_unroutable),
    "istio": Reader(
        unroutable=sidecar_unroutable,
        reads_virtual_services=True,
        shared=frozenset({VIRTUAL_SERVICE}),
    ),
    "istio-ambient": Reader(reads_virtual_services=True),
    "linkerd": Reader(
        unroutable=linkerd_unroutable,
        kinds=(HTTP_ROUTE, GRPC_ROUTE, LINKERD_ROUTE),
        is_linkerd=True,
    ),
}
"""Value of `spec.mesh` -> how it reads routes."""


def harm(reader: Reader, base: Base, service: Resource, port: Manifest) -> str | None:
    """Returns what a first HTTPRoute would break on a port of a Service of the base, or None."""
    if spec_of(service.manifest).get("type") == "ExternalName":
        return "an ExternalName Service is no parent of a route"
    return reader.unroutable(service.manifest, port, base.namespace(service.id.namespace))
