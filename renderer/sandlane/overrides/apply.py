"""Overrides: what specs and standing rules change in a workload before it is cloned, step by step.

The result is still the origin, with its own name, labels and selector; everything by which a clone differs from its origin
in any case comes later (`sandlane.clone.workload`), so that no override can undo it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sandlane.k8s.resource import ResourceId, at
from sandlane.k8s.workload_kinds import pod_labels
from sandlane.overrides.env import VARIABLES, environment
from sandlane.overrides.model import Changes
from sandlane.overrides.patches import patches
from sandlane.overrides.subject import INIT, Subject, app_containers, each_container, reporter, unknown
from sandlane.overrides.volumes import Unfit, with_volume
from sandlane.patch.put import put, remove
from sandlane.patch.references import rename
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, did_you_mean

Step = Callable[[Subject, Changes, Any], tuple[Any, list[Problem]]]


def override(subject: Subject, listed: tuple[Changes, ...]) -> tuple[Any, list[Problem]]:
    """Returns the origin's manifest with all changes made, in order, and the mistakes in them."""
    manifest: Any = subject.origin.manifest
    problems = list(_reserved(subject))
    for changes in listed:
        for step in (_images, environment, _init_containers, _volumes, _config_maps, patches):
            manifest, wrong = step(subject, changes, manifest)
            problems += wrong
    return manifest, problems


def _reserved(subject: Subject) -> Iterator[Problem]:
    """Yields variables of the base that have the names of those that every clone gets."""
    for container in app_containers(subject.origin.manifest, subject.row):
        for variable in container.get("env") or ():
            if variable.get("name") in VARIABLES:
                yield report(
                    "SL214",
                    source=subject.origin.source,
                    path=(*subject.pod, "containers"),
                    sandbox=subject.spec,
                    variable=variable["name"],
                    where=f"'{subject.origin.id}' in the base",
                )


def _images(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    """Gives containers their images: the one app container by `image`, others by name."""
    wrong = partial(reporter(subject, changes), workload=subject.origin.id)
    apps = [str(container["name"]) for container in app_containers(manifest, subject.row)]
    names = [*apps, *(str(c["name"]) for c in at(manifest, (*subject.pod, INIT)) or ())]
    problems = []
    images: dict[str, str] = {}
    if changes.image and len(apps) != 1:
        listed, path = ", ".join(apps), (*changes.path, "image")
        first = apps[0] if apps else ""
        problems.append(wrong("SL213", path=path, containers=listed, first=first, image=changes.image))
    elif changes.image:
        images[apps[0]] = changes.image
    for number, change in enumerate(changes.containers):
        place: Path = (*changes.path, "containers", number)
        if change.name not in names and not changes.is_standing:
            hint = did_you_mean(change.name, names, otherwise=f"known: {', '.join(sorted(names))}")
            problems.append(wrong("SL211", path=(*place, "name"), container=change.name, hint=hint))
        elif change.image and change.name in images:
            problems.append(wrong("SL207", path=(*place, "image"), what="image", where=str(subject.origin.id)))
        elif change.image:
            images[change.name] = change.image
    return each_container(
        subject,
        manifest,
        lambda _, c: put(c, ("image",), images[c["name"]]) if c["name"] in images else c,
    ), problems


def _init_containers(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    containers = at(manifest, (*subject.pod, INIT)) or []
    names = [str(container["name"]) for container in containers]
    problems = []
    for number, name in enumerate(changes.drop):
        if name not in names and not changes.is_standing:
            path = (*changes.path, INIT, "drop", number)
            problems.append(unknown(subject, changes, path, "init container", name, names))
    kept = [container for container in containers if container["name"] not in changes.drop]
    if len(kept) == len(containers):
        return manifest, problems
    if kept:
        return put(manifest, (*subject.pod, INIT), kept), problems
    return remove(manifest, (*subject.pod, INIT)), problems


def _volumes(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    problems = []
    for name, choice in changes.volumes.items():
        path = (*changes.path, "volumes", name)
        try:
            manifest = with_volume(subject.base, subject.origin.id, subject.row, manifest, name, choice, subject.marks)
        except LookupError as known:
            if not changes.is_standing:
                listed = [str(volume) for volume in known.args[0]]
                problems.append(unknown(subject, changes, path, "volume", name, listed, at_key=True))
        except Unfit as reason:
            values = {"name": name, "choice": choice, "reason": str(reason)}
            problems.append(reporter(subject, changes)("SL235", path=path, **values))
    return manifest, problems


def _config_maps(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    """Lets every reference to a ConfigMap lead to the sandbox's copy of it."""
    problems = []
    namespace = subject.origin.id.namespace
    for change in changes.config_maps:
        if change.name not in subject.copies:
            continue  # told where the copies are planned
        old = ResourceId("", "ConfigMap", namespace, change.name)
        renamed = rename(manifest, old, subject.copies[change.name], namespace=namespace)
        if renamed is manifest and not changes.is_standing:
            values = {"name": change.name, "workload": subject.origin.id}
            problems.append(reporter(subject, changes)("SL234", path=(*change.path, "name"), **values))
        manifest = renamed
    return manifest, problems


def preserved(subject: Subject, listed: tuple[Changes, ...]) -> tuple[frozenset[str], list[Problem]]:
    """Returns the keys of pod labels that keep their values, and keys that no label has."""
    labels = pod_labels(subject.row, subject.origin.manifest)
    problems = [
        unknown(subject, changes, (*changes.path, "preserveLabels", number), "pod label", key, list(labels))
        for changes in listed
        for number, key in enumerate(changes.preserve)
        if key not in labels and not changes.is_standing
    ]
    return frozenset(key for changes in listed for key in changes.preserve), problems
