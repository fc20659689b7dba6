"""What the arguments of `sandlane set` say of a sandbox: read, compared with its spec and the base, and told."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from sandlane.cli.terminal import Refused
from sandlane.frozen import frozen
from sandlane.problems.problem import did_you_mean, visible
from sandlane.reports.targets import Target, Unresolved, find_target, find_workload, kinds_and_name
from sandlane.specs.editing import SandboxEdit, WorkloadEdit, names
from sandlane.specs.inputs import Inputs
from sandlane.specs.model import Sandbox


@frozen(kw_only=True)
class Change:
    """One argument: the target as written, the field (`image`, `env`, `reset` or `replicas`), the variable if it is one, and the value.

    A variable that is None is taken out of the clone; one that is reset is as the base has it.
    """

    target: str
    field: str
    variable: str = ""
    value: Any = None


@frozen(kw_only=True)
class Wanted:
    """All that a call says of a sandbox."""

    name: str
    changes: tuple[Change, ...]
    removed: tuple[str, ...]
    owner: str | None
    expires: str | None
    suspend: bool | None = None


def changes_of(
    images: Sequence[str], variables: Sequence[str], resets: Sequence[str], replicas: Sequence[str]
) -> Iterator[Change]:
    """Yields what arguments say. Raises click.UsageError."""
    for text in images:
        target, equals, image = text.partition("=")
        if not (target and equals and image):
            raise click.UsageError(
                f"'{text}' says no image: write WORKLOAD=IMAGE, such as checkout=registry.example/checkout:2"
            )
        yield Change(target=target, field="image", value=image)
    likely = next((text.partition("=")[0] for text in images), "WORKLOAD")
    for text in variables:
        yield _variable(text, likely)
    for text in resets:
        target, colon, name = text.partition(":")
        if not (target and colon and name) or "=" in name:
            raise click.UsageError(f"'{text}' says no variable: write WORKLOAD:NAME, such as checkout:LOG_LEVEL")
        yield Change(target=target, field="reset", variable=name)
    for text in replicas:
        target, equals, number = text.partition("=")
        if not (target and equals and number.isdigit()):
            raise click.UsageError(f"'{text}' says no number of pods: write WORKLOAD=N, such as checkout=2")
        yield Change(target=target, field="replicas", value=int(number))


def _variable(text: str, likely: str) -> Change:
    named, equals, value = text.partition("=")
    target, colon, variable = named.partition(":")
    if not colon and (equals or text.endswith("-")):
        raise click.UsageError(f"'{text}' names no workload: write {likely}:{text}")
    if not (target and variable) or not (equals or variable.endswith("-")):
        raise click.UsageError(
            f"'{text}' says no variable: write WORKLOAD:NAME=VALUE, or WORKLOAD:NAME- to take it out"
        )
    return Change(
        target=target,
        field="env",
        variable=variable if equals else variable.removesuffix("-"),
        value=value if equals else None,
    )


def edit_of(inputs: Inputs, wanted: Wanted, owner: str | None) -> tuple[SandboxEdit, list[str]]:
    """Returns what is to be changed in a spec, and for each change a line that says so. Raises Refused and click.UsageError."""
    before = {s.name: s for s in inputs.sandboxes}.get(wanted.name)
    edits: dict[tuple[str, str], WorkloadEdit] = {}
    said: dict[tuple[str, str, str], Any] = {}
    told: list[str] = []
    for change in wanted.changes:
        target = _target(inputs, change)
        key = (str(target.workload.id), target.container)
        value = (change.field, change.value)
        if said.setdefault((*key, change.variable or change.field), value) != value:
            raise click.UsageError(
                f"'{change.target}' is given two values of {change.variable or change.field}: say one"
            )
        entry = _entry(before, target, inputs.environment.default_namespace)
        if change.field == "env" and change.value is None and change.variable not in target.env and _own(entry, change):
            change = dataclasses.replace(change, field="reset")  # it is the sandbox's own
        edits[key] = _with(edits.get(key) or _edit(inputs, target), change)
        told.append(_line(target, change, entry))
    removed = tuple(_removed(before, text) for text in wanted.removed)
    for kind, namespace, name in removed:
        if f"{kind}/{namespace}/{name}" in {workload for workload, _ in edits}:
            raise click.UsageError(f"'{kind}/{namespace}/{name}' is changed and removed in one call: say one")
        told.append(f"{kind}/{namespace}/{name}  taken out")
    if before and removed and len(removed) == len(before.workloads) and not edits:
        raise Refused(f"without '{wanted.removed[-1]}' nothing is left of it: sandlane delete {wanted.name}")
    for field, text, old in (
        ("owner", wanted.owner, before and before.owner),
        ("expires", wanted.expires, before and before.expires),
    ):
        if text is not None:
            now = visible(text or _NO[field])
            told.append(f"{field}  {_step(old or _NO[field], now) if before else now}")
    if wanted.suspend is not None:
        told.append(_pause(wanted.suspend, was=bool(before and before.suspend)))
    edit = SandboxEdit(
        name=wanted.name,
        owner=owner,
        expires=wanted.expires,
        suspend=wanted.suspend,
        workloads=tuple(edits.values()),
        removed=removed,
        home=inputs.environment.default_namespace,
    )
    return edit, told


_NO = {"owner": "none", "expires": "never"}


def _pause(is_suspended: bool, *, was: bool) -> str:
    """Returns the line on a sandbox that is suspended, or no longer."""
    told = "suspended" if is_suspended else "resumed" if was else "not suspended"
    return f"{told}, as it is" if is_suspended is was else told


def _edit(inputs: Inputs, target: Target) -> WorkloadEdit:
    id = target.workload.id
    return WorkloadEdit(
        kind=id.kind,
        name=id.name,
        namespace=None if id.namespace == inputs.environment.default_namespace else id.namespace,
        container=target.container,
        is_only=target.is_only,
    )


def _with(edit: WorkloadEdit, change: Change) -> WorkloadEdit:
    if change.field == "reset":
        return dataclasses.replace(edit, reset=(*edit.reset, change.variable))
    if change.field != "env":
        return dataclasses.replace(edit, **{change.field: change.value})
    return dataclasses.replace(edit, env=(*edit.env, (change.variable, change.value)))


def _line(target: Target, change: Change, entry: Mapping[str, Any]) -> str:
    where = str(target.workload.id) if target.is_only else f"{target.workload.id} ({target.container})"
    if change.field == "image":
        return f"{where}  image  {_step(entry.get('image') or target.image or 'none', change.value)}"
    if change.field == "replicas":
        return f"{target.workload.id}  replicas  {_step(entry.get('replicas', 1), change.value)}"
    base, own = target.env.get(change.variable, _NOT_THERE), _own(entry, change)
    old = base if own is None else _NOT_THERE if own.get("remove") else own.get("value", "(from elsewhere)")
    new = base if change.field == "reset" else _NOT_THERE if change.value is None else change.value
    as_base = ", as in the base" if change.field == "reset" and change.variable in target.env else ""
    return f"{where}  env {change.variable}  {_step(old, new)}{as_base}"


def _own(entry: Mapping[str, Any], change: Change) -> Mapping[str, Any] | None:
    """Returns what a spec says of a variable so far."""
    listed = entry.get("env") or ()
    return next((e for e in listed if isinstance(e, dict) and e.get("name") == change.variable), None)


_NOT_THERE = "(not in the container)"


def _step(old: object, new: object) -> str:
    return visible(f"{old}, as it is" if old == new else f"{old} → {new}")


def _entry(before: Sandbox | None, target: Target, home: str) -> Mapping[str, Any]:
    """Returns what a sandbox's spec says of a container so far, beside what it says of the workload."""
    id = target.workload.id
    spec = before.document.get("spec", {}) if before else {}
    for workload in spec.get("workloads", ()):
        if names(workload, home) == (id.kind, id.namespace, id.name):
            listed = (c for c in workload.get("containers") or () if c.get("name") == target.container)
            named: Mapping[str, Any] = next(listed, {})
            return {**(workload if target.is_only or not target.container else {}), **named}
    return {}


def _target(inputs: Inputs, change: Change) -> Target:
    try:
        if change.field == "replicas":
            return Target(
                workload=find_workload(inputs.base, inputs.environment, change.target.rpartition("@")[2]),
                container="",
                is_only=True,
                image="",
            )
        return find_target(inputs.base, inputs.environment, change.target)
    except Unresolved as error:
        raise Refused(str(error)) from None


def _removed(before: Sandbox | None, text: str) -> tuple[str, str, str]:
    container, at, workload = text.rpartition("@")
    if at:
        raise Refused(f"--remove takes a whole workload, and '{container}' is a container of it: --remove {workload}")
    try:
        kind, namespace, name = kinds_and_name(text)
    except Unresolved as error:
        raise Refused(str(error)) from None
    workloads = before.workloads if before else ()
    found = [w for w in workloads if w.name == name and kind in (None, w.kind) and namespace in (None, w.namespace)]
    if len(found) != 1:
        listed = {w.name for w in workloads}
        raise Refused(
            f"the sandbox has no workload '{text}': "
            + did_you_mean(name, listed, otherwise=f"it has {', '.join(sorted(listed)) or 'none'}")
        )
    return found[0].kind, found[0].namespace, found[0].name
