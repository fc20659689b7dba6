"""Names in routes: which Service a host means (rule R-I1), and which gateway.

A host without a dot is completed with the namespace of the object that holds it; a dotted one is literal, so `reviews.prod`
is not the Service `reviews` in `prod` (istio: pilot/pkg/model/config.go, ResolveShortnameToFQDN).
"""

from __future__ import annotations

from sandlane.frozen import frozen


@frozen(order=True)
class ServiceHost:
    """The Service that a host name means."""

    namespace: str
    name: str

    def fqdn(self, domain: str) -> str:
        """Returns the full name of the Service in a cluster domain."""
        return f"{self.name}.{self.namespace}.svc.{domain}"


def service_of(host: str, namespace: str, domain: str) -> ServiceHost | None:
    """Returns the Service that a host means in an object of a namespace, or None for any other host."""
    if ":" in host:  # an IPv6 address
        return None
    if "." not in host:
        return ServiceHost(namespace, host) if host and "*" not in host else None
    suffix = f".svc.{domain}"
    if not host.endswith(suffix):
        return None
    name, _, home = host.removesuffix(suffix).partition(".")
    return ServiceHost(home, name) if name and home and "." not in home and "*" not in name else None


def renamed(host: str, name: str) -> str:
    """Returns a Service's host with another Service name, in the form in which it was written."""
    return name + host[host.index(".") :] if "." in host else name


def covers(pattern: str, host: str) -> bool:
    """Tells whether a host pattern (`*` and a suffix, or a literal) covers a full host name (istio: pkg/config/host)."""
    return host.endswith(pattern[1:]) if pattern.startswith("*") else pattern == host


def gateway_name(gateway: str, namespace: str) -> str:
    """Returns a gateway of a VirtualService as `namespace/name` (istio: pilot/pkg/model/virtualservice.go, resolveGatewayName)."""
    if gateway == "mesh":
        return gateway
    home, slash, name = gateway.partition("/")
    if slash:
        return f"{namespace if home == '.' else home}/{name}"
    name, dot, rest = gateway.partition(".")
    return f"{rest.partition('.')[0]}/{name}" if dot else f"{namespace}/{name}"
