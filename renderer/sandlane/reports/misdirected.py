"""What a traced request names that is not there: a host that is nearly a Service's, or a port that its Service does not have."""

from __future__ import annotations

from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import ResourceId, spec_of
from sandlane.problems.problem import did_you_mean
from sandlane.semantics.network import Network
from sandlane.semantics.request import Request


def misdirected(network: Network, request: Request) -> tuple[str, ...]:
    """Returns a note where a request's address is nearly one that there is."""
    name, _, rest = request.host.lower().partition(".")
    own = request.client.namespace
    meant = service_of(request.host.lower(), own, network.domain)
    namespace = meant.namespace if meant else rest.removesuffix(".svc")
    names = {s.id.name for s in network.base.of("", "Service") if s.id.namespace == (namespace or own)}
    if name not in names:
        guess = did_you_mean(name, names)
        return (f"no Service in namespace '{namespace or own}' has the name '{name}': {guess}",) if guess else ()
    service = network.base.by_id[ResourceId("", "Service", namespace or own, name)]
    ports = [port["port"] for port in spec_of(service.manifest).get("ports") or ()]
    if request.port in ports or not ports:
        return ()
    several = "port" if len(ports) == 1 else "ports"
    url = f"{request.scheme}://{request.host}:{ports[0]}{request.path}"
    return (f"'{service.id}' has {several} {', '.join(map(str, ports))}: {url}",)
