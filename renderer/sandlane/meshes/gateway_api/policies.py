"""Policies that name a route follow to its tenants' copies (rule R-G13): a tenant's header leads around none of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sandlane.clone.policies import attached_policy
from sandlane.k8s.resource import ResourceId, labels_of
from sandlane.k8s.workload_kinds import pod_labels
from sandlane.meshes.gateway_api.copies import Copying
from sandlane.meshes.routed import Routed
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan
from sandlane.plan.policies.attached import attached_copies, selected_copies
from sandlane.plan.policies.problems import unattached
from sandlane.plan.problem_at import problem_at
from sandlane.problems.problem import Problem


def policies_of(plan: Plan, copying: Copying, copies: Sequence[Placed]) -> Routed:
    """Returns the copies of the policies that name a route, for its copies; a group's copies are its members' too."""
    tenant, route = copying.tenant, copying.route.resource
    own = [service for service in tenant.services.values() if service.sandbox.source == tenant.source]
    objects: list[Placed] = []
    problems: dict[ResourceId, Problem] = {}
    for made in copies:
        labels, after = labels_of(route.manifest), labels_of(made.manifest)
        for copy in (
            *attached_copies(plan.attached, route.id, made.id),
            *selected_copies(plan.attached, route.id, made.id, labels, after),
        ):
            if not copy.why_not:
                objects.append(attached_policy(plan.environment, tenant.spec, copy))
            elif own:
                path = (*own[0].workload.path, "name")
                problems.setdefault(copy.attachment.policy.id, unattached(tenant.spec, path, copy))
    return Routed(tuple(objects), tuple(problems.values()))


def source_labels(plan: Plan) -> Iterator[Problem]:
    """Yields the VirtualServices with rules for requests of an origin (rule R-I19), where none is written."""
    for clone in plan.clones:
        namespace, origin = clone.id.namespace, pod_labels(clone.row, clone.origin.manifest)
        bound = [r.id for _, r in plan.selectors.follow.matching(namespace, origin) if r.id.kind == "VirtualService"]
        kept = [r.id for _, r in plan.selectors.follow.matching(namespace, clone.pods.labels)] if bound else []
        for id in dict.fromkeys(id for id in bound if bound.count(id) > kept.count(id)):
            yield problem_at(clone, "SL324", object=str(id), origin=str(clone.origin.id))
