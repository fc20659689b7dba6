"""Which workload, and which container of it, a person means: `checkout`, `server@checkout`, `StatefulSet/db`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, at
from sandlane.k8s.workload_kinds import CLONABLE, WORKLOADS, pod_labels
from sandlane.overrides.subject import app_containers
from sandlane.plan.relabel import make_selectors
from sandlane.problems.problem import did_you_mean
from sandlane.specs.model import Environment

_SHORT = {"cj": "CronJob", "deploy": "Deployment", "ds": "DaemonSet", "rs": "ReplicaSet", "sts": "StatefulSet"}
_KINDS = {**{kind.lower(): kind for _, kind in WORKLOADS}, **_SHORT}
"""What a person may write for a kind -> the kind, as kubectl has it."""


class Unresolved(Exception):
    """Raised where a target names no workload, or several: its text says what would be right."""


@frozen(kw_only=True)
class Target:
    """A workload of the base, one of its app containers, and what the variables of that are."""

    workload: Resource
    container: str
    is_only: bool
    image: str
    env: Mapping[str, str] = field(default_factory=dict)


def kinds_and_name(text: str) -> tuple[str | None, str | None, str]:
    """Returns the kind, the namespace and the name of `Kind/namespace/name`, of which the first two may be missing."""
    steps = text.split("/")
    if len(steps) > 3 or not all(steps):
        raise Unresolved(f"'{text}' names no workload: write NAME, KIND/NAME or KIND/NAMESPACE/NAME")
    kind = _KINDS.get(steps[0].lower(), steps[0]) if len(steps) > 1 else None
    return kind, steps[1] if len(steps) == 3 else None, steps[-1]


def find_target(base: Base, environment: Environment, text: str) -> Target:
    """Returns what `[CONTAINER@][KIND/[NAMESPACE/]]NAME` means. Raises Unresolved."""
    container, separator, name = text.rpartition("@")
    workload = find_workload(base, environment, name)
    row = WORKLOADS[(workload.id.group, workload.id.kind)]
    manifest = with_template(base, workload).manifest
    spec = at(manifest, (*row.template, "spec")) or {}
    listed = app_containers(manifest, row)
    images = {str(entry.get("name")): str(entry.get("image") or "") for entry in listed}
    if separator and container not in images:
        if container in {entry.get("name") for entry in spec.get("initContainers") or ()}:
            raise Unresolved(
                f"'{container}' is an init container of '{workload.id}', and 'set' changes app containers: "
                "write 'initContainers' or a patch in the spec"
            )
        guess = did_you_mean(container, images, otherwise=f"it has {', '.join(images)}")
        raise Unresolved(f"container '{container}' is not in '{workload.id}': {guess}")
    if not separator and len(images) > 1:
        ways = ", ".join(f"{one}@{name}" for one in images)
        raise Unresolved(f"'{workload.id}' has several app containers: say which: {ways}")
    chosen = container if separator else next(iter(images), "")
    env = next((_variables(entry) for entry in listed if entry.get("name") == chosen), {})
    return Target(workload=workload, container=chosen, is_only=len(images) == 1, image=images.get(chosen, ""), env=env)


def _variables(container: Mapping[str, Any]) -> dict[str, str]:
    """Returns the variables of a container, by name; those that are no plain values are said to be from elsewhere."""
    return {
        str(v.get("name")): str(v.get("value", "(from elsewhere)" if "valueFrom" in v else ""))
        for v in container.get("env") or ()
    }


def find_workload(base: Base, environment: Environment, text: str) -> Resource:
    """Returns the workload that `[KIND/[NAMESPACE/]]NAME` means. Raises Unresolved."""
    kind, namespace, name = kinds_and_name(text)
    known = [r for (group, k) in WORKLOADS for r in base.of(group, k)]
    found = [
        r for r in known if r.id.name == name and kind in (None, r.id.kind) and namespace in (None, r.id.namespace)
    ]
    if len(found) > 1 and namespace is None:
        found = [r for r in found if r.id.namespace == environment.default_namespace] or found
    if len(found) > 1 and kind is None:
        found = [r for r in found if r.id.kind in CLONABLE] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise Unresolved(f"'{text}' could be any of {', '.join(str(r.id) for r in found)}: say which")
    if kind is not None and kind not in _KINDS.values():
        first = text.split("/")[0]
        in_it = [str(r.id) for r in known if (r.id.namespace, r.id.name) == (first, name)]
        otherwise = f"write {' or '.join(in_it) or f'{name} or KIND/{name}'}"
        guess = did_you_mean(kind, {*_KINDS, *_KINDS.values()}, otherwise=otherwise)
        raise Unresolved(f"'{first}' is no kind of workloads: {guess}")
    others = sorted(_short(r) if namespace is None else str(r.id) for r in known if r.id.name == name)
    if others:
        raise Unresolved(f"workload '{text}' is not in the base: there is {', '.join(repr(n) for n in others)}")
    raise Unresolved(f"workload '{text}' is not in the base: {_near(base, environment, name, known)}")


def _near(base: Base, environment: Environment, name: str, known: Iterable[Resource]) -> str:
    service = next((r for r in base.of("", "Service") if r.id.name == name), None)
    if service is not None:
        selectors = make_selectors(base, environment.cluster.root_namespace)
        behind = sorted(
            _short(r)
            for r in known
            if service
            in selectors.services.matching(
                r.id.namespace, pod_labels(WORKLOADS[(r.id.group, r.id.kind)], with_template(base, r).manifest)
            )
        )
        if behind:
            return f"'{name}' is a Service, and behind it: {', '.join(repr(n) for n in behind)}"
    return did_you_mean(name, {r.id.name for r in known}, otherwise="'sandlane list workloads' shows what is")


def _short(workload: Resource) -> str:
    return workload.id.name if workload.id.kind == "Deployment" else f"{workload.id.kind}/{workload.id.name}"
