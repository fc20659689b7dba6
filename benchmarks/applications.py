"""Which workloads of real applications can be cloned, and why others cannot: for each base and mesh a row, and the reasons by code.

    python benchmarks/applications.py DIRECTORY...

A base is a file of manifests in a DIRECTORY, or a kustomization below it that no other one names. Each workload is cloned alone: freely,
with the lines that `sandlane init` writes into `routes.adopt`, with the `accept` lines that its hints propose, or not at all.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sandlane.files.disk import DiskTree
from sandlane.files.tree import MemoryTree
from sandlane.meshes.adoption import proposals
from sandlane.meshes.registry import MESHES
from sandlane.pipeline import Unproven, render
from sandlane.problems.catalogue import CATALOGUE
from sandlane.problems.problem import Invalid, Problem, sort
from sandlane.reports import listing
from sandlane.reports.setup.candidates import find_candidates
from sandlane.specs.inputs import Inputs, read_inputs
from sandlane.specs.model import ObjectName
from sandlane.specs.sandbox import read_specs

Way = Literal["freely", "adopt", "accept", "not", "defect"]
WAYS: tuple[Way, ...] = ("freely", "adopt", "accept", "not", "defect")
_ROUNDS = 4
"""Times that what is refused is accepted: one acceptance may show the next problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a workload can be cloned, what stood in the way at first, and what still did in the end, if anything."""

    workload: str
    way: Way
    reasons: tuple[Problem, ...] = ()
    left: tuple[Problem, ...] = ()


def main(directories: list[Path]) -> None:
    """Prints the tables; exits 1 where a clone would be a defect of sandlane (exit 70)."""
    rows: list[tuple[str, ...]] = [("BASE", "MESH", "WORKLOADS", *(way.upper() for way in WAYS), "REASONS", "LEFT")]
    codes: Counter[str] = Counter()
    examples: dict[str, Problem] = {}
    defects = 0
    for name, tree, entry in bases(directories):
        for mesh in MESHES:
            try:
                found = list(verdicts(tree, entry, mesh))
            except Invalid as invalid:
                rows.append(
                    (name, mesh, "?", *("" for _ in WAYS), "not read: " + ", ".join(_codes(invalid.problems)), "")
                )
                continue
            ways = Counter(verdict.way for verdict in found)
            own = Counter(code for verdict in found for code in _codes(verdict.reasons))
            for verdict in found:
                examples.update({p.code: p for p in verdict.reasons if p.code not in examples})
            codes += own
            defects += ways["defect"]
            left = Counter(code for verdict in found for code in _codes(verdict.left))
            rows.append((name, mesh, str(len(found)), *(str(ways[way]) for way in WAYS), _said(own), _said(left)))
    _print(rows)
    print()
    for code, count in codes.most_common():
        print(f"{code} {count}: {examples[code].text}\n  hint: {examples[code].hint}")
    sys.exit(1 if defects else 0)


def bases(directories: list[Path]) -> Iterator[tuple[str, DiskTree, str]]:
    """Yields bases: a name, a tree, and the entry of `base` as seen from its root."""
    for directory in directories:
        files = sorted(path for path in directory.glob("*.yaml") if path.is_file())
        for file in files:
            yield file.stem, DiskTree(directory), file.name
        for below in () if files else sorted(path for path in directory.iterdir() if path.is_dir()):
            tree = DiskTree(below)
            for entries in find_candidates(tree, "").bases:
                for entry in entries:
                    yield f"{below.name}:{entry}", tree, entry


def verdicts(tree: DiskTree, entry: str, mesh: str) -> Iterator[Verdict]:
    """Yields how each workload of a base can be cloned on a mesh. Raises Invalid where the base cannot be read."""
    inputs = _inputs(tree, entry, mesh)
    adopted = tuple(
        ObjectName(kind=p.resource.id.kind, name=p.resource.id.name, namespace=p.resource.id.namespace)
        for p in proposals(inputs)
    )
    routes = replace(inputs.environment.routes, adopt=adopted)
    adopting = replace(inputs, environment=replace(inputs.environment, routes=routes))
    for row in listing.workloads(inputs):
        if row["clonable"]:
            yield _verdict(inputs, adopting, row["workload"])


def _inputs(tree: DiskTree, entry: str, mesh: str) -> Inputs:
    spec = {"base": ["."], "mesh": mesh, "defaultNamespace": "apps"}
    environment = {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "Environment",
        "metadata": {"name": "all"},
        "spec": spec,
    }
    staged = {".sandlane/sandlane.yaml": json.dumps(environment).encode()}
    return read_inputs(DiskTree(tree.root, staged=staged), ".sandlane/sandlane.yaml", base_entries=(entry,))


def _verdict(inputs: Inputs, adopting: Inputs, workload: str) -> Verdict:
    first = _errors(inputs, workload, ())
    if first is None:
        return Verdict(workload=workload, way="defect")
    if not first:
        return Verdict(workload=workload, way="freely")
    accepted: tuple[tuple[str, str], ...] = ()
    errors: list[Problem] | None = first
    for _ in range(_ROUNDS):
        errors = _errors(adopting, workload, accepted)
        if errors is None:
            return Verdict(workload=workload, way="defect", reasons=tuple(first))
        if not errors:
            return Verdict(workload=workload, way="accept" if accepted else "adopt", reasons=tuple(first))
        if not all(CATALOGUE[p.code].acceptable and p.sandbox for p in errors):
            break
        accepted += tuple((p.code, p.object) for p in errors)
    return Verdict(workload=workload, way="not", reasons=tuple(first), left=tuple(errors or ()))


def _errors(inputs: Inputs, workload: str, accepted: tuple[tuple[str, str], ...]) -> list[Problem] | None:
    """Returns why a sandbox of one workload is refused; None where what is rendered breaks a promise."""
    kind, namespace, name = workload.split("/")
    accept = [{"code": code, "object": object, "reason": "measured"} for code, object in dict.fromkeys(accepted)]
    entry = {"kind": kind, "namespace": namespace, "name": name, **({"accept": accept} if accept else {})}
    spec = {
        "apiVersion": "sandlane.dev/v1alpha1",
        "kind": "DevelopmentSandbox",
        "metadata": {"name": "dev1"},
        "spec": {"workloads": [entry]},
    }
    found = read_specs(
        MemoryTree({"sandboxes/dev1.yaml": json.dumps(spec)}), ["sandboxes/dev1.yaml"], inputs.environment
    )
    try:
        render(replace(inputs, sandboxes=found.sandboxes, problems=found.problems))
    except Invalid as invalid:
        return sort(invalid.problems)
    except Unproven:
        return None
    return []


def _codes(problems: tuple[Problem, ...]) -> list[str]:
    return sorted({problem.code for problem in problems})


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{code} {count}" for code, count in counts.most_common())


def _print(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
