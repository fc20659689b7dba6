"""Hosts of previews, at Gateways of either kind: whose routes they have, and what a tenant's is called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.meshes.gateway_api.dialects import GATEWAY
from sandlane.plan.model import Plan, Tenant
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.specs.model import Preview

_ISTIOS_OWN = ("networking.istio.io", "Gateway")


def gateway_of(plan: Plan) -> Resource | None:
    """Returns the Gateway of the Gateway API that serves previews; Istio's own of that name goes before it where Istio reads it."""
    if plan.environment.preview is None:
        return None
    namespace, _, name = plan.environment.preview.gateway.partition("/")
    if (
        plan.environment.mesh in ("istio", "istio-ambient")
        and ResourceId(*_ISTIOS_OWN, namespace, name) in plan.base.by_id
    ):
        return None
    return plan.base.by_id.get(ResourceId(GATEWAY, "Gateway", namespace, name))


class Unfit(Exception):
    """Raised where there can be no previews: its arguments say what is wrong and the way out."""


def host_of_base(gateway: Resource, preview: Preview, hosts: Collection[str]) -> str:
    """Returns the host of the base whose routes previews have. Raises Unfit."""
    host = preview.of.lower() if preview.of else next(iter(hosts), "") if len(hosts) == 1 else ""
    if host not in hosts:
        names = f"'{gateway.id}'"
        if not hosts:
            raise Unfit(f"finds no host of the base at {names}", "give the base a route at the gateway")
        what = (
            f"is of '{host}', which {names} has not" if preview.of else f"does not say which host of {names} it is of"
        )
        raise Unfit(what, f"say 'of: HOST'; hosts there: {', '.join(sorted(hosts))}")
    return host


def host_of_tenant(preview: Preview, tenant: Tenant, taken: Collection[str]) -> str:
    """Returns the host of a tenant's preview. Raises Unfit."""
    host = preview.host_of(tenant.id)
    if any(not 0 < len(label) <= 63 for label in host.split(".")):
        raise Unfit(
            f"makes the host '{host}', which is no host name", "shorten the tenantID, or give it a label of its own"
        )
    if host in taken:
        raise Unfit(f"makes the host '{host}', which the base has already", "choose another 'host'")
    return host


def other_wildcard(plan: Plan, objects: Mapping[str, ResourceId], host: str, of: str) -> Iterator[Problem]:
    """Yields the host of a preview for which the base answers by a wildcard with other routes than the preview has.

    `objects`: host of the base -> the first object that has it.
    """
    wild = max((known for known in objects if known.startswith("*") and covers(known, host)), key=len, default=of)
    if wild != of:
        source, object = plan.environment.source, str(objects[wild])
        yield report(
            "SL459", source=source, path=("spec", "preview", "host"), host=host, wild=wild, object=object, of=of
        )
