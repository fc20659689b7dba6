"""`sandlane fn`: a KRM function for kustomize and kpt."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from sandlane.cli import session as s
from sandlane.cli.main import FINE, INVALID
from sandlane.files.disk import ENVIRONMENT, DiskTree, environment_above, find_root
from sandlane.files.tree import STREAM, join
from sandlane.output.passthrough import as_whole
from sandlane.pipeline import render
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Invalid, Problem, Source
from sandlane.reports.resource_list import Call, answer, base_items, parse, resource_list, result
from sandlane.specs.inputs import read_environment, read_inputs
from sandlane.yamlio import read as yamlio
from sandlane.yamlio.write import write

_SPECS = "functionConfig"


@click.command(
    "fn",
    help="Read a ResourceList from stdin, take its items for the base, and write it with what sandboxes add: a KRM function for "
    "kustomize (under 'transformers') and 'kpt fn eval --exec'. The environment and the sandboxes are the functionConfig, or among "
    "the items, or those of ENVIRONMENT.",
)
@click.argument("environment", required=False, type=click.Path(path_type=Path))
def command(environment: Path | None) -> None:
    """Answers a call; problems are results, and words on stderr."""
    data = sys.stdin.buffer.read()
    file = environment or environment_above(Path())
    session = s.Session(file or Path(ENVIRONMENT), None)
    session.tree = DiskTree(find_root(session.file), data)
    try:
        documents = yamlio.read(data, STREAM)
        call = parse(documents[0].data if documents else None, Source(file=STREAM))
    except Invalid as invalid:
        session.tell(invalid.problems)
        sys.exit(INVALID)
    try:
        text, notices = _answer(session, call, has_file=session.file.is_file())
        status = FINE
    except Invalid as invalid:
        text, notices = write(resource_list(call, call.items, [result(p) for p in invalid.problems])), invalid.problems
        status = INVALID
    session.tell(notices)
    click.echo(text, nl=False)
    sys.exit(status)


def _answer(session: s.Session, call: Call, *, has_file: bool) -> tuple[str, tuple[Problem, ...]]:
    """Renders a call. The environment's file is as it is on disk unless the call has one; specs of the call take those' place."""
    path = Path(os.path.relpath(os.path.realpath(session.file), session.tree.root)).as_posix()
    if call.environment is None and not has_file:
        raise Invalid([report("SL228", source=Source(file=STREAM))])
    staged = _staged(session, call, path)
    tree = DiskTree(session.tree.root, staged=staged)
    environment = read_environment(tree, path)
    output = environment.output.path
    items = base_items(call, output, environment.carriers)
    stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()
    session.tree = DiskTree(session.tree.root, stream, staged)
    rendered = render(as_whole(read_inputs(session.tree, path, base_entries=(STREAM,))))
    notices = tuple(problem for problem in rendered.notices if problem.code != "SL340")
    return write(answer(call, items, rendered.objects, output, [result(p) for p in notices])), notices


def _staged(session: s.Session, call: Call, path: str) -> dict[str, bytes | None]:
    """Returns the files that a call is read from: its environment, naming its specs at their own paths."""
    if call.environment is None and not call.specs:
        return {}
    document: Any = call.environment or yamlio.read(session.tree.read(path), path)[0].data
    directory = path.rpartition("/")[0]
    specs = {join(directory, place): spec for place, spec in call.specs}
    metadata = {
        key: value for key, value in document.get("metadata", {}).items() if key in ("name", "labels", "annotations")
    }
    spec = {**document.get("spec", {}), "base": [STREAM]}
    if specs or call.environment is not None:
        # An empty directory of specs has to be there as well.
        spec["sandboxes"] = [place for place, _ in call.specs] or [f"{_SPECS}.d"]
    staged: dict[str, Any] = {path: {**document, "metadata": metadata, "spec": spec}, **specs}
    if not specs:
        return {path: json.dumps(staged[path]).encode(), join(directory, f"{_SPECS}.d/README.md"): b""}
    return {place: json.dumps(_own(data)).encode() for place, data in staged.items()}


def _own(document: Any) -> Any:
    """Returns a document of ours without what kustomize and kpt add to its metadata."""
    metadata = {key: value for key, value in document["metadata"].items() if key in ("name", "labels", "annotations")}
    return {**document, "metadata": metadata}
