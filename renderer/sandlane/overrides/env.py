"""Environment variables that specs and standing rules set and remove, with the addresses of other clones filled in."""

from __future__ import annotations

from typing import Any

from sandlane.k8s.resource import Manifest, at
from sandlane.overrides.addresses import Unaddressable, find, port_of
from sandlane.overrides.model import Changes, Variable
from sandlane.overrides.subject import Subject, each_container, reporter
from sandlane.patch.put import put
from sandlane.problems.problem import Path, Problem, did_you_mean


def environment(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    """Sets and removes environment variables: those of every app container, and those of containers by name."""
    problems: list[Problem] = []
    by_name = {c.name: (number, c.env) for number, c in enumerate(changes.containers)}

    def changed(field: str, container: Manifest) -> Manifest:
        places = [((*changes.path, "env"), changes.env)] if changes.env and field == "containers" else []
        if container["name"] in by_name:
            number, env = by_name[container["name"]]
            places.append(((*changes.path, "containers", number, "env"), env))
        for place, variables in places:
            resolved, wrong = _resolved(subject, changes, container, place, variables)
            problems.extend(wrong)
            if resolved:
                container = put(container, ("env",), _merged(container.get("env") or [], resolved))
        return container

    return each_container(subject, manifest, changed), problems


def _resolved(
    subject: Subject, changes: Changes, container: Manifest, place: Path, variables: tuple[Variable, ...]
) -> tuple[list[Variable], list[Problem]]:
    """Returns variables with addresses of clones filled in, and what is wrong with any."""
    wrong = reporter(subject, changes)
    present = {variable["name"] for variable in container.get("env") or ()}
    found, problems = [], []
    for number, variable in enumerate(variables):
        path: Path = (*place, number, "name")
        body = variable.body
        if variable.name in VARIABLES:
            problems.append(wrong("SL214", path=path, variable=variable.name, where="this spec"))
        elif body is None and variable.name not in present and not changes.is_standing:
            known = ", ".join(sorted(present)) or "none"
            hint = did_you_mean(variable.name, present, otherwise=f"known: {known}")
            values = {"variable": variable.name, "container": container["name"], "hint": hint}
            problems.append(wrong("SL215", path=path, **values))
        reference = at(body, ("valueFrom", "cloneRef"))
        if reference:
            try:
                address = find(subject.addresses, reference["name"], reference.get("service"))
                value = reference["format"].replace("{host}", address.host)
                if "{port}" in value:
                    value = value.replace("{port}", str(port_of(address, reference.get("port"))))
                body = {"value": value}
            except Unaddressable as reason:
                where = (*place, number, "valueFrom", "cloneRef")
                problems.append(
                    wrong("SL236", path=where, variable=variable.name, reason=str(reason), hint=reason.hint)
                )
        found.append(Variable(name=variable.name, body=body))
    return found, problems


def _merged(base: list[Manifest], changes: list[Variable]) -> list[Manifest]:
    """Returns a container's variables with changed ones in place, removed ones gone and new ones at the end."""
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


VARIABLES = ("SANDLANE_TENANT_ID", "SANDLANE_SANDBOX", "SANDLANE_ORIGIN")
"""Environment variables of every app container of a clone."""
