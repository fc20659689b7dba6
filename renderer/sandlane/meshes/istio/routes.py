"""Istio with sidecars: tenants' entries in VirtualServices, and DestinationRules for clones.

Sidecars do not merge VirtualServices of one host, so tenants' rules are written into the base's own object, which the output
takes over (`routes.adopt`, or all of them with `output.base: full`), or into a new one where the base has none. HTTPRoutes
and GRPCRoutes of the base are copied as in any mesh of the Gateway API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sandlane.k8s.resource import Resource, ResourceId
from sandlane.meshes.gateway_api.dialects import GATEWAY, Dialect
from sandlane.meshes.istio.aliases import alias_problems
from sandlane.meshes.istio.coverage import Standing, http_ports, standing
from sandlane.meshes.istio.destination_rules import destination_rules
from sandlane.meshes.istio.notices import client_notices, service_notices, unreached
from sandlane.meshes.istio.rollout_controllers import rollout_controllers
from sandlane.meshes.istio.route_index import Affected, RouteIndex, make_route_index
from sandlane.meshes.istio.rules import Transformed, joined, transform
from sandlane.meshes.istio.sharing import order_notices
from sandlane.meshes.istio.source_labels import Clients, clients_of, with_clients
from sandlane.meshes.istio.synthesis import appended, synthesise, synthesised_id
from sandlane.meshes.istio.trust import entered, open_gateways, unknown_gateways
from sandlane.meshes.istio.unsupported import mixed_services, weightless
from sandlane.meshes.istio.virtual_service_fields import NETWORKING, entries, hosts, live
from sandlane.meshes.routed import Routed, RoutedBase
from sandlane.meshes.unroutable_traffic import notices
from sandlane.output.layout import SHARED, Placed
from sandlane.plan.metadata import handed_over, released
from sandlane.plan.model import Plan, Tenant, Unroutable
from sandlane.plan.names import ROUTE
from sandlane.plan.optout import is_opted_out
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, did_you_mean, mention

if TYPE_CHECKING:
    from sandlane.meshes.gateway_api.components import Component


def route(plan: Plan, dialect: Dialect, unroutable: Unroutable) -> Routed:
    """Returns the VirtualServices and DestinationRules of a plan, and copies of the base's HTTPRoutes."""
    view = make_route_index(plan.base, plan.environment.cluster.domain)
    by_service = services_of(plan)
    copied = _of_gateway_api(plan, dialect)
    parts = copied.parts
    by_gateway_api = {part.target for part in parts}
    standings = {id: standing(view, plan.base.by_id[id]) for id in by_service if id not in by_gateway_api}
    written = route_virtual_services(plan, view, _appended(plan, view, by_service, standings))
    bare = {id: tenants for id, tenants in by_service.items() if id in standings and standings[id].is_bare}
    # What HTTPRoutes serve on some ports or for some clients stays with them: a VirtualService would hide them.
    elsewhere = frozenset(id for id in by_service if id not in by_gateway_api or id in view.in_mesh)
    added = _added(plan, dialect, unroutable, parts, elsewhere)
    previewed = _previewed(plan, view)
    reached = copied.entered | entered(plan.environment, view)
    objects = (
        *written.objects,
        *_synthesised(plan, view, bare),
        *copied.routed.objects,
        *added.objects,
        *previewed.objects,
    )
    return Routed(
        objects,
        (
            *written.problems,
            *previewed.problems,
            *copied.routed.problems,
            *(problem for found in standings.values() for problem in found.problems),
            *mixed_services(view, by_service, parts),
            *added.problems,
            *alias_problems(view, by_service, standings),
            *service_notices(view, by_service, standings),
            *(unreached(view, by_service, standings, objects) if _is_complete(written) else ()),
            *client_notices(plan, view, by_service),
            *notices(plan, unroutable, reached),
        ),
        reached,
    )


def _of_gateway_api(plan: Plan, dialect: Dialect) -> RoutedBase:
    """Returns the copies of the base's routes of the Gateway API; a base without objects of it has none."""
    if not any(group == GATEWAY for group, _ in plan.base.by_kind):
        return RoutedBase(Routed((), ()), (), frozenset())
    from sandlane.meshes.gateway_api.routes import route_base  # what the base does not hold is not imported

    return route_base(plan, dialect)


def _added(
    plan: Plan,
    dialect: Dialect,
    unroutable: Unroutable,
    parts: tuple[Component, ...],
    elsewhere: frozenset[ResourceId],
) -> Routed:
    """Returns routes of the Gateway API for the ports of Services that are routed by it and have none."""
    if not parts:
        return Routed((), ())
    from sandlane.meshes.gateway_api.routes import route_services

    return route_services(plan, dialect, unroutable, parts, elsewhere)


def _previewed(plan: Plan, view: RouteIndex) -> Routed:
    """Returns the VirtualServices of previews, if there are to be any."""
    if plan.environment.preview is None:
        return Routed((), ())
    from sandlane.meshes.istio.preview import previews

    previewed = previews(plan, view)
    return Routed(previewed.objects, previewed.problems)


def _opted_out(view: RouteIndex, by_service: Affected, clients: Clients) -> Iterator[Problem]:
    """Yields VirtualServices that route cloned Services, or tell clients that are cloned, and are opted out of changes."""
    for vs in (vs for vs in view.virtual_services if is_opted_out(vs)):
        sent = (view.service(d["destination"]["host"], vs.id.namespace) for e in entries(vs.manifest) for d in live(e))
        named = (view.service(host, vs.id.namespace) for host in hosts(vs.manifest))
        wrong = partial(report, "SL457", source=vs.source, path=("metadata", "annotations", ROUTE), object=str(vs.id))
        if any(service in by_service for service in (*sent, *named) if service):
            yield wrong(what="tenants get no entries in it")
        if with_clients(clients, vs)[1]:
            yield wrong(what="its conditions on clients do not hold for their clones")


def route_virtual_services(plan: Plan, view: RouteIndex, appended: Mapping[ResourceId, Transformed]) -> Routed:
    """Returns the adopted VirtualServices of the base with tenants' entries, and the DestinationRules of clones.

    `appended` are entries that stand behind those of a VirtualService, with their tenants.
    """
    by_service = services_of(plan)
    adopted = _adopted(plan)
    problems: list[Problem] = [*_unknown(plan), *unknown_gateways(plan)]
    objects: list[Placed] = []
    affected: list[Resource] = []
    hidden: set[ResourceId] = set()
    gateways: dict[str, Resource] = {}
    clients = clients_of(plan)
    for vs in view.virtual_services:
        changed = joined(transform(plan, view, by_service, vs, clients), appended.get(vs.id))
        problems += changed.problems
        if changed.tenants:
            affected.append(vs)
            gateways = {**dict.fromkeys(changed.gateways, vs), **gateways}
        hidden |= {vs.id} if changed.is_hidden else set()
        if vs.id not in adopted:
            problems += (*_not_adopted(plan, vs, changed), *_not_stripped(plan, vs, changed))
        else:
            objects.append(Placed(directory=SHARED, id=vs.id, manifest=_written(plan, vs, changed), base=vs))
    objects += destination_rules(plan, view)
    problems += weightless(view, by_service, affected)
    problems += rollout_controllers(plan.base, affected, by_service)
    problems += order_notices(view.bindings, hidden | {vs.id for vs in affected})
    problems += open_gateways(plan, gateways)
    problems += _opted_out(view, by_service, clients)
    return Routed(tuple(objects), tuple(problems))


def services_of(plan: Plan) -> dict[ResourceId, list[Tenant]]:
    """Returns the tenants, by tenantID, that cloned each Service."""
    found: dict[ResourceId, list[Tenant]] = {}
    for tenant in plan.tenants:
        for id in tenant.services:
            found.setdefault(id, []).append(tenant)
    return dict(sorted(found.items()))


def _adopted(plan: Plan) -> set[ResourceId]:
    """Returns the base route objects that the output owns: by the environment alone, never by which sandboxes exist."""
    if plan.environment.output.base == "full":
        return {vs.id for vs in plan.base.of(NETWORKING, "VirtualService")}
    return {ResourceId(NETWORKING, o.kind, o.namespace, o.name) for o in plan.environment.routes.adopt}


def _is_complete(written: Routed) -> bool:
    """Tells whether tenants have all their entries: where there are errors some are left out."""
    return all(problem.level == "notice" for problem in written.problems)


def _unknown(plan: Plan) -> Iterator[Problem]:
    found = plan.base.of(NETWORKING, "VirtualService")
    names = [vs.id.name for vs in found]
    for number, o in enumerate(plan.environment.routes.adopt):
        id = ResourceId(NETWORKING, o.kind, o.namespace, o.name)
        if id not in plan.base.by_id:
            known = f"known: {', '.join(sorted(names))}" if names else "the base has no VirtualService"
            elsewhere = [f"'{_item(plan, vs)}'" for vs in found if vs.id.name == o.name]
            yield report(
                "SL220",
                source=plan.environment.source,
                path=("spec", "routes", "adopt", number, "name"),
                object=str(id),
                hint=f"did you mean {' or '.join(elsewhere)}?"
                if elsewhere
                else did_you_mean(o.name, names, otherwise=known),
            )


def _is_meant(plan: Plan, vs: Resource) -> bool:
    """Tells whether an entry of 'adopt' names nothing of the base, and a VirtualService by a name that is nearly its own."""
    names = [found.id.name for found in plan.base.of(NETWORKING, "VirtualService")]
    lost = [
        o
        for o in plan.environment.routes.adopt
        if ResourceId(NETWORKING, o.kind, o.namespace, o.name) not in plan.base.by_id
    ]
    return any(did_you_mean(o.name, names) == f"did you mean '{vs.id.name}'?" for o in lost)


def _not_adopted(plan: Plan, vs: Resource, changed: Transformed) -> Iterator[Problem]:
    """Yields a problem for each tenant that changes a route object which the output does not own."""
    if _is_meant(plan, vs):
        return  # the entry of 'adopt' that means it is told
    wrong = partial(
        report,
        "SL401",
        object=str(vs.id),
        place=mention(vs.source),
        entry=_item(plan, vs),
        environment=mention(plan.environment.source),
    )
    for tenant, service in changed.tenants:
        clone = tenant.services[service]
        is_own = clone.sandbox.source == tenant.source
        path = (*clone.workload.path, "name") if is_own else ("spec",)
        yield wrong(source=tenant.source, path=path, sandbox=tenant.source, service=service)
    told = {tenant.source for tenant, _ in changed.tenants}
    for client in changed.clients:
        source, path = client.sandbox.source, (*client.workload.path, "name")
        if source not in told:
            yield wrong(source=source, path=path, sandbox=source, service=client.origin.id)


def _not_stripped(plan: Plan, vs: Resource, changed: Transformed) -> Iterator[Problem]:
    """Yields a route object at which carriers are removed and which the output does not own."""
    if changed.is_stripped:
        yield report(
            "SL451",
            source=plan.environment.source,
            path=("spec", "routes", "strip"),
            object=str(vs.id),
            gateway=", ".join(plan.environment.routes.strip),
            entry=_item(plan, vs),
        )


def _item(plan: Plan, vs: Resource) -> str:
    """Returns the item of `routes.adopt` that names a VirtualService."""
    is_at_home = vs.id.namespace == plan.environment.default_namespace
    namespace = "" if is_at_home else f", namespace: {vs.id.namespace}"
    return f"{{kind: {vs.id.kind}, name: {vs.id.name}{namespace}}}"


def _written(plan: Plan, vs: Resource, changed: Transformed) -> dict[str, Any]:
    is_adopted = plan.environment.output.base == "none"
    manifest = (released if is_adopted else handed_over)(vs.manifest, vs.id.namespace)
    if changed.is_changed:
        manifest["spec"] = dict(changed.spec)
    return manifest


def _appended(
    plan: Plan,
    view: RouteIndex,
    by_service: Affected,
    standings: Mapping[ResourceId, Standing],
) -> dict[ResourceId, Transformed]:
    """Returns the entries for ports of cloned Services on which a VirtualService of the base has none, by its id."""
    found: dict[ResourceId, Transformed] = {}
    for id, how in standings.items():
        if how.host and how.ports:
            tenants, service = by_service[id], plan.base.by_id[id]
            http = appended(view, plan.environment, service, how.host, how.ports, tenants)
            own = Transformed(
                spec={"http": http}, clients=(), tenants=[(tenant, id) for tenant in tenants], problems=()
            )
            found[how.host.id] = joined(found[how.host.id], own) if how.host.id in found else own
    return found


def _synthesised(plan: Plan, view: RouteIndex, bare: Affected) -> Iterator[Placed]:
    for id, tenants in bare.items():
        service = plan.base.by_id[id]
        if http_ports(service.manifest):
            manifest = synthesise(view, plan.environment, service, tenants)
            yield Placed(directory=SHARED, id=synthesised_id(id), manifest=manifest)
