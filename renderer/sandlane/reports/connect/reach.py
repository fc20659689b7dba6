"""Where the clones of a tenant are reached, and by which header."""

from __future__ import annotations

from sandlane.frozen import frozen
from sandlane.k8s.ports import istio_protocol, number_and_protocol
from sandlane.k8s.resource import ResourceId
from sandlane.plan.model import Plan, Tenant, Unroutable


@frozen(kw_only=True)
class Address:
    """A port of a base Service behind which a tenant has a clone, as a client in the mesh names it."""

    service: ResourceId
    port: int
    is_grpc: bool
    clones: tuple[str, ...]

    @property
    def host(self) -> str:
        """The Service's name with its namespace."""
        return f"{self.service.name}.{self.service.namespace}"

    @property
    def url(self) -> str:
        """The address as a URL."""
        return f"http://{self.host}{'' if self.port == 80 else f':{self.port}'}/"


@frozen(kw_only=True)
class Reach:
    """A tenantID, the header that carries it, the addresses at which it leads to clones, and the host of its preview."""

    name: str
    tenant: str
    header: tuple[str, str]
    addresses: tuple[Address, ...]
    preview: str | None

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses that speak HTTP/1.1 and those that speak gRPC alike, as URLs; without any, one to fill in."""
        return tuple(address.url for address in self.addresses if not address.is_grpc) or ("http://SERVICE/",)


def reach_of(plan: Plan, tenant: Tenant, unroutable: Unroutable) -> Reach:
    """Returns how a tenant's clones are reached."""
    environment = plan.environment
    carrier = environment.carriers[0]
    header = (carrier.header, tenant.id) if carrier.header else ("baggage", f"{carrier.baggage}={tenant.id}")
    addresses = tuple(
        Address(
            service=service.origin.id,
            port=port["port"],
            is_grpc=istio_protocol(port) == "grpc",
            clones=tuple(clone.id.name for clone in service.clones) or (str(service.workload.use),),
        )
        for service in sorted(tenant.services.values(), key=lambda s: s.origin.id)
        for port in service.origin.manifest["spec"].get("ports") or ()
        if (service.origin.id, number_and_protocol(port)) not in unroutable
    )
    host = environment.preview.host.replace("{tenantID}", tenant.id) if environment.preview else None
    return Reach(name=tenant.name, tenant=tenant.id, header=header, addresses=addresses, preview=host)
