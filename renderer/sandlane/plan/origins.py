"""Origins: the workloads of the base that specs name, and what is wrong with a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from sandlane.base.base import Base
from sandlane.base.pod_templates import referred, with_template
from sandlane.k8s.resource import Manifest, Resource, ResourceId, annotations_of, at
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.k8s.workload_kinds import CLONABLE, WORKLOADS, GroupKind, WorkloadKind, pod_labels
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem, did_you_mean, mention
from sandlane.specs.model import Environment, Sandbox, Workload

_NO_LONGER_SERVED: Mapping[GroupKind, str] = {
    ("extensions", kind): "apps/v1" for kind in ("Deployment", "DaemonSet", "ReplicaSet")
}
"""Kinds of workloads in groups that Kubernetes has not served since 1.16 -> the apiVersion that it serves."""


def find_origin(
    base: Base,
    sandbox: Sandbox,
    workload: Workload,
    *,
    kind: str | None = None,
    name: str | None = None,
    field: str = "name",
) -> Resource | Problem:
    """Returns the resource that a spec's workload names, or why it cannot be cloned.

    `kind` and `name` replace the workload's own where another field of its entry names one.
    """
    kind, name = kind or workload.kind, name or workload.name
    wanted = f"{kind}/{workload.namespace}/{name}"
    wrong = partial(report, source=sandbox.source, sandbox=sandbox.source, path=(*workload.path, field))
    row = next((row for row in WORKLOADS.values() if row.kind == kind), None)
    if row is None or not row.is_clonable:
        kinds = ", ".join(CLONABLE)
        hint = did_you_mean(kind, CLONABLE, otherwise=f"kinds that can: {kinds}")
        place = (*workload.path, "kind" if field == "name" else field)
        return wrong("SL212", path=place, workload=wanted, kind=kind, kinds=kinds, hint=hint)
    resource = base.by_id.get(ResourceId(row.group, kind, workload.namespace, name))
    if resource is None:
        return wrong("SL210", workload=wanted, hint=_elsewhere(base, kind, workload.namespace, name))
    manifest = resource.manifest
    if not manifest["metadata"].get("name"):
        return wrong("SL306", object=str(resource.id), how="given a generated name", way="give it a name in the base")
    hook = hook_of(manifest)
    if hook:
        how = f"marked as a hook ({hook})"
        return wrong("SL306", object=str(resource.id), how=how, way="clone the workload itself")
    reference = referred(base, row, resource)
    if reference and reference[1] is None:
        return wrong("SL308", object=str(resource.id), reference=reference[0])
    resource = with_template(base, resource)
    if not _is_sound(row, resource.manifest):
        return wrong("SL307", object=str(resource.id))
    return resource


def with_namespace_once(base: Base, environment: Environment, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yields problems; where workloads are not found because of the environment's defaultNamespace, that is told once."""
    listed = tuple(problems)
    namespace = environment.default_namespace
    workloads = [r.id for row in WORKLOADS.values() for r in base.of(row.group, row.kind)]
    lost = [p for p in listed if p.code == "SL210" and f"/{namespace}/" in p.text]
    homes = [{id.namespace for id in workloads if f"'{id.kind}/{namespace}/{id.name}'" in p.text} for p in lost]
    common = set.intersection(*homes) if homes else set()
    if any(id.namespace == namespace for id in workloads) or len(common) != 1:
        yield from listed
        return
    names = ", ".join(sorted({p.text.split("/")[-1].partition("'")[0] for p in lost}))
    yield from (p for p in listed if p not in lost)
    values = {"namespace": namespace, "names": f"'{names}'" if len(lost) == 1 else names, "home": min(common)}
    yield environment.problem("SL252", "spec", "defaultNamespace", **values)


def hook_of(manifest: Manifest) -> str:
    """Returns the annotation that makes an object a hook or a test, which is run and not deployed; else nothing."""
    marks = ("helm.sh/hook", "argocd.argoproj.io/hook")
    return next((key for key in annotations_of(manifest) if key in marks), "")


def _is_sound(row: WorkloadKind, manifest: Manifest) -> bool:
    """Tells whether the API server takes a workload: its pods have containers and match its selector."""
    if not at(manifest, (*row.template, "spec", "containers")):
        return False
    selector = at(manifest, row.selector) if row.selector else None
    if not selector:
        return row.selector is None
    return matches(from_label_selector(selector), pod_labels(row, manifest))


def _split(name: str) -> str:
    """Returns the hint for a name that was written as `kind/name` or `kind/namespace/name`."""
    steps = name.split("/")
    kind = next((known for known in CLONABLE if known.lower().startswith(steps[0].lower())), steps[0])
    home = f", namespace: {steps[1]}" if len(steps) == 3 else ""
    return f"write 'kind: {kind}, name: {steps[-1]}{home}'"


def _behind(base: Base, namespace: str, name: str) -> list[ResourceId]:
    """Returns the workloads whose pods a Service of a name selects."""
    service = base.by_id.get(ResourceId("", "Service", namespace, name))
    selector = at(service.manifest, ("spec", "selector")) if service else None
    if not isinstance(selector, Mapping) or not selector:
        return []
    workloads = [r for row in WORKLOADS.values() if row.is_clonable for r in base.of(row.group, row.kind)]
    return [
        r.id
        for r in workloads
        if r.id.namespace == namespace
        and selector.items() <= pod_labels(WORKLOADS[(r.id.group, r.id.kind)], with_template(base, r).manifest).items()
    ]


def no_longer_served(base: Base) -> Iterator[tuple[Resource, str]]:
    """Yields the workloads of API groups that no API server serves any more, each with what to do."""
    for (group, kind), served in _NO_LONGER_SERVED.items():
        for resource in base.of(group, kind):
            said = resource.manifest["apiVersion"]
            yield (
                resource,
                f"the API server no longer serves '{resource.id}' of apiVersion {said}: change it to {served}",
            )


def _elsewhere(base: Base, kind: str, namespace: str, name: str) -> str:
    """Returns the hint for a workload that is not there: where its name is, or which name is near."""
    for resource, says in no_longer_served(base):
        if (resource.id.kind, resource.id.name) == (kind, name):
            return says
    for row in WORKLOADS.values():
        for resource in base.of(row.group, row.kind):
            if resource.id.name == name and resource.id.kind != kind:
                return f"there is a {resource.id.kind} of that name: add 'kind: {resource.id.kind}'"
            if resource.id.name == name:
                return f"it is in namespace '{resource.id.namespace}': add 'namespace: {resource.id.namespace}'"
    if "/" in name:
        return _split(name)
    kinds = [row.kind for row in WORKLOADS.values()]
    for resource in base.resources:
        guess = (
            did_you_mean(resource.id.kind, kinds)
            if (resource.id.namespace, resource.id.name) == (namespace, name)
            else ""
        )
        if guess and resource.id.kind not in kinds:
            return f"the base has a '{resource.id.kind}' of that name ({mention(resource.source, ('kind',))}): {guess}"
    names = [r.id.name for row in WORKLOADS.values() if row.kind == kind for r in base.of(row.group, row.kind)]
    behind = _behind(base, namespace, name)
    if behind:
        named = ", ".join(f"{id.kind} '{id.name}'" for id in behind)
        return f"'{name}' is a Service, and behind it is {named}"
    known = f"known: {', '.join(sorted(names)[:12])}" if names else f"the base has no {kind}"
    return did_you_mean(name, names, otherwise=known)
