"""Which protocol a Service port speaks, by mesh: whether a request on it can be routed by its headers.

Istio: pkg/config/kube/conversion.go (ConvertProtocol) and pkg/config/protocol/instance.go at 1.30; `appProtocol` wins over
the port's name, an unknown one means that the proxy sniffs, and a few well-known ports are never sniffed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_HTTP = frozenset({"http", "http2", "grpc", "grpc-web"})
_NOT_HTTP = frozenset({"https", "tls", "tcp", "udp", "mongo", "redis", "mysql"})
_BY_APP_PROTOCOL = {"kubernetes.io/h2c": "http2", "kubernetes.io/ws": "http", "kubernetes.io/wss": "https"}
_NEVER_SNIFFED = frozenset({25, 53, 3306, 27017})

SNIFFED = "sniffed"
_HEADLESS = "a headless Service is no parent of a route"


def _no_headers(protocol: str) -> str:
    return f"{protocol.upper()} carries no headers"


NO_HEADERS_IN_TCP = _no_headers("tcp")
"""Why a port cannot be routed that is TCP for all that its name says."""


def istio_protocol(port: Mapping[str, Any]) -> str:
    """Returns what Istio takes a Service port for: a protocol in lower case, or `sniffed`."""
    transport = str(port.get("protocol") or "TCP").lower()
    if transport != "tcp":
        return transport
    named = _istio_name(port.get("appProtocol"), port.get("name"))
    if named:
        return named
    return "tcp" if port.get("port") in _NEVER_SNIFFED else SNIFFED


def _istio_name(app_protocol: str | None, name: str | None) -> str | None:
    if app_protocol and app_protocol in _BY_APP_PROTOCOL:
        return _BY_APP_PROTOCOL[app_protocol]
    text = (app_protocol or name or "").lower()
    token = "grpc-web" if text.startswith("grpc-web") else text.split("-")[0]
    if token == "http_proxy":
        return "http"
    return token if token in _HTTP | _NOT_HTTP else None


def is_http(protocol: str) -> bool:
    """Tells whether requests of a protocol can be routed by headers; sniffed ports can where they carry HTTP."""
    return protocol in _HTTP or protocol == SNIFFED


def number_and_protocol(port: Mapping[str, Any]) -> tuple[int, str]:
    """Returns what tells the ports of a Service apart: one number may stand for TCP and for UDP."""
    return port["port"], str(port.get("protocol") or "TCP").upper()


_SIDECARS_OWN = frozenset({15001, 15006, 15021, 15090})
"""Ports on which every sidecar listens itself: traffic that it captures, its health and its metrics."""


def has_sidecar_listener(port: Mapping[str, Any]) -> bool:
    """Tells whether sidecars listen for a TCP port of a Service: not where it clashes with a port of theirs, nor for UDP by name.

    Istio: pilot/pkg/model/context.go (conflictWithReservedListener), which holds for ports that are declared to be HTTP, since those
    are served for all addresses, and pilot/pkg/networking/core/listener.go.
    """
    protocol = istio_protocol(port)
    return protocol != "udp" and not (protocol in _HTTP and port.get("port") in _SIDECARS_OWN)


def istio_unroutable(_: Mapping[str, Any], port: Mapping[str, Any], __: Mapping[str, Any]) -> str | None:
    """Returns why Istio cannot route a port by headers, or None."""
    protocol = istio_protocol(port)
    return None if is_http(protocol) else _no_headers(protocol)


def sidecar_unroutable(service: Mapping[str, Any], port: Mapping[str, Any], namespace: Mapping[str, Any]) -> str | None:
    """Returns why Istio's sidecars cannot route a port by headers, or None."""
    is_own = is_http(istio_protocol(port)) and not has_sidecar_listener(port)
    return (
        f"sidecars keep port {port.get('port')} for themselves"
        if is_own
        else istio_unroutable(service, port, namespace)
    )


_PROTOCOLS: Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "AMQP": (("amqp", "amqps"), (5671, 5672)),
    "Cassandra's protocol": (("cassandra", "cql"), (9042,)),
    "Elasticsearch's own protocol": (("transport",), (9300,)),
    "Kafka's protocol": (("kafka",), (9092, 9093, 9094)),
    "Memcached's protocol": (("memcache", "memcached"), (11211,)),
    "MongoDB's protocol": (("mongo", "mongodb"), (27017, 27018, 27019)),
    "MQTT": (("mqtt", "mqtts"), (1883, 8883)),
    "MySQL's protocol": (("mariadb", "mysql"), (3306,)),
    "NATS' protocol": (("nats",), (4222,)),
    "Oracle's protocol": (("oracle",), (1521,)),
    "PostgreSQL's protocol": (("pgsql", "postgres", "postgresql", "psql"), (5432, 26257)),
    "Redis' protocol": (("redis", "valkey"), (6379,)),
    "SMTP": (("smtp", "smtps"), (25, 465, 587)),
    "SQL Server's protocol": (("mssql",), (1433,)),
    "ZooKeeper's protocol": (("zookeeper",), (2181,)),
}
"""Protocol whose requests carry no header -> first words of names and values of `appProtocol`, and well-known numbers."""

_BY_WORD = {word: protocol for protocol, (words, _) in _PROTOCOLS.items() for word in words}
_BY_NUMBER = {number: protocol for protocol, (_, numbers) in _PROTOCOLS.items() for number in numbers}


def named_targets(service: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Returns the ports of a Service that find a port of the pods by its name: that name -> the first such port."""
    targets = [(port.get("targetPort"), port) for port in (service.get("spec") or {}).get("ports") or ()]
    return {name: port for name, port in reversed(targets) if isinstance(name, str) and not name.isdigit()}


def port_names(pod_spec: Mapping[str, Any]) -> set[str]:
    """Returns the names of the ports of a pod's containers; a native sidecar is an init container that stays."""
    containers = (*(pod_spec.get("containers") or ()), *(pod_spec.get("initContainers") or ()))
    return {port["name"] for container in containers for port in container.get("ports") or () if port.get("name")}


def binary_protocol(port: Mapping[str, Any]) -> str | None:
    """Returns as what a Service port is known that carries no headers, and by what; None where it says or may be HTTP."""
    if istio_protocol(port) != SNIFFED:
        return None
    for field in ("appProtocol", "name"):
        protocol = _BY_WORD.get(str(port.get(field) or "").lower().split("-")[0])
        if protocol:
            return f"{protocol} by its {field}"
    numbers = [port.get("port"), port.get("targetPort")]
    found = next((_BY_NUMBER[number] for number in numbers if isinstance(number, int) and number in _BY_NUMBER), None)
    return f"{found} by its number" if found else None


_LINKERD_OPAQUE = frozenset({25, 587, 3306, 4444, 5432, 6379, 9300, 11211})
_LINKERD_HTTP = frozenset({"http", "kubernetes.io/h2c"})
OPAQUE_PORTS = "config.linkerd.io/opaque-ports"


def linkerd_unroutable(service: Mapping[str, Any], port: Mapping[str, Any], namespace: Mapping[str, Any]) -> str | None:
    """Returns why Linkerd cannot route a port of a Service by headers, or None; `namespace` is its Namespace, or empty.

    linkerd2: policy-controller/grpc/src/outbound.rs at 2.18 and later: `appProtocol` decides; without one the port is
    opaque if the Service's annotation lists it, else if the control plane's default list does.
    """
    transport = str(port.get("protocol") or "TCP").upper()
    if transport != "TCP":
        return _no_headers(transport)
    if _is_headless(service):
        return _HEADLESS
    app_protocol = port.get("appProtocol")
    if app_protocol:
        # linkerd2: policy-controller/core/src/outbound.rs, AppProtocol::from_str (rule R-L16).
        return None if app_protocol.lower() in _LINKERD_HTTP else f"appProtocol '{app_protocol}' is opaque to Linkerd"
    opaque = _linkerd_opaque(service, namespace)
    return "it is an opaque port of Linkerd" if port.get("port") in opaque or port.get("name") in opaque else None


def is_http_alone(port: Mapping[str, Any]) -> bool:
    """Tells whether Linkerd takes a port for HTTP/1 alone, for which it reads no GRPCRoute (rule R-L19)."""
    return str(port.get("appProtocol")).lower() == "http"


def _linkerd_opaque(service: Mapping[str, Any], namespace: Mapping[str, Any]) -> Collection[int | str]:
    """Returns the opaque ports of a Service, as its annotation has them when it has passed Linkerd's admission webhook.

    linkerd2: pkg/inject/inject.go, CreateOpaquePortsPatch: a Service without the annotation gets its namespace's, else those of
    its ports that the default list names, by their target port where they have one.
    """
    for owner in (service, namespace):
        annotated = ((owner.get("metadata") or {}).get("annotations") or {}).get(OPAQUE_PORTS)
        if annotated is not None:
            return _listed(annotated)
    ports = (service.get("spec") or {}).get("ports") or ()
    targeted = {port.get("port") for port in ports if (port.get("targetPort") or port.get("port")) in _LINKERD_OPAQUE}
    return targeted or _LINKERD_OPAQUE


def plain_unroutable(service: Mapping[str, Any], port: Mapping[str, Any], _: Mapping[str, Any]) -> str | None:
    """Returns why a port cannot take an HTTPRoute in a mesh of which nothing else is known, or None."""
    return _HEADLESS if _is_headless(service) else plain_other(port)


def plain_other(port: Mapping[str, Any]) -> str | None:
    """Returns why a port carries something else than HTTP in a mesh of which nothing is known, or None.

    An HTTPRoute makes such a mesh take the port for HTTP, so a port that looks like anything else is left alone.
    """
    protocol = istio_protocol(port)
    if not is_http(protocol):
        return _no_headers(protocol)
    if protocol == SNIFFED and port.get("port") in _LINKERD_OPAQUE:
        return f"port {port['port']} is one of a protocol that is not HTTP"
    return None


def _is_headless(service: Mapping[str, Any]) -> bool:
    return (service.get("spec") or {}).get("clusterIP") == "None"


def _listed(annotation: str) -> set[int | str]:
    """Returns the ports of a list of numbers, ranges and names, as Linkerd's annotation has it."""
    found: set[int | str] = set()
    for part in (text.strip() for text in annotation.split(",")):
        first, dash, last = part.partition("-")
        if first.isdigit() and (not dash or last.isdigit()):
            found.update(range(int(first), min(int(last or first), 65535) + 1))
        elif part:
            found.add(part)
    return found
