"""What a cluster holds beside manifests, laid out for istiod: addresses, pods, endpoints, defaults, and the proxies that ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, ResourceId, labels_of, spec_of
from sandlane.k8s.selectors import from_map, matches
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.semantics.network import Network
from sandlane.semantics.request import Client

Object = dict[str, Any]
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
_MANAGED = "gateway.istio.io/managed"
_BASE_AGE, _OUTPUT_AGE = "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"
_READ = {"networking.istio.io", "security.istio.io", "gateway.networking.k8s.io", "telemetry.istio.io"}
_UNREAD = {"EnvoyFilter", "TCPRoute", "TLSRoute", "UDPRoute"}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The addresses of Services and pods: one that was given stays, so that a base's are those of the base with output."""

    services: dict[ResourceId, str] = field(default_factory=dict)
    pods: dict[ResourceId, str] = field(default_factory=dict)

    def service(self, id: ResourceId) -> str:
        return self.services.setdefault(id, _address(20, len(self.services)))

    def pod(self, id: ResourceId) -> str:
        return self.pods.setdefault(id, _address(30, len(self.pods)))


def _address(net: int, number: int) -> str:
    return f"10.{net + number // 64516}.{number // 254 % 254 + 1}.{number % 254 + 1}"


@dataclass(frozen=True, kw_only=True)
class Asker:
    """A proxy that asks istiod, and the client of the evaluator that it is."""

    client: Client
    proxy: Object

    @property
    def name(self) -> str:
        return str(self.proxy["name"])


def objects_of(base: Base, original: Base, addresses: Addresses) -> list[Object]:
    """Returns the objects of a cluster with a base, or with a base and output over an `original`, whose objects are older."""
    pods = list(_pods(base, addresses))
    made = [*_namespaces(base), *(pod for pod, _ in pods)]
    for service in base.of("", "Service"):
        made += [_service(service, addresses), *_endpoints(service, pods)]
    for gateway in base.of("gateway.networking.k8s.io", "Gateway"):
        made += _deployed(gateway, addresses)
    for resource in base.resources:
        if resource.id.group in _READ and resource.id.kind not in _UNREAD:
            age = _BASE_AGE if resource.id in original.by_id else _OUTPUT_AGE
            made.append(_stored(resource, age))
    return made


def _namespaces(base: Base) -> Iterator[Object]:
    names = {resource.id.namespace for resource in base.resources if resource.id.namespace} | {"istio-system"}
    for name in sorted(names):
        labels = dict(labels_of(base.namespace(name)))
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _stored(resource: Resource, age: str) -> Object:
    metadata = {**resource.manifest["metadata"], "namespace": resource.id.namespace, "creationTimestamp": age}
    manifest: Object = {**resource.manifest, "metadata": metadata}
    if resource.id.kind in ("HTTPRoute", "GRPCRoute"):
        manifest["spec"] = _with_defaults(manifest.get("spec") or {}, is_http=resource.id.kind == "HTTPRoute")
    if resource.id.kind == "Gateway" and resource.id.group == "gateway.networking.k8s.io":
        manifest["status"] = {"addresses": [{"type": "Hostname", "value": _gateway_host(resource)}]}
    return manifest


def _gateway_host(gateway: Resource) -> str:
    return f"{_service_name(gateway)}.{gateway.id.namespace}.svc.cluster.local"


def _service_name(gateway: Resource) -> str:
    return gateway.id.name if is_waypoint(gateway) else f"{gateway.id.name}-istio"


def is_waypoint(gateway: Resource) -> bool:
    """Tells whether a Gateway of the Gateway API is a waypoint."""
    return spec_of(gateway.manifest).get("gatewayClassName") == "istio-waypoint"


def is_istios(gateway: Resource) -> bool:
    """Tells whether Istio runs a Gateway of the Gateway API."""
    return str(spec_of(gateway.manifest).get("gatewayClassName")).startswith("istio")


def _with_defaults(spec: Mapping[str, Any], *, is_http: bool) -> Object:
    """Returns the spec of a route with the defaults that the API server writes."""
    parents = [{"group": "gateway.networking.k8s.io", "kind": "Gateway", **p} for p in spec.get("parentRefs") or ()]
    rules = [_rule(rule or {}, is_http=is_http) for rule in spec.get("rules") or ([{}] if is_http else [])]
    return {**spec, "parentRefs": parents, "rules": rules}


def _rule(rule: Mapping[str, Any], *, is_http: bool) -> Object:
    path = {"path": {"type": "PathPrefix", "value": "/"}} if is_http else {}
    found = []
    for match in rule.get("matches") or ([{}] if is_http else []):
        full = {**path, **(match or {})}
        if full.get("path"):
            full["path"] = {"type": "PathPrefix", "value": "/", **full["path"]}
        for name in ("headers", "queryParams"):
            if full.get(name):
                full[name] = [{"type": "Exact", **each} for each in full[name]]
        found.append(full)
    backends = [{"group": "", "kind": "Service", "weight": 1, **b} for b in rule.get("backendRefs") or ()]
    return {**rule, **({"matches": found} if found else {}), **({"backendRefs": backends} if backends else {})}


def _service(service: Resource, addresses: Addresses) -> Object:
    spec = dict(spec_of(service.manifest))
    if spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        spec["clusterIP"] = addresses.service(service.id)
        spec["clusterIPs"] = [spec["clusterIP"]]
    listed = spec.get("ports") or ()
    spec["ports"] = [{"protocol": "TCP", "targetPort": port.get("port"), **port} for port in listed]
    metadata = {**service.manifest["metadata"], "namespace": service.id.namespace, "creationTimestamp": _BASE_AGE}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


_Pod = tuple[Object, Mapping[str, str]]


def _pods(base: Base, addresses: Addresses) -> Iterator[_Pod]:
    for row in WORKLOADS.values():
        for workload in base.of(row.group, row.kind):
            labels = dict(pod_labels(row, workload.manifest))
            name = f"{workload.id.kind}-{workload.id.name}".lower()
            yield _pod(name, workload.id.namespace, labels, addresses.pod(workload.id)), labels


def _pod(name: str, namespace: str, labels: Mapping[str, str], ip: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {"containers": [{"name": "app", "image": "app"}], "nodeName": "node", "serviceAccountName": "default"},
        "status": {
            "phase": "Running",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _endpoints(service: Resource, pods: Sequence[_Pod]) -> Iterator[Object]:
    spec = spec_of(service.manifest)
    if not spec.get("selector") or spec.get("type") == "ExternalName":
        return
    chosen = from_map(spec["selector"])
    found = [
        pod for pod, labels in pods
        if pod["metadata"]["namespace"] == service.id.namespace and matches(chosen, labels)
    ]  # fmt: skip
    yield _slice(service.id.name, service.id.namespace, found, spec.get("ports") or ())


def _slice(name: str, namespace: str, pods: Sequence[Object], ports: Sequence[Mapping[str, Any]]) -> Object:
    listed = []
    for port in ports:
        target = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else port["port"]
        listed.append({"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")})
    endpoints = [
        {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": True},
            "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"], "namespace": namespace},
        }
        for pod in pods
    ]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "endpoints": endpoints,
        "ports": listed,
    }


def _deployed(gateway: Resource, addresses: Addresses) -> list[Object]:
    """Returns what Istio runs for a Gateway of the Gateway API: a Service and a pod."""
    labels = _gateway_labels(gateway)
    name, namespace = _service_name(gateway), gateway.id.namespace
    ports = [
        {"name": f"p{x['port']}", "port": x["port"], "protocol": "TCP", "targetPort": x["port"],
         **({"appProtocol": "hbone"} if x.get("protocol") == "HBONE" else {})}
        for x in {x["port"]: x for x in spec_of(gateway.manifest).get("listeners") or ()}.values()
    ]  # fmt: skip
    pod = _pod(f"gateway-{name}", namespace, labels, addresses.pod(gateway.id))
    ip = addresses.service(ResourceId("", "Service", namespace, name))
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"clusterIP": ip, "clusterIPs": [ip], "selector": {GATEWAY_NAME: gateway.id.name}, "ports": ports},
    }
    return [service, pod, _slice(name, namespace, [pod], ports)]


def _gateway_labels(gateway: Resource) -> dict[str, str]:
    by = "istio.io-mesh-controller" if is_waypoint(gateway) else "istio.io-gateway-controller"
    return {GATEWAY_NAME: gateway.id.name, _MANAGED: by}


def askers_of(network: Network, clients: Sequence[Client], addresses: Addresses) -> list[Asker]:
    """Returns a proxy for each class of clients of a base, for the pods of each Gateway, and for each waypoint."""
    found: list[Asker] = []
    if network.mesh != "istio-ambient":
        for number, client in enumerate(clients):
            ip = _address(90, number)
            proxy = {"type": "sidecar", "namespace": client.namespace, "labels": dict(client.labels), "ip": ip}
            found.append(
                Asker(client=client, proxy={"name": f"sidecar-{number}", "serviceAccount": "default", **proxy})
            )
    there = {
        resource.id for resource in network.base.resources
    }  # without Gateways that proof takes for there since routes name them
    for gateway in (g for g in network.base.of("networking.istio.io", "Gateway") if g.id in there):
        for number, pods in enumerate(network.gateway_pods[gateway.id]):
            labels: dict[str, str] = {}
            for each in pods.gateways:
                labels |= spec_of(each.manifest).get("selector") or {}
            home = pods.namespace or gateway.id.namespace
            name = f"{gateway.id.namespace}-{gateway.id.name}-{number}"
            found.append(_asker("gateway", "router", gateway, name, home, labels, _address(95, len(found))))
    for gateway in (
        g for g in network.base.of("gateway.networking.k8s.io", "Gateway") if is_istios(g) and g.id in there
    ):
        kind = "waypoint" if is_waypoint(gateway) else "gateway"
        name = f"{gateway.id.namespace}-{gateway.id.name}"
        labels, ip = _gateway_labels(gateway), addresses.pod(gateway.id)
        found.append(
            _asker(
                kind, "waypoint" if kind == "waypoint" else "router", gateway, name, gateway.id.namespace, labels, ip
            )
        )
    return found


def _asker(kind: Any, type: str, gateway: Resource, name: str, home: str, labels: Mapping[str, str], ip: str) -> Asker:
    client = Client(kind=kind, namespace=gateway.id.namespace, name=gateway.id.name)
    proxy = {"name": f"{kind}-{name}", "type": type, "namespace": home, "labels": dict(labels), "ip": ip}
    return Asker(client=client, proxy={**proxy, "serviceAccount": "default"})
