"""Tenants' entries in a base VirtualService (rules R-I2 to R-I7, R-I12 and R-I13).

An entry is affected for a tenant if one of its destinations is a Service that the tenant cloned. The tenant's entry stands
directly before it: it demands the carrier beside all that the base demands, and sends to the clone; everything else is the
base's. So a request without a carrier meets the base's entries in the base's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId
from sandlane.k8s.visibility import is_seen_wherever
from sandlane.meshes.istio.delegates import Entangled, Hidden, expanded, is_delegate
from sandlane.meshes.istio.gateways import catches
from sandlane.meshes.istio.matches import BadRegex, Inexpressible
from sandlane.meshes.istio.route_copies import Entry
from sandlane.meshes.istio.route_index import Affected, RouteIndex
from sandlane.meshes.istio.sharing import Group, Inseparable, group_of
from sandlane.meshes.istio.source_labels import Clients, with_clients
from sandlane.meshes.istio.tenant_routes import Cause, Place, tenant_entries
from sandlane.meshes.istio.trust import Bound, Indistinct, bound_of, stripping
from sandlane.meshes.istio.unsupported import only_mirrored
from sandlane.meshes.istio.virtual_service_fields import MESH, entries, gateways, hosts, is_mesh, live
from sandlane.plan.model import Plan, Tenant, WorkloadClone
from sandlane.plan.optout import is_opted_out
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, Source


@frozen(kw_only=True)
class Transformed:
    """The spec of a VirtualService with its tenants' entries, the Service by which each came, and what is wrong.

    `clients` are the clones for whose requests it has conditions. `gateways` are those at which its tenants can be chosen;
    `is_stripped`: at others it removes carriers. `is_hidden`: tenants would have entries behind a catch-all that another VirtualService
    has, by their names, in front.
    """

    spec: Manifest
    tenants: Sequence[tuple[Tenant, ResourceId]]
    clients: Sequence[WorkloadClone]
    problems: tuple[Problem, ...]
    gateways: frozenset[str] = frozenset()
    is_stripped: bool = False
    is_hidden: bool = False

    @property
    def http(self) -> Sequence[Manifest]:
        """The HTTP entries."""
        return self.spec.get("http") or ()

    @property
    def is_changed(self) -> bool:
        """Tells whether the spec differs from the base's."""
        return bool(self.tenants or self.clients or self.is_stripped)


def transform(plan: Plan, view: RouteIndex, by_service: Affected, vs: Resource, clients: Clients) -> Transformed:
    """Returns a VirtualService with the entries of every tenant whose clones it leads to, and conditions for `clients`."""
    if is_opted_out(vs):
        by_service, clients = {}, {}
    by_host, problems = _by_host(view, by_service, vs)
    roots = view.roots.get(vs.id, ())
    bound = bound_of(plan.environment, vs, roots)
    http: list[Manifest] = []
    changed: dict[str, tuple[Tenant, ResourceId]] = {}
    is_stripped = is_hidden = False
    spec, meant = with_clients(clients, vs)
    for number, entry in enumerate(spec.get("http") or ()):
        place = Place(vs=vs, number=number, entry=entry, bound=bound)
        causes = _causes(view, by_service, by_host, vs, entry) if bound.chosen else []
        if bound.chosen:
            problems += only_mirrored(view, by_service, vs, number, {cause.tenant.id for cause in causes})
        try:
            stripped = stripping(plan.environment, bound, vs, roots, entry)
            stripped = stripped if stripped and _is_stripped(view, place) else []
            group = _group(view, place, bound.chosen) if causes else None
            _check_whole(bound, group)
        except (BadRegex, Entangled, Indistinct, Inexpressible, Inseparable) as error:
            problems.append(_condition_problem(vs, number, causes[0].tenant.source if causes else None, error))
            stripped, group = [], None
        http += stripped
        is_stripped = is_stripped or bool(stripped)
        copies: list[tuple[int, Entry]] = []
        is_behind = group is not None and group.is_hidden
        is_hidden = is_hidden or (is_behind and bool(causes))
        for cause in () if is_behind else causes:
            try:
                rules = tenant_entries(plan, view, place, cause, group)
            except (BadRegex, Entangled, Indistinct, Inexpressible) as error:
                problems.append(_condition_problem(vs, number, cause.tenant.source, error))
                continue
            copies += rules
            if rules:
                changed.setdefault(cause.tenant.id, (cause.tenant, cause.service))
        # All tenants' copies of one entry stand together: an analyzer takes tenants' blocks for rules that cover each other.
        http += [copy for _, copy in sorted(copies, key=lambda one: one[0])]
        http.append(entry)
    problems += (
        report("SL412", source=vs.source, path=("spec",), object=str(vs.id), service=cause.service)
        for cause in by_host
        if cause.tenant.id in changed
    )
    return Transformed(
        spec={**spec, "http": http} if http else spec,
        clients=meant,
        tenants=[changed[id] for id in sorted(changed)],
        problems=tuple(problems),
        gateways=bound.chosen - {MESH} if changed else frozenset(),
        is_stripped=is_stripped,
        is_hidden=is_hidden,
    )


class Partial(Inseparable):
    """Raised where copies of other VirtualServices' entries would hold at some of their gateways only: equal gateways would not help."""


class Removing(Partial):
    """Raised where an entry that removes carriers would hide the entries of other VirtualServices."""


def _check_whole(bound: Bound, group: Group | None) -> None:
    """Raises Partial where copies of other VirtualServices' entries would hold at some of their gateways only."""
    if group and group.others and not bound.is_open:
        raise Partial("tenants may not be chosen at all of its gateways")


def _group(view: RouteIndex, place: Place, allowed: frozenset[str]) -> Group | None:
    """Returns what other VirtualServices of its virtual hosts mean for an entry.

    Raises Inseparable, for an entry of a delegate wherever they would change anything.
    """
    vs, number = place.vs, place.number
    if not is_delegate(vs):
        return group_of(view.bindings, vs, number, allowed)
    for root, delegating in view.roots.get(vs.id, ()) if catches(place.entry) else ():
        if catches(delegating):
            position = next(n for n, entry in enumerate(entries(root.manifest)) if entry is delegating)
            group = group_of(view.bindings, root, position, allowed)
            if group and (group.is_hidden or group.others or group.ports):
                raise Inseparable(f"'{root.id}' delegates")
    return None


def _is_stripped(view: RouteIndex, place: Place) -> bool:
    """Tells whether an entry that removes carriers can be met before one at gateways. Raises Inseparable, Removing."""
    group = _group(view, place, place.bound.stripped)
    if group and (group.others or group.ports):
        raise Removing("carriers are removed at one of its gateways")
    return group is None or not group.is_hidden


def joined(one: Transformed, other: Transformed | None) -> Transformed:
    """Returns a changed VirtualService with the entries that are appended to it."""
    if other is None:
        return one
    tenants = {tenant.id: (tenant, service) for tenant, service in (*other.tenants, *one.tenants)}
    return Transformed(
        spec={**one.spec, "http": [*one.http, *other.http]},
        clients=one.clients,
        tenants=[tenants[id] for id in sorted(tenants)],
        problems=(*one.problems, *other.problems),
        gateways=one.gateways,
        is_stripped=one.is_stripped,
        is_hidden=one.is_hidden,
    )


def _causes(
    view: RouteIndex, by_service: Affected, by_host: Sequence[Cause], vs: Resource, entry: Manifest
) -> list[Cause]:
    """Returns for which tenants an entry is copied, by tenantID."""
    found = {cause.tenant.id: cause for cause in by_host if entry.get("route")}
    for destination in live(entry):
        service = view.service(destination["destination"]["host"], vs.id.namespace)
        if service is not None:
            for tenant in by_service.get(service, ()):
                found.setdefault(tenant.id, Cause(tenant=tenant, service=service, is_host_only=False))
    return [found[id] for id in sorted(found)]


def _by_host(view: RouteIndex, by_service: Affected, vs: Resource) -> tuple[list[Cause], list[Problem]]:
    """Returns the tenants that cloned the Service whose host a VirtualService serves, and none of its destinations."""
    served = [s for host in hosts(vs.manifest) if (s := view.service(host, vs.id.namespace)) and s in by_service]
    if not served or not is_mesh(vs.manifest):
        return [], []
    sent = {
        view.service(d["destination"]["host"], owner.id.namespace)
        for owner, entry, _ in expanded(view.base, vs)
        for d in live(entry)
    }
    # With other hosts or gateways, or by a delegate, the entries also answer requests that are not for the Service.
    is_its_own = (
        len(hosts(vs.manifest)) == 1
        and gateways(vs.manifest) == [MESH]
        and not any(entry.get("delegate") for entry in entries(vs.manifest))
    )
    causes: list[Cause] = []
    problems: list[Problem] = []
    for service in dict.fromkeys(served):
        for tenant in by_service[service]:
            if sent & tenant.services.keys():
                continue
            is_seen = is_seen_wherever(view.base.by_id[service], vs)
            if is_its_own and is_seen:
                causes.append(Cause(tenant=tenant, service=service, is_host_only=True))
                continue
            what, way = "with other hosts or at a gateway", "give the host a VirtualService of its own"
            if is_its_own:
                what = "to namespaces that do not see the Service"
                way = "export the Service to them too, or the VirtualService to fewer"
            what = f"serves '{service}', which is cloned, {what}, and sends to no clone"
            path = ("spec", "hosts")
            problems.append(
                report(
                    "SL402", source=vs.source, path=path, sandbox=tenant.source, object=str(vs.id), what=what, way=way
                )
            )
    return causes, problems


def _condition_problem(
    vs: Resource,
    number: int,
    sandbox: Source | None,
    error: BadRegex | Entangled | Indistinct | Inexpressible | Inseparable,
) -> Problem:
    wrong = partial(report, source=vs.source, path=("spec", "http", number), object=str(vs.id))
    if isinstance(error, Inexpressible):
        return wrong("SL403", sandbox=sandbox)
    if isinstance(error, Hidden):
        return wrong("SL445", what=str(error), hint="write the header operations into the delegate's entry too")
    if isinstance(error, Entangled):
        return wrong("SL445", what=str(error))
    if isinstance(error, Indistinct):
        return wrong("SL456")
    if isinstance(error, Inseparable):
        is_tenants = sandbox is not None and not isinstance(error, Removing)
        what = "tenants' copies of" if is_tenants else "removing carriers before"
        hint = "merge the VirtualServices of the host" if isinstance(error, Partial) else None
        return wrong("SL444", what=what, why_not=str(error), hint=hint)
    return wrong("SL405", pattern=error.args[0], reason=error.args[1])
