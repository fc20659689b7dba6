"""Prints how the CPU of proof grows with sandboxes: of three workloads each, and all on one Service.

Usage: python -m benchmarks.scaling [BASE] [COUNT ...]. BASE is a file of manifests; by default the Online Boutique where it lies
beside this checkout, else the demo shop. The exponent is that of the least squares through all counts: 1 is linear.
"""

from __future__ import annotations

import gc
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.environments import BASE, lay_out, turns, write_specs
from sandlane.files.disk import DiskTree
from sandlane.pipeline import render, written
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import read_inputs

COUNTS = (100, 300, 1000, 3000)
WORKLOADS = 3


def main(base: Path, counts: Sequence[int]) -> None:
    """Measures every mesh and arrangement, and prints a row for each."""
    print(f"{'':28}" + "".join(f"{count:>9}" for count in counts) + "  exponent   (seconds of CPU)")
    for mesh in ("istio", "linkerd"):
        for is_shared in (False, True):
            seconds = [measured(base, mesh, count, is_shared=is_shared) for count in counts]
            name = f"{mesh}, {'all on one Service' if is_shared else f'{WORKLOADS} workloads each'}"
            print(
                f"{name:28}" + "".join(f"{s:9.2f}" for s in seconds) + f"  {exponent(counts, seconds):8.2f}", flush=True
            )


def measured(base: Path, mesh: str, count: int, *, is_shared: bool) -> float:
    """Returns the CPU seconds that proof takes for some sandboxes."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "many"
        names = lay_out(directory, base, mesh)
        write_specs(directory, turns(names[:1], count, 1) if is_shared else turns(names, count, WORKLOADS))
        inputs = read_inputs(DiskTree(directory), "sandlane.yaml")
        output = written(render(inputs, is_proved=False).objects)
    claims = claims_of(inputs)
    gc.collect()
    start = time.process_time()
    problems = prove(inputs.base, output, claims)
    seconds = time.process_time() - start
    assert not problems, problems[0].text
    return seconds


def exponent(counts: Sequence[int], seconds: Sequence[float]) -> float:
    """Returns the slope of the line through the logarithms."""
    xs, ys = [math.log(c) for c in counts], [math.log(s) for s in seconds]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    below = sum((a - x) ** 2 for a in xs)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / below if below else 0.0


if __name__ == "__main__":
    named = [Path(argument) for argument in sys.argv[1:] if not argument.isdigit()]
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    main(named[0] if named else BASE, numbers or COUNTS)
