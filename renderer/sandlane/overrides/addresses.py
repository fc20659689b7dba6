"""Addresses of a sandbox's clones, as the environment of other clones and templates of resources name them."""

from __future__ import annotations

from collections.abc import Mapping

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest
from sandlane.problems.problem import did_you_mean


@frozen(kw_only=True)
class Address:
    """The host name of a clone's Service, and its ports: name and number (as text) -> number.

    `is_one` is false where Services of several namespaces answer to the same names in a sandbox.
    """

    host: str
    ports: Mapping[str, int]
    is_one: bool = True


Addresses = Mapping[str, Mapping[str, Address]]
"""Name of a cloned workload -> name of a base Service that selects it -> address of that Service's clone."""


def address_of(service: Manifest, name: str, namespace: str, domain: str) -> Address:
    """Returns the address of the clone of a base Service, from the clone's name."""
    ports: dict[str, int] = {}
    for port in service["spec"].get("ports") or ():
        ports |= {str(port["port"]): port["port"], **({port["name"]: port["port"]} if port.get("name") else {})}
    return Address(host=f"{name}.{namespace}.svc.{domain}", ports=ports)


class Unaddressable(Exception):
    """Raised when a name leads to no one address; its text says why, `hint` what would."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


def find(addresses: Addresses, workload: str, service: str | None = None) -> Address:
    """Returns the address of a clone: of its one Service, of the one of its own name, or of the named one."""
    services = addresses.get(workload)
    if services is None:
        known = ", ".join(addresses) or "none"
        raise Unaddressable(
            f"this sandbox does not clone '{workload}'", did_you_mean(workload, addresses, otherwise=f"clones: {known}")
        )
    if not services:
        raise Unaddressable(f"no Service selects '{workload}', so its clone has no address")
    known = ", ".join(services)
    if service is None and len(services) > 1 and workload not in services:
        raise Unaddressable(f"several Services select '{workload}'", f"add 'service', one of {known}")
    name = service or (workload if workload in services else next(iter(services)))
    if name not in services:
        raise Unaddressable(f"Service '{name}' does not select '{workload}'", f"Services that do: {known}")
    if not services[name].is_one:
        raise Unaddressable(f"this sandbox clones '{workload}' in several namespaces", "write the address as 'value'")
    return services[name]


def port_of(address: Address, port: int | str | None = None) -> int:
    """Returns the number of a port of an address: of the named one, or of its only one."""
    numbers = sorted(set(address.ports.values()))
    if port is None and len(numbers) > 1:
        raise Unaddressable(f"'{address.host}' has several ports", f"add 'port', one of {', '.join(address.ports)}")
    if port is not None and str(port) not in address.ports:
        raise Unaddressable(f"'{address.host}' has no port '{port}'", f"its ports: {', '.join(address.ports)}")
    return numbers[0] if port is None else address.ports[str(port)]
