"""Planning: from sandboxes and the base to clones, Services and tenants.

Mistakes of specs are collected in `Plan.problems`; what they concern is left out of the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.base.base import Base
from sandlane.k8s.limits import SERVICE_NAME_LIMIT
from sandlane.k8s.resource import ResourceId, labels_of
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.overrides.addresses import Addresses
from sandlane.plan.existing_workloads import use_existing
from sandlane.plan.groups import join_groups
from sandlane.plan.model import ConfigMapClone, Plan, ServiceClone, Tenant, WorkloadClone
from sandlane.plan.names import SERVICE, clone_name
from sandlane.plan.origins import with_namespace_once
from sandlane.plan.policies.attached import attached_policies
from sandlane.plan.policies.make import plan_policies
from sandlane.plan.problem_at import problem_at
from sandlane.plan.relabel import make_selectors
from sandlane.plan.workloads import Ground, MeshLabels, plan_clones
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Sandbox
from sandlane.specs.standing_rules import unmatched_rules


def make_plan(inputs: Inputs, mesh_labels: MeshLabels) -> Plan:
    """Decides what is cloned, and finds all mistakes in references of specs to the base."""
    environment, base = inputs.environment, inputs.base
    selectors = make_selectors(base, environment.cluster.root_namespace)
    ground = Ground(environment=environment, base=base, selectors=selectors, mesh_labels=mesh_labels)
    problems: list[Problem] = [
        *_labelled(base, environment.tenant_label),
        *unmatched_rules(environment, base),
    ]
    clones: list[WorkloadClone] = []
    services: list[ServiceClone] = []
    tenants: list[Tenant] = []
    config_maps: list[ConfigMapClone] = []
    addresses: dict[str, Addresses] = {}
    active = tuple(sandbox for sandbox in inputs.sandboxes if not sandbox.suspend)
    for sandbox in active:
        planned = plan_clones(ground, sandbox)
        own = planned.clones
        problems += planned.problems
        config_maps += planned.config_maps
        addresses[sandbox.name] = planned.addresses
        copies = _services(sandbox, own)
        used, wrong = use_existing(base, selectors, sandbox)
        problems += (*wrong, *_twice(copies, used))
        copies += used
        clones += own
        services += copies
        tenants.append(Tenant(spec=sandbox, services={s.origin.id: s for s in copies}, members=(sandbox.name,)))
    for clone in clones:
        problems += _caught(clone)
    problems += _same_selectors(clones)
    joined, wrong = join_groups(inputs, tenants, clones)
    attached = attached_policies(base)
    return Plan(
        environment=environment,
        base=base,
        selectors=selectors,
        attached=attached,
        policies=plan_policies(environment, base, selectors, attached, clones, services),
        sandboxes=active,
        clones=tuple(clones),
        services=tuple(services),
        config_maps=tuple(config_maps),
        addresses=addresses,
        tenants=tuple(sorted((*tenants, *joined), key=lambda t: t.id)),
        problems=tuple(with_namespace_once(base, environment, (*problems, *wrong))),
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


def _services(sandbox: Sandbox, clones: Sequence[WorkloadClone]) -> list[ServiceClone]:
    behind: dict[ResourceId, list[WorkloadClone]] = {}
    origins = {service.id: service for clone in clones for service in clone.services}
    for clone in clones:
        for service in clone.services:
            behind.setdefault(service.id, []).append(clone)
    return [
        ServiceClone(
            sandbox=sandbox,
            workload=behind[id][0].workload,
            origin=origins[id],
            id=ResourceId("", "Service", id.namespace, clone_name(id.name, sandbox.tenant, SERVICE_NAME_LIMIT)),
            selector={f"{SERVICE}{id.name}": sandbox.tenant},
            clones=tuple(behind[id]),
        )
        for id in sorted(behind)
    ]


def _same_selectors(clones: list[WorkloadClone]) -> Iterator[Problem]:
    """Yields clones of a sandbox whose names give them one selector: Deployment `statefulset.web`, StatefulSet `web`."""
    seen: dict[tuple[str, ...], WorkloadClone] = {}
    for clone in clones:
        key = (clone.id.namespace, *clone.selector.values())
        other = seen.setdefault(key, clone)
        if other is not clone:
            one, two = f"'{other.origin.id}'", f"'{clone.origin.id}'"
            yield problem_at(clone, "SL302", object=str(clone.id), one=one, two=two)


def _twice(copies: list[ServiceClone], used: list[ServiceClone]) -> Iterator[Problem]:
    """Yields Services for which a sandbox has two destinations."""
    seen = {service.origin.id for service in copies}
    for service in used:
        if service.origin.id in seen:
            yield problem_at(service, "SL224", field="use", service=service.origin.id)
        seen.add(service.origin.id)


def _caught(clone: WorkloadClone) -> Iterator[Problem]:
    """Yields the selectors that select a clone's pods whatever labels are rewritten."""
    for selector, resource in clone.pods.caught_by:
        is_whole = not any(requirement.operator == "In" for requirement in selector)
        code = "SL304" if is_whole and resource.id.kind == "PodDisruptionBudget" else "SL303"
        yield problem_at(clone, code, object=str(resource.id))
