"""Istio with sidecars: tenants' entries in VirtualServices, and DestinationRules for clones.

Sidecars do not merge VirtualServices of one host, so tenants' rules are written into the base's own object, which the output
takes over (`routes.adopt`, or all of them with `output.base: full`), or into a new one where the base has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from renderer.catalogue import report
from renderer.clone.metadata import released
from renderer.emit import SHARED, Placed
from renderer.meshes.base import Routed
from renderer.meshes.istio.beyond import beyond
from renderer.meshes.istio.destination_rules import destination_rules
from renderer.meshes.istio.notices import notices
from renderer.meshes.istio.rules import Transformed, transform
from renderer.meshes.istio.synthesis import http_ports, synthesise, synthesised_id
from renderer.meshes.istio.view import NETWORKING, View, make_view
from renderer.model import Resource, ResourceId
from renderer.names import LABEL_VALUE_LIMIT, fit
from renderer.plan import Plan, Tenant, WorkloadClone
from renderer.ports import is_http, istio_protocol
from renderer.problems import Problem, did_you_mean

_NAMES = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")


def pod_labels(clone: WorkloadClone) -> Mapping[str, str]:
    """Returns the labels that keep a clone's telemetry under its origin's name, with the tenant as its revision.

    Istio's injector takes the name from the same labels in the same order, and the workload's own name after them.
    """
    labels = clone.origin.manifest["spec"]["template"]["metadata"].get("labels") or {}
    name = next((labels[key] for key in _NAMES if labels.get(key)), fit(clone.origin.id.name, LABEL_VALUE_LIMIT))
    return {"service.istio.io/canonical-name": name, "service.istio.io/canonical-revision": clone.sandbox.tenant}


def unroutable(service: Mapping[str, Any], port: Mapping[str, Any]) -> str | None:
    """Returns why a port cannot be routed by tenant, or None."""
    protocol = istio_protocol(port)
    return None if is_http(protocol) else f"{protocol.upper()} carries no headers"


def route(plan: Plan) -> Routed:
    """Returns the VirtualServices and DestinationRules of a plan."""
    view = make_view(plan.base, plan.environment.cluster.domain)
    by_service = _by_service(plan)
    adopted = _adopted(plan)
    problems: list[Problem] = [*_unknown(plan)]
    objects: list[Placed] = []
    affected: list[Resource] = []
    for vs in view.virtual_services:
        changed = transform(plan, view, by_service, vs)
        problems += changed.problems
        if changed.tenants:
            affected.append(vs)
            problems += [] if vs.id in adopted else _not_adopted(plan, vs, changed)
        if vs.id in adopted:
            objects.append(Placed(directory=SHARED, id=vs.id, manifest=_written(vs, changed), base=vs))
    objects += _synthesised(plan, view, by_service)
    objects += destination_rules(plan, view)
    problems += beyond(plan, view, by_service, affected)
    problems += notices(plan, view, by_service)
    return Routed(tuple(objects), tuple(problems))


def _by_service(plan: Plan) -> dict[ResourceId, list[Tenant]]:
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


def _unknown(plan: Plan) -> Iterator[Problem]:
    names = [vs.id.name for vs in plan.base.of(NETWORKING, "VirtualService")]
    for number, o in enumerate(plan.environment.routes.adopt):
        id = ResourceId(NETWORKING, o.kind, o.namespace, o.name)
        if id not in plan.base.by_id:
            known = f"known: {', '.join(sorted(names))}" if names else "the base has no VirtualService"
            yield report(
                "SL220",
                source=plan.environment.source,
                path=("spec", "routes", "adopt", number, "name"),
                object=str(id),
                hint=did_you_mean(o.name, names, otherwise=known),
            )


def _not_adopted(plan: Plan, vs: Resource, changed: Transformed) -> Iterator[Problem]:
    """Yields a problem for each tenant that changes a route object which the output does not own."""
    namespace = "" if vs.id.namespace == plan.environment.default_namespace else f", namespace: {vs.id.namespace}"
    for tenant, service in changed.tenants:
        clone = tenant.services[service].clones[0]
        is_own = clone.sandbox.source == tenant.source
        yield report(
            "SL401",
            source=tenant.source,
            path=(*clone.workload.path, "name") if is_own else ("spec",),
            sandbox=tenant.source,
            object=str(vs.id),
            service=service,
            place=vs.source.file,
            entry=f"{{kind: {vs.id.kind}, name: {vs.id.name}{namespace}}}",
            environment=plan.environment.source.file,
        )


def _written(vs: Resource, changed: Transformed) -> dict[str, Any]:
    manifest = released(vs.manifest, vs.id.namespace)
    if changed.tenants:
        manifest["spec"] = {**manifest["spec"], "http": list(changed.http)}
    return manifest


def _synthesised(plan: Plan, view: View, by_service: Mapping[ResourceId, Sequence[Tenant]]) -> Iterator[Placed]:
    for id, tenants in by_service.items():
        service = plan.base.by_id[id]
        if http_ports(service.manifest) and id not in view.in_mesh and not view.caught_by(id):
            manifest = synthesise(view, plan.environment.carriers, service, tenants)
            yield Placed(directory=SHARED, id=synthesised_id(id), manifest=manifest)
