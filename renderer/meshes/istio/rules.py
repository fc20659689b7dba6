"""Tenants' entries in a base VirtualService (rules R-I2 to R-I7).

An entry is affected for a tenant if one of its destinations is a Service that the tenant cloned. The tenant's entry stands
directly before it: it demands the carrier beside all that the base demands, and sends to the clone; everything else is the
base's. So a request without a carrier meets the base's entries in the base's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from renderer.catalogue import report
from renderer.hosts import renamed
from renderer.meshes.istio.clients import Clients, of_tenant, with_clients
from renderer.meshes.istio.matches import BadRegex, Inexpressible, tenant_matches
from renderer.meshes.istio.view import MESH, View, bound_gateways, entries, hosts, is_mesh, live, mirrors
from renderer.model import Manifest, Resource, ResourceId
from renderer.plan import Plan, Tenant, WorkloadClone
from renderer.problems import Problem

Entry = dict[str, Any]
Replacements = Mapping[ResourceId, str]
"""Base Service -> name of the clone that replaces it for a tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """The spec of a VirtualService with its tenants' entries, the Service by which each came, and what is wrong.

    `clients` are the clones for whose requests it has conditions.
    """

    spec: Manifest
    tenants: Sequence[tuple[Tenant, ResourceId]]
    clients: Sequence[WorkloadClone]
    problems: tuple[Problem, ...]

    @property
    def http(self) -> Sequence[Manifest]:
        """The HTTP entries."""
        return self.spec.get("http") or ()

    @property
    def is_changed(self) -> bool:
        """Tells whether it says more than the base's."""
        return bool(self.tenants or self.clients)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why an entry is copied for a tenant: a Service that it sends to, or only the one whose host it serves."""

    tenant: Tenant
    service: ResourceId
    is_host_only: bool


def transform(
    plan: Plan, view: View, by_service: Mapping[ResourceId, Sequence[Tenant]], vs: Resource, clients: Clients
) -> Transformed:
    """Returns a VirtualService with the entries of every tenant whose clones it leads to, and conditions for `clients`."""
    by_host, problems = _by_host(view, by_service, vs)
    spec, meant = with_clients(clients, vs)
    http: list[Manifest] = []
    changed: dict[str, tuple[Tenant, ResourceId]] = {}
    for number, entry in enumerate(spec.get("http") or ()):
        for cause in _causes(view, by_service, by_host, vs, entry):
            try:
                rule = _tenant_entry(plan, view, vs, entry, cause)
            except (Inexpressible, BadRegex) as error:
                problems.append(_condition_problem(vs, number, cause.tenant, error))
                continue
            if rule:
                http.append(rule)
                changed.setdefault(cause.tenant.id, (cause.tenant, cause.service))
        http.append(entry)
    problems += (
        report("SL412", source=vs.source, path=("spec",), object=str(vs.id), service=cause.service)
        for cause in by_host
        if cause.tenant.id in changed
    )
    return Transformed(
        spec={**spec, "http": http} if http else spec,
        tenants=[changed[id] for id in sorted(changed)],
        clients=meant,
        problems=tuple(problems),
    )


def _causes(
    view: View,
    by_service: Mapping[ResourceId, Sequence[Tenant]],
    by_host: Sequence[Cause],
    vs: Resource,
    entry: Manifest,
) -> list[Cause]:
    """Returns for which tenants an entry is copied, by tenantID."""
    found = {cause.tenant.id: cause for cause in by_host if entry.get("route")}
    for destination in live(entry):
        service = view.service(destination["destination"]["host"], vs.id.namespace)
        if service is not None:
            for tenant in by_service.get(service, ()):
                found.setdefault(tenant.id, Cause(tenant=tenant, service=service, is_host_only=False))
    return [found[id] for id in sorted(found)]


def _by_host(
    view: View, by_service: Mapping[ResourceId, Sequence[Tenant]], vs: Resource
) -> tuple[list[Cause], list[Problem]]:
    """Returns the tenants that cloned the Service whose host a VirtualService serves, and none of its destinations."""
    served = [s for host in hosts(vs.manifest) if (s := view.service(host, vs.id.namespace)) and s in by_service]
    if not served or not is_mesh(vs.manifest):
        return [], []
    sent = {
        view.service(d["destination"]["host"], vs.id.namespace) for entry in entries(vs.manifest) for d in live(entry)
    }
    # With other hosts or gateways the entries also answer requests that are not for the Service.
    is_its_own = len(hosts(vs.manifest)) == 1 and bound_gateways(vs.manifest) == {MESH}
    causes: list[Cause] = []
    problems: list[Problem] = []
    for service in dict.fromkeys(served):
        for tenant in by_service[service]:
            if sent & tenant.services.keys():
                continue
            if is_its_own:
                causes.append(Cause(tenant=tenant, service=service, is_host_only=True))
            else:
                problems.append(_shared_hosts(vs, tenant, service))
    return causes, problems


def _shared_hosts(vs: Resource, tenant: Tenant, service: ResourceId) -> Problem:
    return report(
        "SL402",
        source=vs.source,
        path=("spec", "hosts"),
        sandbox=tenant.source,
        object=str(vs.id),
        what=f"serves '{service}', which is cloned, with other hosts or at a gateway, and sends to no clone",
        way="give the host a VirtualService of its own",
    )


def _condition_problem(vs: Resource, number: int, tenant: Tenant, error: Inexpressible | BadRegex) -> Problem:
    wrong = partial(report, source=vs.source, path=("spec", "http", number), object=str(vs.id))
    if isinstance(error, Inexpressible):
        return wrong("SL403", sandbox=tenant.source)
    return wrong("SL405", pattern=error.args[0], reason=error.args[1])


def _tenant_entry(plan: Plan, view: View, vs: Resource, entry: Manifest, cause: Cause) -> Entry | None:
    """Returns a tenant's copy of an entry, or None where no request of the tenant can meet its conditions."""
    tenant = cause.tenant
    conditions = of_tenant(plan, tenant, entry.get("match") or ())
    matches = tenant_matches(conditions, plan.environment.carriers, tenant.id)
    if not matches:
        return None
    names = {id: service.id.name for id, service in tenant.services.items()}
    copy = substituted(view, entry, vs.id.namespace, names)
    header = plan.environment.routes.answer_header
    if header:
        copy["headers"] = answering(entry.get("headers") or {}, header, f"{tenant.id}/{cause.service.name}")
    if cause.is_host_only:
        copy["route"] = [{"destination": _host_destination(plan, view, entry, cause)}]
    name = f"{entry['name']}.{tenant.id}" if entry.get("name") else f"tenant-{tenant.id}"
    return {
        "name": name,
        "match": matches,
        **{key: value for key, value in copy.items() if key not in ("name", "match")},
    }


def _host_destination(plan: Plan, view: View, entry: Manifest, cause: Cause) -> Entry:
    """Returns the clone of the Service whose host is served, on the entry's own port where the Service has it."""
    numbers = [port["port"] for port in plan.base.by_id[cause.service].manifest["spec"].get("ports") or ()]
    port = next((d["destination"].get("port") for d in live(entry)), None)
    host = view.fqdn(cause.tenant.services[cause.service].id)
    return {"host": host, **({"port": port} if port and port.get("number") in numbers else {})}


def substituted(view: View, entry: Manifest, namespace: str, names: Replacements) -> Entry:
    """Returns an entry whose destinations and mirrors lead to clones (rule R-I5)."""
    result = dict(entry)
    result["route"] = _merged(
        [d for d in live(entry) if _cloned(view, d["destination"], namespace, names)], view, namespace, names
    )
    if entry.get("mirror"):
        result["mirror"] = _destination(view, entry["mirror"], namespace, names)
    if entry.get("mirrors"):
        result["mirrors"] = [
            {**m, "destination": _destination(view, m["destination"], namespace, names)} if m.get("destination") else m
            for m in entry["mirrors"]
        ]
    return result


def _cloned(view: View, destination: Manifest, namespace: str, names: Replacements) -> bool:
    return view.service(destination["host"], namespace) in names


def _merged(route: Sequence[Manifest], view: View, namespace: str, names: Replacements) -> list[Entry]:
    """Replaces destinations by clones and adds up the weights of those that become one."""
    merged: list[Entry] = []
    for item in route:
        new = {**item, "destination": _destination(view, item["destination"], namespace, names)}
        same = next((m for m in merged if {**m, "weight": 0} == {**new, "weight": 0}), None)
        if same is None:
            merged.append(new)
        else:
            same["weight"] = (same.get("weight") or 0) + (new.get("weight") or 0)
    if len(merged) == 1:
        merged[0].pop("weight", None)
    return merged


def _destination(view: View, destination: Manifest, namespace: str, names: Replacements) -> Entry:
    """Returns a destination with its clone's host; a subset stays only if it has a policy of its own."""
    service = view.service(destination["host"], namespace)
    if service is None or service not in names:
        return dict(destination)
    keeps = destination.get("subset") in view.subsets_with_policy.get(service, ())
    return {
        **{key: value for key, value in destination.items() if key != "subset" or keeps},
        "host": renamed(destination["host"], names[service]),
    }


def answering(headers: Mapping[str, Any], name: str, value: str) -> Entry:
    """Returns an entry's header operations with a response header set."""
    response = headers.get("response") or {}
    kept = {key: given for key, given in (response.get("set") or {}).items() if key.lower() != name.lower()}
    return {**headers, "response": {**response, "set": {**kept, name: value}}}


def literal_hosts(view: View, vs: Resource) -> Iterator[tuple[str, ResourceId]]:
    """Yields hosts of a VirtualService that look like `service.namespace` of the base, which Istio takes literally."""
    sent = (
        d
        for entry in entries(vs.manifest)
        for d in (*(r["destination"] for r in entry.get("route") or ()), *mirrors(entry))
    )
    named = [*hosts(vs.manifest), *(destination["host"] for destination in sent)]
    for host in dict.fromkeys(named):
        name, dot, namespace = host.partition(".")
        id = ResourceId("", "Service", namespace.removesuffix(".svc"), name)
        if dot and view.service(host, vs.id.namespace) is None and id in view.base.by_id:
            yield host, id
