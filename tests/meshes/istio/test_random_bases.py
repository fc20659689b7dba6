"""The random bases that istiod is asked about, without istiod: whatever is rendered is proved (a render that is not exits with 70)."""

from __future__ import annotations

import pytest

from sandlane.pipeline import render
from sandlane.problems.problem import Invalid
from tests.istiod.bases import random_inputs
from tests.profiles import quick_or

FOUND = (1, 10, 37, 42, 43, 46, 49, 353, 434, 552)
"""Seeds of bases on which proof and render did not agree once."""


@pytest.mark.parametrize("seed", [*FOUND, *range(60, 60 + quick_or(6, 50))])
def test_what_is_rendered_is_proved(seed: int) -> None:
    given = random_inputs(seed)
    try:
        found = render(given)
    except Invalid:
        return
    assert found.objects
