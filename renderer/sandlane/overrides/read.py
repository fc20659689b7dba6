"""What a clone gets otherwise than its origin, read from a sandbox's workload or from a standing rule of the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sandlane.files.tree import OutsideRoot, Tree, Unreadable, join
from sandlane.overrides.model import Changes, ConfigMapChange, Container, Patch, Variable
from sandlane.patch.errors import PatchError
from sandlane.patch.patches import parse_patch
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem, Source


def changes_of(
    tree: Tree, data: Mapping[str, Any], source: Source, path: Path, sandbox: Source | None
) -> tuple[Changes, list[Problem]]:
    """Returns the changes of an entry of a document, and what is wrong with the files and texts of its patches."""
    patches: list[Patch] = []
    problems: list[Problem] = []
    for number, entry in enumerate(data["patches"]):
        found, wrong = _patches(tree, entry, source, (*path, "patches", number), sandbox)
        patches += found
        problems += wrong
    changes = Changes(
        source=source,
        path=path,
        is_standing=sandbox is None,
        image=data.get("image"),
        containers=tuple(
            Container(name=c["name"], image=c.get("image"), env=_variables(c["env"])) for c in data["containers"]
        ),
        env=_variables(data.get("env", ())),
        drop=tuple(data["initContainers"]["drop"]),
        volumes=data["volumes"],
        preserve=tuple(data["preserveLabels"]),
        config_maps=tuple(
            ConfigMapChange(path=(*path, "configMaps", number), name=c["name"], data=c["data"])
            for number, c in enumerate(data["configMaps"])
        ),
        patches=tuple(patches),
    )
    return changes, problems


def _variables(listed: Any) -> tuple[Variable, ...]:
    return tuple(
        Variable(
            name=v["name"],
            body=None if v.get("remove") else {key: v[key] for key in ("value", "valueFrom") if key in v},
        )
        for v in listed
    )


def read_file(
    tree: Tree, name: str, source: Source, path: Path, sandbox: Source | None
) -> tuple[str, bytes, list[Problem]]:
    """Returns the path of a file that a document names relative to itself, its bytes, and why it cannot be read."""
    wrong: Problem
    try:
        file = join(source.file.rpartition("/")[0], name)
        if tree.kind(file) is None:
            raise FileNotFoundError(file)
        return file, tree.read(file), []
    except OutsideRoot:
        wrong = report("SL121", source=source, path=path, file=name, root="the repository")
    except FileNotFoundError:
        wrong = report("SL120", source=source, path=path, what="file", file=name)
    except Unreadable as unreadable:
        wrong = report("SL128", source=source, path=path, reason=str(unreadable))
    return name, b"", [replace(wrong, sandbox=sandbox)]


def _patches(
    tree: Tree, entry: Mapping[str, str], source: Source, path: Path, sandbox: Source | None
) -> tuple[list[Patch], list[Problem]]:
    field = "patch" if "patch" in entry else "path"
    text = entry["patch"] if field == "patch" else ""
    if field == "path":
        _, data, problems = read_file(tree, entry["path"], source, (*path, field), sandbox)
        if problems:
            return [], problems
        text = data.decode("utf-8", "replace")
    try:
        return [Patch(path=(*path, field), body=body) for body in parse_patch(text)], []
    except PatchError as reason:
        return [], [report("SL230", source=source, path=(*path, field), sandbox=sandbox, reason=str(reason))]


def repeated(changes: Changes, sandbox: Source | None) -> Iterator[Problem]:
    """Yields entries that stand twice where each name may stand once."""
    source, path = changes.source, changes.path
    for number, container in enumerate(changes.containers):
        place: Path = (*path, "containers", number, "env")
        yield from twice([v.name for v in container.env], source, place, sandbox)
    for field, names in (
        ("containers", [c.name for c in changes.containers]),
        ("env", [v.name for v in changes.env]),
        ("configMaps", [c.name for c in changes.config_maps]),
    ):
        yield from twice(names, source, (*path, field), sandbox)
    yield from twice(list(changes.drop), source, (*path, "initContainers", "drop"), sandbox)
    yield from twice(list(changes.preserve), source, (*path, "preserveLabels"), sandbox)


_PLAIN_LISTS = ("sandboxes", "drop", "preserveLabels", "resources")
"""Lists whose items are names and not entries that have one."""


def twice(names: list[str], source: Source, path: Path, sandbox: Source | None) -> Iterator[Problem]:
    """Yields the names of a list that stand in it already."""
    where = str(path[-1])
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            at_name: Path = () if where in _PLAIN_LISTS else ("name",)
            yield report(
                "SL207", source=source, path=(*path, number, *at_name), sandbox=sandbox, what=name, where=where
            )
        seen.add(name)
