"""Patches of a kustomization: reading them, and applying them to the objects that they mean.

https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/internal/builtins/PatchTransformer.go
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sandlane.base.kustomize.field_specs import Config
from sandlane.base.kustomize.files import Files, Place
from sandlane.base.kustomize.objects import Entry, group_version, id_of, metadata, named, namespace_of, remembered
from sandlane.base.kustomize.targets import selected, with_id
from sandlane.frozen import frozen
from sandlane.patch.errors import PatchError
from sandlane.patch.patches import Patch, apply_patch, check_patch, parse_patch
from sandlane.patch.targets import TargetError
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Path, Source, dotted


@frozen(kw_only=True)
class LoadedPatch:
    """One entry of a list of patches: its documents with their places, and what it is for.

    `inside` is set for patches in files, whose values have places of their own.
    """

    documents: tuple[tuple[Patch, Place], ...]
    target: Mapping[str, Any] | None
    options: Mapping[str, bool]
    place: Place
    inside: bool


def read_strategic(files: Files, entry: str, place: Place) -> LoadedPatch:
    """Reads an entry of `patchesStrategicMerge`: a file, or the patch itself. Raises Invalid."""
    is_inline = "\n" in entry or entry.lstrip().startswith("{") or ": " in entry
    documents = _inline(entry, place) if is_inline else _from_file(files, entry, place)
    for patch, here in documents:
        if isinstance(patch, list):
            raise here.invalid("SL142", what="expected a strategic merge patch, not a list of operations")
    return _named(LoadedPatch(documents=documents, target=None, options={}, place=place, inside=not is_inline))


def read_json(files: Files, entry: Mapping[str, Any], place: Place) -> LoadedPatch:
    """Reads an entry of `patchesJson6902`. Raises Invalid."""
    if not (entry.get("target") or {}).get("name"):
        raise place.invalid("SL142", what="a patch of 'patchesJson6902' needs a target with a name")
    loaded = read_patch(files, entry, place)
    for patch, here in loaded.documents:
        if not isinstance(patch, list):
            raise here.invalid("SL142", what="expected a list of operations")
    return loaded


def read_patch(files: Files, entry: Mapping[str, Any], place: Place) -> LoadedPatch:
    """Reads an entry of `patches`. Raises Invalid."""
    text, path, target = (entry.get("patch") or "").strip(), entry.get("path") or "", entry.get("target")
    if bool(text) == bool(path):
        found = "has both a 'path' and a 'patch': expected one of them" if text else "needs a 'path' or a 'patch'"
        raise place.invalid("SL142", what=f"a patch {found}")
    here = Place(place.source, (*place.path, "path" if path else "patch"))
    documents = _from_file(files, path, here) if path else _inline(text, here)
    if target is not None and len(documents) > 1:
        raise place.invalid("SL142", what="several strategic merge patches in one entry with a target")
    if target is None and (not documents or any(isinstance(patch, list) for patch, _ in documents)):
        raise place.invalid("SL142", what="a JSON patch needs a target" if documents else "the patch is empty")
    options = entry.get("options") or {}
    return _named(LoadedPatch(documents=documents, target=target, options=options, place=place, inside=bool(path)))


def _named(loaded: LoadedPatch) -> LoadedPatch:
    """Returns a patch. Raises Invalid where a strategic merge patch does not name an object."""
    for patch, place in loaded.documents:
        if isinstance(patch, list):
            continue
        wanted = {"kind": patch.get("kind"), "metadata.name": metadata(patch).get("name")}
        missing = [field for field, value in wanted.items() if not isinstance(value, str) or not value]
        if missing:
            says = f"{' and '.join(missing)} missing or no string: a strategic merge patch names an object"
            raise place.invalid("SL142", what=says)
    return loaded


def _from_file(files: Files, entry: str, place: Place) -> tuple[tuple[Patch, Place], ...]:
    path, text = files.read(entry, place)
    _check_brackets(text, place)
    found = []
    for document in files.documents(path):
        source = Source(file=path, document=document.index)
        for data, prefix in _items(document.data):
            try:
                found.append((check_patch(data), Place(source, prefix)))
            except PatchError as error:
                raise Place(source, (*prefix, *error.path)).invalid("SL144", what=error.message) from None
    return tuple(found)


def _inline(text: str, place: Place) -> tuple[tuple[Patch, Place], ...]:
    _check_brackets(text.encode(), place)
    try:
        return tuple((patch, place) for data in parse_patch(text) for patch, _ in _items(data))
    except PatchError as error:
        raise place.invalid("SL144", what=_within(error)) from None


def _check_brackets(text: bytes, place: Place) -> None:
    """Raises Invalid for operations in brackets that are no JSON: kustomize reads them as JSON alone, and refuses others."""
    if text.startswith(b"["):
        try:
            json.loads(text)
        except ValueError:
            what = "operations in brackets have to be JSON: quote keys and texts, or begin each with '- ' on a line of its own"
            raise place.invalid("SL144", what=what) from None


def _items(data: Any) -> list[tuple[Any, Path]]:
    """Returns a document, or the items of a List one by one."""
    if isinstance(data, dict) and str(data.get("kind")).endswith("List") and isinstance(data.get("items"), list):
        return [(item, ("items", number)) for number, item in enumerate(data["items"])]
    return [] if data == {} else [(data, ())]


def _within(error: PatchError) -> str:
    return f"{error.message} (in '{dotted(error.path)}' of the patch)" if error.path else error.message


def apply_patches(entries: list[Entry], loaded: LoadedPatch, _: Config) -> list[Entry]:
    """Returns the entries with a patch applied; those that it deletes are left out. Raises Invalid."""
    changed: dict[int, Entry | None] = {}
    problems = []
    for patch, place in loaded.documents:
        for number in _meant(entries, patch, place, loaded):
            entry = changed.get(number, entries[number])
            if entry is None:
                continue
            try:
                changed[number] = _patched(entry, patch, loaded)
            except PatchError as error:
                path = (*place.path, *error.path) if loaded.inside else place.path
                says = error.message if loaded.inside else _within(error)
                problems.append(report("SL144", source=place.source, path=path, what=f"{says}, for '{entry.id}'"))
    if problems:
        raise Invalid(problems)
    patched = (changed.get(number, entry) for number, entry in enumerate(entries))
    return [entry for entry in patched if entry is not None]


def _meant(entries: list[Entry], patch: Patch, place: Place, loaded: LoadedPatch) -> list[int]:
    """Returns the positions of the objects that a patch is for. Raises Invalid where there are none."""
    if loaded.target is not None:
        here = Place(loaded.place.source, (*loaded.place.path, "target"))
        try:
            found = selected(entries, loaded.target)
        except TargetError as error:
            raise here.invalid("SL142", what=str(error)) from None
        return found  # may be empty, as for kustomize: a shared component has a patch for each kind
    assert not isinstance(patch, list)
    wanted = id_of(patch)
    found = with_id(entries, wanted)
    if len(found) != 1:
        says = f"{len(found)} objects are" if found else "no object of the kustomization is"
        raise place.invalid(
            "SL143", what=f"{says} '{wanted}' of apiVersion {patch.get('apiVersion')}, which the patch is for"
        )
    return found


def _patched(entry: Entry, patch: Patch, loaded: LoadedPatch) -> Entry | None:
    """Applies a patch to one object. Raises PatchError.

    Name, kind and namespace stay, unless the options allow a change or a JSON patch makes it: those are followed.
    """
    group, _ = group_version(entry.manifest)
    before, namespace = entry.id, namespace_of(entry.manifest)
    if isinstance(patch, list):
        patched = apply_patch(entry.manifest, patch, group=group, kind=before.kind)
        return None if patched is None else replace(remembered(entry), manifest=_still_object(patched))
    patch = {**patch, "apiVersion": entry.manifest.get("apiVersion")} if "apiVersion" in entry.manifest else patch
    merged = apply_patch(entry.manifest, patch, group=group, kind=before.kind)
    if merged is None:
        return None
    may_rename, may_change = loaded.options.get("allowNameChange"), loaded.options.get("allowKindChange")
    kind = str(merged.get("kind")) if may_change else before.kind
    name = str(metadata(merged).get("name")) if may_rename else before.name
    merged = named(merged if merged.get("kind") == kind else {**merged, "kind": kind}, name, namespace)
    return replace(remembered(entry) if may_rename or may_change else entry, manifest=merged)


def _still_object(patched: dict[str, Any]) -> dict[str, Any]:
    found = id_of(patched)
    if not found.kind or not found.name or not isinstance(patched.get("metadata"), dict):
        raise PatchError("the patch leaves an object without kind or name")
    return patched
