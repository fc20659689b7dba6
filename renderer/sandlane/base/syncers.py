"""Files of an output by which Argo CD or Flux make something else of it than the manifests that lie there.

https://argo-cd.readthedocs.io/en/stable/user-guide/tool_detection/ and directory/, https://fluxcd.io/flux/components/source/gitrepositories/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.base.sources import KUSTOMIZATIONS, MANIFESTS, SKIP_MARK
from sandlane.files.tree import OutsideRoot, Tree, Unreadable, join
from sandlane.frozen import frozen
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source
from sandlane.yamlio import read as yamlio

_SOURCES = ".argocd-source"
_NAMED = {
    ".sourceignore": ("SL620", "Flux leaves out what it names"),
    "Chart.yaml": ("SL621", "Argo CD renders its directory as a Helm chart"),
}
"""Names of files -> the code of the problem with them, and what a syncer does with them."""
_PLAIN = {"apiVersion", "kind", "metadata", "resources"}
"""Fields of a kustomization that changes no object."""


def is_acted_on(name: str) -> bool:
    """Tells whether Argo CD or Flux would apply a file of this name, or build and leave out others by it."""
    return name.endswith((*MANIFESTS, ".jsonnet")) or name in KUSTOMIZATIONS or name in _NAMED


@frozen(kw_only=True)
class Found:
    """The manifests below a directory, and what is wrong with files beside them."""

    manifests: tuple[str, ...]
    problems: tuple[Problem, ...]


def find(tree: Tree) -> Found:
    """Finds every manifest of a tree that a syncer would apply, hidden ones too, and every file by which it would do something else.

    Links are not followed. Raises Unreadable where a directory cannot be listed.
    """
    manifests: list[str] = []
    problems: list[Problem] = []
    for path in _paths(tree, ""):
        code, what = _strange(tree, path)
        if code:
            file = path.removesuffix("/")
            problems.append(report(code, source=Source(file=file), file=file, what=what))
        elif _is_manifest(path):
            manifests.append(path)
    hidden = (p for p in manifests if SKIP_MARK in tree.read(p))
    what = f"Argo CD skips a file with '{SKIP_MARK.decode()}', and removes what it applied before"
    problems += [report("SL620", source=Source(file=path), file=path, what=what) for path in hidden]
    return Found(manifests=tuple(manifests), problems=tuple(problems))


_SUBMODULE = (
    "it is a git submodule, or would be one: git keeps no empty directory, and Argo CD applies what submodules hold"
)


def _paths(tree: Tree, directory: str) -> Iterator[str]:
    """Yields every path below a directory that is no directory itself, and with `/` behind it one with nothing in it."""
    names = tree.list(directory)
    if directory and not names:
        yield f"{directory}/"
    for name in names:
        path = join(directory, name)
        if _kind(tree, path) == "directory":
            if name != ".git":
                yield from _paths(tree, path)
        else:
            yield path


def _kind(tree: Tree, path: str) -> str | None:
    try:
        return tree.kind(path)
    except (OutsideRoot, Unreadable):
        return None


def _strange(tree: Tree, path: str) -> tuple[str, str]:
    """Returns the code of the problem with a file and what is wrong; no code where nothing is."""
    name = path.rpartition("/")[2]
    if name in ("", ".git"):
        return "SL620", _SUBMODULE
    if tree.is_link(path):
        is_harmless = _kind(tree, path) == "file" and not is_acted_on(name)
        return ("", "") if is_harmless else ("SL620", "it is a link, which Argo CD follows and Flux leaves out")
    if name in _NAMED:
        return _NAMED[name]
    if name.startswith(_SOURCES) and name.endswith(".yaml"):
        return "SL620", "Argo CD takes parameters of the application from it"
    if name.endswith(".jsonnet"):
        return "SL621", "Argo CD applies what Jsonnet makes of it"
    if is_acted_on(name) and _kind(tree, path) is None:
        return "SL621", "it is no regular file"
    if name in KUSTOMIZATIONS:
        why = _changed_by(tree, path)
        return ("SL620", why) if why else ("", "")
    return "", ""


def _changed_by(tree: Tree, path: str) -> str:
    """Returns what a kustomization does but apply every manifest below its directory as it is; nothing if that is all."""
    directory = path.rpartition("/")[0]
    data = _read(tree, path)
    if data is None:
        return "it is no kustomization that can be read"
    others = sorted(str(field) for field in data if field not in _PLAIN)
    if others:
        return f"it builds what lies beside it, with {', '.join(repr(field) for field in others)}"
    if data.get("kind", "Kustomization") != "Kustomization":
        return f"it is a {data['kind']}, of which kustomize builds nothing"
    listed = data["resources"] if isinstance(data.get("resources"), list) else []
    twice = next((entry for number, entry in enumerate(listed) if entry in listed[:number]), None)
    if twice is not None:
        return f"it names '{twice}' twice, which kustomize refuses"
    reached = _reached(tree, directory, 0)
    left = [p for p in _paths(tree, directory) if _is_manifest(p) and (reached is None or p not in reached)]
    if reached is None or left:
        return f"it leaves out '{left[0]}'" if left else "its 'resources' lead elsewhere"
    return ""


def _is_manifest(path: str) -> bool:
    return path.endswith(MANIFESTS) and path.rpartition("/")[2] not in KUSTOMIZATIONS


def _read(tree: Tree, path: str) -> dict[str, Any] | None:
    try:
        documents = yamlio.read(tree.read(path), path)
    except (Invalid, Unreadable, OutsideRoot, FileNotFoundError):
        return None
    data = documents[0].data if len(documents) == 1 else None
    return data if isinstance(data, dict) else None


def _reached(tree: Tree, directory: str, depth: int) -> set[str] | None:
    """Returns the manifests that the kustomization in a directory names, None where it names anything else."""
    files = [join(directory, name) for name in KUSTOMIZATIONS if _kind(tree, join(directory, name)) == "file"]
    data = _read(tree, files[0]) if len(files) == 1 and depth < 64 else None
    listed = data.get("resources") if data and data.keys() <= _PLAIN else None
    if not isinstance(listed, list):
        return None
    found: set[str] = set()
    for entry in listed:
        try:
            path = join(directory, str(entry))
        except OutsideRoot:
            return None
        kind = None if tree.is_link(path) else _kind(tree, path)
        below = _reached(tree, path, depth + 1) if kind == "directory" else {path} if kind == "file" else None
        if below is None or not path.startswith(f"{directory}/" if directory else ""):
            return None
        found |= below
    return found
