"""The fields of route objects that are known, as tables: of Istio's VirtualServices as of 1.30, of the Gateway API's routes as of 1.5."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.known_fields import Types, Unknown, unknown
from sandlane.k8s.workload_kinds import GroupKind

TYPES: Types = {
    "StringMatch": "exact prefix regex",
    "CorsPolicy": (
        "allowCredentials allowHeaders allowMethods allowOrigin allowOrigins:StringMatch exposeHeaders maxAge "
        "unmatchedPreflights"
    ),
    "Delegate": "name namespace",
    "HTTPBody": "bytes string",
    "HTTPDirectResponse": "body:HTTPBody status",
    "Percent": "value",
    "Abort": "grpcStatus http2Error httpStatus percentage:Percent",
    "Delay": "exponentialDelay fixedDelay percent percentage:Percent",
    "HTTPFaultInjection": "abort:Abort delay:Delay",
    "HeaderOperations": "add remove set",
    "Headers": "request:HeaderOperations response:HeaderOperations",
    "HTTPMatchRequest": (
        "authority:StringMatch gateways headers:*StringMatch ignoreUriCase method:StringMatch name port "
        "queryParams:*StringMatch scheme:StringMatch sourceLabels sourceNamespace statPrefix uri:StringMatch "
        "withoutHeaders:*StringMatch"
    ),
    "PortSelector": "number",
    "Destination": "host port:PortSelector subset",
    "HTTPMirrorPolicy": "destination:Destination percentage:Percent",
    "HTTPRedirect": "authority derivePort port redirectCode scheme uri",
    "HTTPRetry": "attempts perTryTimeout retryOn retryRemoteLocalities",
    "UriRegexRewrite": "match rewrite",
    "HTTPRewrite": "authority uri uriRegexRewrite:UriRegexRewrite",
    "HTTPRouteDestination": "destination:Destination headers:Headers weight",
    "HTTPEntry": (
        "corsPolicy:CorsPolicy delegate:Delegate directResponse:HTTPDirectResponse fault:HTTPFaultInjection "
        "headers:Headers match:HTTPMatchRequest mirror:Destination mirrorPercent mirrorPercentage:Percent "
        "mirror_percent mirrors:HTTPMirrorPolicy name redirect:HTTPRedirect retries:HTTPRetry rewrite:HTTPRewrite "
        "route:HTTPRouteDestination timeout"
    ),
    "L4MatchAttributes": "destinationSubnets gateways port sourceLabels sourceNamespace sourceSubnet",
    "RouteDestination": "destination:Destination weight",
    "TCPEntry": "match:L4MatchAttributes route:RouteDestination",
    "TLSMatchAttributes": "destinationSubnets gateways port sniHosts sourceLabels sourceNamespace",
    "TLSEntry": "match:TLSMatchAttributes route:RouteDestination",
    "VirtualServiceSpec": "exportTo gateways hosts http:HTTPEntry tcp:TCPEntry tls:TLSEntry",
    "ParentReference": "group kind name namespace port sectionName",
    "CORSFilter": "allowCredentials allowHeaders allowMethods allowOrigins exposeHeaders maxAge",
    "LocalObjectReference": "group kind name",
    "BackendObjectReference": "group kind name namespace port",
    "ForwardBody": "maxSize",
    "GRPCAuthConfig": "allowedHeaders",
    "HTTPAuthConfig": "allowedHeaders allowedResponseHeaders path",
    "ExternalAuth": (
        "backendRef:BackendObjectReference forwardBody:ForwardBody grpc:GRPCAuthConfig http:HTTPAuthConfig protocol"
    ),
    "HTTPHeader": "name value",
    "HeaderModifier": "add:HTTPHeader remove set:HTTPHeader",
    "Fraction": "denominator numerator",
    "MirrorFilter": "backendRef:BackendObjectReference fraction:Fraction percent",
    "PathModifier": "replaceFullPath replacePrefixMatch type",
    "RedirectFilter": "hostname path:PathModifier port scheme statusCode",
    "RewriteFilter": "hostname path:PathModifier",
    "HTTPRouteFilter": (
        "cors:CORSFilter extensionRef:LocalObjectReference externalAuth:ExternalAuth "
        "requestHeaderModifier:HeaderModifier requestMirror:MirrorFilter requestRedirect:RedirectFilter "
        "responseHeaderModifier:HeaderModifier type urlRewrite:RewriteFilter"
    ),
    "HTTPBackendRef": "filters:HTTPRouteFilter group kind name namespace port weight",
    "NamedMatch": "name type value",
    "PathMatch": "type value",
    "HTTPRouteMatch": "headers:NamedMatch method path:PathMatch queryParams:NamedMatch",
    "RouteRetry": "attempts backoff codes",
    "CookieConfig": "lifetimeType",
    "SessionPersistence": "absoluteTimeout cookieConfig:CookieConfig sessionName type",
    "RouteTimeouts": "backendRequest request",
    "HTTPRouteRule": (
        "backendRefs:HTTPBackendRef filters:HTTPRouteFilter matches:HTTPRouteMatch name retry:RouteRetry "
        "sessionPersistence:SessionPersistence timeouts:RouteTimeouts"
    ),
    "HTTPRouteSpec": "hostnames parentRefs:ParentReference rules:HTTPRouteRule useDefaultGateways",
    "GRPCRouteFilter": (
        "extensionRef:LocalObjectReference requestHeaderModifier:HeaderModifier requestMirror:MirrorFilter "
        "responseHeaderModifier:HeaderModifier type"
    ),
    "GRPCBackendRef": "filters:GRPCRouteFilter group kind name namespace port weight",
    "GRPCMethodMatch": "method service type",
    "GRPCRouteMatch": "headers:NamedMatch method:GRPCMethodMatch",
    "GRPCRouteRule": (
        "backendRefs:GRPCBackendRef filters:GRPCRouteFilter matches:GRPCRouteMatch name "
        "sessionPersistence:SessionPersistence"
    ),
    "GRPCRouteSpec": "hostnames parentRefs:ParentReference rules:GRPCRouteRule useDefaultGateways",
}

KINDS: Mapping[GroupKind, str] = {
    ("gateway.networking.k8s.io", "GRPCRoute"): "GRPCRouteSpec",
    ("gateway.networking.k8s.io", "HTTPRoute"): "HTTPRouteSpec",
    ("networking.istio.io", "VirtualService"): "VirtualServiceSpec",
    ("policy.linkerd.io", "HTTPRoute"): "HTTPRouteSpec",
}
"""Group and kind -> the type of its `spec`."""


def unknown_route_fields(kind: GroupKind, manifest: Mapping[str, Any]) -> Iterator[Unknown]:
    """Yields the paths of fields that a route's kind does not have, and the fields that it has there."""
    yield from unknown(TYPES, KINDS[kind], manifest.get("spec"), ("spec",))
