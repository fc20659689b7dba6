"""What the entries of `base` and `sandboxes` name: files, directories of files, kustomizations, and a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from sandlane.base.base import Base, Built, read_base
from sandlane.files.tree import STREAM, OutsideRoot, Tree, Unreadable, join
from sandlane.frozen import frozen
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Level, Problem, Source, did_you_mean

_DEEPEST = 64
MANIFESTS = (".json", ".yaml", ".yml")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_OTHERS = (".j2", ".md")
"""Endings of file names that are never specs."""
_OWN = re.compile(rb"^apiVersion: *['\"]?sandlane\.dev/", re.MULTILINE)
SKIP_MARK = b"+argocd:skip-file-rendering"


@frozen(kw_only=True)
class Named:
    """Files to read, sorted, directories of kustomizations to build, and what is wrong with the entries."""

    files: tuple[str, ...]
    kustomizations: tuple[str, ...]
    problems: tuple[Problem, ...]


def find_named(
    tree: Tree, directory: str, field: Literal["base", "sandboxes"], entries: Sequence[str], source: Source | None
) -> Named:
    """Finds what entries name, as seen from a directory; `source` is the environment that says so, if one does."""
    files: set[str] = set()
    kustomizations: dict[str, None] = {}
    problems: list[Problem] = []
    for number, entry in enumerate(entries):
        wrong = partial(report, source=source, path=("spec", field, number) if source else ())
        try:
            if field == "base" and (built := _kustomization(tree, directory, entry)) is not None:
                kustomizations[built] = None
            else:
                files.update(_files(tree, directory, entry, is_base=field == "base"))
            if field == "sandboxes":
                problems += _unread(tree, join(directory, entry))
        except OutsideRoot as outside:
            problems.append(wrong("SL121", file=str(outside), root="the repository"))
        except Unreadable as unreadable:
            problems.append(wrong("SL128", reason=str(unreadable)))
        except FileNotFoundError:
            problems.append(_missing(tree, directory, field, entries, number, source))
        except Invalid as invalid:
            problems += invalid.problems
    return Named(files=tuple(sorted(files)), kustomizations=tuple(kustomizations), problems=tuple(problems))


def read_named(tree: Tree, named: Named, default_namespace: str, refused: Level = "error") -> Base:
    """Reads the files of a base and builds its kustomizations, with notices. Raises Invalid with all that is wrong in any.

    `refused` is the level of what only the API server would refuse, as for `read_base`.
    """
    built: list[Built] = []
    problems: list[Problem] = []
    notices: list[Problem] = []
    for directory in named.kustomizations:
        from sandlane.base.kustomize.build import build  # most bases are files

        try:
            made = build(tree, directory)
            built += made.objects
            notices += made.notices
        except Invalid as invalid:
            problems += (_whole(problem, directory) for problem in invalid.problems)
    try:
        base = read_base(tree, named.files, default_namespace, built, refused=refused)
    except Invalid as invalid:
        raise Invalid([*problems, *(_told(problem) for problem in invalid.problems)]) from None
    if problems:
        raise Invalid(problems)
    return replace(base, notices=(*base.notices, *notices))


def _whole(problem: Problem, directory: str) -> Problem:
    """Returns a problem whose way out builds the kustomization that a base names, and not the one in it that is refused."""
    if problem.code not in ("SL140", "SL141") or problem.source is None:
        return problem
    own = problem.source.file.rpartition("/")[0] or "."
    hint = problem.hint.replace(f"kustomize build {own} |", f"kustomize build {directory or '.'} |")
    return replace(problem, hint=hint)


def _told(problem: Problem) -> Problem:
    """Returns a problem of a file that is no manifest by its name, and no YAML either, as one that says so."""
    file = problem.source.file if problem.source else STREAM
    if problem.code not in ("SL101", "SL107") or file == STREAM or file.endswith(MANIFESTS):
        return problem
    if file.endswith((".tgz", ".tar.gz")):
        return report("SL146", source=Source(file=file), file=file)
    what = f"it is neither YAML nor JSON ({problem.text})"
    return report("SL135", source=problem.source, position=problem.position, file=file, what=what, hint=_NAMES)


_NAMES = f"name files that end in {', '.join(MANIFESTS)}, or directories that hold such"


def _missing(
    tree: Tree, directory: str, field: str, entries: Sequence[str], number: int, source: Source | None
) -> Problem:
    entry, place = entries[number], ("spec", field, number) if source else ()
    parent, _, name = join(directory, entry).rpartition("/")
    beside = tree.list(parent) if tree.kind(parent) == "directory" else ()
    named = {other.rstrip("/").rpartition("/")[2] for other in entries}  # what is named already was not meant
    hint = did_you_mean(name, [other for other in beside if other not in named])
    slashes = entry.replace("\\", "/")
    if "\\" in entry and _kind(tree, directory, slashes):
        hint = f"paths have slashes: write '{slashes}'"
    if "://" in entry:
        hint = (
            f"what needs the network is built before, and piped in: kustomize build {entry} | sandlane render --base -"
        )
    wrong = partial(report, source=source, path=place, file=entry, hint=hint)
    if field == "sandboxes" and not entry.endswith(MANIFESTS):
        return wrong("SL127", level="error" if hint else None)
    return wrong("SL120", what="file or directory")


def _kind(tree: Tree, directory: str, entry: str) -> str | None:
    try:
        return tree.kind(join(directory, entry))
    except (OutsideRoot, Unreadable):
        return None


def _kustomization(tree: Tree, directory: str, entry: str) -> str | None:
    """Returns the directory of the kustomization that an entry names, by itself or by its file."""
    if entry == STREAM:
        return None
    path = join(directory, entry)
    parent, _, name = path.rpartition("/")
    kind = tree.kind(path)
    if kind == "file":
        return parent if name in KUSTOMIZATIONS else None
    is_one = kind is not None and any(tree.kind(join(path, name)) == "file" for name in KUSTOMIZATIONS)
    return path if is_one else None


def _files(tree: Tree, directory: str, entry: str, *, is_base: bool) -> list[str]:
    path = STREAM if is_base and entry == STREAM else join(directory, entry)
    kind = tree.kind(path)
    if kind is None:
        raise FileNotFoundError(path)
    return [path] if kind == "file" else list(_walk(tree, path, is_base, 0))


def _unread(tree: Tree, path: str) -> Iterator[Problem]:
    """Yields specs whose files' names hide them: `dev1.txt`, `dev1.yml.bak`."""
    for name in tree.list(path) if tree.kind(path) == "directory" else ():
        file = join(path, name)
        if name.startswith(".") or name.endswith((*MANIFESTS, *_OTHERS)) or tree.kind(file) != "file":
            continue
        if _OWN.search(tree.read(file)):
            stem = name.partition(".")[0]
            taken = next((f"{stem}{ext}" for ext in MANIFESTS if tree.kind(join(path, f"{stem}{ext}"))), None)
            hint = f"move it out of the directory, or remove it: '{taken}' is there too" if taken else None
            yield report("SL251", source=Source(file=file), file=name, stem=stem, hint=hint)


def _walk(tree: Tree, directory: str, is_base: bool, depth: int) -> Iterator[str]:
    names = tree.list(directory)
    kustomization = next((name for name in KUSTOMIZATIONS if is_base and name in names), None)
    if kustomization:
        source = Source(file=join(directory, kustomization))
        raise Invalid([report("SL122", source=source, file=directory or ".")])
    if is_base and {"Chart.yaml", "templates"} <= set(names):
        raise Invalid([report("SL146", source=Source(file=join(directory, "Chart.yaml")), file=directory or ".")])
    if depth > _DEEPEST:
        raise Unreadable(f"'{directory}' is nested deeper than {_DEEPEST} directories")
    for name in names:
        path = join(directory, name)
        kind = None if name.startswith(".") else tree.kind(path)
        if kind is None and not name.startswith(".") and name.endswith(MANIFESTS):
            raise Unreadable(f"'{path}' is neither a file nor a directory, or a link that leads nowhere")
        if kind == "link":
            raise Unreadable(f"'{path}' is a link to a directory: name that directory itself")
        if kind == "directory":
            yield from _walk(tree, path, is_base, depth + 1)
        elif kind == "file" and name.endswith(MANIFESTS) and not (is_base and SKIP_MARK in tree.read(path)):
            yield path
