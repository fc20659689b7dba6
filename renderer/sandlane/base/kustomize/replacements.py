"""`replacements`: values of one object that are copied into others.

https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/filters/replacement/replacement.go
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandlane.base.kustomize import field_paths, schema
from sandlane.base.kustomize.field_specs import Config, FieldError
from sandlane.base.kustomize.files import Files, Place
from sandlane.base.kustomize.objects import Entry
from sandlane.base.kustomize.targets import ID_FIELDS, is_chosen, is_labelled, is_meant
from sandlane.frozen import frozen
from sandlane.patch.errors import text_of
from sandlane.problems.problem import Invalid, Source
from sandlane.yamlio.scalars import Doubt, resolve
from sandlane.yamlio.shapes import canonical

_NAME = "metadata.name"


@frozen
class Replacement:
    """A replacement and where it stands."""

    data: Mapping[str, Any]
    place: Place


def read_replacements(files: Files, entry: Mapping[str, Any], place: Place) -> tuple[Replacement, ...]:
    """Returns the replacement of an entry, or those of the file that it names. Raises Invalid."""
    if not entry.get("path"):
        return (_complete(Replacement(entry, place)),)
    if entry.get("source") or entry.get("targets") or entry.get("sourceValue") is not None:
        raise place.invalid("SL142", what="a replacement has both a 'path' and fields of its own: expected one of them")
    path, _ = files.read(entry["path"], Place(place.source, (*place.path, "path")))
    found: list[Replacement] = []
    for document in files.documents(path):
        source = Source(file=path, document=document.index)
        rows = schema.REPLACEMENT if isinstance(document.data, dict) else [schema.REPLACEMENT]
        problems = tuple(schema.problems_of(document.data, rows, source))
        if problems:
            raise Invalid(problems)
        data = canonical(document.data, rows)
        items = [((), data)] if isinstance(data, dict) else [((number,), item) for number, item in enumerate(data)]
        found += (_complete(Replacement(item, Place(source, steps))) for steps, item in items)
    return tuple(found)


def _complete(replacement: Replacement) -> Replacement:
    data = replacement.data
    is_given = data.get("sourceValue") is not None
    if not (data.get("source") or is_given) or data.get("targets") is None:
        raise replacement.place.invalid("SL142", what="a replacement needs a 'source' or 'sourceValue', and 'targets'")
    if data.get("source") and is_given:
        what = "a replacement has both a 'source' and a 'sourceValue': expected one of them"
        raise replacement.place.invalid("SL142", what=what)
    for number, target in enumerate(data["targets"]):
        if target.get("select") is None:
            place = Place(replacement.place.source, (*replacement.place.path, "targets", number))
            raise place.invalid("SL142", what="a target of a replacement needs a 'select'")
    return replacement


def apply_replacement(entries: list[Entry], replacement: Replacement, _: Config) -> list[Entry]:
    """Copies a value into every target. Raises FieldError and TargetError."""
    data = replacement.data
    value = data["sourceValue"] if "sourceValue" in data else _source_value(entries, data["source"])
    for target in data["targets"]:
        entries = [_with_value(entry, value, target) if is_target(entry, target) else entry for entry in entries]
    return entries


def _source_value(entries: list[Entry], source: Mapping[str, Any]) -> Any:
    found = [entry for entry in entries if is_meant(entry, source)]
    shown = "/".join(str(source[key]) for key in ("group", "version", "kind", "namespace", "name") if source.get(key))
    if len(found) != 1:
        raise FieldError(f"{len(found) or 'no'} objects are meant by the source '{shown}': expected one")
    path = source.get("fieldPath") or _NAME
    value = field_paths.look_up(found[0].manifest, field_paths.steps_of(path))
    if value is field_paths.MISSING or value in (None, {}, []):
        raise FieldError(f"the source '{shown}' has no '{path}'")
    options = source.get("options") or {}
    if not options.get("delimiter"):
        return value
    if isinstance(value, dict | list):
        raise FieldError(f"'{path}' of the source is no single value, so it has no parts")
    parts = text_of(value).split(options["delimiter"])
    index = options.get("index") or 0
    if not 0 <= index < len(parts):
        raise FieldError(f"the source's '{path}' has {len(parts)} parts: there is none at index {index}")
    return parts[index]


def is_target(entry: Entry, target: Mapping[str, Any]) -> bool:
    """Tells whether a target of a replacement selects an entry. Raises TargetError."""
    if not is_labelled(entry, target["select"]) or not is_chosen(entry, target["select"]):
        return False
    for reject in target.get("reject") or ():
        by_labels = reject.get("labelSelector") or reject.get("annotationSelector")
        by_id = any(reject.get(field) for field in ID_FIELDS)
        if (by_labels and is_labelled(entry, reject)) or (by_id and is_chosen(entry, reject)):
            return False
    return True


def _with_value(entry: Entry, value: Any, target: Mapping[str, Any]) -> Entry:
    options = target.get("options") or {}
    manifest = entry.manifest
    for path in target.get("fieldPaths") or (_NAME,):
        manifest, count = field_paths.replaced(
            manifest,
            field_paths.steps_of(path),
            lambda old: _new_value(old, value, options),
            create=bool(options.get("create")),
        )
        if not count:
            raise FieldError(f"'{entry.id}' has no '{path}' to replace")
    return replace(entry, manifest=manifest)


def _new_value(old: Any, value: Any, options: Mapping[str, Any]) -> Any:
    """Returns the new value of a target: a scalar keeps its type, and with a delimiter one of its parts is replaced."""
    if options.get("delimiter"):
        if isinstance(old, dict | list) or isinstance(value, dict | list):
            raise FieldError("a delimiter asks for single values")
        parts = ("" if old is field_paths.MISSING else text_of(old)).split(options["delimiter"])
        index, text = options.get("index") or 0, text_of(value)
        if index < 0:
            parts = [text, *parts]
        elif index >= len(parts):
            parts = [*parts, text]
        else:
            parts[index] = text
        value = options["delimiter"].join(parts)
    if old is field_paths.MISSING:
        return _plain(value)
    if isinstance(old, dict | list) or isinstance(value, dict | list) or old is None:
        return value
    return _as(old, text_of(value))


def _plain(value: Any) -> Any:
    """Returns a new scalar as kustomize makes it: its text is read once more, so that '80' becomes a number."""
    if not isinstance(value, str):
        return value
    read = resolve(value)
    return value if isinstance(read, Doubt) else read


def _as(old: Any, text: str) -> Any:
    if isinstance(old, str):
        return text
    read = resolve(text)
    wanted = (int, float) if isinstance(old, float) else type(old)
    if isinstance(read, Doubt) or not isinstance(read, wanted):
        raise FieldError(f"'{text}' cannot stand where {text_of(old)} is: it has another type")
    return read
