"""Prints how long `render` and `check` take for 100 sandboxes of two workloads, as whole processes.

Usage: python benchmarks/render.py [BASE] [SANDBOXES]. BASE is a file of manifests; by default the Online Boutique where it
lies beside this checkout, else the demo shop. Every figure stands beside two rivals of the same run: starting the
interpreter, and writing the same files without thinking.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sandlane.files.disk import DiskTree
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import read_inputs
from sandlane.yamlio.write import write

REPOSITORY = Path(__file__).resolve().parent.parent
BOUTIQUE = REPOSITORY.parent / "shared" / "bases" / "boutique-base.yaml"
RUNS = 5


def main(base: Path, count: int) -> None:
    """Lays out an environment in a scratch directory, measures, and prints a table."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        names = lay_out(directory, base, count)
        cold = best(
            lambda: sandlane(directory, "render"),
            before=lambda: shutil.rmtree(directory / "rendered", ignore_errors=True),
        )
        files = [path for path in (directory / "rendered").rglob("*") if path.is_file()]
        print(f"{count} sandboxes x 2 workloads of {base.name} ({', '.join(names[:4])} ...): {len(files)} files")
        print(f"{'render, first':32}{cold:8.3f} s")
        print(f"{'render, nothing changed':32}{best(lambda: sandlane(directory, 'render')):8.3f} s")
        print(f"{'check':32}{best(lambda: sandlane(directory, 'check')):8.3f} s")
        print(f"{'rival: python -c pass':32}{best(lambda: run([sys.executable, '-c', 'pass'], directory)):8.3f} s")
        texts = [(path.relative_to(directory).as_posix(), path.read_bytes()) for path in files]
        print(f"{'rival: writing the same files':32}{best(lambda: copy(directory / 'copy', texts)):8.3f} s")


def lay_out(directory: Path, base: Path, count: int) -> list[str]:
    """Writes the environment, its base and its specs, and returns the workloads that are cloned."""
    (directory / "sandboxes").mkdir()
    shutil.copyfile(base, directory / "base.yaml")
    spec = {"base": ["base.yaml"], "mesh": "istio", "defaultNamespace": "shop", "output": {"base": "full"}}
    (directory / "sandlane.yaml").write_text(
        write({"apiVersion": "sandlane.dev/v1alpha1", "kind": "Environment", "spec": spec})
    )
    deployments = [r.id.name for r in read_inputs(DiskTree(directory), "sandlane.yaml").base.of("apps", "Deployment")]
    (directory / "sandlane.yaml").write_text(
        write(
            {"apiVersion": "sandlane.dev/v1alpha1", "kind": "Environment", "spec": {**spec, "output": {"base": "none"}}}
        )
    )
    names = [name for name in deployments if is_clonable(directory, name)]
    for number in range(count):
        pair = [names[number % len(names)], names[(number + 1) % len(names)]]
        write_spec(directory, f"dev{number}", pair)
    return names


def is_clonable(directory: Path, name: str) -> bool:
    """Tells whether a workload renders by itself."""
    spec = write_spec(directory, "probe", [name])
    try:
        render(read_inputs(DiskTree(directory), "sandlane.yaml"))
    except Invalid:
        return False
    finally:
        spec.unlink()
    return True


def write_spec(directory: Path, name: str, workloads: list[str]) -> Path:
    """Writes the spec of a sandbox."""
    entries = [{"name": workload, "image": f"registry.example/{workload}:{name}"} for workload in workloads]
    file = directory / "sandboxes" / f"{name}.yaml"
    manifest = {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "DevelopmentSandbox",
        "metadata": {"name": name},
        "spec": {"owner": "bench", "workloads": entries},
    }
    file.write_text(write(manifest))
    return file


def sandlane(directory: Path, command: str) -> None:
    """Runs a command as a process of its own."""
    run([sys.executable, "-m", "sandlane", command, "."], directory)


def run(command: list[str], directory: Path) -> None:
    """Runs a process and fails if it does."""
    subprocess.run(command, cwd=directory, check=True, capture_output=True)


def copy(directory: Path, texts: list[tuple[str, bytes]]) -> None:
    """Writes files into a fresh directory."""
    shutil.rmtree(directory, ignore_errors=True)
    for path, data in texts:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)


def best(action: Callable[[], None], before: Callable[[], None] = lambda: None) -> float:
    """Returns the shortest of several runs, in seconds."""
    times = []
    for _ in range(RUNS):
        before()
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    default = BOUTIQUE if BOUTIQUE.exists() else REPOSITORY / "overlays" / "shop" / "base" / "storefront.yaml"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default, int(sys.argv[2]) if len(sys.argv) > 2 else 100)
