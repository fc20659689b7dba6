"""Where the clones of a tenant are reached, and by which header."""

from __future__ import annotations

from collections.abc import Iterable

from sandlane.frozen import frozen
from sandlane.k8s.ports import binary_protocol, istio_protocol, number_and_protocol
from sandlane.k8s.resource import ResourceId
from sandlane.meshes.registry import MESHES
from sandlane.plan.model import Plan, ServiceClone, Tenant, Unroutable
from sandlane.reports.connect.entrances import Doors, Entrance, entrances, preview_url


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
    """A tenantID, the header that carries it, the addresses in the mesh and at gateways at which it leads to clones, and its preview.

    `lost` are the addresses at which it leads to no clone, each with the reason; `empty` are the clones that have no pods.
    """

    name: str
    tenant: str
    header: tuple[str, str]
    addresses: tuple[Address, ...]
    preview: str | None
    preview_url: str | None = None
    entrances: tuple[Entrance, ...] = ()
    lost: tuple[tuple[Address, str], ...] = ()
    empty: frozenset[str] = frozenset()

    def told(self, clones: Iterable[str]) -> str:
        """Returns the names of clones, and says of which there are no pods: requests to these get 503."""
        return ", ".join(f"{name} (0 pods: 503)" if name in self.empty else name for name in clones)

    @property
    def is_reached(self) -> bool:
        """Tells whether the header leads to a clone anywhere, or a preview does."""
        return bool(self.addresses or self.entrances or self.preview_url)

    @property
    def is_lost(self) -> bool:
        """Tells whether there are addresses, and the header leads to a clone at none of them."""
        return bool(self.lost) and not self.is_reached

    @property
    def urls(self) -> tuple[str, ...]:
        """Where a client may send HTTP requests, gateways first; without any address, one to fill in."""
        return self._named or ("http://SERVICE/",)

    @property
    def typed(self) -> tuple[str, ...]:
        """The same for a person to complete: GATEWAY stands for the address of a gateway that serves any host."""
        anywhere = (entrance.url.replace("*", "GATEWAY", 1) for entrance in self.entrances if entrance.host == "*")
        return (*anywhere, *self._named) or self.urls

    @property
    def _named(self) -> tuple[str, ...]:
        outside = (entrance.url for entrance in self.entrances if "*" not in entrance.host)
        return (*outside, *(address.url for address in self.addresses if not address.is_grpc))

    def told_lost(self) -> list[str]:
        """Returns each address at which the header leads to no clone, with the reason."""
        return [
            f"{address.host}:{address.port} does not lead to {', '.join(address.clones)}: {why}"
            for address, why in self.lost
        ]


def reach_of(plan: Plan, tenant: Tenant, unroutable: Unroutable, doors: Doors) -> Reach:
    """Returns how a tenant's clones are reached."""
    environment = plan.environment
    header = environment.carriers[0].line(tenant.id)
    addresses: list[Address] = []
    lost: list[tuple[Address, str]] = []
    services = sorted(tenant.services.values(), key=lambda s: s.origin.id)
    for service in services:
        others = [other for other in services if other is not service]
        for port in service.origin.manifest["spec"].get("ports") or ():
            if (service.origin.id, number_and_protocol(port)) in unroutable:
                continue
            behind = [s for s in (service, *others) if doors.leads(service.origin.id, port["port"], s.id)]
            address = Address(
                service=service.origin.id,
                port=port["port"],
                is_grpc=istio_protocol(port) == "grpc",
                clones=tuple(dict.fromkeys(name for s in behind or (service,) for name in _names(s))),
            )
            protocol = binary_protocol(port)
            if protocol:
                lost.append((address, f"it is {protocol}, which carries no header"))
            elif not behind and MESHES[environment.mesh].lacks_waypoint(plan.base, service.origin.id):
                lost.append((address, "the base shows no waypoint for it"))
            elif not behind:
                lost.append((address, "no route of the mesh sends requests of its name to that Service"))
            else:
                addresses.append(address)
    host = environment.preview.host_of(tenant.id) if environment.preview else None
    return Reach(
        name=tenant.name,
        tenant=tenant.id,
        header=header,
        addresses=tuple(addresses),
        lost=tuple(lost),
        preview=host,
        preview_url=preview_url(plan.base, environment.preview.gateway, host) if environment.preview and host else None,
        entrances=tuple(entrances(doors, header, (service.id for service in tenant.services.values()))),
        empty=frozenset(c.id.name for s in tenant.services.values() for c in s.clones if c.workload.replicas == 0),
    )


def _names(service: ServiceClone) -> tuple[str, ...]:
    """Returns the names of what a tenant's Service leads to."""
    return tuple(clone.id.name for clone in service.clones) or (str(service.workload.use),)
