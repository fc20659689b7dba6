r"""Field specs: the field, and the kinds, that a step of a build sets, and how values are set there.

A path names fields, `/` between them and `\/` for a slash in one; lists on the way are gone through. `name[]` expects a list.
https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/filters/fieldspec/fieldspec.go
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandlane.base.kustomize.objects import group_version
from sandlane.base.kustomize.order import RANKS, legacy_kind
from sandlane.frozen import frozen
from sandlane.patch.put import is_same, kept, update

Steps = tuple[str, ...]
_SLASH = re.compile(r"(?<!\\)/")


class FieldError(Exception):
    """Raised where a path of a field spec does not fit an object: its text says why."""


@frozen(kw_only=True)
class Selected:
    """A group, version and kind that select objects; an empty one selects any."""

    group: str = ""
    version: str = ""
    kind: str = ""

    def selects(self, group: str, version: str, kind: str) -> bool:
        """Tells whether an object's group, version and kind are selected."""
        return self.group in ("", group) and self.version in ("", version) and self.kind in ("", kind)


@frozen(kw_only=True)
class FieldSpec(Selected):
    """A field of the selected objects; with `create` what is missing on the way is made."""

    path: Steps
    create: bool = False


def steps_of(path: str) -> Steps:
    """Returns the steps of a path as it is written."""
    found = [step.replace("\\/", "/") for step in _SLASH.split(path)]
    return tuple(found[1:] if len(found) > 1 and not found[0] else found)


def merged_specs(old: tuple[FieldSpec, ...], new: Iterable[FieldSpec]) -> tuple[FieldSpec, ...]:
    """Adds field specs that are not covered yet. Raises FieldError where one says `create` and the other does not."""
    result = list(old)
    for spec in new:
        same = next((o for o in result if o.path == spec.path and spec.selects(o.group, o.version, o.kind)), None)
        if same is None:
            result.append(spec)
        elif same.create != spec.create:
            raise FieldError(f"the field '{'/'.join(spec.path)}' is given with and without 'create: true'")
    return tuple(result)


def set_fields(
    manifest: dict[str, Any],
    specs: tuple[FieldSpec, ...],
    change: Callable[[Any], Any],
    make: Callable[[], Any] | None = None,
) -> dict[str, Any]:
    """Returns a manifest with the fields of all specs changed; the rest is shared.

    `make` returns a new value for a field that is created; without it nothing is.
    """
    group, version = group_version(manifest)
    kind = str(manifest.get("kind"))
    for spec in specs:
        if spec.selects(group, version, kind):
            manifest = set_field(manifest, spec.path, change, make if spec.create else None)
    return manifest


def set_field(value: Any, path: Steps, change: Callable[[Any], Any], make: Callable[[], Any] | None = None) -> Any:
    """Returns a value with the field at a path changed; lists on the way are gone through. Raises FieldError."""
    if not path:
        changed = change(value)
        return value if is_same(value, changed) else changed
    if value is None:
        return None
    if isinstance(value, list):
        return kept(value, [set_field(item, path, change, make) for item in value])
    if not isinstance(value, dict):
        raise FieldError(f"'{path[0]}' is looked for in {str(value)[:60]!r}, which is no mapping")
    name = path[0].removesuffix("[]")
    old = value.get(name)
    if old is None and name != path[0]:
        old = [] if name in value else None
    elif old is None and make is not None:
        old = make() if len(path) == 1 else {}
    if old is None and (name not in value or len(path) > 1):
        return value
    new = set_field(old, path[1:], change, make)
    return value if name in value and new is value[name] else update(value, {name: new})


@frozen(kw_only=True)
class NameReferences(Selected):
    """The fields that may hold the names of objects of a kind."""

    fields: tuple[FieldSpec, ...]


@frozen(kw_only=True)
class Config:
    """The fields that the steps of a build change: kustomize's own and those of `configurations`."""

    name_prefix: tuple[FieldSpec, ...] = ()
    name_suffix: tuple[FieldSpec, ...] = ()
    namespace: tuple[FieldSpec, ...] = ()
    common_labels: tuple[FieldSpec, ...] = ()
    labels: tuple[FieldSpec, ...] = ()
    template_labels: tuple[FieldSpec, ...] = ()
    common_annotations: tuple[FieldSpec, ...] = ()
    images: tuple[FieldSpec, ...] = ()
    replicas: tuple[FieldSpec, ...] = ()
    name_references: tuple[NameReferences, ...] = ()


def merged_configs(old: Config, new: Config) -> Config:
    """Returns both configurations as one. Raises FieldError where they contradict each other.

    As in kustomize the fields are sorted by kind each time, those of any kind last; one of any kind is then taken for
    known where one of a certain kind has its path.
    """
    if new is old:
        return old
    fields = {
        name: tuple(sorted(merged_specs(getattr(old, name), getattr(new, name)), key=_rank))
        for name in Config.__dataclass_fields__
        if name != "name_references"
    }
    return Config(**fields, name_references=_merged_references(old.name_references, new.name_references))


def _rank(spec: Selected) -> tuple[int, str]:
    return RANKS.get(spec.kind, 0), legacy_kind(spec.group, spec.version, spec.kind)


def _merged_references(old: tuple[NameReferences, ...], new: Iterable[NameReferences]) -> tuple[NameReferences, ...]:
    result = {(r.group, r.version, r.kind): r for r in old}
    for r in new:
        key = (r.group, r.version, r.kind)
        fields = merged_specs(result[key].fields, r.fields) if key in result else r.fields
        result[key] = NameReferences(group=r.group, version=r.version, kind=r.kind, fields=fields)
    return tuple(sorted(result.values(), key=_rank))
