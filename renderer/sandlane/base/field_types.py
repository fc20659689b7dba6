"""The types of the base's fields that sandlane reads, checked once when the base is loaded; others are carried through."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from sandlane.base.pod_field_types import LABEL_SELECTOR, MARKS, POD, POD_SPEC, PORT
from sandlane.k8s.workload_kinds import WORKLOADS, GroupKind
from sandlane.problems.problem import Path
from sandlane.yamlio import shapes
from sandlane.yamlio.fitting import Fits, fitting
from sandlane.yamlio.shapes import TEXTS, Each, NotEmpty, Shape

_STRING_MATCH = {"exact": str, "prefix": str, "regex": str}
_DESTINATION = {"host!": str, "subset": str, "port": {"number": PORT}}
_OPERATIONS = {"set": TEXTS, "add": TEXTS, "remove": [str]}
_HEADERS = {"request": _OPERATIONS, "response": _OPERATIONS}
_ROUTE = [{"destination!": _DESTINATION, "weight": int, "headers": _HEADERS}]
_L4_MATCH = {"sourceLabels": TEXTS, "sourceNamespace": str, "gateways": [str], "port": PORT}
_L4 = [{"match": [{**_L4_MATCH, "sniHosts": [str], "destinationSubnets": [str]}], "route": _ROUTE}]
_HTTP = [{
    "name": str,
    "match": [{**_L4_MATCH, "headers": Each(_STRING_MATCH), "withoutHeaders": Each(_STRING_MATCH), "uri": _STRING_MATCH,
               "queryParams": Each(_STRING_MATCH), "method": _STRING_MATCH, "authority": _STRING_MATCH, "scheme": _STRING_MATCH,
               "ignoreUriCase": bool, "name": str}],
    "route": _ROUTE, "mirror": _DESTINATION, "mirrors": [{"destination": _DESTINATION}], "redirect": dict,
    "directResponse": dict, "delegate": {"name": str, "namespace": str}, "headers": _HEADERS,
    "timeout": str, "retries": dict, "fault": dict, "rewrite": dict, "corsPolicy": dict,
}]  # fmt: skip
_HASH = {
    "loadBalancer": {"consistentHash": dict},
    "tls": {"mode": str, "subjectAltNames": [str], "sni": str},
    "tunnel": dict,
    "connectionPool": dict,
    "outlierDetection": dict,
    "port": {"number": PORT},
}
_ENVOY_PATCH = {
    "applyTo": str, "patch": dict,
    "match": {"context": str, "cluster": {"service": str, "name": str, "subset": str, "portNumber": int}, "listener": dict,
              "routeConfiguration": {"name": str, "portNumber": int, "gateway": str,
                                     "vhost": {"name": str, "domainName": str, "route": {"name": str}}}},
}  # fmt: skip
_TARGET = {"kind": str, "group": str, "name": str, "namespace": str, "sectionName": str}
_TARGETS = {"targetRef": _TARGET, "targetRefs": [_TARGET]}
_SCALED = {"spec": {"scaleTargetRef": {"apiVersion": str, "kind": str, "name": str}}}
_SELECTED = {"spec": {"selector": LABEL_SELECTOR, **_TARGETS}}
_BY_LABELS = {"labels": TEXTS, **LABEL_SELECTOR}
_PEERS = [{"podSelector": LABEL_SELECTOR, "namespaceSelector": LABEL_SELECTOR, "ipBlock": dict}]

_REFERENCE = {
    "name!": NotEmpty(),
    "namespace": NotEmpty(),
    "kind": str,
    "group": str,
    "port": PORT,
    "sectionName": str,
}
_BACKEND = {**_REFERENCE, "weight": int}
_REWRITE = {
    "scheme": str, "hostname": str, "port": int, "statusCode": int,
    "path": {"type": str, "replaceFullPath": str, "replacePrefixMatch": str},
}  # fmt: skip
_CHANGED = [{"name!": str, "value!": str}]
_FILTERS = [{
    "type!": str, "requestMirror": {"backendRef!": _REFERENCE}, "requestRedirect": _REWRITE, "urlRewrite": _REWRITE,
    **{f"{side}HeaderModifier": {"set": _CHANGED, "add": _CHANGED, "remove": [str]} for side in ("request", "response")},
}]  # fmt: skip
_NAMED = [{"name!": str, "type": str, "value": str}]


def _route(method: Shape) -> Shape:
    match = {"headers": _NAMED, "queryParams": _NAMED, "path": {"type": str, "value": str}, "method": method}
    backends = [{**_BACKEND, "filters": _FILTERS}]
    timeouts = {"request": str, "backendRequest": str}
    tuned = {"name": str, "timeouts": timeouts, "retry": dict, "sessionPersistence": dict}
    rules = [{"matches": [match], "filters": _FILTERS, "backendRefs": backends, **tuned}]
    return {"spec": {"parentRefs": [_REFERENCE], "hostnames": [str], "rules": rules}}


_INGRESS_BACKEND = {"service": {"name": str}}
_CANARY_SERVICE = {"name": str, "routes": [str]}
_GATEWAY_PLUGIN = {"namespace": str, "httpRouteSelector": LABEL_SELECTOR, "grpcRouteSelector": LABEL_SELECTOR}
_CANARY = {"trafficRouting": {
    "istio": {"virtualService": _CANARY_SERVICE, "virtualServices": [_CANARY_SERVICE]},
    "plugins": {"argoproj-labs/gatewayAPI": _GATEWAY_PLUGIN},
}}  # fmt: skip


def _workload(template: Path, selector: Path | None, made: Path | None) -> dict[str, Any]:
    """Returns the shape of a workload kind from the paths of its row."""
    claims = [{"metadata": {"name": str, **MARKS}, "spec": dict}]
    shape: dict[str, Any] = {"spec": {"replicas": int, "serviceName": str, "volumeClaimTemplates": claims}}
    for path, part in ((template, POD), (selector, LABEL_SELECTOR), ((*made, "metadata") if made else None, MARKS)):
        inner: dict[str, Any] = shape
        for step in (path or ())[:-1]:
            inner = inner.setdefault(str(step), {})
        if path:
            inner[str(path[-1])] = part
    return shape


_WORKLOADS = {key: _workload(row.template, row.selector, row.made) for key, row in WORKLOADS.items()}
_WORKLOADS[("", "ReplicationController")] = {"spec": {"selector": TEXTS, "template": POD}}
_WORKLOADS[("argoproj.io", "Rollout")]["spec"]["strategy"] = {"canary": _CANARY}
_WORKLOADS[("argoproj.io", "Rollout")]["spec"]["workloadRef"] = {"apiVersion": str, "kind": str, "name": str}
_WORKLOADS[("apps", "StatefulSet")]["spec"]["updateStrategy"] = {"rollingUpdate": dict}
_WORKLOADS[("apps", "StatefulSet")]["spec"]["persistentVolumeClaimRetentionPolicy"] = dict

SHAPES: dict[GroupKind, Shape] = {
    **_WORKLOADS,
    ("", "ConfigMap"): {"data": TEXTS, "binaryData": TEXTS},
    ("", "PersistentVolumeClaim"): {"spec": {"accessModes": [str], "volumeName": str}},
    ("", "ResourceQuota"): {"spec": {"hard": dict, "scopes": [str], "scopeSelector": dict}},
    ("", "ServiceAccount"): {"secrets": [{"name": str}], "imagePullSecrets": [{"name": str}]},
    ("", "Secret"): {"type": str, "data": dict, "stringData": dict},
    ("autoscaling", "HorizontalPodAutoscaler"): _SCALED,
    ("keda.sh", "ScaledObject"): _SCALED,
    ("http.keda.sh", "HTTPScaledObject"): {"spec": {"scaleTargetRef": {"name": str, "service": str}, "service": str}},
    ("flagger.app", "Canary"): {"spec": {"provider": str, "targetRef": _TARGET, "service": {"name": str}}},
    ("split.smi-spec.io", "TrafficSplit"): {"spec": {"service": str, "backends": [{"service": str}]}},
    ("", "Pod"): {"spec": POD_SPEC},
    ("", "Service"): {
        "spec": {"selector": TEXTS, "type": str, "clusterIP": str, "clusterIPs": [str], "externalName": str,
                 "internalTrafficPolicy": str,
                 "ports": [{"name": str, "port!": PORT, "protocol": str, "appProtocol": str}], "externalIPs": [str]},
    },
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {"spec": {"group": str, "scope": str, "names": {"kind": str}}},
    ("extensions.istio.io", "WasmPlugin"): _SELECTED,
    ("gateway.networking.k8s.io", "GRPCRoute"): _route({"service": str, "method": str, "type": str}),
    ("gateway.networking.k8s.io", "HTTPRoute"): _route(str),
    ("gateway.networking.k8s.io", "ReferenceGrant"): {"spec": {"from": [_TARGET], "to": [_TARGET]}},
    **{("gateway.networking.k8s.io", kind): {"spec": {"parentRefs": [_REFERENCE], "rules": [{"backendRefs": [_BACKEND]}]}}
       for kind in ("TCPRoute", "TLSRoute", "UDPRoute")},
    **{("gateway.envoyproxy.io", kind): {"spec": {"targetSelectors": [{"kind": str, "group": str, **LABEL_SELECTOR}], **_TARGETS}}
       for kind in ("BackendTrafficPolicy", "ClientTrafficPolicy", "EnvoyExtensionPolicy", "SecurityPolicy")},
    ("linkerd.io", "ServiceProfile"): {"spec": {"routes": [dict], "dstOverrides": [dict]}},
    **{("monitoring.coreos.com", kind): {"spec": {"selector": LABEL_SELECTOR,
                                                  "namespaceSelector": {"any": bool, "matchNames": [str]}}}
       for kind in ("PodMonitor", "ServiceMonitor")},
    ("networking.istio.io", "DestinationRule"): {
        "spec": {"host!": str, "exportTo": [str], "workloadSelector": LABEL_SELECTOR,
                 "trafficPolicy": {**_HASH, "portLevelSettings": [_HASH]},
                 "subsets": [{"name!": str, "labels": TEXTS, "trafficPolicy": dict}]},
    },
    ("networking.istio.io", "EnvoyFilter"): {"spec": {"workloadSelector": _BY_LABELS, **_TARGETS,
                                                      "configPatches": [_ENVOY_PATCH]}},
    ("networking.istio.io", "ServiceEntry"): {
        "spec": {"hosts": [str], "addresses": [str], "exportTo": [str], "location": str, "resolution": str,
                 "ports": [{"number": PORT, "name": str, "protocol": str}], "endpoints": [{"labels": TEXTS}],
                 "workloadSelector": {"labels": TEXTS}},
    },
    ("networking.istio.io", "WorkloadEntry"): {"spec": {"labels": TEXTS, "address": str}},
    ("networking.istio.io", "Gateway"): {"spec": {"selector": TEXTS, "servers": [{
        "port": {"number": PORT, "name": str, "protocol": str}, "hosts": [str], "tls": {"mode": str, "httpsRedirect": bool}}]}},
    ("networking.istio.io", "ProxyConfig"): _SELECTED,
    ("networking.istio.io", "Sidecar"): {"spec": {"workloadSelector": _BY_LABELS, "egress": [{"hosts": [str], "port": {"number": int}}],
                                                  "ingress": [{"port": {"number": int}, "defaultEndpoint": str}],
                                                  "outboundTrafficPolicy": {"mode": str}}},
    ("networking.istio.io", "VirtualService"): {
        "spec": {"hosts": [str], "gateways": [str], "exportTo": [str], "http": _HTTP, "tls": _L4, "tcp": _L4},
    },
    ("gateway.networking.k8s.io", "Gateway"): {
        "spec": {"gatewayClassName": str, "listeners": [{
            "name": str, "port": int, "protocol": str, "hostname": str, "tls": {"mode": str},
            "allowedRoutes": {"namespaces": {"from": str, "selector": LABEL_SELECTOR}, "kinds": [{"kind": str, "group": str}]}}]},
    },
    ("gateway.networking.k8s.io", "BackendTLSPolicy"): {"spec": _TARGETS},
    **{("policy.linkerd.io", kind): {"spec": {"targetRef": _TARGET, "requiredAuthenticationRefs": [_TARGET]}}
       for kind in ("AuthorizationPolicy", "HTTPLocalRateLimitPolicy")},
    ("cilium.io", "CiliumNetworkPolicy"): {"spec": {"endpointSelector": LABEL_SELECTOR, "ingress": [dict], "egress": [dict]}},
    ("networking.k8s.io", "Ingress"): {
        "spec": {"defaultBackend": _INGRESS_BACKEND, "rules": [{"http": {"paths": [{"backend": _INGRESS_BACKEND}]}}]},
    },
    ("networking.k8s.io", "NetworkPolicy"): {
        "spec": {"podSelector": LABEL_SELECTOR, "ingress": [{"from": _PEERS, "ports": [dict]}],
                 "egress": [{"to": _PEERS, "ports": [dict]}], "policyTypes": [str]},
    },
    ("policy", "PodDisruptionBudget"): _SELECTED,
    ("policy.linkerd.io", "HTTPRoute"): _route(str),
    ("policy.linkerd.io", "Server"): {"spec": {"podSelector": LABEL_SELECTOR}},
    ("policy.linkerd.io", "ServerAuthorization"): {"spec": {"server": {"name": str, "selector": LABEL_SELECTOR}}},
    ("security.istio.io", "AuthorizationPolicy"): {
        "spec": {"selector": LABEL_SELECTOR, **_TARGETS, "action": str,
                 "rules": [{"from": [{"source": dict}], "to": [{"operation": dict}], "when": [{"key": str, "values": [str]}]}]},
    },
    ("security.istio.io", "PeerAuthentication"): {"spec": {"selector": LABEL_SELECTOR, "mtls": {"mode": str}, "portLevelMtls": dict}},
    ("security.istio.io", "RequestAuthentication"): {"spec": {"selector": LABEL_SELECTOR, **_TARGETS, "jwtRules": [{
        "fromHeaders": [{"name": str}], "outputClaimToHeaders": [{"header": str}]}]}},
    ("telemetry.istio.io", "Telemetry"): _SELECTED,
}  # fmt: skip

_METADATA = {"metadata!": {"labels": TEXTS, "annotations": TEXTS, "namespace": str}}


_ANY: Shape = {}
_KNOWN: dict[int, Fits] = {}
"""What tells whether values have the shapes of this module, and their parts, by their identity."""


@cache
def _fits(kind: GroupKind) -> Fits:
    """Returns what tells whether an object has the shape of its kind."""
    has_metadata, has_shape = fitting(_METADATA, _KNOWN), fitting(SHAPES.get(kind, _ANY), _KNOWN)
    return lambda manifest: has_metadata(manifest) and has_shape(manifest)


def mismatches(group: str, kind: str, manifest: Any) -> Iterator[tuple[Path, str]]:
    """Yields the path of each value that has not the type of its field, or is missing, and what is expected there."""
    if _fits((group, kind))(manifest):
        return
    for shape in (_METADATA, SHAPES.get((group, kind), {})):
        yield from ((found.path, found.expected) for found in shapes.mismatches(shape, manifest))
