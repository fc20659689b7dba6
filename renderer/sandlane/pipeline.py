"""The line: inputs to files. Only its two ends, load and write, touch the disk."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandlane.base.base import Base, make_base
from sandlane.clone.config_map import clone_config_map
from sandlane.clone.policies import policies, policy_problems
from sandlane.clone.resources.read import own_claims, render_resources
from sandlane.clone.service import clone_service, headless_service
from sandlane.clone.workload import clone_workload
from sandlane.guards.acceptance import without_accepted
from sandlane.guards.clashes import clashes
from sandlane.guards.clones import guard
from sandlane.guards.quotas import quotas
from sandlane.guards.validity import invalid
from sandlane.k8s.ports import number_and_protocol
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.meshes import MESHES
from sandlane.meshes.protocol import Unroutable
from sandlane.meshes.route_patches import broken_by_patches, patch_routes
from sandlane.output.layout import BASE, SANDBOXES, Files, Placed, emit, path_of
from sandlane.plan.make import make_plan
from sandlane.plan.metadata import released
from sandlane.plan.model import Plan
from sandlane.plan.optout import opt_out_notices, routed_plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source, sort
from sandlane.specs.inputs import Inputs

LARGEST_OBJECT = 1024 * 1024
"""Bytes of compact JSON: etcd refuses requests of 1.5 MiB, and the API server adds managed fields."""


class Unproven(Exception):
    """Raised when output does not keep the promises: a defect of sandlane itself, never of its input."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Rendered:
    """The files of the output, the notices on them, and the errors of sandboxes that were left out."""

    files: Files
    notices: tuple[Problem, ...]
    left_out: tuple[Problem, ...]
    objects: tuple[Placed, ...]


def render(inputs: Inputs, *, is_proved: bool = True) -> Rendered:
    """Renders the output. Raises Invalid with all mistakes of the input, and Unproven if the result breaks a promise.

    What is not written needs no proof: `check` compares with files that `render` has proved, and `verify` proves those.
    """
    plan = make_plan(inputs)
    mesh = MESHES[inputs.environment.mesh]
    unroutable = mesh.unroutable(inputs.environment, inputs.base)
    routed = mesh.route(routed_plan(plan), unroutable)
    routes, wrong_patches = patch_routes(inputs.environment, routed.objects)
    resources, wrong = render_resources(plan)
    objects = (*_clones(plan), *resources, *routes, *_included(plan, routes))
    problems = without_accepted(
        inputs,
        (
            *inputs.problems,
            *plan.problems,
            *wrong,
            *_clone_problems(plan, unroutable, routed.entered, resources),
            *routed.problems,
            *wrong_patches,
            *opt_out_notices(plan),
            *clashes(plan, objects),
            *invalid(plan, objects),
        ),
    )
    errors = [problem for problem in problems if problem.level == "error"]
    if errors:
        raise Invalid(errors)
    files = emit(objects, [resource.manifest for resource in inputs.base.resources])
    too_large = [*_too_large(objects, files)]
    if too_large:
        raise Invalid(too_large)
    unproven = _unproven(inputs, objects) if is_proved else []
    by_patches = broken_by_patches(inputs.environment, objects, unproven)
    if by_patches:
        raise Invalid(by_patches)
    if unproven:
        raise Unproven(unproven)
    return Rendered(files, tuple(sort(p for p in problems if p.level == "notice")), (), objects)


def _unproven(inputs: Inputs, objects: Iterable[Placed]) -> list[Problem]:
    """Returns the promises that objects do not keep."""
    from sandlane.proof import prove  # what is compared only, or refused, does without
    from sandlane.proof.claims import claims_of

    return prove(inputs.base, _written(objects), claims_of(inputs))


def render_valid(inputs: Inputs) -> Rendered:
    """Renders what has no errors of its own: sandboxes that have are left out, with their clones and routes.

    Raises Invalid where an error belongs to no sandbox, and Unproven as `render` does.
    """
    left_out: list[Problem] = []
    while True:
        try:
            rendered = render(inputs)
        except Invalid as invalid:
            wrong = {problem.sandbox for problem in invalid.problems}
            if None in wrong:
                raise
            left_out += invalid.problems
            inputs = without(inputs, {source for source in wrong if source})
            continue
        return dataclasses.replace(rendered, left_out=tuple(left_out))


def without(inputs: Inputs, sources: set[Source]) -> Inputs:
    """Returns inputs without the sandboxes and groups of some specs; groups lose these members."""
    gone = {s.name for s in inputs.sandboxes if s.source in sources}
    return dataclasses.replace(
        inputs,
        sandboxes=tuple(s for s in inputs.sandboxes if s.source not in sources),
        groups=tuple(g for g in inputs.groups if g.source not in sources),
        problems=tuple(p for p in inputs.problems if p.sandbox not in sources),
        rejected=inputs.rejected | gone,
    )


def _clones(plan: Plan) -> Iterator[Placed]:
    environment = plan.environment
    for clone in plan.clones:
        directory = f"{SANDBOXES}/{clone.sandbox.name}"
        yield Placed(directory=directory, id=clone.id, manifest=clone_workload(environment, clone))
        if clone.headless:
            name = clone.origin.manifest["spec"].get("serviceName") or ""
            governing = plan.base.by_id.get(ResourceId("", "Service", clone.id.namespace, name))
            manifest = headless_service(environment, clone, governing.manifest if governing else None)
            yield Placed(directory=directory, id=clone.headless, manifest=manifest)
    for copy in plan.config_maps:
        manifest = clone_config_map(environment, copy)
        yield Placed(directory=f"{SANDBOXES}/{copy.sandbox.name}", id=copy.id, manifest=manifest)
    for service in plan.services:
        yield Placed(
            directory=f"{SANDBOXES}/{service.sandbox.name}", id=service.id, manifest=clone_service(environment, service)
        )
    yield from policies(plan)


def _included(plan: Plan, routes: Iterable[Placed]) -> Iterator[Placed]:
    """Yields the base's own objects where the output holds the whole base: all that is not in shared/, and no Secret."""
    if plan.environment.output.base != "full":
        return
    owned = {placed.id for placed in routes}
    for resource in plan.base.resources:
        if resource.id not in owned and (resource.id.group, resource.id.kind) != ("", "Secret"):
            manifest = released(resource.manifest, resource.id.namespace)
            yield Placed(directory=BASE, id=resource.id, manifest=manifest, base=resource)


def _clone_problems(
    plan: Plan, unroutable: Unroutable, entered: frozenset[ResourceId], resources: tuple[Placed, ...]
) -> Iterator[Problem]:
    for clone in plan.clones:
        yield from guard(plan, clone, own_claims(resources, clone))
    yield from policy_problems(plan)
    yield from quotas(plan)
    yield from _unreachable(plan, unroutable, entered)


def _unreachable(plan: Plan, unroutable: Unroutable, entered: frozenset[ResourceId]) -> Iterator[Problem]:
    """Yields an error for each clone of a sandbox no clone of which can be reached, by routes or by its own queue."""
    by_sandbox: dict[str, list[tuple[str | None, object]]] = {}
    for clone in plan.clones:
        ports = [(s.id, number_and_protocol(port)) for s in clone.services for port in s.manifest["spec"]["ports"]]
        reasons = [unroutable.get(port) for port in ports]
        reached = not clone.services or None in reasons or any(s.id in entered for s in clone.services)
        why_not = None if reached else ", ".join(dict.fromkeys(r for r in reasons if r)) or "its Services have no ports"
        by_sandbox.setdefault(clone.sandbox.name, []).append((why_not, clone))
    for clone in plan.clones:
        if all(why_not for why_not, _ in by_sandbox[clone.sandbox.name]):
            why_not = next(why for why, other in by_sandbox[clone.sandbox.name] if other is clone)
            yield report(
                "SL411",
                source=clone.sandbox.source,
                path=(*clone.workload.path, "name"),
                sandbox=clone.sandbox.source,
                object=str(clone.origin.id),
                why_not=why_not,
            )


def _written(objects: Iterable[Placed]) -> Base:
    return make_base(Resource(id=o.id, manifest=o.manifest, source=Source(file=path_of(o))) for o in objects)


def _too_large(objects: Iterable[Placed], files: Files) -> Iterator[Problem]:
    for placed in objects:
        if len(files[path_of(placed)]) > LARGEST_OBJECT // 2:
            size = len(json.dumps(placed.manifest, separators=(",", ":")).encode())
            if size > LARGEST_OBJECT:
                yield report(
                    "SL404",
                    source=placed.base.source if placed.base else None,
                    object=str(placed.id),
                    size=f"{size:,}",
                    count=f"{_entries(placed):,}",
                    fit=f"{_entries(placed) * LARGEST_OBJECT // size:,}",
                    limit=f"{LARGEST_OBJECT:,}",
                )


def _entries(placed: Placed) -> int:
    """Returns how many entries or rules an object has."""
    spec = placed.manifest.get("spec") or {}
    return len(spec.get("http") or spec.get("rules") or ())
