"""Environments over a base, built in a directory, for tests on whole applications."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sandlane.files.disk import DiskTree
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio.write import write

Manifest = dict[str, Any]


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


def lay_out(directory: Path, base: Path, environment: Manifest, sandboxes: Sequence[Manifest]) -> DiskTree:
    """Writes an environment with its base and specs into a directory, and returns the tree of it."""
    (directory / "sandboxes").mkdir(parents=True)
    shutil.copyfile(base, directory / "base.yaml")
    (directory / "sandlane.yaml").write_text(write(environment))
    for spec in sandboxes:
        (directory / "sandboxes" / f"{spec['metadata']['name']}.yaml").write_text(write(spec))
    return DiskTree(directory)


def workloads_of(tree: DiskTree) -> list[Manifest]:
    """Returns a spec's entry for every workload of a base that can be cloned, in order."""
    inputs = read_inputs(tree, "sandlane.yaml")
    return [
        {"name": r.id.name, "kind": r.id.kind, "namespace": r.id.namespace}
        for r in inputs.base.resources
        if (r.id.group, r.id.kind) in (("apps", "Deployment"), ("apps", "StatefulSet"))
    ]


def route_objects(tree: DiskTree) -> list[Manifest]:
    """Returns the entries of `routes.adopt` for every VirtualService of a base."""
    inputs = read_inputs(tree, "sandlane.yaml")
    return [
        {"kind": r.id.kind, "name": r.id.name, "namespace": r.id.namespace}
        for r in inputs.base.of("networking.istio.io", "VirtualService")
    ]
