"""P7, selection: nobody's selectors catch pods of another (rules R-C2 and R-C3)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, at
from sandlane.k8s.selectors import Index, Selector, from_label_selector, from_map, matches
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.problems.problem import Problem
from sandlane.proof.differences import told
from sandlane.proof.literals import TENANT
from sandlane.proof.world import Pods, World, base_pods, pods_of, services

Entry = tuple[str, Selector, Resource]

_wrong = partial(told, "SL607")


def check(world: World) -> Iterator[Problem]:
    """Yields selectors of the base that catch clones, selectors of clones that catch others, and pods that are not marked."""
    of_base, of_output = Index(_base_selectors(world.base)), Index(_added_selectors(world))
    for pods in world.pods:
        for resource in of_base.matching(pods.resource.id.namespace, pods.labels):
            yield _wrong(pods.resource, f"'{resource.id}' of the base selects pods of '{pods.resource.id}'")
        for resource in of_output.matching(pods.resource.id.namespace, pods.labels):
            if _is_other(world, resource, pods.resource):
                yield _wrong(resource, f"'{resource.id}' selects pods of '{pods.resource.id}'")
        yield from _own(world, pods)
    for pods in base_pods(world.base):
        for resource in of_output.matching(pods.resource.id.namespace, pods.labels):
            if resource.id.kind == "Service" and pods.resource.id in world.may_select(resource):
                continue
            yield _wrong(resource, f"'{resource.id}' selects pods of '{pods.resource.id}' of the base")


def _base_selectors(base: Base) -> Iterator[Entry]:
    yield from services(base.resources)
    for entry in base.of("networking.istio.io", "ServiceEntry"):  # whose endpoints are pods, as those of Services are
        labels = at(entry.manifest, ("spec", "workloadSelector", "labels"))
        if labels:
            yield entry.id.namespace, from_map(labels), entry
    for budget in base.of("policy", "PodDisruptionBudget"):
        selector = from_label_selector(at(budget.manifest, ("spec", "selector")) or {})
        if any(requirement.operator == "In" for requirement in selector):
            # No relabelling leaves a budget without an equality: that is a notice of planning and no promise.
            yield budget.id.namespace, selector, budget
    for row in WORKLOADS.values():
        for workload in base.of(row.group, row.kind):
            found = pods_of(row, workload).selector
            if found:
                yield workload.id.namespace, found, workload


def _added_selectors(world: World) -> Iterator[Entry]:
    yield from services(world.added)
    for pods in world.pods:
        if pods.selector:
            yield pods.resource.id.namespace, pods.selector, pods.resource


def _is_other(world: World, selecting: Resource, selected: Resource) -> bool:
    """Tells whether pods are none that an object may select: a Service its sandbox's, a workload its own."""
    if selecting.id.kind == "Service":
        return world.owner(selecting) != world.owner(selected)
    return selecting.id != selected.id


def _own(world: World, pods: Pods) -> Iterator[Problem]:
    workload, owner = pods.resource, world.owner(pods.resource)
    row = WORKLOADS.get((workload.id.group, workload.id.kind))
    if (row and row.selector and not pods.selector) or not matches(pods.selector or (), pods.labels):
        yield _wrong(workload, f"'{workload.id}' does not select its own pods")
    for key in (world.claims.environment.tenant_label, TENANT) if owner else ():
        if owner and pods.labels.get(key) != owner.tenant:
            yield _wrong(workload, f"pods of '{workload.id}' do not carry '{key}: {owner.tenant}'")
