"""`env`: environment variables that are set or removed, with the addresses of other clones filled in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, at
from sandlane.overrides.addresses import Unaddressable, find, port_of
from sandlane.overrides.changes import Changes
from sandlane.overrides.field import Field
from sandlane.overrides.subject import Subject, app_containers, each_container
from sandlane.patch.put import put
from sandlane.problems.problem import Path, Problem, did_you_mean

VARIABLES = ("SANDLANE_TENANT_ID", "SANDLANE_SANDBOX", "SANDLANE_ORIGIN")
"""Environment variables of every app container of a clone."""


@frozen(kw_only=True)
class Variable:
    """A change of one environment variable: `body` holds its value or valueFrom; it is None where it is removed."""

    name: str
    body: Manifest | None


def read_variables(listed: Iterable[Manifest], *_: object) -> tuple[Variable, ...]:
    """Reads changes of environment variables from checked data."""
    return tuple(
        Variable(name=v["name"], body=None if v.get("remove") else {k: v[k] for k in ("value", "valueFrom") if k in v})
        for v in listed
    )


def _apply(
    variables: tuple[Variable, ...], manifest: Any, subject: Subject, changes: Changes
) -> tuple[Any, list[Problem]]:
    """Sets and removes environment variables of app containers: by a standing rule of every one, else of the only one."""
    problems: list[Problem] = []
    apps = [str(container["name"]) for container in app_containers(manifest, subject.row)]
    if len(apps) != 1 and not changes.is_standing:
        values = {"containers": ", ".join(apps), "first": apps[0] if apps else "", "value": "[…]"}
        return manifest, [changes.problem("SL213", "env", field="env", workload=subject.origin.id, **values)]

    def changed(field: str, container: Manifest) -> Manifest:
        if field == "containers":
            container, wrong = set_variables(variables, container, subject, changes, ("env",))
            problems.extend(wrong)
        return container

    return each_container(subject, manifest, changed), problems


ENV: Field[tuple[Variable, ...]] = Field(
    name="env", none=(), read=read_variables, apply=_apply, names=lambda env: [((), [v.name for v in env], ("name",))]
)


def set_variables(
    variables: tuple[Variable, ...], container: Manifest, subject: Subject, changes: Changes, steps: Path
) -> tuple[Manifest, list[Problem]]:
    """Returns a container with variables set and removed, and what is wrong with any; `steps` lead to their list."""
    present = {variable["name"] for variable in container.get("env") or ()}
    found, problems = [], []
    for number, variable in enumerate(variables):
        if variable.name in VARIABLES:
            values = {"variable": variable.name, "where": "this spec"}
            problems.append(changes.problem("SL214", *steps, number, "name", **values))
        elif variable.body is None and variable.name not in present and not changes.is_standing:
            known = ", ".join(sorted(present)) or "none"
            hint = did_you_mean(variable.name, present, otherwise=f"known: {known}")
            values = {"variable": variable.name, "container": container["name"], "hint": hint}
            problems.append(changes.problem("SL215", *steps, number, "name", **values))
        try:
            found.append(_with_address(subject, variable))
        except Unaddressable as reason:
            values = {"variable": variable.name, "reason": str(reason), "hint": reason.hint}
            problems.append(changes.problem("SL236", *steps, number, "valueFrom", "cloneRef", **values))
            found.append(variable)
    return (put(container, ("env",), _merged(container.get("env") or [], found)) if found else container), problems


def _with_address(subject: Subject, variable: Variable) -> Variable:
    """Returns a variable with the address of the clone that it refers to. Raises Unaddressable."""
    reference = at(variable.body, ("valueFrom", "cloneRef"))
    if not reference:
        return variable
    address = find(subject.addresses, reference["name"], reference.get("service"))
    value = reference["format"].replace("{host}", address.host)
    if "{port}" in value:
        value = value.replace("{port}", str(port_of(address, reference.get("port"))))
    return Variable(name=variable.name, body={"value": value})


def _merged(base: list[Manifest], changes: list[Variable]) -> list[Manifest]:
    """Returns a container's variables with changed ones in place, removed ones gone and new ones at the end (rule R-C8)."""
    changed = {change.name: change for change in changes}
    result: list[Manifest] = []
    present: set[str] = set()
    for variable in base:
        change = changed.get(variable["name"])
        if change is None:
            result.append(variable)
        elif change.body is not None and change.name not in present:
            result.append({"name": change.name, **change.body})
        present.add(variable["name"])
    return [*result, *({"name": c.name, **c.body} for c in changes if c.body is not None and c.name not in present)]
