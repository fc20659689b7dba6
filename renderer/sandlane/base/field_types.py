"""The shapes of the base's fields that sandlane reads, checked once when the base is loaded.

Everything else in a manifest is carried through unseen. A shape is a type; `[shape]` for a list; `{field: shape}` for a
mapping whose other fields are free, where a field that ends in `!` has to be there; `EACH(shape)` for a mapping with any keys.
Null stands for absence, as in the API server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandlane.k8s.workload_kinds import WORKLOADS, GroupKind
from sandlane.problems.problem import Path


@dataclass(frozen=True, slots=True)
class EACH:
    """The shape of a mapping by that of its values."""

    shape: Any


Shape = type | list[Any] | dict[str, Any] | EACH
TEXTS = EACH(str)

_EXPRESSIONS = [{"key!": str, "operator!": str, "values": [str]}]
_LABEL_SELECTOR = {"matchLabels": TEXTS, "matchExpressions": _EXPRESSIONS}
_PROFILE = {"type": str, "localhostProfile": str}
_SECURITY = {
    "capabilities": {"add": [str], "drop": [str]}, "seccompProfile": _PROFILE, "appArmorProfile": _PROFILE, "seLinuxOptions": dict,
    "windowsOptions": dict, "sysctls": [{"name": str, "value": str}], "supplementalGroups": [int], "runAsUser": int, "runAsGroup": int,
    "fsGroup": int, "procMount": str,
}  # fmt: skip
_CONTAINER = {
    "name!": str, "image": str, "ports": [{"name": str}], "securityContext": _SECURITY, "restartPolicy": str,
    "env": [{"name!": str, "value": str, "valueFrom": {"fieldRef": {"fieldPath": str}, "configMapKeyRef": {"name": str}}}],
    "envFrom": [{"configMapRef": {"name": str}}], "resources": {"limits": dict, "requests": dict},
    "volumeMounts": [{"name": str, "mountPath": str, "subPath": str, "subPathExpr": str, "mountPropagation": str}],
    "volumeDevices": [{"name": str}],
}  # fmt: skip
_TERM = {"labelSelector": _LABEL_SELECTOR}
_AFFINITY = {
    "requiredDuringSchedulingIgnoredDuringExecution": [_TERM],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm!": _TERM}],
}
_CLAIM = {"metadata": dict, "spec": dict}
_VOLUME = {
    "name": str, "persistentVolumeClaim": {"claimName!": str}, "hostPath": {"path!": str}, "configMap": {"name": str},
    "downwardAPI": {"items": [{"fieldRef": {"fieldPath": str}}]}, "ephemeral": {"volumeClaimTemplate": _CLAIM},
    "image": {"reference": str},
    "projected": {"sources": [{"serviceAccountToken": {"audience": str}, "configMap": {"name": str}}]},
}  # fmt: skip
_POD_SPEC = {
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "affinity": {"podAffinity": _AFFINITY, "podAntiAffinity": _AFFINITY},
    "topologySpreadConstraints": [_TERM],
    "ephemeralContainers": [_CONTAINER],
    "securityContext": _SECURITY,
    "serviceAccountName": str,
    "serviceAccount": str,
    "priorityClassName": str,
    "runtimeClassName": str,
    "resourceClaims": [dict],
    "volumes": [_VOLUME],
}
_POD = {"metadata": {"labels": TEXTS, "annotations": TEXTS}, "spec": _POD_SPEC}

_STRING_MATCH = {"exact": str, "prefix": str, "regex": str}
_DESTINATION = {"host!": str, "subset": str, "port": {"number": int}}
_OPERATIONS = {"set": TEXTS, "add": TEXTS, "remove": [str]}
_HEADERS = {"request": _OPERATIONS, "response": _OPERATIONS}
_ROUTE = [{"destination!": _DESTINATION, "weight": int, "headers": _HEADERS}]
_L4_MATCH = {"sourceLabels": TEXTS, "sourceNamespace": str, "gateways": [str], "port": int}
_L4 = [{"match": [_L4_MATCH], "route": _ROUTE}]
_HTTP = [{
    "name": str,
    "match": [{**_L4_MATCH, "headers": EACH(_STRING_MATCH), "withoutHeaders": EACH(_STRING_MATCH), "uri": _STRING_MATCH}],
    "route": _ROUTE, "mirror": _DESTINATION, "mirrors": [{"destination": _DESTINATION}], "redirect": dict,
    "directResponse": dict, "delegate": {"name": str, "namespace": str}, "headers": _HEADERS,
    "timeout": str, "retries": dict, "fault": dict, "rewrite": dict, "corsPolicy": dict,
}]  # fmt: skip
_HASH = {"loadBalancer": {"consistentHash": dict}}
_SELECTED = {"spec": {"selector": _LABEL_SELECTOR}}
_BY_LABELS = {"labels": TEXTS, **_LABEL_SELECTOR}
_PEERS = [{"podSelector": _LABEL_SELECTOR, "namespaceSelector": _LABEL_SELECTOR, "ipBlock": dict}]

_REFERENCE = {"name!": str, "namespace": str, "kind": str, "group": str, "port": int, "sectionName": str}
_BACKEND = {**_REFERENCE, "weight": int}
_FILTERS = [{
    "type!": str, "requestMirror": {"backendRef!": _REFERENCE}, "requestRedirect": dict,
    **{f"{side}HeaderModifier": {"set": [{"name!": str}], "add": [{"name!": str}], "remove": [str]} for side in ("request", "response")},
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
_CANARY = {"trafficRouting": {"istio": {"virtualService": _CANARY_SERVICE, "virtualServices": [_CANARY_SERVICE]}}}


def _workload(template: Path, selector: Path | None) -> dict[str, Any]:
    """Returns the shape of a workload kind from the paths of its row."""
    claims = [{"metadata": {"name": str}, "spec": dict}]
    shape: dict[str, Any] = {"spec": {"replicas": int, "serviceName": str, "volumeClaimTemplates": claims}}
    for path, part in ((template, _POD), (selector, _LABEL_SELECTOR)):
        inner: dict[str, Any] = shape
        for step in (path or ())[:-1]:
            inner = inner.setdefault(str(step), {})
        if path:
            inner[str(path[-1])] = part
    return shape


_WORKLOADS = {key: _workload(row.template, row.selector) for key, row in WORKLOADS.items()}
_WORKLOADS[("", "ReplicationController")] = {"spec": {"selector": TEXTS, "template": _POD}}
_WORKLOADS[("argoproj.io", "Rollout")]["spec"]["strategy"] = {"canary": _CANARY}
_WORKLOADS[("argoproj.io", "Rollout")]["spec"]["workloadRef"] = {"apiVersion": str, "kind": str, "name": str}
_WORKLOADS[("apps", "StatefulSet")]["spec"]["updateStrategy"] = {"rollingUpdate": dict}
_WORKLOADS[("apps", "StatefulSet")]["spec"]["persistentVolumeClaimRetentionPolicy"] = dict

SHAPES: dict[GroupKind, Shape] = {
    **_WORKLOADS,
    ("", "ConfigMap"): {"data": TEXTS, "binaryData": TEXTS},
    ("", "PersistentVolumeClaim"): {"spec": {"accessModes": [str]}},
    ("", "Pod"): {"spec": _POD_SPEC},
    ("", "Service"): {
        "spec": {"selector": TEXTS, "type": str, "clusterIP": str, "externalName": str,
                 "ports": [{"name": str, "port!": int, "protocol": str, "appProtocol": str}]},
    },
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {"spec": {"group": str, "scope": str, "names": {"kind": str}}},
    ("extensions.istio.io", "WasmPlugin"): _SELECTED,
    ("gateway.networking.k8s.io", "GRPCRoute"): _route({"service": str, "method": str, "type": str}),
    ("gateway.networking.k8s.io", "HTTPRoute"): _route(str),
    ("gateway.networking.k8s.io", "ReferenceGrant"): {"spec": {"from": [dict], "to": [dict]}},
    **{("gateway.networking.k8s.io", kind): {"spec": {"parentRefs": [_REFERENCE], "rules": [{"backendRefs": [_BACKEND]}]}}
       for kind in ("TCPRoute", "TLSRoute", "UDPRoute")},
    **{("gateway.envoyproxy.io", kind): {"spec": {"targetSelectors": [{"kind": str, "group": str, **_LABEL_SELECTOR}]}}
       for kind in ("BackendTrafficPolicy", "ClientTrafficPolicy", "EnvoyExtensionPolicy", "SecurityPolicy")},
    ("linkerd.io", "ServiceProfile"): {"spec": dict},
    ("monitoring.coreos.com", "PodMonitor"): _SELECTED,
    ("networking.istio.io", "DestinationRule"): {
        "spec": {"host!": str, "exportTo": [str], "workloadSelector": _LABEL_SELECTOR,
                 "trafficPolicy": {**_HASH, "portLevelSettings": [_HASH]},
                 "subsets": [{"name!": str, "labels": TEXTS, "trafficPolicy": dict}]},
    },
    ("networking.istio.io", "EnvoyFilter"): {"spec": {"workloadSelector": _BY_LABELS}},
    ("networking.istio.io", "Gateway"): {"spec": {"selector": TEXTS, "servers": [{"port": {"number": int}}]}},
    ("networking.istio.io", "ProxyConfig"): _SELECTED,
    ("networking.istio.io", "Sidecar"): {"spec": {"workloadSelector": _BY_LABELS, "egress": [{"hosts": [str]}]}},
    ("networking.istio.io", "VirtualService"): {
        "spec": {"hosts": [str], "gateways": [str], "exportTo": [str], "http": _HTTP, "tls": _L4, "tcp": _L4},
    },
    ("networking.k8s.io", "Ingress"): {
        "spec": {"defaultBackend": _INGRESS_BACKEND, "rules": [{"http": {"paths": [{"backend": _INGRESS_BACKEND}]}}]},
    },
    ("networking.k8s.io", "NetworkPolicy"): {
        "spec": {"podSelector": _LABEL_SELECTOR, "ingress": [{"from": _PEERS, "ports": [dict]}],
                 "egress": [{"to": _PEERS, "ports": [dict]}], "policyTypes": [str]},
    },
    ("policy", "PodDisruptionBudget"): _SELECTED,
    ("policy.linkerd.io", "HTTPRoute"): _route(str),
    ("policy.linkerd.io", "Server"): {"spec": {"podSelector": _LABEL_SELECTOR}},
    ("policy.linkerd.io", "ServerAuthorization"): {"spec": {"server": {"name": str, "selector": _LABEL_SELECTOR}}},
    ("security.istio.io", "AuthorizationPolicy"): _SELECTED,
    ("security.istio.io", "PeerAuthentication"): _SELECTED,
    ("security.istio.io", "RequestAuthentication"): _SELECTED,
    ("telemetry.istio.io", "Telemetry"): _SELECTED,
}  # fmt: skip

_NAMES = {str: "a string", int: "a whole number", dict: "a mapping"}


def mismatches(group: str, kind: str, manifest: Any) -> Iterator[tuple[Path, str]]:
    """Yields the path of each value that has not the shape of its kind, or is missing, and what is expected there."""
    shape = SHAPES.get((group, kind))
    if shape is not None:
        yield from _mismatches(shape, manifest, ())


def texts_of(manifest: Any) -> Iterator[tuple[Path, str]]:
    """Yields the same of an object's labels and annotations, whatever its kind."""
    yield from _mismatches({"metadata!": {"labels": TEXTS, "annotations": TEXTS}}, manifest, ())


def _mismatches(shape: Shape, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if value is None:
        return
    if isinstance(shape, type):
        if not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
            yield path, _NAMES[shape]
    elif isinstance(shape, list):
        yield from _of_items(shape[0], value, path)
    elif not isinstance(value, dict):
        yield path, "a mapping"
    elif isinstance(shape, EACH):
        yield from _of_values(shape.shape, value, path)
    else:
        yield from _of_fields(shape, value, path)


def _of_items(shape: Shape, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, list):
        yield path, "a list"
        return
    for number, item in enumerate(value):
        if item is None:
            yield (*path, number), "an item"
        yield from _mismatches(shape, item, (*path, number))


def _of_values(shape: Shape, value: dict[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    for key, item in value.items():
        if item is None and shape is str:
            yield (*path, key), _NAMES[str]
        yield from _mismatches(shape, item, (*path, key))


def _of_fields(shape: dict[str, Any], value: dict[str, Any], path: Path) -> Iterator[tuple[Path, str]]:
    for field, inner in shape.items():
        name = field.removesuffix("!")
        if value.get(name) is None and name != field:
            yield (*path, name), _NAMES.get(inner, "a mapping") if isinstance(inner, type) else "a mapping"
        yield from _mismatches(inner, value.get(name), (*path, name))
