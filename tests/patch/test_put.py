from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.patch.put import put, remove
from sandlane.problems.problem import Path


@pytest.mark.parametrize(
    ("manifest", "path", "value", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, ("a",), 3, {"a": 3, "b": 2}, id="key-order"),
        pytest.param({"a": 1}, ("b",), 2, {"a": 1, "b": 2}, id="appended"),
        pytest.param({"a": {"b": [1, 2, 3]}}, ("a", "b", 1), 9, {"a": {"b": [1, 9, 3]}}, id="index"),
        pytest.param({"a": [{"b": 1}]}, ("a", 0, "b"), 2, {"a": [{"b": 2}]}, id="in-a-list"),
        pytest.param({"a": 1}, ("a",), True, {"a": True}, id="type-differs-bool"),
        pytest.param({"a": 1}, ("a",), 1.0, {"a": 1.0}, id="type-differs-float"),
        pytest.param({"a": 1}, ("a",), None, {"a": None}, id="null"),
        pytest.param({}, ("a",), None, {"a": None}, id="null-for-a-new-key"),
        pytest.param({"a": 1}, (), {"b": 2}, {"b": 2}, id="empty-path"),
    ],
)
def test_put(manifest: Any, path: Path, value: Any, expected: Any) -> None:
    before = copy.deepcopy(manifest)
    found = put(manifest, path, value)
    assert (json.dumps(found), json.dumps(manifest)) == (json.dumps(expected), json.dumps(before))


@pytest.mark.parametrize(
    ("old", "new"),
    [pytest.param([1], [True], id="list"), pytest.param({"x": 0}, {"x": False}, id="mapping"),
     pytest.param([{"x": 1}], [{"x": 1.0}], id="deep")],
)  # fmt: skip
def test_types_inside(old: Any, new: Any) -> None:
    assert json.dumps(put({"a": old}, ("a",), new)) == json.dumps({"a": new})


@pytest.mark.parametrize(
    ("path", "value"),
    [pytest.param(("a", "b"), 1, id="scalar"), pytest.param(("a",), {"b": 1}, id="mapping"),
     pytest.param(("c", 0), "x", id="item"), pytest.param((), {"a": {"b": 1}, "c": ["x"]}, id="all")],
)  # fmt: skip
def test_equal_is_the_same_object(path: Path, value: Any) -> None:
    manifest = {"a": {"b": 1}, "c": ["x"]}
    assert put(manifest, path, value) is manifest


def test_the_rest_is_shared() -> None:
    manifest: dict[str, Any] = {"a": {"b": {"x": 1}, "c": {"y": 2}}, "d": [{}, {"z": 1}]}
    found = put(put(manifest, ("a", "b", "x"), 5), ("d", 0), 5)
    assert (found["a"]["c"] is manifest["a"]["c"], found["d"][1] is manifest["d"][1]) == (True, True)


@pytest.mark.parametrize(
    ("manifest", "path", "error"),
    [
        pytest.param({}, ("a", "b"), KeyError, id="missing-parent"),
        pytest.param({"a": {}}, ("a", "b", "c"), KeyError, id="missing-parent-below"),
        pytest.param({"a": [1]}, ("a", 1), IndexError, id="missing-item"),
    ],
)
def test_missing(manifest: Any, path: Path, error: type[Exception]) -> None:
    with pytest.raises(error):
        put(manifest, path, 1)


def test_create() -> None:
    assert put({"a": {}}, ("a", "b", "c"), 1, create=True) == {"a": {"b": {"c": 1}}}


def test_null_parent() -> None:
    with pytest.raises(KeyError):
        put({"a": None}, ("a", "b"), 1)


def test_negative_index() -> None:
    assert put([1, 2], (-1,), 3) == [1, 3]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(("a", "b"), {"a": {"c": 2}, "d": 1}, id="key"),
        pytest.param(("d",), {"a": {"b": 1, "c": 2}}, id="top"),
        pytest.param(("a", "x"), {"a": {"b": 1, "c": 2}, "d": 1}, id="missing"),
        pytest.param(("d", "x"), {"a": {"b": 1, "c": 2}, "d": 1}, id="below-a-scalar"),
        pytest.param(("x", "y"), {"a": {"b": 1, "c": 2}, "d": 1}, id="missing-parent"),
    ],
)
def test_remove(path: Path, expected: Any) -> None:
    manifest = {"a": {"b": 1, "c": 2}, "d": 1}
    found = remove(manifest, path)
    assert (found, manifest) == (expected, {"a": {"b": 1, "c": 2}, "d": 1})
    assert (found is manifest) == (found == manifest)


@pytest.mark.parametrize(
    ("manifest", "path", "expected"),
    [
        pytest.param({"a": {"b": 1}}, ("a", "b"), {}, id="parent"),
        pytest.param({"a": {"b": {"c": 1}}, "d": 1}, ("a", "b", "c"), {"d": 1}, id="parents"),
        pytest.param({"a": {"b": {"c": 1}, "d": 1}}, ("a", "b", "c"), {"a": {"d": 1}}, id="up-to-one-with-more"),
        pytest.param({"a": {"b": {}}}, ("a", "b", "c"), {"a": {"b": {}}}, id="empty-before"),
        pytest.param({"a": {}, "b": {"c": 1}}, ("b", "c"), {"a": {}}, id="others-stay-empty"),
    ],
)
def test_remove_drops_parents_that_it_leaves_empty(manifest: Any, path: Path, expected: Any) -> None:
    before = copy.deepcopy(manifest)
    assert (remove(manifest, path), manifest) == (expected, before)


scalars = st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.text(max_size=2))
trees = st.dictionaries(st.sampled_from("abc"), st.one_of(scalars, st.lists(scalars, max_size=2)), max_size=3)


@given(trees, st.sampled_from("abcd"), scalars)
def test_put_is_assignment(manifest: dict[str, Any], key: str, value: Any) -> None:
    before = json.dumps(manifest)
    expected = copy.deepcopy(manifest)
    expected[key] = value
    assert json.dumps(put(manifest, (key,), value)) == json.dumps(expected)
    assert json.dumps(manifest) == before
