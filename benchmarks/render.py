"""Prints what sandlane's commands take beside their rivals and the floors of their work: CPU of whole processes, user and system.

Figures are medians of interleaved runs.

    python -m benchmarks.render [--runs N] [--large] [--services] [--against CHECKOUT] [BASE]

BASE is a file of manifests; by default the Online Boutique where it lies beside this checkout, else the demo shop. `--large` adds
10,000 sandboxes (minutes), `--services` 1,000 tenants on one Service and on ten, `--against` a column for another checkout.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.environments import BASE, lay_out, turns, write_spec, write_specs
from benchmarks.processes import Figures, Process, floor, measured, python, sandlane

SMALL, MANY = 20, 1000
LARGE = {"thousand": 1000, "ten thousand": 10_000}
"""Directory -> sandboxes."""
WORKLOADS = 3
MESHES = ("gateway-api", "istio", "istio-ambient", "linkerd")
CLICK, YAML, COPY, KUSTOMIZE = (
    "import click",
    "import click, yaml",
    "cp -r of the output",
    "kustomize, an overlay",
)
KUSTOMIZES = (["kubectl", "kustomize"], ["kustomize", "build"])
_Table = dict[str, Process]


def main(base: Path, runs: int, checkouts: Mapping[str, Path | None], *, is_large: bool, has_services: bool) -> None:
    """Lays the environments out in a scratch directory, measures, and prints a table for each group of rows."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        names = lay_out(directory / "small", base, "istio")
        lay_out(directory / "many", base, "istio")
        write_specs(directory / "small", turns(names, SMALL, WORKLOADS))
        write_specs(directory / "many", turns(names, MANY, WORKLOADS))
        rivals: _Table = {CLICK: python(directory, CLICK), YAML: python(directory, YAML)}
        _show(measured(rivals | dict(_starting(directory / "small", checkouts)), runs), {CLICK: "click", YAML: "yaml"})
        table = dict(_working(directory / "many", names, checkouts))
        table |= _floors(directory / "many", directory / "written")
        table[COPY] = _copy(directory / "many" / "rendered", directory / "copy")
        if command := next((words for words in KUSTOMIZES if shutil.which(words[0])), None):
            table[KUSTOMIZE] = _kustomize(command, directory / "overlay", base, names)
        _show(measured(table, runs), {COPY: "cp -r", KUSTOMIZE: "kustomize"})
        if is_large:
            # With both carriers the VirtualServices of so many would be larger than the API server stores (SL404).
            for name, count in LARGE.items():
                lay_out(directory / name, base, "istio", carriers=[{"header": "tenantID"}])
                write_specs(directory / name, turns(names, count, WORKLOADS))
            _show(measured(dict(_first(directory, checkouts, LARGE)), 1), {})
        if has_services:
            for mesh in MESHES:
                _show(measured(dict(_on_services(directory / mesh, base, mesh, checkouts)), 3), {})


def _starting(directory: Path, checkouts: Mapping[str, Path | None]) -> Iterator[tuple[str, Process]]:
    """Yields what start-up decides."""
    for label, checkout in checkouts.items():
        ready = _once(lambda: measured({"": sandlane(directory, "render", ".", "-q")}, 1))
        yield f"--version{label}", sandlane(directory, "--version", checkout=checkout, before=ready)
        yield f"explain SL101{label}", sandlane(directory, "explain", "SL101", checkout=checkout)
        yield f"explain spec.mesh{label}", sandlane(directory, "explain", "spec.mesh", checkout=checkout)
        yield f"check, {SMALL} sandboxes{label}", sandlane(directory, "check", ".", checkout=checkout)
        yield f"render, {SMALL}, nothing changed{label}", sandlane(directory, "render", ".", "-q", checkout=checkout)


def _working(directory: Path, names: list[str], checkouts: Mapping[str, Path | None]) -> Iterator[tuple[str, Process]]:
    """Yields what the number of sandboxes decides."""
    tags = iter(range(2, 1 << 30))
    for label, checkout in checkouts.items():
        yield (
            f"render first, {MANY} x {WORKLOADS}{label}",
            sandlane(directory, "render", ".", "-q", checkout=checkout, before=lambda: _remove(directory / "rendered")),
        )
        yield f"check, {MANY} x {WORKLOADS}{label}", sandlane(directory, "check", ".", checkout=checkout)
        yield (
            f"render, one spec changed{label}",
            sandlane(
                directory,
                "render",
                ".",
                "-q",
                checkout=checkout,
                before=lambda: write_spec(directory, "dev0", names[:WORKLOADS], str(next(tags))),
            ),
        )
        yield f"verify, {MANY} x {WORKLOADS}{label}", sandlane(directory, "verify", ".", checkout=checkout)


def _first(
    directory: Path, checkouts: Mapping[str, Path | None], counts: Mapping[str, int]
) -> Iterator[tuple[str, Process]]:
    """Yields the first render of several numbers of sandboxes."""
    for label, checkout in checkouts.items():
        for name, count in counts.items():
            place = directory / name
            yield (
                f"render first, {count} x {WORKLOADS}{label}",
                sandlane(place, "render", ".", "-q", checkout=checkout, before=_clearing(place / "rendered")),
            )


def _on_services(
    directory: Path, base: Path, mesh: str, checkouts: Mapping[str, Path | None]
) -> Iterator[tuple[str, Process]]:
    """Yields the first render of as many tenants on one Service, and on ten."""
    for spread in (1, 10):
        place = directory / str(spread)
        names = lay_out(place, base, mesh)[:spread]
        write_specs(place, turns(names, MANY, 1))
        for label, checkout in checkouts.items():
            yield (
                f"{mesh}: {MANY} tenants on {len(names)}{label}",
                sandlane(place, "render", ".", "-q", checkout=checkout, before=_clearing(place / "rendered")),
            )


def _copy(source: Path, target: Path) -> Process:
    return Process(
        command=["cp", "-r", str(source), str(target)], directory=target.parent, before=lambda: _remove(target)
    )


def _floors(many: Path, target: Path) -> _Table:
    """Returns the least that any Python process takes for the rows above (`benchmarks.floors`)."""
    inputs = ("sandlane.yaml", "base.yaml", "sandboxes")
    return {
        "floor: reading inputs and output": floor(many, "read", *inputs, "rendered"),
        "floor: the output through libyaml": floor(many, "parse", "rendered"),
        "floor: writing the output's files": floor(
            many, "write", "rendered", str(target), before=lambda: _remove(target)
        ),
    }


def _kustomize(command: list[str], directory: Path, base: Path, names: list[str]) -> Process:
    """Returns a build of an overlay that makes of three workloads about what a sandbox of them is."""
    directory.mkdir()
    shutil.copyfile(base, directory / "base.yaml")
    overlay = {
        "resources": ["base.yaml"],
        "nameSuffix": "-dev1",
        "labels": [{"pairs": {"tenant": "dev1"}, "includeSelectors": True}],
        "images": [{"name": name, "newTag": "dev1"} for name in names[:WORKLOADS]],
        "patches": [{"patch": json.dumps(_labelled(name))} for name in names[:WORKLOADS]],
    }
    (directory / "kustomization.yaml").write_text(json.dumps(overlay))
    return Process(command=[*command, "."], directory=directory)


def _labelled(name: str) -> dict[str, object]:
    """Returns a strategic merge patch that gives a Deployment a label."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"tenant": "dev1"}},
    }


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)


def _clearing(directory: Path) -> Callable[[], object]:
    return lambda: _remove(directory)


def _once(action: Callable[[], object]) -> Callable[[], object]:
    """Returns an action that does nothing when it is called again."""
    waiting = [action]
    return lambda: waiting.pop()() if waiting else None


def _show(figures: Mapping[str, Figures], rivals: Mapping[str, str]) -> None:
    """Prints a table, with a column for the times that each rival takes."""
    known = {name: shown for name, shown in rivals.items() if name in figures}
    print(f"{'':40}{'CPU s':>9}{'MB':>7}" + "".join(f"{f'x {shown}':>13}" for shown in known.values()))
    for name, found in figures.items():
        times = "".join(f"{found.cpu / figures[rival].cpu:13.2f}" for rival in known)
        print(f"{name:40}{found.cpu:9.3f}{found.memory:7.0f}{times}", flush=True)
    print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", nargs="?", type=Path, default=BASE)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--services", action="store_true")
    parser.add_argument("--against", type=Path)
    given = parser.parse_args()
    both = {"": None, **({", other": given.against.resolve()} if given.against else {})}
    main(given.base.resolve(), given.runs, both, is_large=given.large, has_services=given.services)
