"""Environments over the bases of whole applications, each of which is read once for all tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sandlane.files.tree import MemoryTree
from sandlane.specs.inputs import Inputs, read_inputs
from sandlane.yamlio.write import write

Manifest = dict[str, Any]


LARGEST = "train-ticket-istio"
"""The application that takes longer than all others together."""
LARGE, ALIKE = "boutique-base", ("istio-ambient", "gateway-api")
"""The next one: where a test has it with several meshes, it is slow with these, which share their routes with Linkerd."""


def application(*row: str) -> Any:
    """Returns the case of a test on an application, `row[0]`: that of the largest is slow."""
    is_slow = row[0] == LARGEST or (row[0] == LARGE and row[-1] in ALIKE)
    slow = [pytest.mark.slow] * is_slow
    return pytest.param(*row, id="-".join(row), marks=[pytest.mark.uncounted, *slow])


def environment(mesh: str = "istio", **spec: Any) -> Manifest:
    """Returns an Environment over base.yaml that adopts what it must."""
    return {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "Environment",
        "metadata": {"name": "test"},
        "spec": {"base": ["base.yaml"], "defaultNamespace": "apps", "mesh": mesh, **spec},
    }


def sandbox(name: str, workloads: Iterable[Manifest], **spec: Any) -> Manifest:
    """Returns a DevelopmentSandbox."""
    return {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "DevelopmentSandbox",
        "metadata": {"name": name},
        "spec": {"workloads": list(workloads), **spec},
    }


def inputs_over(base: Path, environment: Manifest, specs: Sequence[Manifest] = ()) -> Inputs:
    """Returns an environment over a base file with its specs, as they would be read. Raises Invalid as `read_inputs` does."""
    known = _read(base)
    files = {"sandlane.yaml": write(environment), "base.yaml": "", "sandboxes/README.md": ""}
    files |= {f"sandboxes/{spec['metadata']['name']}.yaml": write(spec) for spec in specs}
    found = read_inputs(MemoryTree(files), "sandlane.yaml")
    return replace(found, base=known.base, problems=(*known.problems, *found.problems))


@cache
def _read(base: Path) -> Inputs:
    files = {"sandlane.yaml": write(environment()), "base.yaml": base.read_text(), "sandboxes/README.md": ""}
    return read_inputs(MemoryTree(files), "sandlane.yaml")


def workloads_of(inputs: Inputs) -> list[Manifest]:
    """Returns a spec's entry for every workload of a base that can be cloned, in order."""
    return [
        {"name": r.id.name, "kind": r.id.kind, "namespace": r.id.namespace}
        for r in inputs.base.resources
        if (r.id.group, r.id.kind) in (("apps", "Deployment"), ("apps", "StatefulSet"))
    ]


def route_objects(inputs: Inputs) -> list[Manifest]:
    """Returns the entries of `routes.adopt` for every VirtualService of a base."""
    return [
        {"kind": r.id.kind, "name": r.id.name, "namespace": r.id.namespace}
        for r in inputs.base.of("networking.istio.io", "VirtualService")
    ]
