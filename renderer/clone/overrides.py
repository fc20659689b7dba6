"""Overrides: what specs and standing rules change in a workload before it is cloned, step by step.

The result is still the origin, with its own name, labels and selector; everything by which a clone differs from its origin
in any case comes later (`renderer.clone.workload`), so that no override can undo it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from renderer.addresses import Addresses, Unaddressable, find, port_of
from renderer.base import Base, found_at
from renderer.catalogue import report
from renderer.clone.volumes import Unfit, with_volume
from renderer.kinds import SIDECARS, WorkloadKind, at, pod_labels
from renderer.model import Changes, Manifest, Patch, Resource, ResourceId, Sandbox, Variable
from renderer.names import VARIABLES
from renderer.patch.errors import PatchError
from renderer.patch.patches import apply_patch
from renderer.patch.put import is_same, put, remove
from renderer.problems import Path, Problem, did_you_mean, dotted
from renderer.references import rename
from renderer.shapes import mismatches, texts_of

_INIT = "initContainers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is changed: the origin, in the form of its clones, for which sandbox, and what changes may refer to.

    `marks` are the labels of the tenant's objects, `copies` the names of the sandbox's copies of ConfigMaps.
    """

    base: Base
    sandbox: Sandbox
    origin: Resource
    row: WorkloadKind
    addresses: Addresses
    marks: Mapping[str, str]
    copies: Mapping[str, str]

    @property
    def pod(self) -> Path:
        """Where the pod spec is."""
        return (*self.row.template, "spec")


Step = Callable[[Subject, Changes, Any], tuple[Any, list[Problem]]]


def override(subject: Subject, listed: tuple[Changes, ...]) -> tuple[Any, list[Problem]]:
    """Returns the origin's manifest with all changes made, in order, and the mistakes in them."""
    manifest: Any = subject.origin.manifest
    problems = list(_reserved(subject))
    for changes in listed:
        for step in (_images, _environment, _init_containers, _volumes, _config_maps, _patches):
            manifest, wrong = step(subject, changes, manifest)
            problems += wrong
    return manifest, problems


def app_containers(manifest: Manifest, row: WorkloadKind) -> list[Manifest]:
    """Returns the containers of a workload's pods, without those that a mesh injects."""
    containers = at(manifest, (*row.template, "spec", "containers")) or ()
    return [container for container in containers if container.get("name") not in SIDECARS]


def _reporter(subject: Subject, changes: Changes) -> Callable[..., Problem]:
    return partial(report, source=changes.source, sandbox=None if changes.is_standing else subject.sandbox.source)


def _reserved(subject: Subject) -> Iterator[Problem]:
    """Yields variables of the base that have the names of those that every clone gets."""
    for container in app_containers(subject.origin.manifest, subject.row):
        for variable in container.get("env") or ():
            if variable.get("name") in VARIABLES:
                yield report(
                    "SL214",
                    source=subject.origin.source,
                    path=(*subject.pod, "containers"),
                    sandbox=subject.sandbox.source,
                    variable=variable["name"],
                    where=f"'{subject.origin.id}' in the base",
                )


def _images(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    """Gives containers their images: the one app container by `image`, others by name."""
    wrong = partial(_reporter(subject, changes), workload=subject.origin.id)
    apps = [str(container["name"]) for container in app_containers(manifest, subject.row)]
    names = [*apps, *(str(c["name"]) for c in at(manifest, (*subject.pod, _INIT)) or ())]
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
    return _each_container(
        subject,
        manifest,
        lambda _, c: put(c, ("image",), images[c["name"]]) if c["name"] in images else c,
    ), problems


def _each_container(subject: Subject, manifest: Any, change: Callable[[str, Manifest], Manifest]) -> Any:
    """Returns a manifest with each container replaced; `change` is given the field that holds it."""
    for field in ("containers", _INIT):
        containers = at(manifest, (*subject.pod, field))
        if containers:
            changed = [c if c["name"] in SIDECARS else change(field, c) for c in containers]
            manifest = put(manifest, (*subject.pod, field), changed)
    return manifest


def _environment(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
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

    return _each_container(subject, manifest, changed), problems


def _resolved(
    subject: Subject, changes: Changes, container: Manifest, place: Path, variables: tuple[Variable, ...]
) -> tuple[list[Variable], list[Problem]]:
    """Returns variables with addresses of clones filled in, and what is wrong with any."""
    wrong = _reporter(subject, changes)
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
    for variable in base:
        change = changed.get(variable["name"])
        if change is None:
            result.append(variable)
        elif change.body is not None and not any(v["name"] == change.name for v in result):
            result.append({"name": change.name, **change.body})
    present = {variable["name"] for variable in base}
    return [*result, *({"name": c.name, **c.body} for c in changes if c.body is not None and c.name not in present)]


def _init_containers(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    containers = at(manifest, (*subject.pod, _INIT)) or []
    names = [str(container["name"]) for container in containers]
    problems = []
    for number, name in enumerate(changes.drop):
        if name not in names and not changes.is_standing:
            path = (*changes.path, _INIT, "drop", number)
            problems.append(_unknown(subject, changes, path, "init container", name, names))
    kept = [container for container in containers if container["name"] not in changes.drop]
    if len(kept) == len(containers):
        return manifest, problems
    if kept:
        return put(manifest, (*subject.pod, _INIT), kept), problems
    return remove(manifest, (*subject.pod, _INIT)), problems


def _unknown(
    subject: Subject, changes: Changes, path: Path, what: str, name: str, known: list[str], *, at_key: bool = False
) -> Problem:
    hint = did_you_mean(name, known, otherwise=f"known: {', '.join(sorted(known)) or 'none'}")
    values = {"what": what, "name": name, "workload": subject.origin.id, "hint": hint, "at_key": at_key}
    return _reporter(subject, changes)("SL233", path=path, **values)


def _volumes(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    problems = []
    for name, choice in changes.volumes.items():
        path = (*changes.path, "volumes", name)
        try:
            manifest = with_volume(subject.base, subject.origin.id, subject.row, manifest, name, choice, subject.marks)
        except LookupError as known:
            if not changes.is_standing:
                listed = [str(volume) for volume in known.args[0]]
                problems.append(_unknown(subject, changes, path, "volume", name, listed, at_key=True))
        except Unfit as reason:
            values = {"name": name, "choice": choice, "reason": str(reason)}
            problems.append(_reporter(subject, changes)("SL235", path=path, **values))
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
            problems.append(_reporter(subject, changes)("SL234", path=(*change.path, "name"), **values))
        manifest = renamed
    return manifest, problems


_DECIDED: tuple[tuple[Path, str], ...] = (
    (("apiVersion",), "clones are of their origin's kind"),
    (("kind",), "clones are of their origin's kind"),
    (("metadata", "name"), "clones are named <origin>-<tenantID>"),
    (("metadata", "namespace"), "clones live beside their origins"),
    (("spec", "replicas"), "use 'replicas'"),
    (("spec", "selector"), "clones have selectors of their own"),
    (("spec", "serviceName"), "a clone has a headless Service of its own"),
)
"""Paths whose values sandlane decides -> what to do instead."""


def _patches(subject: Subject, changes: Changes, manifest: Any) -> tuple[Any, list[Problem]]:
    problems = []
    for patch in changes.patches:
        wrong = partial(_reporter(subject, changes), path=patch.path, workload=subject.origin.id)
        try:
            patched = _patched(subject, manifest, patch)
        except PatchError as reason:
            problems.append(wrong("SL231", reason=str(reason)))
            continue
        if patched is None or not at(patched, (*subject.pod, "containers")):
            problems.append(wrong("SL231", reason="it leaves no containers to run"))
            continue
        template = (*subject.row.template, "metadata", "labels")
        decided = (*_DECIDED, (template, "Services and policies select by the labels of pods"))
        for path, way in decided:
            if not is_same(at(patched, path), at(manifest, path)):
                problems.append(wrong("SL232", field=".".join(str(step) for step in path), hint=way))
        manifest = patched
    return manifest, problems


def _patched(subject: Subject, manifest: Any, patch: Patch) -> Any:
    """Applies a patch; a strategic merge may name the origin as in kustomize, and no other object."""
    id, (group, kind) = subject.origin.id, subject.row.clone
    body = patch.body
    if not isinstance(body, list):
        meant = {"kind": id.kind, "name": id.name, "namespace": id.namespace}
        metadata = body.get("metadata") or {}
        for key, value in {"kind": body.get("kind"), **{k: metadata.get(k) for k in ("name", "namespace")}}.items():
            if value not in (None, meant[key]):
                raise PatchError(f"it is for {key} '{value}'")
        kept = {key: value for key, value in metadata.items() if key not in meant}
        body = {key: kept if key == "metadata" else body[key] for key in body if key not in ("apiVersion", "kind")}
    patched = apply_patch(manifest, body, group=group, kind=kind)
    for path, expected in (*texts_of(patched), *mismatches(group, kind, patched)):
        raise PatchError(f"'{dotted(path)}' would be {found_at(patched, path)}, expected {expected}")
    return patched


def preserved(subject: Subject, listed: tuple[Changes, ...]) -> tuple[frozenset[str], list[Problem]]:
    """Returns the keys of pod labels that keep their values, and keys that no label has."""
    labels = pod_labels(subject.row, subject.origin.manifest)
    problems = [
        _unknown(subject, changes, (*changes.path, "preserveLabels", number), "pod label", key, list(labels))
        for changes in listed
        for number, key in enumerate(changes.preserve)
        if key not in labels and not changes.is_standing
    ]
    return frozenset(key for changes in listed for key in changes.preserve), problems
