"""How the meshes of the Gateway API differ, as rows: what a route means to each, and which ports it can route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.linkerd_routes import unconvertible
from sandlane.k8s.ports import istio_unroutable, linkerd_unroutable, plain_unroutable, sidecar_unroutable

GATEWAY = "gateway.networking.k8s.io"
LINKERD_POLICY = "policy.linkerd.io"


def _convertible(_: Mapping[str, Any]) -> str | None:
    return None


@frozen(kw_only=True)
class Dialect:
    """One implementation of the Gateway API for Services (GAMMA).

    `route_groups` are the API groups of HTTPRoutes that it reads. `falls_to_parent`: a rule without backendRefs forwards
    to the parent Service, so a default is written without any. `backends_live_with_parent`: a backendRef without a
    namespace means the parent's, not the route's. `ignored_filters` of rules make it ignore the whole route; in a backendRef
    they are answered with 500. `unconvertible` tells of a route why it is ignored as a whole for something else, or None.
    `ignores_case`: of groups and kinds of references to Services. `needs_grpc_method`: for a GRPCRoute match of headers
    alone it refuses every route of the Service. `needs_waypoint`: routes act only where a waypoint serves the Service.
    `merges_namespaces`: clients of a namespace with routes of its own meet those of the Service's namespace too.
    `reads_hostnames`: also of a Service's routes. `ranks_by_length`: the length of a path counts before its type.
    `has_port_forms`: parentRefs with and without a port are told apart. `grpc_keeps_off`: a GRPCRoute of an equal parentRef
    switches an HTTPRoute off. `reads_by_protocol`: what a port's `appProtocol` says decides which kinds of routes it reads there.
    `yields_to_profiles`: a ServiceProfile or TrafficSplit makes it ignore routes. `replaces_namespaces`: clients with
    routes of their own namespace meet no others. `unroutable` tells of a Service, a port and a Namespace why the port cannot be
    routed, or None.
    """

    route_groups: tuple[str, ...] = (GATEWAY,)
    falls_to_parent: bool = False
    backends_live_with_parent: bool = False
    ignored_filters: frozenset[str] = frozenset()
    unconvertible: Callable[[Mapping[str, Any]], str | None] = _convertible
    ignores_case: bool = False
    needs_grpc_method: bool = False
    needs_waypoint: bool = False
    merges_namespaces: bool = False
    reads_hostnames: bool = False
    ranks_by_length: bool = False
    has_port_forms: bool = False
    grpc_keeps_off: bool = False
    reads_by_protocol: bool = False
    yields_to_profiles: bool = False
    replaces_namespaces: bool = False
    unroutable: Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]], str | None]


GENERIC = Dialect(unroutable=plain_unroutable)
"""Any mesh that follows the specification (https://gateway-api.sigs.k8s.io/mesh/)."""

ISTIO = Dialect(
    unroutable=sidecar_unroutable,
    has_port_forms=True,
    # istio: pilot/pkg/model/virtualservice.go, routes of a client's own namespace come first, and of one host the first counts.
    replaces_namespaces=True,
)
"""Istio with sidecars."""

AMBIENT = Dialect(unroutable=istio_unroutable, needs_waypoint=True, has_port_forms=True)
"""Istio's ambient mode: routes act where a waypoint serves the Service."""

LINKERD = Dialect(
    route_groups=(GATEWAY, LINKERD_POLICY),
    # linkerd2: policy-controller/grpc/src/outbound/http.rs, rules without backends.
    falls_to_parent=True,
    # linkerd2: policy-controller/k8s/index/src/outbound/index.rs, the index of the parent's namespace.
    backends_live_with_parent=True,
    # linkerd2: policy-controller/k8s/index/src/outbound/index/http.rs, filters that fail the conversion (rule R-L5).
    ignored_filters=frozenset({"CORS", "ExtensionRef", "RequestMirror", "URLRewrite"}),
    unconvertible=unconvertible,
    # linkerd2: policy-controller/k8s/index/src/outbound/index.rs, is_service (rule R-L6).
    ignores_case=True,
    # linkerd2: policy-controller/k8s/index/src/outbound/index.rs, routes of the parent's and of the client's namespace.
    merges_namespaces=True,
    # linkerd2-proxy: linkerd/http/route/src/lib.rs and http/match.rs, hosts and then the lengths of paths.
    reads_hostnames=True,
    ranks_by_length=True,
    grpc_keeps_off=True,  # linkerd2: policy-controller/k8s/status/src/index.rs
    reads_by_protocol=True,  # rule R-L19
    yields_to_profiles=True,  # rules S21 and R-G2
    needs_grpc_method=True,  # linkerd2-proxy: linkerd/http/route/src/grpc/match.rs, MissingRpc (rule R-L1)
    unroutable=linkerd_unroutable,
)
