"""The line: inputs to files. Only its two ends, load and write, touch the disk."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from sandlane.base.base import Base, make_base
from sandlane.clone.manifests import clone_all
from sandlane.frozen import frozen
from sandlane.guards.acceptance import without_accepted
from sandlane.guards.called_names import called_names
from sandlane.guards.claims_made import claims_of_others
from sandlane.guards.clashes import clashes
from sandlane.guards.clients import unrouted_clients
from sandlane.guards.clone_problems import guard
from sandlane.guards.crowding import crowded
from sandlane.guards.identities import taken_identities
from sandlane.guards.policy import violations
from sandlane.guards.reachability import unreachable, without_headers
from sandlane.guards.selected_pods import selecting_others
from sandlane.guards.size import too_large
from sandlane.guards.unchanged import unchanged
from sandlane.guards.validity import invalid
from sandlane.k8s.resource import Resource
from sandlane.meshes.registry import MESHES
from sandlane.meshes.route_patches import broken_by_patches, patch_routes
from sandlane.meshes.routed import Routed
from sandlane.output.base_objects import base_objects, left_out
from sandlane.output.custom_resources import custom_resources
from sandlane.output.flux_units import flux_units
from sandlane.output.layout import Files, Placed, emit, path_of
from sandlane.output.substitution import without_substitution
from sandlane.plan.make import make_plan
from sandlane.plan.model import Plan, Unroutable, WorkloadClone
from sandlane.plan.optout import opt_out_notices, routed_plan
from sandlane.plan.other_controllers import other_controllers
from sandlane.plan.policies.problems import policy_problems
from sandlane.problems.problem import Invalid, Problem, Source, sort
from sandlane.specs.inputs import Inputs, without


class Unproven(Exception):
    """Raised when output does not keep the promises: a defect of sandlane itself, never of its input."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.text for problem in self.problems))


@frozen
class Rendered:
    """The files of the output, the notices on them, the errors of sandboxes that were left out, and the plan that was followed."""

    files: Files
    notices: tuple[Problem, ...]
    left_out: tuple[Problem, ...]
    objects: tuple[Placed, ...]
    plan: Plan


_ROUTES = (
    *((group, "HTTPRoute") for group in ("gateway.networking.k8s.io", "policy.linkerd.io")),
    ("gateway.networking.k8s.io", "GRPCRoute"),
    ("networking.istio.io", "VirtualService"),
)
"""Groups and kinds of routes of a base that are looked at; what the base does not hold is not imported."""


def render(inputs: Inputs, *, is_proved: bool = True) -> Rendered:
    """Renders the output. Raises Invalid with all mistakes of the input, and Unproven if the result breaks a promise.

    What is not written needs no proof: `check` compares with files that `render` has proved, and `verify` proves those.
    """
    environment, base = inputs.environment, inputs.base
    mesh = MESHES[environment.mesh]
    plan = make_plan(inputs, mesh.pod_labels)
    unroutable = mesh.unroutable(environment, base)
    routed = mesh.route(routed_plan(plan), unroutable)
    routes, wrong_patches = patch_routes(environment, routed.objects)
    resources, wrong_resources = _resources(plan)
    objects: tuple[Placed, ...] = (*clone_all(plan), *resources, *routes, *base_objects(plan, routes))
    objects = (*objects, *custom_resources(plan, objects))
    objects = (*objects, *flux_units(plan, objects))
    found = (
        *inputs.problems,
        *plan.problems,
        *wrong_resources,
        *routed.problems,
        *wrong_patches,
        *_guarded(inputs, plan, unroutable, routed, resources, objects),
    )
    problems = without_accepted(inputs, found)
    _stop(Invalid, [problem for problem in problems if problem.level == "error"])
    manifests = [resource.manifest for resource in base.resources]
    files = emit(objects, manifests, environment.source.file, has_units=environment.output.flux is not None)
    objects, files = without_substitution(objects, files)
    sizes = [*too_large(plan, objects, files)]
    _stop(Invalid, [problem for problem in sizes if problem.level == "error"])
    unproven = _unproven(inputs, objects) if is_proved else []
    _stop(Invalid, broken_by_patches(environment, objects, unproven, cache(lambda: _is_proved_without_patches(inputs))))
    _stop(Unproven, unproven)
    return Rendered(files, tuple(sort(p for p in (*problems, *sizes) if p.level == "notice")), (), objects, plan)


def _resources(plan: Plan) -> tuple[tuple[Placed, ...], list[Problem]]:
    """Returns what files of sandboxes render to, and what is wrong with them."""
    if not any(sandbox.resources for sandbox in plan.sandboxes):
        return (), []
    from sandlane.clone.resources.read import render_resources  # what no spec names is not imported

    return render_resources(plan)


def _own_claims(resources: tuple[Placed, ...], clone: WorkloadClone) -> frozenset[str]:
    """Returns the names of the claims that a clone's sandbox brings."""
    if not resources:
        return frozenset()
    from sandlane.clone.resources.read import own_claims

    return own_claims(resources, clone)


def _guarded(
    inputs: Inputs,
    plan: Plan,
    unroutable: Unroutable,
    routed: Routed,
    resources: tuple[Placed, ...],
    objects: tuple[Placed, ...],
) -> Iterator[Problem]:
    """Yields what may not be, although it can be written."""
    yield from violations(inputs)
    for clone in plan.clones:
        yield from guard(plan, clone, _own_claims(resources, clone))
    yield from unchanged(plan)
    yield from policy_problems(plan)
    yield from other_controllers(plan)
    if plan.base.of("", "ResourceQuota"):
        from sandlane.guards.quotas import quotas  # what the base does not hold is not imported

        yield from quotas(plan)
    yield from unreachable(plan, unroutable, routed.entered)
    yield from without_headers(plan, unroutable)
    if any(plan.base.of(*kind) for kind in _ROUTES):
        from sandlane.guards.base_routes import doubtful_routes

        yield from doubtful_routes(plan)
    yield from opt_out_notices(plan)
    yield from unrouted_clients(plan)
    yield from left_out(plan.base, is_whole=plan.environment.output.base == "full")
    yield from crowded(plan, routed.objects)
    yield from clashes(plan, objects)
    yield from claims_of_others(plan, objects)
    yield from called_names(plan, objects)
    yield from selecting_others(plan, objects)
    yield from taken_identities(plan, objects)
    yield from invalid(plan, objects)


def _stop(error: type[Invalid] | type[Unproven], problems: list[Problem]) -> None:
    """Raises an error if there are problems."""
    if problems:
        raise error(problems)


def _is_proved_without_patches(inputs: Inputs) -> bool:
    """Tells whether output keeps the promises if no route is patched."""
    environment = inputs.environment
    routes = replace(environment.routes, patches=())
    try:
        render(replace(inputs, environment=replace(environment, routes=routes)))
    except (Invalid, Unproven):
        return False
    return True


def _unproven(inputs: Inputs, objects: Iterable[Placed]) -> list[Problem]:
    """Returns the promises that objects do not keep."""
    from sandlane.proof import prove  # what is compared only, or refused, does without
    from sandlane.proof.claims import claims_of

    return prove(inputs.base, written(objects), claims_of(inputs))


def written(objects: Iterable[Placed]) -> Base:
    """Returns objects as they would be read from the output directory."""
    return make_base(Resource(id=o.id, manifest=o.manifest, source=Source(file=path_of(o))) for o in objects)


def render_valid(inputs: Inputs, *, is_proved: bool = True) -> Rendered:
    """Renders what has no errors of its own: sandboxes that have are left out, with their clones and routes.

    Raises Invalid where an error belongs to no sandbox, and Unproven as `render` does.
    """
    left_out: list[Problem] = []
    while True:
        try:
            rendered = render(inputs, is_proved=is_proved)
        except Invalid as invalid:
            wrong = {problem.sandbox for problem in invalid.problems}
            if None in wrong:
                raise
            left_out += invalid.problems
            inputs = without(inputs, {source for source in wrong if source})
            continue
        return dataclasses.replace(rendered, left_out=tuple(left_out))
