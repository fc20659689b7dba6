"""Environments of many sandboxes over one base, as the benchmarks render them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sandlane.files.disk import DiskTree
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio.write import write

REPOSITORY = Path(__file__).resolve().parent.parent
BOUTIQUE = REPOSITORY.parent / "shared" / "bases" / "boutique-base.yaml"
DEMO = REPOSITORY / "overlays" / "shop" / "base" / "storefront.yaml"
BASE = BOUTIQUE if BOUTIQUE.exists() else DEMO
"""The Online Boutique where it lies beside this checkout, else the demo shop."""


def lay_out(directory: Path, base: Path, mesh: str, **more: object) -> list[str]:
    """Writes an environment over a base, and returns the workloads that render by themselves; `more` are further fields of its spec."""
    (directory / "sandboxes").mkdir(parents=True)
    (directory / "base.yaml").write_text(base.read_text())
    spec = {"base": ["base.yaml"], "mesh": mesh, "defaultNamespace": "shop", "output": {"base": "none"}, **more}
    environment = {"apiVersion": "sandlane.dev/v1alpha1", "kind": "Environment", "spec": spec}
    (directory / "sandlane.yaml").write_text(write(environment))
    found = read_inputs(DiskTree(directory), "sandlane.yaml").base.of("apps", "Deployment")
    return [resource.id.name for resource in found if _is_clonable(directory, resource.id.name)]


def turns(names: Sequence[str], count: int, each: int) -> Iterable[list[str]]:
    """Yields the workloads of so many sandboxes, every sandbox beginning one further than the last."""
    for number in range(count):
        yield [names[(number + n) % len(names)] for n in range(min(each, len(names)))]


def write_specs(directory: Path, chosen: Iterable[Sequence[str]]) -> None:
    """Writes a sandbox for each choice of workloads, with images of its own."""
    for number, workloads in enumerate(chosen):
        write_spec(directory, f"dev{number}", workloads)


def write_spec(directory: Path, name: str, workloads: Sequence[str], tag: str = "1") -> Path:
    """Writes the spec of a sandbox."""
    entries = [{"name": workload, "image": f"registry.example/{workload}:{name}-{tag}"} for workload in workloads]
    manifest = {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "DevelopmentSandbox",
        "metadata": {"name": name},
        "spec": {"owner": "bench", "workloads": entries},
    }
    file = directory / "sandboxes" / f"{name}.yaml"
    file.write_text(write(manifest))
    return file


def _is_clonable(directory: Path, name: str) -> bool:
    """Tells whether a workload renders by itself."""
    spec = write_spec(directory, "probe", [name])
    try:
        render(read_inputs(DiskTree(directory), "sandlane.yaml"))
    except Invalid:
        return False
    finally:
        spec.unlink()
    return True
