"""What a sandbox asks of its workloads: fields as its spec names them, each from one value to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from sandlane.frozen import frozen
from sandlane.k8s import route_fields
from sandlane.k8s.resource import Manifest, ResourceId
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.plan.model import ConfigMapClone, ServiceClone, WorkloadClone
from sandlane.plan.names import LABEL_PREFIXES, MANAGED_BY
from sandlane.reports.diff.fields import FieldChange, fields
from sandlane.reports.diff.items import Step

Change = Literal["added", "removed", "changed", "renamed"]
Kept = tuple[str, str, str, str]
Followed = Mapping[ResourceId, frozenset[Kept]]


@frozen(kw_only=True)
class ObjectChange:
    """An object that was added, removed or changed; with `renamed` it stood under another name (`was`)."""

    change: Change
    id: ResourceId
    file: str
    sandbox: str | None
    origin: str | None
    fields: tuple[FieldChange, ...] = ()
    was: ResourceId | None = None


@frozen(kw_only=True)
class Intent:
    """What a sandbox asks of a workload: a field, from one value to another. None: it is not there, or it is the base's."""

    workload: str
    field: str
    before: Any
    after: Any


def kept(changed: Iterable[FieldChange]) -> Iterator[Kept]:
    """Yields what can be compared of field changes."""
    for change in changed:
        yield change.kind, change.field, str(change.before), str(change.after)


def intents_of(
    clones: Mapping[ResourceId, WorkloadClone | ConfigMapClone],
    changed: Iterable[ObjectChange],
    followed: Followed,
    *,
    is_new: bool,
    tenant_labels: frozenset[str],
) -> Iterator[Intent]:
    """Yields what a sandbox asks: of new clones against their origins, of others against what they were.

    `tenant_labels` are the labels that hold the tenantID, before and after.
    """
    own = _Own(
        labels=tenant_labels,
        copies=frozenset((c.origin.id.name, c.id.name) for c in clones.values() if isinstance(c, ConfigMapClone)),
    )
    for entry in changed:
        clone = clones.get(entry.id)
        if isinstance(clone, WorkloadClone):
            yield from _of_clone(clone, entry, followed.get(clone.origin.id, frozenset()), own)
        elif clone:
            yield from _of_config_map(clone, entry)
        elif is_new or entry.change not in ("added", "removed"):
            continue
        elif entry.change == "removed" and entry.origin and (entry.id.group, entry.id.kind) in WORKLOADS:
            origin = entry.origin.rpartition(".")[2]
            workload = f"{entry.id.kind}/{entry.id.namespace}/{origin}"
            yield Intent(workload=workload, field="clone", before="one", after=None)
        elif (entry.id.group, entry.id.kind) in route_fields.KINDS:
            before, after = ("one", None) if entry.change == "removed" else (None, "one")
            yield Intent(workload=str(entry.id), field="route", before=before, after=after)


def used_in_place(services: Iterable[ServiceClone]) -> Iterator[Intent]:
    """Yields the existing workloads that a sandbox's requests go to, for which there is no clone."""
    for service in services:
        if service.workload.use:
            yield Intent(workload=str(service.origin.id), field="use", before=None, after=str(service.workload.use))


def _of_clone(clone: WorkloadClone, entry: ObjectChange, followed: frozenset[Kept], own: _Own) -> Iterator[Intent]:
    if entry.change != "added":
        asked_here = (c for c, kept in zip(entry.fields, kept(entry.fields), strict=True) if kept not in followed)
        yield from _of_fields(clone, asked_here, own)
        return
    asked = list(_of_fields(clone, fields(clone.origin.manifest, clone.manifest), own))
    yield from asked or [Intent(workload=_named(clone), field="unchanged", before=None, after=None)]


def _of_config_map(copy: ConfigMapClone, entry: ObjectChange) -> Iterator[Intent]:
    if entry.change == "added":
        data = copy.origin.manifest.get("data") or {}
        for key, value in copy.data.items():
            yield Intent(workload=str(copy.origin.id), field=key, before=data.get(key), after=value)
    for field in entry.fields:
        if field.path[0] in ("data", "binaryData"):
            yield Intent(
                workload=str(copy.origin.id), field=str(field.path[-1]), before=field.before, after=field.after
            )


def _named(clone: WorkloadClone) -> str:
    return str(clone.origin.id)


def _of_fields(clone: WorkloadClone, changed: Iterable[FieldChange], own: _Own) -> Iterator[Intent]:
    """Yields the fields of a clone as a spec names them; what sandlane itself sets (names, marks, selectors) is left out."""
    template = clone.row.template
    listed = _containers(clone.manifest, template)
    for change in changed:
        if not own.has(change):
            field = _field(change.path, template, listed)
            before, after = _plain(change, change.before), _plain(change, change.after)
            yield Intent(workload=_named(clone), field=field, before=before, after=after)


def _plain(change: FieldChange, value: Any) -> Any:
    """Returns a value as a spec says it: of a variable that was added or removed, its value."""
    if len(change.path) >= 2 and change.path[-2] == "env" and isinstance(value, Mapping):
        return value.get("value", value.get("valueFrom"))
    return value


def _containers(manifest: Manifest, template: tuple[Step, ...]) -> int:
    found: Any = manifest
    for step in (*template, "spec", "containers"):
        found = found.get(step) or {}
    return len(found)


_TELEMETRY = "service.istio.io/canonical-"
"""What Istio calls pods; sandlane says it for clones, so that it does not change with the mesh."""


@frozen(kw_only=True)
class _Own:
    """What sandlane itself sets: labels that hold the tenantID, and names of ConfigMaps and of their copies."""

    labels: frozenset[str]
    copies: frozenset[tuple[str, str]]

    def has(self, change: FieldChange) -> bool:
        """Tells whether sandlane makes a change, and no spec asks for it."""
        path, last = change.path, str(change.path[-1])
        if path[:1] == ("metadata",) and path[1:2] in (("name",), ("annotations",)):
            return True
        if "annotations" in path:
            return last.startswith(LABEL_PREFIXES)
        if "labels" in path or "matchLabels" in path or "selector" in path:
            marks = last.startswith((*LABEL_PREFIXES, _TELEMETRY)) or last == MANAGED_BY or last in self.labels
            return marks or "matchLabels" in path
        if last == "name":
            return (str(change.before), str(change.after)) in self.copies
        return "[name=SANDLANE_TENANT_ID]" in path


def _field(path: tuple[Step, ...], template: tuple[Step, ...], containers: int) -> str:
    """Returns the name of a field as specs have it: `image`, `env LOG`, with the container where there are several."""
    pod = (*template, "spec")
    if path[: len(pod)] != pod:
        return FieldChange(path, "set").field.removeprefix("spec.")
    rest = path[len(pod) :]
    if len(rest) >= 3 and rest[0] in ("containers", "initContainers"):
        container = str(rest[1])[1:-1].partition("=")[2]
        where = "" if containers == 1 and rest[0] == "containers" else f" of {container}"
        if rest[2] == "env" and len(rest) >= 4:
            return f"env {str(rest[3])[1:-1].partition('=')[2]}{where}"
        return FieldChange(rest[2:], "set").field + where
    return FieldChange(rest, "set").field
