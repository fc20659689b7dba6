"""`sandlane build`: what a kustomization, a directory, a file or a stream holds, as it is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from sandlane.base.base import Base
from sandlane.base.sources import find_named, read_named
from sandlane.cli import session as s
from sandlane.cli.main import FINE
from sandlane.cli.running import run
from sandlane.cli.terminal import amount
from sandlane.cli.view import View
from sandlane.cli.writing import write_files
from sandlane.files.disk import DiskTree, find_root
from sandlane.files.tree import STREAM
from sandlane.k8s.resource import Resource
from sandlane.output.layout import BASE, MARK, Placed, path_of
from sandlane.problems.problem import Invalid
from sandlane.yamlio.write import Emitter

_NAMESPACE = "default"


@click.command(
    "build",
    help="Print the manifests of PATH, a kustomization, a directory or a file, or with '-' of what is piped in, as they are read: "
    "what a base would be.",
)
@click.argument("path", metavar="PATH|-")
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Nothing above DIR is read; default: the repository of PATH, or no bound where there is none.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write one object a file to DIR; Secrets are left out.",
)
def command(path: str, root: Path | None, output: Path | None) -> None:
    """Builds what a path names."""
    stream = sys.stdin.buffer.read() if path == STREAM else None
    view = View(DiskTree(root or _root(path), stream), path)
    run([view], "text", lambda view: _build(view, path, output), writes=output is not None)


def _root(path: str) -> Path:
    """Returns what bounds reading: the repository of a path; kustomizations outside of one may name what lies anywhere."""
    found = find_root(Path(path) / STREAM if Path(path).is_dir() else Path(path))
    return found if (found / ".git").exists() else Path(Path.cwd().anchor)


def _build(view: View, path: str, output: Path | None) -> tuple[int, dict[str, Any]]:
    named = find_named(view.tree, "", "base", [s.entry_of(view.tree, path)], None)
    if named.problems:
        raise Invalid(named.problems)
    base = read_named(view.tree, named, _NAMESPACE, refused="notice" if output is None else "error")
    view.tell(base.notices)
    if output is None:
        _print(base)
    else:
        write_objects(base, output)
    return FINE, {}


def _print(base: Base) -> None:
    emitter = Emitter(())
    for resource in base.as_read:
        click.echo(f"---\n{emitter.write(resource.manifest)}", nl=False)


def write_objects(base: Base, directory: Path) -> None:
    """Writes the objects of a base to a directory, one a file; Secrets are left out, and said."""
    emitter = Emitter(())
    secret: list[Resource] = []
    others: list[Resource] = []
    for resource in base.resources:
        (secret if (resource.id.group, resource.id.kind) == ("", "Secret") else others).append(resource)
    files = {_path(resource): f"{MARK}\n{emitter.write(resource.manifest)}" for resource in others}
    changed = write_files(directory, dict(sorted(files.items())))
    for resource in secret:
        click.echo(f"left out: '{resource.id}', so that its data lies in no file", err=True)
    click.echo(f"{os.path.relpath(directory)}: {amount(len(files), 'object')}, {changed.unchanged} unchanged", err=True)


def _path(resource: Resource) -> str:
    return path_of(Placed(directory=BASE, id=resource.id, manifest=resource.manifest)).removeprefix(f"{BASE}/")
