"""`containers`: images and environment variables of containers and init containers, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, at
from sandlane.overrides.changes import Changes
from sandlane.overrides.env import Variable, read_variables, set_variables
from sandlane.overrides.field import Field, Names
from sandlane.overrides.image import IMAGE
from sandlane.overrides.subject import INIT, Subject, app_containers, each_container
from sandlane.patch.put import put
from sandlane.problems.problem import Problem, did_you_mean


@frozen(kw_only=True)
class Container:
    """Changes to one container of a workload."""

    name: str
    image: str | None
    env: tuple[Variable, ...]


def _apply(
    containers: tuple[Container, ...], manifest: Any, subject: Subject, changes: Changes
) -> tuple[Any, list[Problem]]:
    apps = [str(container["name"]) for container in app_containers(manifest, subject.row)]
    names = [*apps, *(str(c["name"]) for c in at(manifest, (*subject.pod, INIT)) or ())]
    problems: list[Problem] = []
    for number, given in enumerate(containers):
        if given.name not in names and not changes.is_standing:
            hint = did_you_mean(given.name, names, otherwise=f"known: {', '.join(sorted(names))}")
            values = {"container": given.name, "workload": subject.origin.id, "hint": hint}
            problems.append(changes.problem("SL211", "containers", number, "name", **values))
        elif given.image and IMAGE.of(changes) and apps == [given.name]:
            steps = ("containers", number, "image")
            problems.append(changes.problem("SL207", *steps, what="image", where=str(subject.origin.id)))
    by_name = {given.name: (number, given) for number, given in enumerate(containers)}

    def changed(_: str, container: Manifest) -> Manifest:
        if container["name"] not in by_name:
            return container
        number, given = by_name[container["name"]]
        if given.image:
            container = put(container, ("image",), given.image)
        container, wrong = set_variables(given.env, container, subject, changes, ("containers", number, "env"))
        problems.extend(wrong)
        return container

    return each_container(subject, manifest, changed), problems


def _read(listed: list[Manifest], *_: object) -> tuple[Container, ...]:
    return tuple(Container(name=c["name"], image=c.get("image"), env=read_variables(c["env"])) for c in listed)


def _names(containers: tuple[Container, ...]) -> Iterator[Names]:
    yield (), [container.name for container in containers], ("name",)
    for number, container in enumerate(containers):
        yield (number, "env"), [variable.name for variable in container.env], ("name",)


CONTAINERS: Field[tuple[Container, ...]] = Field(name="containers", none=(), read=_read, apply=_apply, names=_names)
