"""Previews at Gateways of the Gateway API: a host for each tenant at which a browser needs no header (rule R-G15).

A preview has copies of the routes that the base has for a host at that Gateway, for the tenant's host. They lead to clones where they
lead to Services that the tenant cloned, and a filter gives requests the carriers, so that what lies behind knows the tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.meshes.carriers import header_of
from sandlane.meshes.gateway_api.attached_routes import Attached, Route
from sandlane.meshes.gateway_api.copies import Copying, Rule, copied_route, redirects, tenant_rule
from sandlane.meshes.gateway_api.dialects import GATEWAY, Dialect
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan, Tenant
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.specs.model import Carrier, Preview

_NAME = ("networking.istio.io", "Gateway")
_ANY = "*"


class _Unfit(Exception):
    """Raised where there can be no previews: its arguments say what is wrong and the way out."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """The copies of routes for previews, each with what it is a copy of, or why there are none."""

    copies: tuple[tuple[Copying, Placed], ...] = ()
    problems: tuple[Problem, ...] = ()


def gateway_of(plan: Plan) -> Resource | None:
    """Returns the Gateway of the Gateway API that serves previews; Istio's own of that name goes before it where Istio reads it."""
    if plan.environment.preview is None:
        return None
    namespace, _, name = plan.environment.preview.gateway.partition("/")
    if plan.environment.mesh in ("istio", "istio-ambient") and ResourceId(*_NAME, namespace, name) in plan.base.by_id:
        return None
    return plan.base.by_id.get(ResourceId(GATEWAY, "Gateway", namespace, name))


def previews(plan: Plan, dialect: Dialect, routes: Sequence[Route]) -> Previewed:
    """Returns the previews of all tenants; `routes` are the base's, those of Gateways among them."""
    gateway, preview, source = gateway_of(plan), plan.environment.preview, plan.environment.source
    if gateway is None or preview is None:
        return Previewed()
    by_host = _by_host(gateway, routes)
    try:
        of = _of(gateway, preview, by_host)
        found = [
            (copying, _preview(plan, dialect, copying, host))
            for tenant in plan.tenants
            if tenant.services
            for host in [_host(preview, tenant, by_host)]
            for copying in _copyings(plan, gateway, tenant, by_host[of], host)
        ]
    except _Unfit as unfit:
        what, way = unfit.args
        return Previewed(problems=(report("SL455", source=source, path=("spec", "preview"), what=what, way=way),))
    hosts = [placed.manifest["spec"]["hostnames"][0] for _, placed in found[:1]]
    return Previewed(tuple(found), tuple(p for host in hosts for p in _taken(plan, by_host, host, of)))


def _taken(plan: Plan, by_host: Mapping[str, Sequence[Route]], host: str, of: str) -> Iterator[Problem]:
    """Yields the host of a preview for which the base answers by a wildcard with other routes than the preview has."""
    wild = max((known for known in by_host if known.startswith("*") and covers(known, host)), key=len, default=of)
    if wild != of:
        source, object = plan.environment.source, str(by_host[wild][0].resource.id)
        yield report(
            "SL459", source=source, path=("spec", "preview", "host"), host=host, wild=wild, object=object, of=of
        )


def _by_host(gateway: Resource, routes: Sequence[Route]) -> dict[str, list[Route]]:
    """Returns the hosts for which a Gateway has routes, as its listeners narrow them down (`*`: any), with the routes."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        own = _at(gateway, route)
        names = [str(name).lower() for name in spec_of(route.resource.manifest).get("hostnames") or [_ANY]]
        listened = [str(x.get("hostname") or _ANY).lower() for a in own for x in _listeners(gateway, a)]
        for host in dict.fromkeys(h for name in names for known in listened for h in _narrower(name, known)):
            found.setdefault(host, []).append(route)
    return dict(sorted(found.items()))


def _at(gateway: Resource, route: Route) -> list[Attached]:
    """Returns the parentRefs by which a route is attached to a Gateway."""
    return [attached for attached in route.parents if attached.parent.target == gateway.id]


def _listeners(gateway: Resource, attached: Attached) -> list[Manifest]:
    """Returns the listeners of a Gateway that a parentRef means."""
    parent = attached.parent
    return [
        x
        for x in at(gateway.manifest, ("spec", "listeners")) or ()
        if parent.listener in ("", x.get("name")) and parent.port in (0, x.get("port"))
    ]


def _narrower(one: str, other: str) -> Iterator[str]:
    """Yields the host of two of which one covers the other."""
    if one == other or _covers(other, one):
        yield one
    elif _covers(one, other):
        yield other


def _covers(pattern: str, host: str) -> bool:
    return pattern == _ANY or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _of(gateway: Resource, preview: Preview, by_host: Mapping[str, object]) -> str:
    """Returns the host of the base whose routes previews have. Raises _Unfit."""
    host = preview.of.lower() if preview.of else next(iter(by_host), "") if len(by_host) == 1 else ""
    if host not in by_host:
        names = f"'{gateway.id}'"
        if not by_host:
            raise _Unfit(f"finds no host of the base at {names}", "give the base a route at the gateway")
        what = (
            f"is of '{host}', which {names} has not" if preview.of else f"does not say which host of {names} it is of"
        )
        raise _Unfit(what, f"say 'of: HOST'; hosts there: {', '.join(sorted(by_host))}")
    return host


def _host(preview: Preview, tenant: Tenant, taken: Mapping[str, object]) -> str:
    """Returns the host of a tenant's preview. Raises _Unfit."""
    host = preview.host.replace("{tenantID}", tenant.id)
    if any(not 0 < len(label) <= 63 for label in host.split(".")):
        raise _Unfit(
            f"makes the host '{host}', which is no host name", "shorten the tenantID, or give it a label of its own"
        )
    if host in taken:
        raise _Unfit(f"makes the host '{host}', which the base has already", "choose another 'host'")
    return host


def _copyings(plan: Plan, gateway: Resource, tenant: Tenant, routes: Sequence[Route], host: str) -> Iterator[Copying]:
    """Yields how routes are copied for a tenant's host. Raises _Unfit."""
    carriers = {header_of(carrier) for carrier in plan.environment.carriers}
    for route in routes:
        matched = [m for rule in route.rules for m in rule.get("matches") or ()]
        if any(str(h.get("name")).lower() in carriers for match in matched for h in match.get("headers") or ()):
            raise _Unfit(f"finds conditions on carriers in '{route.resource.id}'", "take them out of the base route")
        parents = [_serving(plan, gateway, route, attached, host) for attached in _at(gateway, route)]
        unique = {str(sorted(a.reference.items())): a for a in parents}
        yield Copying(route=route, tenant=tenant, parents=tuple(unique.values()))


def _serving(plan: Plan, gateway: Resource, route: Route, attached: Attached, host: str) -> Attached:
    """Returns a parentRef for listeners that serve a host: the route's own, else a listener of the same port. Raises _Unfit."""
    meant = _listeners(gateway, attached)
    if any(_serves(x, host) for x in meant):
        return attached
    model = meant[0] if meant else {}
    for other in at(gateway.manifest, ("spec", "listeners")) or ():
        is_alike = all(other.get(field) == model.get(field) for field in ("port", "protocol"))
        if is_alike and _serves(other, host) and _admits(plan, gateway, other, route):
            reference = {**attached.reference, "sectionName": other["name"]}
            return replace(attached, reference=reference, parent=replace(attached.parent, listener=other["name"]))
    preview = plan.environment.preview
    pattern = preview.host if preview else host
    wide = pattern.replace("{tenantID}", "*") if pattern.startswith("{tenantID}.") else host
    parts = [f"port: {model.get('port')}, protocol: {model.get('protocol')}, hostname: '{wide}'"]
    parts += ["tls: {…}"] if model.get("tls") else []
    more = f", with the 'tls' of listener '{model.get('name')}'" if model.get("tls") else ""
    line = f"{{name: preview, {', '.join(parts)}}}{more}"
    raise _Unfit(
        f"makes the host '{host}', which no listener of '{gateway.id}' serves for '{route.resource.id}'",
        f"add to its 'spec.listeners': - {line}",
    )


def _serves(listener: Manifest, host: str) -> bool:
    return covers(str(listener.get("hostname") or _ANY).lower(), host)


def _admits(plan: Plan, gateway: Resource, listener: Manifest, route: Route) -> bool:
    """Tells whether a listener takes routes of a route's namespace and kind, as far as the base shows."""
    allowed = listener.get("allowedRoutes") or {}
    kinds = [kind.get("kind") for kind in allowed.get("kinds") or ()]
    home, namespaces = route.resource.id.namespace, allowed.get("namespaces") or {}
    if kinds and route.resource.id.kind not in kinds:
        return False
    if namespaces.get("from") != "Selector":
        return namespaces.get("from") == "All" or home == gateway.id.namespace
    labels = {"kubernetes.io/metadata.name": home, **labels_of(plan.base.namespace(home))}
    return matches(from_label_selector(namespaces.get("selector") or {}), labels)


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
    given = next((f for f in filters if f.get("type") == "RequestHeaderModifier"), None)
    modifier: dict[str, Any] = dict((given or {}).get("requestHeaderModifier") or {})
    own = {carrier.header.lower(): tenant for carrier in carriers if carrier.header}
    members = ",".join(f"{carrier.baggage}={tenant}" for carrier in carriers if carrier.baggage)
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
    return [made if item is given else item for item in filters] if given else [*filters, made]
