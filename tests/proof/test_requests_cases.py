"""What every request meets in all routing cases that render: no false alarm, whatever the mesh."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandlane.pipeline import written
from sandlane.proof.claims import claims_of
from sandlane.proof.obligations.requests import check
from sandlane.proof.world import make_world
from tests.meshes.test_routing_cases import CASES, read, rendered_or_not

pytestmark = pytest.mark.uncounted

SLOW = ()


@pytest.mark.parametrize("file", [pytest.param(f, id=f.stem) for f in CASES if f.stem not in SLOW])
def test_no_request_of_a_case_differs(file: Path) -> None:
    case = read(file.read_text())
    found, _ = rendered_or_not(case)
    if found is None:
        pytest.skip("the case is refused")
    world = make_world(case.inputs.base, written(found.objects), claims_of(case.inputs))
    assert [problem.text for problem in check(world)] == []
