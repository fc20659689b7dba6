"""P7, identity: what is a sandbox's is marked as its own, and selected by the scheme that never changes (rules R-C1 and R-C2).

Selectors of workloads are immutable, so a selector by other keys would keep every later output from being applied; and
without their marks objects are found by no `kubectl -l`, no monitor and no clean-up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.k8s.resource import Resource, annotations_of, at, labels_of
from sandlane.k8s.workload_kinds import workload_kind
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.claims import Claim
from sandlane.proof.literals import MANAGED_BY, ORIGIN, SANDBOX, SERVICE, SPEC, TENANT
from sandlane.proof.world import World, directory, is_headless

_MARKS: Path = ("metadata", "labels")


def check(world: World) -> Iterator[Problem]:
    """Yields added objects that are not marked, and selectors of clones that are not exactly the scheme's."""
    for resource in world.added:
        labels = labels_of(resource.manifest)
        if labels.get(MANAGED_BY) != "sandlane":
            yield _wrong(resource, f"does not carry '{MANAGED_BY}: sandlane'", _MARKS)
        if not labels.get(ORIGIN) and not world.is_brought(resource):
            yield _wrong(resource, f"does not carry '{ORIGIN}'", _MARKS)
        if directory(resource) in world.holders and not annotations_of(resource.manifest).get(SPEC):
            yield _wrong(resource, f"does not name its spec in the annotation '{SPEC}'", ("metadata", "annotations"))
        owner = world.owner(resource)
        if owner and (resource.id.group, resource.id.kind) == ("", "Service") and not world.is_brought(resource):
            yield from _service(world, resource, owner)
    for pods in world.pods:
        owner = world.owner(pods.resource)
        if owner and not world.is_brought(pods.resource):
            yield from _workload(pods.resource, pods.labels, owner)


def _wrong(resource: Resource, what: str, path: Path = ()) -> Problem:
    return report("SL607", source=resource.source, path=path, what=f"'{resource.id}' {what}")


def _service(world: World, service: Resource, owner: Claim) -> Iterator[Problem]:
    selector = at(service.manifest, ("spec", "selector")) or {}
    origin = labels_of(service.manifest).get(ORIGIN, "")
    expected: list[Mapping[str, str]]
    if is_headless(service):
        expected = [{TENANT: owner.tenant, ORIGIN: origin}]
    else:
        used = [
            _match_labels(world.base.by_id[id]) for id in sorted(world.may_select(service)) if id in world.base.by_id
        ]
        expected = used or [{f"{SERVICE}{origin}": owner.tenant}]
    if selector not in expected:
        yield _wrong(service, f"does not select exactly {_said(expected[0])}", ("spec", "selector"))


def _match_labels(workload: Resource) -> Mapping[str, str]:
    row = workload_kind(workload.id.group, workload.id.kind)
    selector = at(workload.manifest, row.selector) if row and row.selector else None
    return (selector or {}).get("matchLabels") or {}


def _workload(workload: Resource, pod_labels: Mapping[str, str], owner: Claim) -> Iterator[Problem]:
    row = workload_kind(workload.id.group, workload.id.kind)
    expected = {TENANT: owner.tenant, ORIGIN: labels_of(workload.manifest).get(ORIGIN, "")}
    if row and row.selector and at(workload.manifest, row.selector) != {"matchLabels": expected}:
        yield _wrong(workload, f"does not select exactly {_said(expected)}", row.selector)
    for key, value in ((SANDBOX, owner.name), (ORIGIN, expected[ORIGIN])):
        if row and pod_labels.get(key) != value:
            yield _wrong(workload, f"has pods that do not carry '{key}: {value}'", (*row.template, *_MARKS))
    if row and not row.has_replicas:
        return
    replicas = at(workload.manifest, ("spec", "replicas"))
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        yield _wrong(workload, "does not say how many replicas it has", ("spec",))


def _said(labels: Mapping[str, str]) -> str:
    return ", ".join(f"'{key}: {value}'" for key, value in labels.items())
