"""The build of a kustomization, step by step in kustomize's order.

https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/internal/target/kusttarget.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from sandlane.base.kustomize.configurations import joined
from sandlane.base.kustomize.field_specs import Config, FieldError
from sandlane.base.kustomize.files import Files, Place
from sandlane.base.kustomize.generators import Generated, content_hash
from sandlane.base.kustomize.images import set_images
from sandlane.base.kustomize.kustomization import Kustomization, read_kustomization
from sandlane.base.kustomize.name_references import fix_references
from sandlane.base.kustomize.objects import Entry, named, namespace_of, remembered, texts
from sandlane.base.kustomize.order import in_order
from sandlane.base.kustomize.patches import apply_patches
from sandlane.base.kustomize.replacements import apply_replacement
from sandlane.base.kustomize.targets import with_id
from sandlane.base.kustomize.transformers import (
    add_common_annotations,
    add_common_labels,
    add_labels,
    add_prefix,
    add_suffix,
    set_namespace,
    set_replicas,
)
from sandlane.base.kustomize.without_effect import without_effect
from sandlane.files.tree import Tree
from sandlane.frozen import frozen
from sandlane.patch.errors import text_of
from sandlane.patch.put import put, remove, update
from sandlane.patch.targets import TargetError
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source, gathered

_MOST = 10_000
"""Objects that a build may have: kustomizations that build each other several times multiply them."""
_ANNOTATIONS = ("metadata", "annotations")


@frozen
class Build:
    """The manifests of a kustomization with the places that they came from, and notices on what changes nothing."""

    objects: tuple[tuple[Source, dict[str, Any]], ...]
    notices: tuple[Problem, ...]


def build(tree: Tree, directory: str) -> Build:
    """Builds the kustomization in a directory of a tree.

    Raises Invalid with all that is wrong in any file that it names, else with what cannot be done with them.
    """
    kustomization = read_kustomization(Files(tree), directory)
    built = _built(kustomization, _NOTHING, {})
    hashed, problems = gathered(partial(_hashed, entry) for entry in built.entries)
    entries, unclear = fix_references(list(hashed), built.config)
    if problems or unclear:
        raise Invalid([*problems, *(_unclear(entry, says) for entry, says in unclear)])
    unique = _appended([], [(kustomization.place, entries)])
    entries = in_order(unique, kustomization.data.get("sortOptions"), kustomization.place)
    objects = tuple((entry.source, _finished(entry)) for entry in entries if not _is_local(entry))
    return Build(objects, tuple(dict.fromkeys(built.notices)))


def _hashed(entry: Entry) -> Entry:
    if not entry.is_hashed:
        return entry
    now = entry.id
    if now.kind not in ("ConfigMap", "Secret"):
        raise Invalid(
            [_unclear(entry, "it was generated and a patch changed its kind, so it has no content for a suffix")]
        )
    name = f"{now.name}-{content_hash(entry.manifest)}"
    return replace(remembered(entry), manifest=put(entry.manifest, ("metadata", "name"), name))


def _unclear(entry: Entry, says: str) -> Problem:
    return report("SL143", source=entry.source, what=f"in '{entry.id}': {says}")


def _is_local(entry: Entry) -> bool:
    return texts(entry.manifest, "annotations").get("config.kubernetes.io/local-config", "false") != "false"


def _finished(entry: Entry) -> dict[str, Any]:
    """Returns a manifest whose annotations are as kustomize writes them: all of them texts, and none where there are none."""
    metadata = entry.manifest.get("metadata")
    if not isinstance(metadata, dict) or "annotations" not in metadata:
        return entry.manifest
    found = metadata["annotations"]
    if not found:
        return dict(remove(entry.manifest, _ANNOTATIONS))
    others = [key for key in found if isinstance(found[key], bool | int | float)] if isinstance(found, dict) else []
    written = {key: text_of(found[key]) for key in others}
    return dict(put(entry.manifest, _ANNOTATIONS, {**found, **written})) if written else entry.manifest


@frozen
class _Unfinished:
    """Objects before hashes, references and order, which only the whole build can do, the fields that its steps change,
    and notices.
    """

    entries: list[Entry]
    config: Config
    notices: tuple[Problem, ...] = ()


_NOTHING = _Unfinished([], Config())
_Known = dict[str, _Unfinished | Invalid]
"""File of a kustomization -> what was built of it: several may build one."""


def _built(kustomization: Kustomization, onto: _Unfinished, known: _Known) -> _Unfinished:
    """Builds a kustomization onto the objects that are there: none, but for a component those of what names it."""
    built, problems = gathered(partial(_resource, found, known) for _, found in kustomization.resources)
    if problems:
        raise Invalid(problems)
    places = [place for place, _ in kustomization.resources]
    entries = _appended(onto.entries, [(place, more.entries) for place, more in zip(places, built, strict=True)])
    config = onto.config
    for place, more in zip(places, built, strict=True):
        config = joined(config, more.config, place)
    config = joined(config, kustomization.config, kustomization.place)
    for generated in kustomization.generated:
        entries = _absorbed(entries, generated)
    notices = (*onto.notices, *kustomization.notices, *chain.from_iterable(more.notices for more in built))
    unfinished = _Unfinished(entries, config, notices)
    for _, component in kustomization.components:
        unfinished = _built(component, unfinished, known)
    return _transformed(kustomization, unfinished)


def _resource(found: Kustomization | tuple[Entry, ...], known: _Known) -> _Unfinished:
    """Returns the objects of a resource: those of a file as they are, a kustomization built once."""
    if not isinstance(found, Kustomization):
        return _Unfinished(list(found), Config())
    file = found.place.source.file
    if file not in known:
        try:
            known[file] = _built(found, _NOTHING, known)
        except Invalid as invalid:
            known[file] = invalid
    result = known[file]
    if isinstance(result, Invalid):
        raise result
    return result


def _appended(entries: list[Entry], groups: Iterable[tuple[Place, list[Entry]]]) -> list[Entry]:
    """Returns the entries with groups of more. Raises Invalid for ids that are there already."""
    known = {entry.id: entry for entry in entries}
    result = list(entries)
    problems: list[Problem] = []
    for place, more in groups:
        if len(result) + len(more) > _MOST:
            raise place.invalid("SL143", what=f"the build has more than {_MOST} objects")
        for entry in more:
            first = known.setdefault(now := entry.id, entry)
            if len(known) == len(result):
                path, file = ("metadata", "name"), first.source.file
                problems.append(
                    report("SL124", source=entry.source, path=path, object=str(now), where="base", first=file)
                )
            else:
                result.append(entry)
    if problems:
        raise Invalid(problems)
    return result


def _absorbed(entries: list[Entry], generated: Generated) -> list[Entry]:
    """Returns the entries with a generated object: a new one, or one merged with or put in the place of another."""
    entry, place = generated.entry, generated.place
    found = with_id(entries, entry.id)
    if not found and generated.behavior == "create":
        return [*entries, entry]
    if len(found) != 1:
        says = f"{len(found)} objects are" if found else "no object is"
        raise place.invalid("SL143", what=f"{says} called '{entry.id}' to {generated.behavior}")
    if generated.behavior == "create":
        says = f"'{entry.id}' is there already: expected behavior merge or replace"
        raise place.invalid("SL143", what=says)
    old = entries[found[0]]
    new = _merged(old, entry, with_data=generated.behavior == "merge")
    return [new if number == found[0] else other for number, other in enumerate(entries)]


def _merged(old: Entry, new: Entry, *, with_data: bool) -> Entry:
    """Returns a generated object in the place of an older one: with its name, labels, annotations and history."""
    manifest = named(new.manifest, old.id.name, namespace_of(old.manifest))
    for field in ("labels", "annotations"):
        merged = {**texts(old.manifest, field), **texts(new.manifest, field)}
        if merged:
            manifest = put(manifest, ("metadata", field), merged)
    for field in ("data", "binaryData") if with_data else ():
        before, now = old.manifest.get(field) or {}, new.manifest.get(field) or {}
        if before:
            manifest = update(manifest, {field: {**before, **now}})
    return replace(old, manifest=manifest, source=new.source, is_hashed=old.is_hashed and new.is_hashed)


def _transformed(kustomization: Kustomization, unfinished: _Unfinished) -> _Unfinished:
    """Runs the steps of one kustomization over the objects; a step that fails leaves them as they were.

    Raises Invalid with what is wrong in all steps.
    """
    problems: list[Problem] = []
    entries, config, notices = unfinished.entries, unfinished.config, list(unfinished.notices)
    for place, value, step in _steps(kustomization):
        try:
            stepped = step(entries, value, config)
            notices += without_effect(entries, value, config, place)
            entries = stepped
        except (FieldError, TargetError) as error:
            problems += place.invalid("SL143", what=str(error)).problems
        except Invalid as invalid:
            problems += invalid.problems
    if problems:
        raise Invalid(problems)
    return _Unfinished(entries, config, tuple(notices))


Step = Callable[[list[Entry], Any, Config], list[Entry]]
_STEPS: Mapping[str, Step] = {
    "patchesStrategicMerge": apply_patches,
    "patches": apply_patches,
    "namespace": set_namespace,
    "namePrefix": add_prefix,
    "nameSuffix": add_suffix,
    "labels": add_labels,
    "commonLabels": add_common_labels,
    "commonAnnotations": add_common_annotations,
    "patchesJson6902": apply_patches,
    "replicas": set_replicas,
    "images": set_images,
    "imageTags": set_images,
    "replacements": apply_replacement,
}
"""Field -> what it does, in the order in which kustomize does it, whatever the order in the file."""


def _steps(kustomization: Kustomization) -> Iterator[tuple[Place, Any, Step]]:
    """Yields (place, value, step) for everything that a kustomization asks for."""
    source = kustomization.place.source
    for field, step in _STEPS.items():
        value = kustomization.loaded.get(field, kustomization.data.get(field))
        if isinstance(value, list | tuple):
            for number, item in enumerate(value):
                yield item.place if field in kustomization.loaded else Place(source, (field, number)), item, step
        elif value:
            yield Place(source, (field,)), value, step
