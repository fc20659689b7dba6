"""`patches`: strategic merges and JSON 6902 patches of a workload, applied as in kustomize, but for what sandlane decides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sandlane.base.field_types import mismatches
from sandlane.files.tree import Tree
from sandlane.frozen import frozen
from sandlane.k8s.resource import at
from sandlane.overrides.changes import Changes
from sandlane.overrides.env import VARIABLES
from sandlane.overrides.field import Field
from sandlane.overrides.named_file import read_file
from sandlane.overrides.subject import Subject, app_containers
from sandlane.patch.errors import PatchError
from sandlane.patch.patches import apply_patch, parse_patch
from sandlane.patch.put import is_same
from sandlane.problems.problem import Invalid, Path, Problem, dotted
from sandlane.yamlio.value_types import type_at, type_of

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


@frozen(kw_only=True)
class Patch:
    """A patch: a strategic merge (a mapping) or JSON 6902 operations (a list). `steps` lead to it in the entry."""

    steps: Path
    body: Any


def _read(listed: list[Mapping[str, str]], changes: Changes, tree: Tree) -> tuple[Patch, ...]:
    patches: list[Patch] = []
    problems: list[Problem] = []
    for number, entry in enumerate(listed):
        field = "patch" if "patch" in entry else "path"
        steps: Path = ("patches", number, field)
        try:
            text = entry[field]
            if field == "path":
                path = (*changes.path, *steps)
                text = read_file(tree, text, changes.source, path, changes.sandbox)[1].decode("utf-8", "replace")
            patches += (Patch(steps=steps, body=body) for body in parse_patch(text))
        except PatchError as reason:
            problems.append(changes.problem("SL230", *steps, reason=str(reason)))
        except Invalid as invalid:
            problems += invalid.problems
    if problems:
        raise Invalid(problems)
    return tuple(patches)


def _files(listed: Any) -> list[Any]:
    return [at(patch, ("path",)) for patch in (listed if isinstance(listed, list) else ())]


def _apply(patches: tuple[Patch, ...], manifest: Any, subject: Subject, changes: Changes) -> tuple[Any, list[Problem]]:
    problems = []
    for patch in patches:
        wrong = partial(_wrong, changes, patch, workload=subject.origin.id)
        try:
            patched = _patched(subject, manifest, patch)
        except PatchError as reason:
            problems.append(wrong("SL231", reason=str(reason)))
            continue
        if patched is None or not at(patched, (*subject.pod, "containers")):
            problems.append(wrong("SL231", reason="it leaves no containers to run"))
            continue
        from sandlane.overrides.patch_checks import doubts  # it knows the fields of pods, for the few specs that patch

        doubtful = [wrong(code, **values) for code, values in doubts(subject, manifest, patched, patch.body)]
        problems += doubtful
        if any(problem.level == "error" for problem in doubtful):
            continue
        for field in sorted(patched.keys() - manifest.keys() - {"status"}):
            problems.append(wrong("SL232", field=field, hint="a workload has no such field"))
        template = (*subject.row.template, "metadata", "labels")
        decided = (*_DECIDED, (template, "Services and policies select by the labels of pods"))
        for path, way in decided:
            if not is_same(at(patched, path), at(manifest, path)):
                problems.append(wrong("SL232", field=".".join(str(step) for step in path), hint=way))
        named = [
            v["name"]
            for c in app_containers(patched, subject.row)
            for v in c.get("env") or ()
            if v["name"] in VARIABLES
        ]
        for name in dict.fromkeys(named):
            problems.append(_wrong(changes, patch, "SL214", variable=name, where="the patch"))
        manifest = patched
    return manifest, problems


def _wrong(changes: Changes, patch: Patch, code: str, **values: Any) -> Problem:
    return changes.problem(code, *patch.steps, **values)


def _patched(subject: Subject, manifest: Any, patch: Patch) -> Any:
    """Applies a patch; a strategic merge may name the origin as in kustomize, and no other object."""
    id, (group, kind) = subject.origin.id, subject.row.clone
    body = patch.body
    if not isinstance(body, list):
        meant = {"kind": id.kind, "name": id.name, "namespace": id.namespace}
        metadata = {} if body.get("metadata") is None else body["metadata"]
        if not isinstance(metadata, dict):
            raise PatchError(f"expected a mapping, not {type_of(metadata)}", ("metadata",))
        for key, value in {"kind": body.get("kind"), **{k: metadata.get(k) for k in ("name", "namespace")}}.items():
            if value not in (None, meant[key]):
                raise PatchError(f"it is for {key} '{value}'")
        kept = {key: value for key, value in metadata.items() if key not in meant}
        body = {key: kept if key == "metadata" else body[key] for key in body if key not in ("apiVersion", "kind")}
    patched = apply_patch(manifest, body, group=group, kind=kind)
    for path, expected in mismatches(group, kind, patched):
        raise PatchError(f"'{dotted(path)}' would be {type_at(patched, path)}, expected {expected}")
    return patched


PATCHES: Field[tuple[Patch, ...]] = Field(name="patches", none=(), read=_read, apply=_apply, files=_files, is_free=True)
