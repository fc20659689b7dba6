"""Tenants' entries in a base VirtualService (rules R-I2 to R-I7).

An entry is affected for a tenant if one of its destinations is a Service that the tenant cloned. The tenant's entry stands
directly before it: it demands the carrier beside all that the base demands, and sends to the clone; everything else is the
base's. So a request without a carrier meets the base's entries in the base's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.catalogue import report
from renderer.hosts import renamed
from renderer.meshes.istio.matches import BadRegex, Inexpressible, tenant_matches
from renderer.meshes.istio.view import View, entries, hosts, is_mesh, live
from renderer.model import Carrier, Manifest, Resource, ResourceId
from renderer.plan import Plan, Tenant
from renderer.problems import Problem

Entry = dict[str, Any]
Replacements = Mapping[ResourceId, str]
"""Base Service -> name of the clone that replaces it for a tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """A VirtualService with the entries of its tenants, for whom it was changed, and what is wrong."""

    http: Sequence[Manifest]
    tenants: tuple[Tenant, ...]
    problems: tuple[Problem, ...]


def transform(plan: Plan, view: View, by_service: Mapping[ResourceId, Sequence[Tenant]], vs: Resource) -> Transformed:
    """Returns the entries of a VirtualService with those of every tenant whose clones it leads to."""
    unreached = _unreached(view, by_service, vs)
    http: list[Manifest] = []
    changed: dict[str, Tenant] = {}
    problems: list[Problem] = []
    for number, entry in enumerate(entries(vs.manifest)):
        services = [view.service(d["destination"]["host"], vs.id.namespace) for d in live(entry)]
        affected = {t.id: t for s in services if s for t in by_service.get(s, ())}
        by_host = {t.id: (t, s) for t, s in unreached if entry.get("route")}
        for tenant in sorted({**affected, **{i: t for i, (t, _) in by_host.items()}}.values(), key=lambda t: t.id):
            host = by_host[tenant.id][1] if tenant.id in by_host else None
            try:
                rule = _tenant_entry(plan, view, vs, entry, tenant, host)
            except Inexpressible:
                problems.append(
                    report(
                        "SL403",
                        source=vs.source,
                        path=("spec", "http", number),
                        sandbox=tenant.source,
                        object=str(vs.id),
                    )
                )
                continue
            except BadRegex as bad:
                problems.append(
                    report(
                        "SL405",
                        source=vs.source,
                        path=("spec", "http", number),
                        object=str(vs.id),
                        pattern=bad.args[0],
                        reason=bad.args[1],
                    )
                )
                continue
            if rule:
                http.append(rule)
                changed[tenant.id] = tenant
        http.append(entry)
    problems += (report("SL412", source=vs.source, path=("spec",), object=str(vs.id), service=s) for _, s in unreached)
    return Transformed(http=http, tenants=tuple(changed[i] for i in sorted(changed)), problems=tuple(problems))


def _unreached(
    view: View, by_service: Mapping[ResourceId, Sequence[Tenant]], vs: Resource
) -> list[tuple[Tenant, ResourceId]]:
    """Returns the tenants that cloned the Service whose host a VirtualService serves, and none of its destinations."""
    if not is_mesh(vs.manifest):
        return []
    sent = {
        view.service(d["destination"]["host"], vs.id.namespace) for entry in entries(vs.manifest) for d in live(entry)
    }
    served = [s for host in hosts(vs.manifest) if (s := view.service(host, vs.id.namespace)) and s in by_service]
    return [(tenant, s) for s in dict.fromkeys(served) for tenant in by_service[s] if not sent & tenant.services.keys()]


def _tenant_entry(
    plan: Plan, view: View, vs: Resource, entry: Manifest, tenant: Tenant, host: ResourceId | None
) -> Entry | None:
    """Returns a tenant's copy of an entry, or None where no request of the tenant can meet its conditions."""
    matches = tenant_matches(entry.get("match") or (), plan.environment.carriers, tenant.id)
    if not matches:
        return None
    names = {id: service.id.name for id, service in tenant.services.items()}
    if host:
        port = next((d["destination"].get("port") for d in live(entry)), None)
        to = {"host": view.fqdn(tenant.services[host].id), **({"port": port} if port else {})}
        rest: Entry = {**entry, "route": [{"destination": to}]}
    else:
        rest = substituted(view, entry, vs.id.namespace, names)
    name = f"{entry['name']}.{tenant.id}" if entry.get("name") else f"tenant-{tenant.id}"
    return {
        "name": name,
        "match": matches,
        **{key: value for key, value in rest.items() if key not in ("name", "match")},
    }


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
            same["weight"] = same.get("weight", 0) + new.get("weight", 0)
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


def tenant_rule(carriers: Sequence[Carrier], tenant: str, host: str, port: int, is_only_port: bool) -> Entry:
    """Returns a tenant's entry in a VirtualService that sandlane makes."""
    base: list[Mapping[str, Any]] = [] if is_only_port else [{"port": port}]
    return {
        "name": f"tenant-{tenant}",
        "match": tenant_matches(base, carriers, tenant),
        "route": [{"destination": {"host": host, "port": {"number": port}}}],
    }


def literal_hosts(view: View, vs: Resource) -> Iterator[tuple[str, ResourceId]]:
    """Yields hosts of a VirtualService that look like `service.namespace` of the base, which Istio takes literally."""
    named = [
        *hosts(vs.manifest),
        *(d["destination"]["host"] for entry in entries(vs.manifest) for d in entry.get("route") or ()),
    ]
    for host in dict.fromkeys(named):
        name, dot, namespace = host.partition(".")
        id = ResourceId("", "Service", namespace.removesuffix(".svc"), name)
        if dot and view.service(host, vs.id.namespace) is None and id in view.base.by_id:
            yield host, id
