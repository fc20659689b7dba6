"""The plan: what is cloned for whom, under which names, labels and selectors.

Plan decides every name once; clone and routes read it and never each other's output. Mistakes of specs are collected in
`Plan.problems`; what they concern is left out of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from renderer.base import Base
from renderer.catalogue import report
from renderer.inputs import Inputs
from renderer.kinds import CLONABLE, WORKLOADS, WorkloadKind, at, pod_labels
from renderer.model import (
    Environment,
    Manifest,
    Resource,
    ResourceId,
    RouteGroup,
    Sandbox,
    Workload,
    annotations_of,
    labels_of,
)
from renderer.names import (
    MANAGED_BY,
    ORIGIN,
    SANDBOX,
    SERVICE,
    SERVICE_NAME_LIMIT,
    TENANT,
    clone_name,
    fit,
    origin_label,
)
from renderer.problems import Problem, Source, did_you_mean
from renderer.relabel import Relabelled, Selectors, make_selectors, relabel
from renderer.selectors import from_label_selector, matches

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadClone:
    """A clone of a workload: its id, the labels of its pods, and the base Services that select its origin."""

    sandbox: Sandbox
    workload: Workload
    row: WorkloadKind
    origin: Resource
    id: ResourceId
    pods: Relabelled
    selector: Labels
    services: tuple[Resource, ...]
    headless: ResourceId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceClone:
    """A clone of a Service: it selects exactly the sandbox's clones of the workloads behind its origin."""

    sandbox: Sandbox
    origin: Resource
    id: ResourceId
    selector: Labels
    clones: tuple[WorkloadClone, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A tenantID and the clone that it reaches for each base Service; of a sandbox or of a route group."""

    spec: Sandbox | RouteGroup
    services: Mapping[ResourceId, ServiceClone]

    @property
    def id(self) -> str:
        """The tenantID."""
        return self.spec.tenant

    @property
    def name(self) -> str:
        """The name of the sandbox or route group, and of its directory."""
        return self.spec.name

    @property
    def source(self) -> Source:
        """Where the spec is."""
        return self.spec.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All decisions on clones; tenants are sorted by tenantID."""

    environment: Environment
    base: Base
    selectors: Selectors
    clones: tuple[WorkloadClone, ...]
    services: tuple[ServiceClone, ...]
    tenants: tuple[Tenant, ...]
    problems: tuple[Problem, ...]


def make_plan(inputs: Inputs) -> Plan:
    """Decides what is cloned, and finds all mistakes in references of specs to the base."""
    environment, base = inputs.environment, inputs.base
    selectors = make_selectors(base, environment.cluster.root_namespace)
    problems: list[Problem] = [*_labelled(base, environment.tenant_label)]
    clones: list[WorkloadClone] = []
    services: list[ServiceClone] = []
    tenants: list[Tenant] = []
    for sandbox in inputs.sandboxes:
        if sandbox.suspend:
            continue
        own: list[WorkloadClone] = []
        for workload in sandbox.workloads:
            found = _origin(base, sandbox, workload)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                own.append(_clone(environment, selectors, sandbox, workload, found))
        copies = _services(sandbox, own)
        clones += own
        services += copies
        tenants.append(Tenant(spec=sandbox, services={s.origin.id: s for s in copies}))
    for clone in clones:
        problems += _caught(clone)
    joined, wrong = _groups(inputs, tenants)
    return Plan(
        environment=environment,
        base=base,
        selectors=selectors,
        clones=tuple(clones),
        services=tuple(services),
        tenants=tuple(sorted((*tenants, *joined), key=lambda t: t.id)),
        problems=(*problems, *wrong),
    )


def _labelled(base: Base, label: str) -> Iterator[Problem]:
    for resource in base.resources:
        row = WORKLOADS.get((resource.id.group, resource.id.kind))
        for path, labels in (
            (("metadata", "labels"), labels_of(resource.manifest)),
            ((*row.template, "metadata", "labels"), pod_labels(row, resource.manifest)) if row else ((), {}),
        ):
            if label in labels:
                yield report(
                    "SL301",
                    source=resource.source,
                    path=(*path, label),
                    at_key=True,
                    object=str(resource.id),
                    label=label,
                )


def _origin(base: Base, sandbox: Sandbox, workload: Workload) -> Resource | Problem:
    """Returns the resource that a spec's workload names, or why it cannot be cloned."""
    wrong = partial(report, source=sandbox.source, sandbox=sandbox.source, path=(*workload.path, "name"))
    row = next((row for row in WORKLOADS.values() if row.kind == workload.kind), None)
    if row is None or not row.is_clonable:
        kinds = ", ".join(CLONABLE)
        hint = did_you_mean(workload.kind, CLONABLE, otherwise=f"kinds that can: {kinds}")
        return wrong(
            "SL212", path=(*workload.path, "kind"), workload=workload, kind=workload.kind, kinds=kinds, hint=hint
        )
    resource = base.by_id.get(ResourceId(row.group, row.kind, workload.namespace, workload.name))
    if resource is None:
        return wrong("SL210", workload=workload, hint=_elsewhere(base, workload))
    manifest = resource.manifest
    if not manifest["metadata"].get("name"):
        return wrong("SL306", object=str(resource.id), how="given a generated name", way="give it a name in the base")
    hooks = [key for key in annotations_of(manifest) if key in ("helm.sh/hook", "argocd.argoproj.io/hook")]
    if hooks:
        return wrong(
            "SL306", object=str(resource.id), how=f"marked as a hook ({hooks[0]})", way="clone the workload itself"
        )
    if not _is_sound(row, manifest):
        return wrong("SL307", object=str(resource.id))
    return resource


def _is_sound(row: WorkloadKind, manifest: Manifest) -> bool:
    """Tells whether the API server takes a workload: its pods have containers and match its selector."""
    selector = at(manifest, row.selector) if row.selector else None
    if not selector or not at(manifest, (*row.template, "spec", "containers")):
        return False
    return matches(from_label_selector(selector), pod_labels(row, manifest))


def _elsewhere(base: Base, workload: Workload) -> str:
    """Returns the hint for a workload that is not there: where its name is, or which name is near."""
    for row in WORKLOADS.values():
        for resource in base.of(row.group, row.kind):
            if resource.id.name == workload.name:
                if resource.id.kind != workload.kind:
                    return f"there is a {resource.id.kind} of that name: add 'kind: {resource.id.kind}'"
                return f"it is in namespace '{resource.id.namespace}': add 'namespace: {resource.id.namespace}'"
    names = [r.id.name for row in WORKLOADS.values() if row.kind == workload.kind for r in base.of(row.group, row.kind)]
    known = f"known: {', '.join(sorted(names)[:12])}" if names else f"the base has no {workload.kind}"
    return did_you_mean(workload.name, names, otherwise=known)


def _clone(
    environment: Environment, selectors: Selectors, sandbox: Sandbox, workload: Workload, origin: Resource
) -> WorkloadClone:
    row = WORKLOADS[(origin.id.group, origin.id.kind)]
    tenant, namespace = sandbox.tenant, origin.id.namespace
    label = origin_label(row, origin.id.name)
    labels = pod_labels(row, origin.manifest)
    services = tuple(selectors.services.matching(namespace, labels))
    selector = {TENANT: tenant, ORIGIN: label}
    own = {
        environment.tenant_label: tenant,
        MANAGED_BY: "sandlane",
        TENANT: tenant,
        SANDBOX: sandbox.name,
        ORIGIN: label,
        **{f"{SERVICE}{service.id.name}": tenant for service in services},
    }
    name = clone_name(origin.id.name, tenant, row.name_limit)
    return WorkloadClone(
        sandbox=sandbox,
        workload=workload,
        row=row,
        origin=origin,
        id=ResourceId(row.group, row.kind, namespace, name),
        pods=relabel(namespace, labels, own, tenant, selectors),
        selector=selector,
        services=services,
        headless=ResourceId("", "Service", namespace, fit(f"{name}-headless", SERVICE_NAME_LIMIT))
        if row.is_governed
        else None,
    )


def _services(sandbox: Sandbox, clones: list[WorkloadClone]) -> list[ServiceClone]:
    behind: dict[ResourceId, list[WorkloadClone]] = {}
    origins = {service.id: service for clone in clones for service in clone.services}
    for clone in clones:
        for service in clone.services:
            behind.setdefault(service.id, []).append(clone)
    return [
        ServiceClone(
            sandbox=sandbox,
            origin=origins[id],
            id=ResourceId("", "Service", id.namespace, clone_name(id.name, sandbox.tenant, SERVICE_NAME_LIMIT)),
            selector={f"{SERVICE}{id.name}": sandbox.tenant},
            clones=tuple(behind[id]),
        )
        for id in sorted(behind)
    ]


def _caught(clone: WorkloadClone) -> Iterator[Problem]:
    """Yields the selectors that a clone's pods cannot leave."""
    for selector, resource in clone.pods.caught_by:
        is_whole = not any(requirement.operator == "In" for requirement in selector)
        code = "SL304" if is_whole and resource.id.kind == "PodDisruptionBudget" else "SL303"
        yield report(
            code,
            source=clone.sandbox.source,
            path=(*clone.workload.path, "name"),
            sandbox=clone.sandbox.source,
            object=str(resource.id),
        )


def _groups(inputs: Inputs, tenants: list[Tenant]) -> tuple[list[Tenant], list[Problem]]:
    """Returns the tenants of route groups, and what is wrong with their members."""
    by_name = {tenant.name: tenant for tenant in tenants}
    known = {sandbox.name for sandbox in inputs.sandboxes}
    joined: list[Tenant] = []
    problems: list[Problem] = []
    for group in inputs.groups:
        problems += _unknown_members(group, known)
        services: dict[ResourceId, ServiceClone] = {}
        for name in _members(group, inputs.sandboxes):
            for id, service in (by_name[name].services if name in by_name else {}).items():
                other = services.setdefault(id, service)
                if other is not service:
                    problems.append(
                        report(
                            "SL217",
                            source=group.source,
                            path=("spec",),
                            sandbox=group.source,
                            group=group.name,
                            one=other.sandbox.name,
                            two=name,
                            service=id,
                        )
                    )
        joined.append(Tenant(spec=group, services=services))
    return joined, problems


def _unknown_members(group: RouteGroup, known: set[str]) -> Iterator[Problem]:
    for number, name in enumerate(group.sandboxes):
        if name not in known:
            yield report(
                "SL216",
                source=group.source,
                path=("spec", "sandboxes", number),
                sandbox=group.source,
                group=group.name,
                member=name,
                hint=did_you_mean(name, known),
            )


def _members(group: RouteGroup, sandboxes: tuple[Sandbox, ...]) -> list[str]:
    """Returns the names of a group's sandboxes, sorted: those that it names and those whose labels it selects."""
    wanted = group.match_labels
    selected = {s.name for s in sandboxes if wanted is not None and wanted.items() <= s.labels.items()}
    return sorted(selected | set(group.sandboxes))
