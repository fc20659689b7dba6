"""`use`: a tenant's requests to one workload go to another existing workload of the base; nothing is cloned.

Each Service of the replaced workload gets a copy that selects the pods of the used one, by its own selector.
"""

from __future__ import annotations

from sandlane.base.base import Base
from sandlane.k8s.limits import SERVICE_NAME_LIMIT
from sandlane.k8s.ports import named_targets, port_names
from sandlane.k8s.resource import Resource, ResourceId, at, spec_of
from sandlane.k8s.selectors import from_map, matches
from sandlane.k8s.workload_kinds import WORKLOADS, WorkloadKind, pod_labels
from sandlane.plan.model import ServiceClone
from sandlane.plan.names import clone_name
from sandlane.plan.origins import find_origin
from sandlane.plan.relabel import Selectors
from sandlane.problems.problem import Problem
from sandlane.specs.model import Sandbox, Workload


def use_existing(base: Base, selectors: Selectors, sandbox: Sandbox) -> tuple[list[ServiceClone], list[Problem]]:
    """Returns the Services by which a sandbox uses existing workloads, and the mistakes in its `use` fields."""
    services: list[ServiceClone] = []
    problems: list[Problem] = []
    for workload in sandbox.workloads:
        if workload.use is None:
            continue
        used = _used(base, sandbox, workload)
        replaced = _replaced(base, selectors, sandbox, workload)
        if isinstance(used, Problem) or isinstance(replaced, Problem):
            problems += [found for found in (used, replaced) if isinstance(found, Problem)]
            continue
        if not replaced:
            problems.append(sandbox.problem("SL226", *workload.path, "name", workload=workload))
        for service in replaced:
            why_not = _why_not(base, used, service)
            if why_not:
                values = {"used": used.id, "service": service.id, "why_not": why_not}
                problems.append(sandbox.problem("SL223", *workload.path, "use", **values))
                continue
            name = clone_name(service.id.name, sandbox.tenant, SERVICE_NAME_LIMIT)
            services.append(
                ServiceClone(
                    sandbox=sandbox,
                    workload=workload,
                    origin=service,
                    id=ResourceId("", "Service", service.id.namespace, name),
                    selector=_selector(used),
                    clones=(),
                )
            )
    return services, problems


def _used(base: Base, sandbox: Sandbox, workload: Workload) -> Resource | Problem:
    kind, _, name = (workload.use or "").partition("/")
    return find_origin(base, sandbox, workload, kind=kind, name=name, field="use")


def _replaced(base: Base, selectors: Selectors, sandbox: Sandbox, workload: Workload) -> list[Resource] | Problem:
    """Returns the Services whose requests are redirected: those that select a workload, or the Service of that name."""
    origin = find_origin(base, sandbox, workload)
    if isinstance(origin, Problem):
        service = base.by_id.get(ResourceId("", "Service", workload.namespace, workload.name))
        return [service] if service and spec_of(service.manifest).get("ports") else origin
    return selectors.services.matching(origin.id.namespace, pod_labels(_row(origin), origin.manifest))


def _row(resource: Resource) -> WorkloadKind:
    return WORKLOADS[(resource.id.group, resource.id.kind)]


def _selector(used: Resource) -> dict[str, str]:
    selector = at(used.manifest, _row(used).selector or ()) or {}
    return dict(selector.get("matchLabels") or {})


def _why_not(base: Base, used: Resource, service: Resource) -> str | None:
    """Returns why a Service cannot send to the pods of an existing workload, or None."""
    if used.id.namespace != service.id.namespace:
        return "it is in another namespace"
    if (at(used.manifest, _row(used).selector or ()) or {}).get("matchExpressions"):
        return "its selector has matchExpressions, which a Service cannot have"
    selector = from_map(_selector(used))
    for row in WORKLOADS.values():
        for other in base.of(row.group, row.kind):
            is_caught = other.id.namespace == used.id.namespace and matches(selector, pod_labels(row, other.manifest))
            if other.id != used.id and is_caught:
                return f"its selector also matches the pods of '{other.id}'"
    spec = at(used.manifest, (*_row(used).template, "spec")) or {}
    names = port_names(spec)
    missing = next((name for name in named_targets(service.manifest) if name not in names), None)
    return f"it has no port named '{missing}'" if missing else None
