"""Two outputs compared: what was asked, sandbox by sandbox, then what follows from it, object by object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import ResourceId
from sandlane.output.layout import SANDBOXES
from sandlane.plan.model import ConfigMapClone, Plan, Unroutable, WorkloadClone
from sandlane.problems.problem import Problem
from sandlane.reports.connect.entrances import Doors
from sandlane.reports.connect.reach import Reach, reach_of
from sandlane.reports.diff.fields import FieldChange, fields
from sandlane.reports.diff.intents import Change, Followed, Intent, ObjectChange, intents_of, kept, used_in_place
from sandlane.reports.diff.settings import Setting, settings_of
from sandlane.reports.diff.sides import Object, Side, Tenant


@frozen(kw_only=True)
class SandboxChange:
    """A sandbox or route group that was added, removed, changed, or renamed: its name, or the tenantID that requests carry."""

    change: Change
    name: str
    before: Tenant | None
    after: Tenant | None
    intents: tuple[Intent, ...] = ()
    reach: Reach | None = None
    accepted: tuple[tuple[str, str, str], ...] = ()


@frozen(kw_only=True)
class Difference:
    """How an output differs from another.

    `base`: how the base does, None where the other's base is not known. `settings`: what the environment sets otherwise. `tenants`
    are the tenantIDs of both. `proved` is for how many combinations of tenant, Service and port the promises were proved, None where
    they were not.
    """

    base: tuple[ObjectChange, ...] | None
    settings: tuple[Setting, ...]
    tenants: tuple[str, ...]
    sandboxes: tuple[SandboxChange, ...]
    objects: tuple[ObjectChange, ...]
    new_notices: tuple[Problem, ...] = ()
    gone_notices: tuple[Problem, ...] = ()
    is_all_new: bool = False
    proved: int | None = None

    def __bool__(self) -> bool:
        return bool(self.objects or self.sandboxes or self.base or self.settings)


def compare(before: Side, after: Side, plan: Plan, unroutable: Unroutable, doors: Doors) -> Difference:
    """Returns how the output that is planned differs from another."""
    objects = tuple(_objects(before.objects, after.objects))
    told = {_said(problem) for problem in before.notices}
    now = {_said(problem) for problem in after.notices}
    is_known = before.inputs is not None
    base = _base(before.inputs.base, plan.base) if before.inputs else None
    followed = {entry.id: frozenset(kept(entry.fields)) for entry in base or ()}
    return Difference(
        base=base,
        settings=tuple(settings_of(before.inputs.environment, plan.environment)) if before.inputs else (),
        tenants=tuple(sorted({tenant.id for side in (before, after) for tenant in side.tenants.values()})),
        sandboxes=tuple(
            _sandboxes(before, after, objects, plan, followed, partial(reach_of, unroutable=unroutable, doors=doors))
        ),
        objects=objects,
        new_notices=tuple(p for p in after.notices if is_known and _said(p) not in told),
        gone_notices=tuple(p for p in before.notices if _said(p) not in now),
        is_all_new=before.is_nothing,
    )


def _said(problem: Problem) -> tuple[str, str, str]:
    return problem.code, problem.text, problem.source.file if problem.source else ""


def _base(before: Base, after: Base) -> tuple[ObjectChange, ...]:
    """Returns how the base's objects differ."""
    sides = [
        {
            r.id: Object(id=r.id, file=r.source.file, manifest=r.manifest, sandbox=None, tenant=None, origin=None)
            for r in base.resources
        }
        for base in (before, after)
    ]
    return tuple(_objects(*sides))


def _objects(before: Mapping[ResourceId, Object], after: Mapping[ResourceId, Object]) -> Iterator[ObjectChange]:
    """Yields what differs, sorted by id. What has gone and come with the same origin for the same sandbox was renamed."""
    gone = {_role(o): o for id, o in before.items() if id not in after and o.origin}
    renamed: set[ResourceId] = set()
    for id in sorted({*before, *after}):
        old, new = before.get(id), after.get(id)
        if new is None:
            continue
        if old is None:
            old = gone.get(_role(new))
            if old is None:
                yield _change("added", new)
                continue
            renamed.add(old.id)
            yield _change("renamed", new, tuple(_beside_tenant(old, new)), old.id)
        else:
            changed = fields(old.manifest, new.manifest)
            if changed:
                yield _change("changed", new, changed)
    for id in sorted(before.keys() - after.keys() - renamed):
        yield _change("removed", before[id])


def _beside_tenant(old: Object, new: Object) -> Iterator[FieldChange]:
    """Yields the fields in which an object differs from the one that it was, but for the tenantID in its names and labels."""
    for change in fields(old.manifest, new.manifest):
        if not (old.tenant and str(change.before).replace(old.tenant, str(new.tenant)) == str(change.after)):
            yield change


def _role(entry: Object) -> tuple[str, str, str, str | None, str | None]:
    """What a copy stands for, whatever its name."""
    return entry.id.group, entry.id.kind, entry.id.namespace, entry.sandbox, entry.origin


def _change(
    change: Change, entry: Object, changed: tuple[FieldChange, ...] = (), was: ResourceId | None = None
) -> ObjectChange:
    return ObjectChange(
        change=change, id=entry.id, file=entry.file, sandbox=entry.sandbox, origin=entry.origin, fields=changed, was=was
    )


def _sandboxes(
    before: Side,
    after: Side,
    objects: Iterable[ObjectChange],
    plan: Plan,
    followed: Followed,
    reached: Callable[[Plan, Any], Reach],
) -> Iterator[SandboxChange]:
    """Yields sandboxes that differ; one whose clones only follow the base (`followed`: its object -> what changed) does not."""
    own = _by_sandbox(o for o in objects if o.file.startswith(f"{SANDBOXES}/"))
    clones: dict[ResourceId, WorkloadClone | ConfigMapClone] = {
        **{clone.id: clone for clone in plan.clones},
        **{copy.id: copy for copy in plan.config_maps},
    }
    tenants = {tenant.name: tenant for tenant in plan.tenants}
    environments = [plan.environment, *([before.inputs.environment] if before.inputs else ())]
    asked_of = partial(
        intents_of, clones, followed=followed, tenant_labels=frozenset(each.tenant_label for each in environments)
    )
    for name in sorted({*before.tenants, *after.tenants}):
        old, new = before.tenants.get(name), after.tenants.get(name)
        if old is None and new and new.is_suspended and before.inputs is None:
            continue  # a directory has nothing of what is suspended
        is_there = new is not None and not new.is_suspended
        asked = asked_of(own.get(name, ()), is_new=old is None) if is_there else ()
        used = used_in_place(tenants[name].services.values()) if name in tenants and old is None else ()
        intents = tuple(intent for intent in (*asked, *used) if not _follows(intent, old, new))
        intents = tuple(i for i in intents if i.field != "route") or intents  # routes follow from all the others
        reach = reached(plan, tenants[name]) if name in tenants else None
        if old is None or new is None or old.id != new.id:
            change: Change = "added" if old is None else "removed" if new is None else "renamed"
        elif old != new or intents:
            change = "changed"
        else:
            continue
        yield SandboxChange(
            change=change,
            name=name,
            before=old,
            after=new,
            intents=intents,
            reach=reach,
            accepted=tuple(_accepted(after, name)),
        )


def _follows(intent: Intent, old: Tenant | None, new: Tenant | None) -> bool:
    """Tells whether a value changed only because the tenantID did."""
    return bool(old and new and old.id != new.id) and str(intent.before).replace(old.id, new.id) == str(intent.after)  # type: ignore[union-attr]


def _accepted(side: Side, name: str) -> Iterator[tuple[str, str, str]]:
    """Yields the risks that a sandbox accepts: code, object and reason."""
    for sandbox in side.inputs.sandboxes if side.inputs else ():
        if sandbox.name == name:
            for workload in sandbox.workloads:
                yield from ((a.code, a.object, a.reason) for a in workload.accept)


def _by_sandbox(objects: Iterable[ObjectChange]) -> dict[str, list[ObjectChange]]:
    found: dict[str, list[ObjectChange]] = {}
    for changed in objects:
        if changed.sandbox:
            found.setdefault(changed.sandbox, []).append(changed)
    return found
