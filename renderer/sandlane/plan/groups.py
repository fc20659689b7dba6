"""Route groups: one tenantID that reaches the clones of several sandboxes."""

from __future__ import annotations

from collections.abc import Iterator

from sandlane.k8s.resource import ResourceId
from sandlane.plan.model import ServiceClone, Tenant, WorkloadClone
from sandlane.problems.problem import Problem, did_you_mean
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import RouteGroup, Sandbox


def join_groups(
    inputs: Inputs, tenants: list[Tenant], clones: list[WorkloadClone]
) -> tuple[list[Tenant], list[Problem]]:
    """Returns the tenants of route groups, and the mistakes in their members."""
    by_name = {tenant.name: tenant for tenant in tenants}
    known = {sandbox.name for sandbox in inputs.sandboxes} | inputs.rejected
    origins: dict[str, list[ResourceId]] = {}
    for clone in clones:
        origins.setdefault(clone.sandbox.name, []).append(clone.origin.id)
    joined: list[Tenant] = []
    problems: list[Problem] = []
    for group in inputs.groups:
        problems += _unknown(group, known)
        named = _members(group, inputs.sandboxes)
        services: dict[ResourceId, ServiceClone] = {}
        taken: dict[ResourceId, str] = {}
        both: dict[tuple[str, str], ResourceId] = {}
        for name in named:
            if name not in by_name:
                continue
            services.update(by_name[name].services)
            for id in dict.fromkeys((*by_name[name].services, *origins.get(name, ()))):
                if taken.setdefault(id, name) != name:
                    both.setdefault((taken[id], name), id)
        for (one, two), id in both.items():
            problems.append(group.problem("SL217", "spec", group=group.name, one=one, two=two, service=id))
        joined.append(Tenant(spec=group, services=services, members=named))
    return joined, problems


_LEAVE = "take it out of 'sandboxes', or remove the group too: sandlane delete {}"


def _unknown(group: RouteGroup, known: set[str]) -> Iterator[Problem]:
    for number, name in enumerate(group.sandboxes):
        if name not in known:
            values = {
                "group": group.name,
                "member": name,
                "hint": did_you_mean(name, known, otherwise=_LEAVE.format(group.name)),
            }
            yield group.problem("SL216", "spec", "sandboxes", number, **values)


def _members(group: RouteGroup, sandboxes: tuple[Sandbox, ...]) -> tuple[str, ...]:
    """Returns the names of a group's sandboxes, sorted: those that it names and those whose labels it selects."""
    wanted = group.match_labels
    selected = {s.name for s in sandboxes if wanted is not None and wanted.items() <= s.labels.items()}
    return tuple(sorted(selected | set(group.sandboxes)))
