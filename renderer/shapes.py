"""The shapes of the base's fields that sandlane reads, checked once when the base is loaded.

Everything else in a manifest is carried through unseen. A shape is a type, `[shape]` for a list, `{field: shape}` for a
mapping whose other fields are free, or `TEXTS` for a mapping of strings; null stands for absence, as in the API server.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renderer.kinds import WORKLOADS, GroupKind
from renderer.problems import Path


class _Texts:
    pass


TEXTS = _Texts()
Shape = type | list[Any] | dict[str, Any] | _Texts

_EXPRESSIONS = [{"key": str, "operator": str, "values": [str]}]
_LABEL_SELECTOR = {"matchLabels": TEXTS, "matchExpressions": _EXPRESSIONS}
_CONTAINER = {"name": str, "image": str, "env": [{"name": str}], "ports": [{"name": str}]}
_TERM = {"labelSelector": _LABEL_SELECTOR}
_AFFINITY = {
    "requiredDuringSchedulingIgnoredDuringExecution": [_TERM],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": _TERM}],
}
_POD = {
    "metadata": {"labels": TEXTS, "annotations": TEXTS},
    "spec": {
        "containers": [_CONTAINER],
        "initContainers": [_CONTAINER],
        "affinity": {"podAffinity": _AFFINITY, "podAntiAffinity": _AFFINITY},
        "topologySpreadConstraints": [_TERM],
        "volumes": [{"name": str, "persistentVolumeClaim": {"claimName": str}}],
    },
}
_STRING_MATCH = {"exact": str, "prefix": str, "regex": str}
_DESTINATION = {"host": str, "subset": str, "port": {"number": int}}
_MATCH = {
    "headers": dict, "withoutHeaders": dict, "uri": _STRING_MATCH, "gateways": [str], "port": int,
    "sourceLabels": TEXTS, "sourceNamespace": str,
}  # fmt: skip
_ROUTE = [{"destination": _DESTINATION, "weight": int}]
_L4 = [{"match": [{"sourceLabels": TEXTS, "gateways": [str], "port": int}], "route": _ROUTE}]
_HTTP = [{
    "name": str, "match": [_MATCH], "route": _ROUTE, "mirror": _DESTINATION, "mirrors": [{"destination": _DESTINATION}],
    "delegate": {"name": str, "namespace": str}, "redirect": dict, "directResponse": dict,
}]  # fmt: skip
_PEERS = [{"podSelector": _LABEL_SELECTOR, "namespaceSelector": _LABEL_SELECTOR, "ipBlock": dict}]
_SELECTED = {"spec": {"selector": {"matchLabels": TEXTS}}}
_BACKEND = {"name": str, "namespace": str, "kind": str, "group": str, "port": int}
_ROUTE_OBJECT = {"spec": {"parentRefs": [_BACKEND], "rules": [{"backendRefs": [_BACKEND]}]}}


def _workload(template: Path, selector: Path | None) -> Shape:
    """Returns the shape of a workload kind from the paths of its row."""
    shape: dict[str, Any] = {
        "spec": {"replicas": int, "serviceName": str, "volumeClaimTemplates": [{"metadata": {"name": str}}]}
    }
    for path, part in ((template, _POD), (selector, _LABEL_SELECTOR)):
        inner: dict[str, Any] = shape
        for step in (path or ())[:-1]:
            inner = inner.setdefault(str(step), {})
        if path:
            inner[str(path[-1])] = part
    return shape


SHAPES: dict[GroupKind, Shape] = {
    ("", "Service"): {
        "spec": {"selector": TEXTS, "type": str, "clusterIP": str,
                 "ports": [{"name": str, "port": int, "protocol": str, "appProtocol": str}]},
    },
    ("", "Pod"): _POD,
    ("", "PersistentVolumeClaim"): {"spec": {"accessModes": [str]}},
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {"spec": {"group": str, "scope": str, "names": {"kind": str}}},
    ("networking.istio.io", "VirtualService"): {
        "spec": {"hosts": [str], "gateways": [str], "exportTo": [str], "http": _HTTP, "tls": _L4, "tcp": _L4},
    },
    ("networking.istio.io", "DestinationRule"): {
        "spec": {"host": str, "exportTo": [str], "trafficPolicy": dict, "workloadSelector": {"matchLabels": TEXTS},
                 "subsets": [{"name": str, "labels": TEXTS, "trafficPolicy": dict}]},
    },
    ("networking.istio.io", "Sidecar"): {"spec": {"workloadSelector": {"labels": TEXTS}, "egress": [{"hosts": [str]}]}},
    ("networking.istio.io", "EnvoyFilter"): {"spec": {"workloadSelector": {"labels": TEXTS}}},
    ("networking.k8s.io", "NetworkPolicy"): {
        "spec": {"podSelector": _LABEL_SELECTOR, "ingress": [{"from": _PEERS}], "egress": [{"to": _PEERS}]},
    },
    ("policy", "PodDisruptionBudget"): {"spec": {"selector": _LABEL_SELECTOR}},
    ("policy.linkerd.io", "Server"): {"spec": {"podSelector": _LABEL_SELECTOR}},
    ("monitoring.coreos.com", "PodMonitor"): {"spec": {"selector": _LABEL_SELECTOR}},
    ("gateway.networking.k8s.io", "HTTPRoute"): _ROUTE_OBJECT,
    ("gateway.networking.k8s.io", "GRPCRoute"): _ROUTE_OBJECT,
    ("policy.linkerd.io", "HTTPRoute"): _ROUTE_OBJECT,
    **{("security.istio.io", kind): _SELECTED for kind in ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")},
    ("telemetry.istio.io", "Telemetry"): _SELECTED,
    ("extensions.istio.io", "WasmPlugin"): _SELECTED,
    ("networking.istio.io", "ProxyConfig"): _SELECTED,
    **{key: _workload(row.template, row.selector) for key, row in WORKLOADS.items() if row.kind != "ReplicationController"},
    ("", "ReplicationController"): {"spec": {"selector": TEXTS, "template": _POD}},
}  # fmt: skip

_NAMES = {str: "a string", int: "a whole number", dict: "a mapping"}


def mismatches(group: str, kind: str, manifest: Any) -> Iterator[tuple[Path, str]]:
    """Yields the path of each value that has not the shape of its kind, and what is expected there."""
    shape = SHAPES.get((group, kind))
    if shape is not None:
        yield from _mismatches(shape, manifest, ())


def _mismatches(shape: Shape, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if value is None:
        return
    if isinstance(shape, list):
        if not isinstance(value, list):
            yield path, "a list"
            return
        for number, item in enumerate(value):
            if item is None:
                yield (*path, number), "an item"
            yield from _mismatches(shape[0], item, (*path, number))
    elif isinstance(shape, type):
        if not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
            yield path, _NAMES[shape]
    elif not isinstance(value, dict):
        yield path, "a mapping"
    elif isinstance(shape, _Texts):
        yield from (((*path, key), "a string") for key, item in value.items() if not isinstance(item, str))
    else:
        for field, inner in shape.items():
            if field in value:
                yield from _mismatches(inner, value[field], (*path, field))
