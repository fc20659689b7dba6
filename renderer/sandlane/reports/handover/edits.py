"""The two commits by which route objects change hands, as edits of files (docs/guides/argocd.md, docs/guides/flux.md).

The first keeps their old owner from pruning them. The second moves them to a directory that `base` lists and the old owner does not
apply, and adopts them. Whoever syncs first after it, the live objects are never without an owner: the old owner lets go of what it may
not prune, or of what carries the new owner's mark already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from sandlane.files.tree import Tree, join, relative
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, annotations_of
from sandlane.output.layout import MARK, Placed, path_of
from sandlane.reports.handover.layout import Position
from sandlane.specs.editing import changed, extracted, removed
from sandlane.specs.model import Environment
from sandlane.specs.rewriting import Uneditable
from sandlane.yamlio.write import write

SYNC_OPTIONS, NO_PRUNE = "argocd.argoproj.io/sync-options", "Prune=false"
PRUNE, DISABLED = "kustomize.toolkit.fluxcd.io/prune", "disabled"

Texts = Mapping[str, str | None]
"""Path in the tree -> its text; None: it is removed."""


@frozen
class _Desk:
    """Files while they are edited."""

    tree: Tree
    texts: dict[str, str | None]

    def read(self, path: str) -> str:
        """Returns the text of a file as edited so far."""
        text = self.texts.get(path) if path in self.texts else self.tree.read(path).decode()
        return text or ""

    def edit(self, path: str, document: int, change: Callable[[Any], None]) -> None:
        """Changes one document of a file. Raises Uneditable."""
        if path.endswith(".json"):
            data = json.loads(self.read(path))
            change(data)
            self.texts[path] = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        else:
            self.texts[path] = changed(self.read(path), document, change)


def is_protected(resource: Resource) -> bool:
    """Tells whether neither Argo CD nor Flux prunes an object."""
    notes = annotations_of(resource.manifest)
    return NO_PRUNE in _options(notes) and notes.get(PRUNE) == DISABLED


def _options(notes: Mapping[str, str]) -> list[str]:
    return [option.strip() for option in notes.get(SYNC_OPTIONS, "").split(",") if option.strip()]


def protect(tree: Tree, positions: Iterable[Position]) -> Texts:
    """Returns the files of the first commit. Raises Uneditable."""
    desk = _Desk(tree, {})
    for position in positions:
        resource = position.resource
        if position.how == "made" or is_protected(resource):
            continue
        notes = _notes(resource)
        if position.how == "file":
            desk.edit(position.file, resource.source.document, partial(_annotate, position=position, notes=notes))
        elif position.kustomization:
            patch = {**_head(resource), "metadata": {"name": resource.id.name, "annotations": notes}}
            desk.edit(position.kustomization, 0, partial(_patch, resource=resource, patch=patch))
    return desk.texts


def move(tree: Tree, environment: Environment, positions: Iterable[Position], adopt: Iterable[Resource]) -> Texts:
    """Returns the files of the second commit. Raises Uneditable."""
    desk = _Desk(tree, {})
    home = _home(tree, environment)
    # The last of a file's documents first: removing one moves those behind it.
    for position in sorted(positions, key=lambda p: (p.file, p.resource.source.document), reverse=True):
        target = join(environment.directory, f"{home}/{_name(position.resource)}")
        desk.texts[target] = _moved(desk, position)
        if position.how == "patch" and position.kustomization:
            patch = {**_head(position.resource), "metadata": {"name": position.resource.id.name}}
            deleting = {"$patch": "delete", **patch}
            desk.edit(position.kustomization, 0, partial(_patch, resource=position.resource, patch=deleting))
        else:
            _take_out(desk, position)
    desk.edit(environment.source.file, environment.source.document, lambda data: _adopt(data, environment, home, adopt))
    return desk.texts


def _notes(resource: Resource) -> dict[str, str]:
    options = [*(o for o in _options(annotations_of(resource.manifest)) if not o.startswith("Prune=")), NO_PRUNE]
    return {SYNC_OPTIONS: ",".join(options), PRUNE: DISABLED}


def _annotate(data: Any, position: Position, notes: Mapping[str, str]) -> None:
    for step in position.resource.source.prefix:
        data = data[step]
    if not data["metadata"].get("annotations"):
        data["metadata"]["annotations"] = {}
    data["metadata"]["annotations"].update(notes)


def _head(resource: Resource) -> dict[str, Any]:
    return {"apiVersion": resource.manifest["apiVersion"], "kind": resource.id.kind}


def _patch(data: Any, resource: Resource, patch: Mapping[str, Any]) -> None:
    """Puts a patch of an object into a kustomization, in the place of the one that the first commit has put there."""
    from ruamel.yaml.scalarstring import LiteralScalarString

    target = {"group": resource.id.group, "kind": resource.id.kind, "name": resource.id.name}
    text = LiteralScalarString(write(patch))
    if not data.get("patches"):
        data["patches"] = []
    for entry in data["patches"]:
        if entry.get("target") == target and PRUNE in str(entry.get("patch")):
            entry["patch"] = text
            return
    data["patches"].append({"target": target, "patch": text})


def _home(tree: Tree, environment: Environment) -> str:
    """Returns the directory for route objects: the one that `base` lists already, or a new one."""
    names = ("routes", "adopted", "adopted-routes")
    listed = [entry.rstrip("/").removeprefix("./") for entry in environment.base]
    for name in names:
        if name in listed or tree.kind(join(environment.directory, name)) is None:
            return name
    raise Uneditable(f"there is something called {', '.join(names[:-1])} and {names[-1]} here already")


def _name(resource: Resource) -> str:
    path = path_of(Placed(directory="", id=resource.id, manifest=resource.manifest))
    namespace, _, name = path.lstrip("/").partition("/")
    return f"{namespace}-{name}" if namespace else name


def _moved(desk: _Desk, position: Position) -> str:
    """Returns the text of an object in its new place: as it was written, or where a kustomization changes it as it is built."""
    resource = position.resource
    if not position.is_same or resource.source.prefix:
        return write(resource.manifest)
    text = extracted(desk.read(position.file), resource.source.document)
    return text.removeprefix(f"{MARK}\n")


def _take_out(desk: _Desk, position: Position) -> None:
    """Takes an object out of its file, and a file that is empty then out of its kustomization."""
    source = position.resource.source
    if source.prefix:
        desk.edit(position.file, source.document, lambda data: _drop(data, list(source.prefix)))
        return
    left = removed(desk.read(position.file), source.document)
    desk.texts[position.file] = left or None
    if not left and position.kustomization:
        own = relative(position.file, position.kustomization.rpartition("/")[0])

        def unlist(data: Any) -> None:
            for entry in [e for e in data["resources"] if str(e).removeprefix("./") == own]:
                data["resources"].remove(entry)

        desk.edit(position.kustomization, 0, unlist)


def _drop(data: Any, steps: list[Any]) -> None:
    for step in steps[:-1]:
        data = data[step]
    del data[steps[-1]]


def _adopt(data: Any, environment: Environment, home: str, adopt: Iterable[Resource]) -> None:
    """Names the directory and the objects in the environment."""
    spec = data["spec"]
    if home not in [str(entry).rstrip("/").removeprefix("./") for entry in spec["base"]]:
        spec["base"].append(home)
    known = {(o.kind, o.namespace, o.name) for o in environment.routes.adopt}
    new = [r.id for r in adopt if (r.id.kind, r.id.namespace, r.id.name) not in known]
    if not new:
        return
    if not spec.get("routes"):
        spec["routes"] = {}
    if not spec["routes"].get("adopt"):
        spec["routes"]["adopt"] = []
    for id in new:
        place = {} if id.namespace == environment.default_namespace else {"namespace": id.namespace}
        spec["routes"]["adopt"].append({"kind": id.kind, "name": id.name, **place})
