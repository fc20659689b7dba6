"""Applications of our own making, as large as real ones: services that call each other over Istio, with NetworkPolicies if wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sandlane.yamlio.write import write

Manifest = dict[str, Any]
REGISTRY = "registry.example"

MARKET: Mapping[str, Sequence[str]] = {
    "web": ["ads", "basket", "checkout", "currency", "products", "suggestions", "delivery"],
    "checkout": ["basket", "currency", "mail", "payments", "products", "delivery"],
    "suggestions": ["products"],
    "basket": ["basket-store"],
    **{name: [] for name in ("ads", "currency", "mail", "payments", "products", "delivery", "basket-store")},
}
"""A shop of eleven: service -> services that it calls."""

_STATIONS = """\
portal account admin-orders admin-routes admin-users assurance avatars basics cancellation config contacts delivery execution food
food-map gate login mail news notes orders orders-other payment preserve preserve-other prices rebooking routes route-plan seats
security stations tickets trains travel travel-other travel-plan users vouchers verification wagons
""".split()  # noqa: SIM905


def _called(number: int) -> list[str]:
    """Returns what a service of the railway calls: the first what people use, the others one or two that stand further down."""
    followers = range(1, 12) if not number else (number + 9, number * 2)
    return [_STATIONS[other] for other in followers if number < other < len(_STATIONS)]


RAILWAY: Mapping[str, Sequence[str]] = {name: _called(number) for number, name in enumerate(_STATIONS)}
"""A railway of forty-one."""


def system(namespace: str, calls: Mapping[str, Sequence[str]], *, has_policies: bool) -> str:
    """Returns an application's manifests: stores (`-store`) speak TCP, all others HTTP or gRPC; a Gateway leads to the first."""
    first = next(iter(calls))
    found: list[Manifest] = []
    for name, called in calls.items():
        found += _service(namespace, name, called)
    if has_policies:
        found += _policies(namespace, calls)
    found += _entry(namespace, first)
    return "---\n".join(write(manifest) for manifest in found)


def _port(name: str) -> Manifest:
    if name.endswith("-store"):
        return {"name": "tcp-redis", "port": 6379}
    return {"name": "grpc", "port": 7000} if len(name) % 2 else {"name": "http", "port": 80}


def _service(namespace: str, name: str, called: Iterable[str]) -> Iterator[Manifest]:
    port = _port(name)
    env = [
        {"name": f"{other.upper().replace('-', '_')}_ADDR", "value": f"{other}:{_port(other)['port']}"}
        for other in called
    ]
    container = {
        "name": "server",
        "image": f"{REGISTRY}/{namespace}/{name}:v1",
        "env": env,
        "ports": [{"name": port["name"].partition("-")[0], "containerPort": 8080}],
        "resources": {"limits": {"cpu": "200m", "memory": "128Mi"}},
    }
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}},
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": [{**port, "targetPort": 8080}]},
    }


def _policies(namespace: str, calls: Mapping[str, Sequence[str]]) -> Iterator[Manifest]:
    """Yields a policy for each service: its callers may come in, and it may call what it calls."""
    for name, called in calls.items():
        callers = [
            {"podSelector": {"matchLabels": {"app": caller}}} for caller, others in calls.items() if name in others
        ]
        egress = [{"to": [{"podSelector": {"matchLabels": {"app": other}}}]} for other in called]
        spec: Manifest = {
            "podSelector": {"matchLabels": {"app": name}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": callers}] if callers else [{}],
            "egress": egress,
        }
        yield {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }


def _entry(namespace: str, first: str) -> Iterator[Manifest]:
    host = f"{namespace}.example.com"
    yield {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge", "namespace": namespace},
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [host]}],
        },
    }
    route = [{"destination": {"host": first, "port": {"number": _port(first)["port"]}}}]
    yield {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": first, "namespace": namespace},
        "spec": {
            "hosts": [host, first],
            "gateways": ["edge", "mesh"],
            "http": [{"match": [{"uri": {"prefix": "/static"}}], "route": route, "timeout": "2s"}, {"route": route}],
        },
    }
