"""What istiod itself makes of the output (rule R-I8 and all others on Istio): it shares nothing with sandlane.

`make test-istiod` builds the program beside this file and runs these tests; without it they are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from sandlane.files.disk import DiskTree
from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import Inputs, read_inputs
from tests.istiod.comparison import Case, Tally, compare
from tests.istiod.control_plane import BINARY
from tests.meshes.test_routing_cases import CASES, read
from tests.project.test_golden import EXAMPLES
from tests.shared import REPOSITORY, SHARED

pytestmark = [
    pytest.mark.istiod,
    pytest.mark.skipif(not BINARY.is_file(), reason="istiod is not built: make test-istiod"),
]
_BATCH = 12
_SLOW = {"50-size"}


def case_of(id: str, inputs: Inputs) -> Case | None:
    """Returns a case, or None where the render is refused."""
    try:
        return Case(id=id, inputs=inputs, found=render(inputs))
    except Invalid:
        return None


def compared(cases: Iterable[Case | None]) -> Tally:
    tally = Tally()
    found = [case for case in cases if case and case.inputs.environment.mesh != "linkerd"]
    for is_ambient in (False, True):
        mine = [case for case in found if (case.inputs.environment.mesh == "istio-ambient") == is_ambient]
        for start in range(0, len(mine), _BATCH):
            compare(mine[start : start + _BATCH], tally, is_ambient=is_ambient)
    return tally


def report_of(tally: Tally) -> str:
    """Returns the figures of a comparison, in a line."""
    named = "; ".join(f"{count} {name}" for name, count in sorted(tally.named.items()))
    counted = f"{tally.worlds} worlds, {tally.requests} requests, {tally.unknown} not known to the evaluator"
    return f"{counted}, named differences: {named or 'none'}"


def test_routing_cases() -> None:
    cases = (case_of(file.stem, read(file.read_text()).inputs) for file in CASES if file.stem not in _SLOW)
    assert compared(cases).differences == []


def test_golden_examples() -> None:
    examples = ((name, f"overlays/{path}") for name, path in EXAMPLES.items())
    assert compared(case_of(name, inputs) for name, inputs in _read(examples, REPOSITORY)).differences == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared cases are not beside this checkout")
def test_what_istiod_once_showed() -> None:
    found = SHARED / "cases" / "found" / "istio"
    environments = [
        (path.parent.name, f"{path.parent.name}/{path.name}") for path in sorted(found.glob("*/sandlane.yaml"))
    ]
    assert compared(case_of(name, inputs) for name, inputs in _read(environments, found)).differences == []


def _read(environments: Iterable[tuple[str, str]], root: Path) -> Iterator[tuple[str, Inputs]]:
    for name, path in environments:
        try:
            yield name, read_inputs(DiskTree(root), path)
        except Invalid:
            continue
