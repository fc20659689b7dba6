"""What is fuzzed: texts of any bytes through the reader of YAML, and through the whole line in the place of one file.

A find is whatever is neither a result nor a problem of the input: an exception, or data that do not read back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid, placed, show
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio.locate import locate
from sandlane.yamlio.parser import PythonParser
from sandlane.yamlio.read import read
from sandlane.yamlio.write import Emitter

OVERLAYS = Path(__file__).resolve().parents[2] / "overlays"

_OWN = "apiVersion: sandlane.dev/v1alpha1\n"
FILES: Mapping[str, bytes] = {
    "sandlane.yaml": (
        f"{_OWN}kind: Environment\nspec:\n  base: [base]\n  mesh: istio\n  defaultNamespace: shop\n  output: {{base: full}}\n"
        "  policy: {resourceKinds: [ConfigMap, Deployment, Service, StatefulSet]}\n"
    ).encode(),
    "base/kustomization.yaml": b"resources: [web.yaml, more.yaml]\n",
    "base/web.yaml": (
        b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n"
        b"    metadata: {labels: {app: web}}\n    spec:\n      containers: [{name: app, image: 'web:1'}]\n---\n"
        b"apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{name: http, port: 80}]}\n"
    ),
    "base/more.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: {a: b}\n",
    "sandboxes/dev1.yaml": (
        f"{_OWN}kind: DevelopmentSandbox\nmetadata: {{name: dev1}}\n"
        "spec:\n  workloads: [{name: web, image: 'web:2'}]\n  resources: [../extra/x.yaml.j2]\n"
    ).encode(),
    "extra/x.yaml.j2": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x-{{ tenantID }}'}\n",
}
"""An environment that renders: each target puts its bytes in the place of one file."""


def yaml(data: bytes) -> None:
    """Reads a text with both parsers and writes it again: what is read is told alike, and reads back as it was."""
    try:
        documents = read(data, "f.yaml")
    except Invalid as invalid:
        for problem in placed(invalid.problems, lambda s, path, key: locate(data, s.document, path, key)):
            show(problem).encode()
        try:
            read(data, "f.yaml", parser=PythonParser)
        except Invalid:
            return
        raise AssertionError("only one of the parsers refuses it") from None
    assert documents == read(data, "f.yaml", parser=PythonParser)
    for document in documents:
        again = read(Emitter([]).write({"data": document.data}).encode(), "f.yaml")
        assert [one.data for one in again] == [{"data": document.data}]


def _line(file: str) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        tree = MemoryTree({**FILES, file: data})
        try:
            rendered = render(read_inputs(tree, "sandlane.yaml"))
        except Invalid as invalid:
            for problem in invalid.problems:
                show(problem).encode()
            return
        "".join(rendered.files.values()).encode()

    target.__doc__ = f"Renders with any bytes for {file}."
    return target


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "yaml": yaml,
    "environment": _line("sandlane.yaml"),
    "spec": _line("sandboxes/dev1.yaml"),
    "base": _line("base/more.yaml"),
    "kustomization": _line("base/kustomization.yaml"),
    "template": _line("extra/x.yaml.j2"),
}

_OF: Mapping[str, Callable[[Path], bool]] = {
    "yaml": lambda path: path.suffix == ".yaml",
    "environment": lambda path: b"kind: Environment" in path.read_bytes(),
    "spec": lambda path: path.suffix == ".yaml" and "sandboxes" in path.parts,
    "base": lambda path: path.suffix == ".yaml" and "sandboxes" not in path.parts,
    "kustomization": lambda path: path.name == "kustomization.yaml",
    "template": lambda path: path.suffix == ".j2",
}


def corpus(target: str) -> list[bytes]:
    """Returns what a target starts from: its own file, and files of the worked examples."""
    own = [FILES[file] for file in FILES if TARGETS[target].__doc__ == f"Renders with any bytes for {file}."]
    return [*own, *(path.read_bytes() for path in sorted(OVERLAYS.rglob("*")) if path.is_file() and _OF[target](path))]
