"""The first day: for each base, an empty directory, `init`, `set` of two workloads, `check`; prints a table.

    python benchmarks/first_day.py BASES_AND_TREES

BASES_AND_TREES is a directory with `bases/*.yaml` and `trees/*`. A line counts as written by hand where a file had to be edited.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_IMAGE = "registry.example/changed:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What became of one base: the mesh that was found, the commands that were run, and the first that failed."""

    base: str
    mesh: str
    commands: int
    workloads: tuple[str, ...]
    failed: str


def main() -> None:
    """Prints the table, and exits 1 where more than a fifth needed a hand."""
    days = [_day(name, files, base) for name, files, base in _bases(Path(sys.argv[1]).resolve())]
    rows = [("BASE", "MESH", "COMMANDS", "LINES BY HAND", "WORKLOADS", "STOPPED BY")]
    rows += [
        (d.base, d.mesh, str(d.commands), "?" if d.failed else "0", ", ".join(d.workloads), d.failed) for d in days
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    green = sum(not day.failed for day in days)
    print(f"{green} of {len(days)} without a line by hand")
    sys.exit(0 if green * 5 >= len(days) * 4 else 1)


def _bases(shared: Path) -> Iterator[tuple[str, Path, list[str]]]:
    """Yields names, what is copied, and the argument of `init`: none for a base, every kustomization of a tree that can be built."""
    for file in sorted((shared / "bases").glob("*.yaml")):
        yield file.stem, file, []
    for tree in sorted(path for path in (shared / "trees").iterdir() if path.is_dir()):
        said = _run(tree, "init", "--no-render", probe=True)
        offered = re.findall(r"^  sandlane init (.+)$", said.stderr, re.MULTILINE)
        for base in offered or [""]:
            yield f"{tree.name}{f':{base}' if base else ''}", tree, [base] if base else []


def _run(directory: Path, *arguments: str, probe: bool = False) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as copy:
        if probe:
            shutil.copytree(directory, f"{copy}/app")
        return subprocess.run(
            [sys.executable, "-m", "sandlane", *arguments],
            cwd=copy if probe else directory,
            capture_output=True,
            text=True,
            check=False,
        )


def _day(name: str, files: Path, base: list[str]) -> Day:
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        shutil.copytree(files, here / "app") if files.is_dir() else shutil.copy(files, here / files.name)
        commands, mesh, chosen = 0, "-", list[str]()
        steps = [("init", *base), ("set",), ("check",)]
        for step in steps:
            if step == ("set",):
                mesh = _mesh(here)
                chosen = _workloads(here)
                step = ("set", "dev1", *(f"{target}={_IMAGE}" for target in chosen))
            commands += 1
            done = _run(here, *step)
            if done.returncode:
                said = next((line for line in done.stderr.splitlines() if re.search(r"SL\d|Error", line)), done.stderr)
                return Day(
                    base=name, mesh=mesh, commands=commands, workloads=tuple(chosen), failed=f"{step[0]}: {said}"
                )
        return Day(base=name, mesh=mesh, commands=commands, workloads=tuple(chosen), failed="")


def _mesh(here: Path) -> str:
    found = re.search(r"^  mesh: (\S+)", (here / "sandlane.yaml").read_text(), re.MULTILINE)
    return found[1] if found else "-"


def _workloads(here: Path) -> list[str]:
    """Returns the first two workloads that can be cloned and that requests reach, else the first two."""
    done = _run(here, "list", "workloads", "--format", "json")
    rows = json.loads(done.stdout)["environments"][0]["workloads"]
    clonable = [row for row in rows if row["clonable"]]
    routed = [row for row in clonable if any(not p["unroutable"] for sv in row["services"] for p in sv["ports"])]
    return [row["workload"] for row in (routed or clonable)[:2]]


if __name__ == "__main__":
    main()
