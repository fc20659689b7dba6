"""`configurations`: files that add to the fields that the steps of a build change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandlane.base.kustomize import schema
from sandlane.base.kustomize.defaults import default_config
from sandlane.base.kustomize.field_specs import Config, FieldError, FieldSpec, NameReferences, merged_configs, steps_of
from sandlane.base.kustomize.files import Files, Place
from sandlane.problems.problem import Invalid, Source
from sandlane.yamlio.shapes import canonical

_FIELDS = {
    "namePrefix": "name_prefix",
    "nameSuffix": "name_suffix",
    "namespace": "namespace",
    "commonLabels": "common_labels",
    "labels": "labels",
    "templateLabels": "template_labels",
    "commonAnnotations": "common_annotations",
    "images": "images",
    "replicas": "replicas",
}
"""Field of a configuration file -> field of `Config`; `varReference` has no meaning without vars."""


def read_configurations(files: Files, entries: Iterable[tuple[Place, str]]) -> Config:
    """Returns kustomize's own fields with those of files. Raises Invalid."""
    added = Config()
    for place, entry in entries:
        path, _ = files.read(entry, place)
        for document in files.documents(path):
            problems = tuple(
                schema.problems_of(document.data, schema.CONFIGURATION, Source(file=path, document=document.index))
            )
            if problems:
                raise Invalid(problems)
            added = joined(added, _config(canonical(document.data, schema.CONFIGURATION)), place)
    return default_config() if added == Config() else joined(default_config(), added, place)


def joined(old: Config, new: Config, place: Place) -> Config:
    """Returns two configurations as one. Raises Invalid where they contradict each other."""
    if old == Config() and new is default_config():
        return new
    try:
        return merged_configs(old, new)
    except FieldError as error:
        raise place.invalid("SL143", what=str(error)) from None


def _config(data: Mapping[str, Any]) -> Config:
    fields = {name: specs_of(data.get(key)) for key, name in _FIELDS.items()}
    references = tuple(
        NameReferences(**_selected(row), fields=specs_of(row.get("fieldSpecs")))
        for row in data.get("nameReference") or ()
    )
    return Config(**fields, name_references=references)


def specs_of(rows: Iterable[Mapping[str, Any]] | None) -> tuple[FieldSpec, ...]:
    """Returns rows of a kustomization as field specs."""
    return tuple(
        FieldSpec(**_selected(row), path=steps_of(row.get("path") or ""), create=bool(row.get("create")))
        for row in rows or ()
    )


def _selected(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: row.get(name) or "" for name in ("group", "version", "kind")}
