"""Previews at Gateways of the Gateway API: a host for each tenant at which a browser needs no header (rule R-G15).

A preview has copies of the routes that the base has for a host at that Gateway, for the tenant's host. They lead to clones where they
lead to Services that the tenant cloned, and a filter gives requests the carriers, so that what lies behind knows the tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource
from sandlane.meshes.carriers import given, header_of
from sandlane.meshes.gateway_api.attached_routes import Attached, Route
from sandlane.meshes.gateway_api.copies import Copying, Rule, copied_route, redirects, tenant_rule
from sandlane.meshes.gateway_api.dialects import Dialect
from sandlane.meshes.gateway_api.gateway_hosts import (
    Served,
    attached_at,
    closest_listeners,
    hosts_of,
    is_admitted,
    listeners_of,
    routes_for,
)
from sandlane.meshes.preview_hosts import Unfit, gateway_of, host_of_base, host_of_tenant, other_wildcard
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan, Tenant
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.specs.model import Carrier


@frozen
class Previewed:
    """The copies of routes for previews, each with what it is a copy of, or why there are none."""

    copies: tuple[tuple[Copying, Placed], ...] = ()
    problems: tuple[Problem, ...] = ()


def previews(plan: Plan, dialect: Dialect, routes: Sequence[Route]) -> Previewed:
    """Returns the previews of all tenants; `routes` are the base's, those of Gateways among them."""
    gateway, preview, source = gateway_of(plan), plan.environment.preview, plan.environment.source
    if gateway is None or preview is None:
        return Previewed()
    by_host = hosts_of(gateway, routes)
    try:
        of = host_of_base(gateway, preview, by_host)
        served = routes_for(gateway, routes, of)
        found = [
            (copying, _preview(plan, dialect, copying, host))
            for tenant in plan.tenants
            if tenant.services
            for host in [host_of_tenant(preview, tenant, by_host)]
            for copying in _copyings(plan, gateway, tenant, served, host)
        ]
    except Unfit as unfit:
        what, way = unfit.args
        return Previewed(problems=(report("SL455", source=source, path=("spec", "preview"), what=what, way=way),))
    objects = {known: routes[0].resource.id for known, routes in by_host.items()}
    hosts = [placed.manifest["spec"]["hostnames"][0] for _, placed in found[:1]]
    return Previewed(tuple(found), tuple(p for host in hosts for p in other_wildcard(plan, objects, host, of)))


def _copyings(plan: Plan, gateway: Resource, tenant: Tenant, served: Served, host: str) -> Iterator[Copying]:
    """Yields how routes are copied for a tenant's host. Raises Unfit."""
    carriers = {header_of(carrier) for carrier in plan.environment.carriers}
    for route in {r.resource.id: r for found in served.values() for r, _ in found}.values():
        matched = [m for rule in route.rules for m in rule.get("matches") or ()]
        if any(str(h.get("name")).lower() in carriers for match in matched for h in match.get("headers") or ()):
            raise Unfit(f"finds conditions on carriers in '{route.resource.id}'", "take them out of the base route")
        parents: list[Attached] = []
        for attached in attached_at(gateway, route):
            ports = [port for port, found in served.items() if (route, attached) in found]
            parents += _parents(plan, gateway, route, attached, ports, host)
        unique = {str(sorted(a.reference.items())): a for a in parents}
        yield Copying(route=route, tenant=tenant, parents=tuple(unique.values()))


def _parents(
    plan: Plan, gateway: Resource, route: Route, attached: Attached, ports: Sequence[int], host: str
) -> list[Attached]:
    """Returns a parentRef for the listeners of some ports that serve a host, as it is or one for each port. Raises Unfit."""
    meant = listeners_of(gateway, attached)
    own = {x["port"] for x in meant if x in closest_listeners(gateway, x["port"], host)}
    if own == set(ports):
        return [attached]
    found = []
    for port in ports:
        closest = closest_listeners(gateway, port, host)
        fit = [x for x in closest if x in meant] or [x for x in closest if is_admitted(plan, gateway, x, route)]
        if not fit:
            model = next((x for x in meant if x["port"] == port), {})
            raise _unserved(plan, gateway, route, model, host)
        reference = {**attached.reference, "sectionName": fit[0]["name"]}
        found.append(replace(attached, reference=reference, parent=replace(attached.parent, listener=fit[0]["name"])))
    return found


def _unserved(plan: Plan, gateway: Resource, route: Route, model: Manifest, host: str) -> Unfit:
    """Returns the error where no listener serves a preview's host, with the line to write."""
    preview = plan.environment.preview
    wide = (preview.wildcard() if preview else None) or host
    parts = [f"port: {model.get('port')}, protocol: {model.get('protocol')}, hostname: '{wide}'"]
    parts += ["tls: {…}"] if model.get("tls") else []
    more = f", with the 'tls' of listener '{model.get('name')}'" if model.get("tls") else ""
    return Unfit(
        f"makes the host '{host}', which no listener of '{gateway.id}' serves for '{route.resource.id}'",
        f"add to its 'spec.listeners': - {{name: preview, {', '.join(parts)}}}{more}",
    )


def _preview(plan: Plan, dialect: Dialect, copying: Copying, host: str) -> Placed:
    environment, tenant = plan.environment, copying.tenant
    rules = [_rule(plan, dialect, copying, rule) for rule in copying.route.rules]
    placed = copied_route(environment, plan.base, copying, rules, f"preview-{tenant.id}")
    spec = {"parentRefs": placed.manifest["spec"]["parentRefs"], "hostnames": [host]}
    rest = {key: value for key, value in placed.manifest["spec"].items() if key not in spec}
    return replace(placed, manifest={**placed.manifest, "spec": {**spec, **rest}})


def _rule(plan: Plan, dialect: Dialect, copying: Copying, rule: Rule) -> Rule:
    """Returns a tenant's copy of a rule for its preview: it gives requests the carriers, where it sends them anywhere."""
    made = tenant_rule(plan.environment, dialect, copying, rule)
    if redirects(rule):
        return made
    filters = carrying(made.get("filters") or [], plan.environment.carriers, copying.tenant.id)
    return {
        "matches": made["matches"],
        "filters": filters,
        **{k: v for k, v in made.items() if k not in ("matches", "filters")},
    }


def carrying(filters: Sequence[Manifest], carriers: Sequence[Carrier], tenant: str) -> list[Manifest]:
    """Returns filters that give the carriers to a request: headers are set, a baggage member is appended."""
    present = next((f for f in filters if f.get("type") == "RequestHeaderModifier"), None)
    modifier: dict[str, Any] = dict((present or {}).get("requestHeaderModifier") or {})
    own, members = given(carriers, tenant)
    taken = {*own, *(["baggage"] if members else [])}
    if own:
        kept = [h for h in modifier.get("set") or () if str(h["name"]).lower() not in own]
        modifier["set"] = [*kept, *({"name": name, "value": value} for name, value in own.items())]
    if members:
        before = [str(h["value"]) for h in modifier.get("add") or () if str(h["name"]).lower() == "baggage"]
        others = [h for h in modifier.get("add") or () if str(h["name"]).lower() != "baggage"]
        modifier["add"] = [*others, {"name": "baggage", "value": ",".join([*before, members])}]
    if modifier.get("remove"):
        modifier["remove"] = [name for name in modifier["remove"] if str(name).lower() not in taken]
    made = {"type": "RequestHeaderModifier", "requestHeaderModifier": {k: v for k, v in modifier.items() if v}}
    return [made if item is present else item for item in filters] if present else [*filters, made]
