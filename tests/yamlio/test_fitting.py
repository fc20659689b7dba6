"""What has a shape, told at once, is what no difference is found in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.base.field_types import SHAPES
from sandlane.yamlio.fitting import fitting
from sandlane.yamlio.shapes import Between, Each, NotEmpty, Shape, mismatches

ANYTHING = st.sampled_from(
    [None, 0, 1, 70000, True, False, 1.5, "", "a", [], ["a"], [None], {}, {"a": "b"}, {"a": None}]
)


@st.composite
def values(draw: st.DrawFn, shape: Shape, depth: int = 0) -> Any:
    """Draws a value that nearly has a shape: most of its parts do."""
    if depth > 6 or draw(st.integers(0, 11)) == 0:
        return draw(ANYTHING)
    if isinstance(shape, list):
        return draw(st.lists(values(shape[0], depth + 1), max_size=2))
    if isinstance(shape, Each):
        return {key: draw(values(shape.shape, depth + 1)) for key in draw(st.sets(st.sampled_from("ab")))}
    if isinstance(shape, dict):
        wanted = [field for field in shape if field.endswith("!") or draw(st.integers(0, 2)) == 0]
        return {"other": 1} | {field.removesuffix("!"): draw(values(shape[field], depth + 1)) for field in wanted}
    if isinstance(shape, Between):
        return draw(st.integers(shape.low - 1, shape.high + 1))
    if isinstance(shape, NotEmpty):
        return draw(st.sampled_from(["", "a"]))
    examples: list[Any] = ["a", 1, True, 1.5, {}, []]
    return draw(st.sampled_from([value for value in examples if isinstance(value, shape)]))


@given(st.data())
def test_values_fit_where_nothing_differs(data: st.DataObject) -> None:
    shape = SHAPES[data.draw(st.sampled_from(sorted(SHAPES)))]
    value = data.draw(values(shape))
    assert fitting(shape)(value) == (list(mismatches(shape, value)) == [])


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        pytest.param({"a!": str}, {"a": "b", "c": 1}, True, id="other-fields"),
        pytest.param({"a!": str}, {"a": None}, False, id="missing"),
        pytest.param({"a": str}, {"a": None}, True, id="null"),
        pytest.param([str], [None], False, id="null-item"),
        pytest.param(Each(str), {"a": None}, False, id="null-text"),
        pytest.param(Each([str]), {"a": None}, True, id="null-list"),
        pytest.param(int, True, False, id="boolean-is-no-number"),
        pytest.param(Between(1, 9), 10, False, id="beyond"),
        pytest.param(NotEmpty(), "", False, id="empty"),
    ],
)
def test_shapes(shape: Shape, value: Any, expected: bool) -> None:
    assert fitting(shape)(value) is expected
    assert (list(mismatches(shape, value)) == []) is expected
