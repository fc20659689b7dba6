"""A tenant's copies of an entry: what they demand, where they send, and what has to stand before them (rules R-I4, R-I5, R-I12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.meshes.istio.delegates import copied_matches, is_delegate
from sandlane.meshes.istio.matches import tenant_matches
from sandlane.meshes.istio.route_copies import Entry, answering, is_affected, moved, named, substituted
from sandlane.meshes.istio.route_index import RouteIndex
from sandlane.meshes.istio.sharing import Group, for_ports
from sandlane.meshes.istio.source_labels import of_tenant
from sandlane.meshes.istio.trust import Bound, confined
from sandlane.meshes.istio.virtual_service_fields import live
from sandlane.plan.model import Plan, Tenant


@frozen(kw_only=True)
class Cause:
    """Why an entry is copied for a tenant: a Service that it sends to, or only the one whose host it serves."""

    tenant: Tenant
    service: ResourceId
    is_host_only: bool


@frozen(kw_only=True)
class Place:
    """An entry of a VirtualService, with the gateways that the VirtualService is for."""

    vs: Resource
    number: int
    entry: Manifest
    bound: Bound


def tenant_entries(
    plan: Plan, view: RouteIndex, place: Place, cause: Cause, group: Group | None
) -> list[tuple[int, Entry]]:
    """Returns a tenant's copies of an entry: none where no request of the tenant can meet its conditions.

    Before the copy of a catch-all at gateways stand copies of the entries of others that the base lets answer first; each copy comes
    with the position of what it is a copy of.
    """
    carriers, header = plan.environment.carriers, plan.environment.routes.answer_header
    vs, entry, bound = place.vs, place.entry, place.bound
    written: list[Sequence[Manifest]] = [entry.get("match") or ()]
    if is_delegate(vs):
        hider = "routes.answerHeader" if header else ""
        written = copied_matches(view.roots.get(vs.id, ()), entry, carriers, hider=hider)
    ports = group.ports if group else ()
    own = [of_tenant(plan, cause.tenant, kept) for base in written if (kept := for_ports(base, ports)) or not base]
    found = [b for base in own if (b := confined(bound, vs.id.namespace, base, bound.chosen)) is not None]
    by_entry = [matches for base in found if (matches := tenant_matches(base, carriers, cause.tenant.id))]
    copy = _copy(plan, view, vs, entry, cause)
    last = len(group.others) if group else 0
    made = [(last, _named_first(named(entry, cause.tenant.id), matches, copy)) for matches in by_entry]
    return [*_others(plan, view, cause.tenant, group), *made] if made and group else made


def _others(plan: Plan, view: RouteIndex, tenant: Tenant, group: Group) -> Iterator[tuple[int, Entry]]:
    names = {id: service.id.name for id, service in tenant.services.items()}
    for position, (owner, entry) in enumerate(group.others):
        home = owner.id.namespace
        affected = is_affected(view, entry, home, names)
        copy = copied_for(plan, view, tenant, owner, entry) if affected else dict(entry)
        own = for_ports(entry["match"], group.ports)
        matches = tenant_matches(own, plan.environment.carriers, tenant.id) if own else []
        if matches:
            yield position, _named_first(named(entry, tenant.id), matches, moved(view, copy, home))


def copied_for(plan: Plan, view: RouteIndex, tenant: Tenant, vs: Resource, entry: Manifest) -> Entry:
    """Returns an entry that sends to what a tenant cloned, with its clones."""
    sent = (view.service(d["destination"]["host"], vs.id.namespace) for d in live(entry))
    service = next(s for s in sent if s is not None and s in tenant.services)
    return _copy(plan, view, vs, entry, Cause(tenant=tenant, service=service, is_host_only=False))


def _copy(plan: Plan, view: RouteIndex, vs: Resource, entry: Manifest, cause: Cause) -> Entry:
    """Returns an entry with a tenant's clones in place of what it cloned."""
    tenant, header = cause.tenant, plan.environment.routes.answer_header
    names = {id: service.id.name for id, service in tenant.services.items()}
    copy = substituted(view, entry, vs.id.namespace, names)
    if header:
        copy["headers"] = answering(entry.get("headers") or {}, header, f"{tenant.id}/{cause.service.name}")
    if cause.is_host_only:
        copy["route"] = [{"destination": _host_destination(plan, view, entry, cause)}]
    return copy


def _named_first(name: str, matches: Sequence[Manifest], copy: Manifest) -> Entry:
    rest = {key: value for key, value in copy.items() if key not in ("name", "match")}
    return {"name": name, "match": list(matches), **rest}


def _host_destination(plan: Plan, view: RouteIndex, entry: Manifest, cause: Cause) -> Entry:
    """Returns the clone of the Service whose host is served, on the entry's own port where the Service has it."""
    numbers = [port["port"] for port in plan.base.by_id[cause.service].manifest["spec"].get("ports") or ()]
    port = next((d["destination"].get("port") for d in live(entry)), None)
    host = view.fqdn(cause.tenant.services[cause.service].id)
    return {"host": host, **({"port": port} if port and port.get("number") in numbers else {})}
