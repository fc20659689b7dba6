"""Previews: a host for each tenant at a gateway, at which a browser needs no header.

A preview has the routes that the base has for a host at that gateway, in the order in which the gateway takes them. They lead to the
tenant's clones where they lead to Services that it cloned, and give every request the carriers, so that what lies behind knows the
tenant. It is an object of the tenant's own, for a host that nothing else has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import covers, gateway_name
from sandlane.k8s.limits import OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.meshes.carriers import given, header_of
from sandlane.meshes.istio.gateways import is_catch_all, served_at
from sandlane.meshes.istio.route_copies import is_affected, moved, named
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.tenant_routes import copied_for
from sandlane.meshes.istio.virtual_service_fields import NETWORKING, entries, matches_of
from sandlane.meshes.preview_hosts import Unfit, gateway_of, host_of_base, host_of_tenant, other_wildcard
from sandlane.output.layout import SANDBOXES, Placed
from sandlane.plan.metadata import tenant_metadata
from sandlane.plan.model import Plan, Tenant
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, did_you_mean
from sandlane.specs.model import Carrier, Preview

Owned = tuple[Resource, Manifest]
"""A VirtualService and one of its entries, with the matches that apply at the gateway."""


@frozen
class Previews:
    """The VirtualServices of previews, or why there are none."""

    objects: tuple[Placed, ...] = ()
    problems: tuple[Problem, ...] = ()


def previews(plan: Plan, view: RouteIndex) -> Previews:
    """Returns the previews of all tenants."""
    preview, source = plan.environment.preview, plan.environment.source
    if preview is None:
        return Previews()
    namespace, _, name = preview.gateway.partition("/")
    gateway = plan.base.by_id.get(ResourceId(NETWORKING, "Gateway", namespace, name))
    if gateway is None and gateway_of(plan):
        return Previews()  # those are routes of the Gateway API
    if gateway is None:
        path = ("spec", "preview", "gateway")
        known = [f"{g.id.namespace}/{g.id.name}" for g in plan.base.of(NETWORKING, "Gateway")]
        told = partial(report, "SL454", source=source, path=path, hint=did_you_mean(preview.gateway, known) or None)
        wrong = told(gateway=preview.gateway, field="preview.gateway", kind="Gateway of Istio")
        return Previews(problems=(wrong,))
    by_host = served_at(view.bindings, gateway)
    try:
        of = host_of_base(gateway, preview, by_host)
        ports = _ports(gateway, by_host[of])
        table = [owned for port in ports for owned in _table(plan, gateway, by_host[of], port)]
        tenants = [tenant for tenant in plan.tenants if tenant.services]
        hosts = [_host(gateway, preview, tenant, by_host) for tenant in tenants]
        if ports != [None]:
            _refuse_other_ports(gateway, hosts, of)
        made = tuple(
            _preview(plan, view, gateway, host, tenant, table) for tenant, host in zip(tenants, hosts, strict=True)
        )
    except Unfit as unfit:
        what, way = unfit.args
        return Previews(problems=(report("SL455", source=source, path=("spec", "preview"), what=what, way=way),))
    objects = {known: found[0].id for known, found in by_host.items()}
    first = [host for placed in made[:1] for host in placed.manifest["spec"]["hosts"]]
    return Previews(objects=made, problems=tuple(p for host in first for p in other_wildcard(plan, objects, host, of)))


def _refuse_other_ports(gateway: Resource, hosts: Iterable[str], of: str) -> None:
    """Raises Unfit where rules name ports of the base's host, and the hosts of previews are served at others alone."""
    ports = _served_ports(gateway, of)
    for host in hosts:
        if not _served_ports(gateway, host) & ports:
            what = f"makes the host '{host}', which '{gateway.id}' serves at none of the ports of '{of}', whose rules name ports"
            raise Unfit(what, "serve both hosts at one port")


def _served_ports(gateway: Resource, host: str) -> set[int]:
    servers = at(gateway.manifest, ("spec", "servers")) or ()
    return {
        server["port"]["number"]
        for server in servers
        if any(covers(str(pattern).rpartition("/")[2].lower(), host) for pattern in server.get("hosts") or ())
    }


def _ports(gateway: Resource, serving: Sequence[Resource]) -> list[int | None]:
    """Returns the ports of a gateway where matches name ports, each with a table of its own, and None for all where none does."""
    matches = (m for vs in serving for entry in entries(vs.manifest) for m in entry.get("match") or ())
    if not any(match.get("port") for match in matches):
        return [None]
    numbers = (at(server, ("port", "number")) for server in at(gateway.manifest, ("spec", "servers")) or ())
    return list(dict.fromkeys(numbers))


def _table(plan: Plan, gateway: Resource, serving: Sequence[Resource], port: int | None) -> list[Owned]:
    """Returns the entries of the base's host at a gateway's port, in the gateway's order. Raises Unfit."""
    first: list[Owned] = []
    last: list[Owned] = []
    carriers = {header_of(carrier) for carrier in plan.environment.carriers}
    for vs in serving:
        for number, entry in enumerate(entries(vs.manifest)):
            matches = list(_at(gateway, vs, number, entry, carriers, port))
            if matches and all(is_catch_all(match) for match in matches):
                last.append((vs, {**entry, "match": matches}))
                break
            if any(is_catch_all(match) for match in matches):
                raise Unfit(f"finds a catch-all beside other matches in '{vs.id}'", "write two entries")
            first += [(vs, {**entry, "match": matches})] if matches else []
    return [*first, *last[:1]]


def _at(
    gateway: Resource, vs: Resource, number: int, entry: Manifest, carriers: set[str], port: int | None
) -> Iterator[dict[str, Any]]:
    """Yields the matches of an entry that apply at the gateway's port, without what is settled by that. Raises Unfit."""
    where = f"entry {number + 1} of '{vs.id}'"
    if entry.get("delegate"):
        raise Unfit(f"finds a delegate in {where}", "write the delegate's routes into it")
    full = f"{gateway.id.namespace}/{gateway.id.name}"
    for match in matches_of(entry):
        if port and match.get("port") not in (None, 0, port):
            continue
        named_gateways = match.get("gateways")
        if named_gateways and full not in [gateway_name(name, vs.id.namespace) for name in named_gateways]:
            continue
        if not named_gateways and (match.get("sourceLabels") or match.get("sourceNamespace")):
            raise Unfit(f"finds conditions on clients in {where}", "name gateways in the match")
        headers = {name.lower() for field in ("headers", "withoutHeaders") for name in match.get(field) or {}}
        if headers & carriers or match.get("authority"):
            raise Unfit(
                f"finds conditions on carriers or on the authority in {where}", "take them out of the base route"
            )
        kept = {k: v for k, v in match.items() if k not in ("gateways", "sourceLabels", "sourceNamespace")}
        yield {**kept, "port": port} if port else kept


def _preview(
    plan: Plan, view: RouteIndex, gateway: Resource, host: str, tenant: Tenant, table: Sequence[Owned]
) -> Placed:
    environment = plan.environment
    name = fit(f"preview-{tenant.id}", OBJECT_NAME_LIMIT)
    id = ResourceId(NETWORKING, "VirtualService", gateway.id.namespace, name)
    manifest = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": tenant_metadata(
            environment, tenant.spec, name=name, namespace=id.namespace, origin=gateway.id.name
        ),
        "spec": {
            "hosts": [host],
            "gateways": [f"{gateway.id.namespace}/{gateway.id.name}"],
            "http": [_entry(plan, view, tenant, owner, entry) for owner, entry in table],
        },
    }
    return Placed(directory=f"{SANDBOXES}/{tenant.name}", id=id, manifest=manifest)


def _host(gateway: Resource, preview: Preview, tenant: Tenant, taken: Mapping[str, object]) -> str:
    """Returns the host of a tenant's preview. Raises Unfit."""
    host = host_of_tenant(preview, tenant, taken)
    listed = [
        str(name).lower().rpartition("/")
        for server in spec_of(gateway.manifest).get("servers") or ()
        for name in server.get("hosts") or ()
    ]
    if not any(scope in ("", "*", ".", gateway.id.namespace) and covers(known, host) for scope, _, known in listed):
        raise Unfit(
            f"makes the host '{host}', which '{gateway.id}' does not serve",
            f"add '{preview.wildcard() or host}' to the hosts of one of its servers",
        )
    return host


def _entry(plan: Plan, view: RouteIndex, tenant: Tenant, owner: Resource, entry: Manifest) -> dict[str, Any]:
    """Returns a tenant's copy of an entry for its preview; what is only a catch-all needs no match."""
    names = {id: service.id.name for id, service in tenant.services.items()}
    is_cloned = is_affected(view, entry, owner.id.namespace, names)
    copy = moved(view, copied_for(plan, view, tenant, owner, entry) if is_cloned else entry, owner.id.namespace)
    matches = [match for match in entry["match"] if match]
    rest = {key: value for key, value in copy.items() if key not in ("name", "match")}
    if rest.get("route"):
        rest["headers"] = carrying(rest.get("headers") or {}, plan.environment.carriers, tenant.id)
    return {"name": named(entry, tenant.id), **({"match": matches} if matches else {}), **rest}


def carrying(headers: Mapping[str, Any], carriers: Sequence[Carrier], tenant: str) -> dict[str, Any]:
    """Returns an entry's header operations with the carriers given to the request: headers set, a baggage member appended."""
    request = headers.get("request") or {}
    own, members = given(carriers, tenant)
    kept = {name: value for name, value in (request.get("set") or {}).items() if name.lower() not in own}
    made = {**request}
    if own:
        made["set"] = {**kept, **own}
    if members:
        others = {n: v for n, v in (request.get("add") or {}).items() if n.lower() != "baggage"}
        before = [v for n, v in (request.get("add") or {}).items() if n.lower() == "baggage"]
        made["add"] = {**others, "baggage": ",".join([*before, members])}
    return {**headers, "request": made}
