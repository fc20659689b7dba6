"""Every node of an environment's files, and of its output's, replaced by values of other types, through what commands do with them.

A find is an exception that is neither a mistake of the input (Invalid) nor, of a changed output, a broken promise.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sandlane.base.output import read_output
from sandlane.files.tree import MemoryTree
from sandlane.meshes.registry import MESHES
from sandlane.pipeline import render
from sandlane.plan.make import make_plan
from sandlane.problems.problem import Invalid, show
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.proof.scope import scope_of
from sandlane.reports import listing
from sandlane.reports.calls import call_graph
from sandlane.reports.diagram import mermaid
from sandlane.reports.survey import survey
from sandlane.semantics.network import make_network, overlaid
from sandlane.semantics.request import Client, Request
from sandlane.specs.inputs import Inputs, read_inputs
from tests.shared import load, load_all

WRONG: tuple[Any, ...] = (None, {}, [], "", 0, True, {"x": 1}, ["x"], [None], [{}])
Files = Mapping[str, str]
ENVIRONMENTS = Path(__file__).resolve().parent / "environments"
_OWN = "sandlane.dev/v1alpha1"


def files_of(name: str, mesh: str) -> dict[str, str]:
    """Returns the files of a worked example, or of an environment that has every field which anything reads, one object a file."""
    overlay = ENVIRONMENTS.parents[2] / "overlays" / name
    if overlay.is_dir():
        return {
            p.relative_to(overlay).as_posix(): p.read_text(encoding="utf-8")
            for p in sorted(overlay.rglob("*"))
            if p.is_file()
        }
    data = load((ENVIRONMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
    spec = {
        "base": ["base"],
        "defaultNamespace": "shop",
        "output": {"base": "full"},
        **data["environment"],
        "mesh": mesh,
    }
    files = {
        "sandlane.yaml": json.dumps(
            {"apiVersion": _OWN, "kind": "Environment", "metadata": {"name": "e"}, "spec": spec}
        )
    }
    for own, given in data["specs"].items():
        labels = {"labels": given["labels"]} if "labels" in given else {}
        body = {"kind": "DevelopmentSandbox", "metadata": {"name": own, **labels}, "spec": given["spec"]}
        files[f"sandboxes/{own}.yaml"] = json.dumps({"apiVersion": _OWN, **body})
    for own, given in data.get("groups", {}).items():
        body = {"kind": "RouteGroup", "metadata": {"name": own}, "spec": given}
        files[f"sandboxes/{own}.yaml"] = json.dumps({"apiVersion": _OWN, **body})
    files |= {f"extra/{own}": text for own, text in data.get("extra", {}).items()}
    for number, manifest in enumerate(load_all(data["base"])):
        files[f"base/{number:02}-{manifest['kind'].lower()}.yaml"] = json.dumps(manifest)
    return files


@dataclass(frozen=True, slots=True)
class Find:
    """A change of a file that ended in an exception: the place, the value, and the last lines of the traceback."""

    file: str
    document: int
    path: tuple[str | int, ...]
    value: Any
    error: str

    @property
    def where(self) -> str:
        """The innermost line of sandlane's and the exception, by which finds of one kind are told."""
        lines = [line for line in self.error.splitlines() if "/sandlane/" in line]
        return f"{lines[-1].strip() if lines else ''} {self.error.strip().splitlines()[-1]}"


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yields the path of each node of a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


def replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """Returns a document with another node at a path."""
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(inner, path[1:], new) if key == path[0] else inner for key, inner in value.items()}
    return [replaced(inner, path[1:], new) if number == path[0] else inner for number, inner in enumerate(value)]


def changes(
    files: Files, values: tuple[Any, ...] = WRONG
) -> Iterator[tuple[str, int, tuple[str | int, ...], Any, Sequence[Any]]]:
    """Yields each change of each file: file, document, path, value, and the file's documents before it."""
    for file, text in files.items():
        if not file.endswith((".yaml", ".json")):
            continue
        documents = list(load_all(text))
        for number, document in enumerate(documents):
            for path in paths(document):
                for value in values:
                    yield file, number, path, value, documents


def renders(files: Files, environment: str = "sandlane.yaml") -> None:
    """Does with files what `render`, `list`, `trace` and `connect` do."""
    try:
        inputs = read_inputs(MemoryTree(files), environment)
    except Invalid as invalid:
        shown(invalid)
        return
    for report in (listing.workloads, listing.owned, listing.sandboxes, listed, traced):
        try:
            report(inputs)
        except Invalid as invalid:
            shown(invalid)
    try:
        "".join(render(inputs).files.values()).encode()
    except Invalid as invalid:
        shown(invalid)


def listed(inputs: Inputs) -> None:
    mermaid(make_plan(inputs, MESHES[inputs.environment.mesh].pod_labels), inputs)
    call_graph(inputs.base, inputs.environment)


def traced(inputs: Inputs, output: Files | None = None) -> None:
    environment = inputs.environment
    written = read_output(MemoryTree(output), environment.default_namespace).resources if output else ()
    network = make_network(
        overlaid(inputs.base, written),
        mesh=environment.mesh,
        domain=environment.cluster.domain,
        root=environment.cluster.root_namespace,
    )
    client = Client(kind="sidecar", namespace=environment.default_namespace, labels={}, name="")
    request = Request(client=client, host="-", port=80, authority="", method="GET", path="/", headers=())
    survey(network, inputs.base, request, environment.carriers[0], [s.tenant for s in inputs.sandboxes])


def verified(inputs: Inputs, output: Files) -> None:
    """Does with an output what `verify`, and `trace --all`, do."""
    try:
        written = read_output(MemoryTree(output), inputs.environment.default_namespace)
    except Invalid as invalid:
        shown(invalid)
        return
    claims = claims_of(inputs)
    for problem in prove(inputs.base, written, claims):
        show(problem).encode()
    scope_of(inputs.base, claims)
    traced(inputs, output)


def shown(invalid: Invalid) -> None:
    for problem in invalid.problems:
        show(problem).encode()


def finds(
    files: Files, changed: Files, run: Callable[[Files], None], every: int = 1, values: tuple[Any, ...] = WRONG
) -> Iterator[Find]:
    """Yields the changes of some of the files that end in an exception, one of each kind; `every` so many changes one is tried."""
    known: set[str] = set()
    for file, number, path, value, documents in islice(changes(changed, values), 0, None, every):
        after = [replaced(d, path, value) if n == number else d for n, d in enumerate(documents)]
        text = "\n---\n".join(json.dumps(d, default=str) for d in after)
        try:
            run({**files, file: text})
        except Exception:
            find = Find(file, number, path, value, traceback.format_exc(limit=-12))
            if find.where not in known:
                known.add(find.where)
                yield find
