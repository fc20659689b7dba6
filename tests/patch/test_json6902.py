from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandlane.patch.errors import PatchError
from sandlane.patch.json6902 import apply_json6902, replaced_in_vain
from sandlane.problems.problem import Path

DOCUMENT: dict[str, Any] = {"a": {"b": [1, 2, 3], "c/d": 4, "e~f": 5, "n": None}, "metadata": {"name": "x"}}


def op(name: str, path: str, *value: Any, source: str | None = None) -> dict[str, Any]:
    return {"op": name, "path": path, **({"value": value[0]} if value else {}), **({"from": source} if source else {})}


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        pytest.param([op("add", "/a/b/1", 9)], {"a": {**DOCUMENT["a"], "b": [1, 9, 2, 3]}}, id="add-inserts"),
        pytest.param([op("add", "/a/b/3", 9)], {"a": {**DOCUMENT["a"], "b": [1, 2, 3, 9]}}, id="add-past-the-last"),
        pytest.param([op("add", "/a/b/-", 9)], {"a": {**DOCUMENT["a"], "b": [1, 2, 3, 9]}}, id="add-at-the-end"),
        pytest.param([op("add", "/a/b/-1", 9)], {"a": {**DOCUMENT["a"], "b": [1, 2, 3, 9]}}, id="add-at-minus-one"),
        pytest.param([op("add", "/a/c~1d", 9)], {"a": {**DOCUMENT["a"], "c/d": 9}}, id="add-replaces"),
        pytest.param([op("add", "/x", None)], {**DOCUMENT, "x": None}, id="add-null"),
        pytest.param([op("remove", "/a/b/-1")], {"a": {**DOCUMENT["a"], "b": [1, 2]}}, id="remove-the-last"),
        pytest.param([op("remove", "/a/b")], {"a": {"c/d": 4, "e~f": 5, "n": None}}, id="remove"),
        pytest.param([op("replace", "/a/e~0f", 9)], {"a": {**DOCUMENT["a"], "e~f": 9}}, id="replace"),
        pytest.param([op("replace", "/a/z", 9)], {"a": {**DOCUMENT["a"], "z": 9}}, id="replace-adds-a-missing-field"),
        pytest.param([op("replace", "/a/b/0", 9)], {"a": {**DOCUMENT["a"], "b": [9, 2, 3]}}, id="replace-an-item"),
        pytest.param([op("replace", "", {"z": 1})], {"a": None, "metadata": None, "z": 1}, id="replace-all"),
        pytest.param([op("add", "", {"z": 1})], {"a": None, "metadata": None, "z": 1}, id="add-all"),
        pytest.param(
            [op("move", "/m", source="/a/b")], {"a": {"c/d": 4, "e~f": 5, "n": None}, "m": [1, 2, 3]}, id="move"
        ),
        pytest.param(
            [op("move", "/a/b/0", source="/a/b/2")], {"a": {**DOCUMENT["a"], "b": [3, 1, 2]}}, id="move-in-a-list"
        ),
        pytest.param([op("move", "/a/n", source="/a/n")], {}, id="move-onto-itself"),
        pytest.param(
            [op("copy", "/a/b/-", source="/a/b")], {"a": {**DOCUMENT["a"], "b": [1, 2, 3, [1, 2, 3]]}}, id="copy"
        ),
        pytest.param([op("test", "/a/b", [1, 2, 3]), op("test", "/a/n", None)], {}, id="test"),
        pytest.param([op("test", "/metadata", {"name": "x"})], {}, id="test-a-mapping"),
        pytest.param(
            [op("add", "/metadata/annotations/a~1b", "c")],
            {"metadata": {"name": "x", "annotations": {"a/b": "c"}}},
            id="annotations",
        ),
    ],
)
def test_operations(operations: list[Any], expected: dict[str, Any]) -> None:
    before = copy.deepcopy(DOCUMENT)
    whole = {key: value for key, value in {**DOCUMENT, **expected}.items() if value is not None or key == "x"}
    assert (apply_json6902(DOCUMENT, operations), DOCUMENT) == (whole, before)


@pytest.mark.parametrize(
    ("operations", "message", "path"),
    [
        pytest.param([op("add", "/q/r", 1)], "the object has no 'q'", (0, "path"), id="missing-parent"),
        pytest.param(
            [op("add", "/metadata/labels/x", 1)], "'metadata' has no 'labels'", (0, "path"), id="missing-labels"
        ),
        pytest.param(
            [op("remove", "/metadata/nam")],
            "'metadata' has no 'nam': did you mean 'name'?",
            (0, "path"),
            id="did-you-mean",
        ),
        pytest.param(
            [op("remove", "/metadata/name/x")],
            "'metadata.name' is a string and has no 'x'",
            (0, "path"),
            id="below-a-scalar",
        ),
        pytest.param(
            [op("add", "/metadata/name/x", 1)],
            "'metadata.name' is a string and has no 'x'",
            (0, "path"),
            id="add-below-a-scalar",
        ),
        pytest.param(
            [op("replace", "/metadata/name/x", 1)],
            "'metadata.name' is a string and has no 'x'",
            (0, "path"),
            id="replace-below-a-scalar",
        ),
        pytest.param(
            [op("test", "/a/b", 1), op("test", "/a", 1)],
            "the test fails: 'a.b' is a list, expected '1'",
            (0, "value"),
            id="test",
        ),
        pytest.param(
            [op("test", "/a/b/0", True)],
            "the test fails: 'a.b[0]' is '1', expected 'true'",
            (0, "value"),
            id="test-types",
        ),
        pytest.param([op("add", "/a/b/4", 1)], "there is no position 4 in a list of 3", (0, "path"), id="past-the-end"),
        pytest.param(
            [op("replace", "/a/b/-", 1)], "'-' is no position in a list of 3", (0, "path"), id="replace-past-the-end"
        ),
        pytest.param([op("add", "/a/b/x", 1)], "'x' is no position in a list of 3", (0, "path"), id="no-number"),
        pytest.param([op("add", "/a/b/01", 1)], "'01' is no position in a list of 3", (0, "path"), id="leading-zero"),
        pytest.param(
            [op("add", f"/a/b/{'9' * 6000}", 1)],
            f"'{'9' * 59}…' is no position in a list of 3",
            (0, "path"),
            id="huge-index",
        ),
        pytest.param([op("add", "a/b", 1)], "'a/b' does not start with '/'", (0, "path"), id="no-pointer"),
        pytest.param([op("add", "/a" * 101, 1)], "the path has more than 100 steps", (0, "path"), id="deep-path"),
        pytest.param(
            [op("remove", "")], "the whole object cannot be removed by an operation", (0, "path"), id="remove-all"
        ),
        pytest.param(
            [op("move", "/a/b/0", source="/a")], "a value cannot be moved into itself", (0, "path"), id="cycle"
        ),
        pytest.param([op("copy", "/a/x", source="/y")], "the object has no 'y'", (0, "from"), id="copy-of-nothing"),
        pytest.param([op("add", "/x")], "'value' is missing in the operation 'add'", (0,), id="no-value"),
        pytest.param([op("move", "/x")], "'from' is missing in the operation 'move'", (0,), id="no-from"),
        pytest.param(
            [{"op": "add", "path": 1, "value": 1}],
            "expected a string such as '/spec/replicas', not a number",
            (0, "path"),
            id="path-is-no-string",
        ),
        pytest.param(
            [{"path": "/x"}],
            "'op' is missing: expected one of add, copy, move, remove, replace, test",
            (0,),
            id="no-operation",
        ),
        pytest.param(
            [op("repalce", "/x", 1)], "unknown operation 'repalce': did you mean 'replace'?", (0, "op"), id="unknown"
        ),
        pytest.param(["add"], "expected an operation with 'op' and 'path', not a string", (0,), id="no-mapping"),
    ],
)
def test_what_cannot_be_applied(operations: list[Any], message: str, path: Path) -> None:
    before = copy.deepcopy(DOCUMENT)
    with pytest.raises(PatchError) as error:
        apply_json6902(DOCUMENT, operations)
    assert (error.value.message, error.value.path, DOCUMENT) == (message, path, before)


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        pytest.param(
            [op("copy", "/a/-", source="/a")] * 200, "the patch copies more than 100000 values", id="doubling"
        ),
        pytest.param(
            [op("copy", "/b/x", source="/b")] * 200, "the result is nested deeper than 100 levels", id="deepening"
        ),
    ],
)
def test_growth_ends_quickly(operations: list[Any], message: str) -> None:
    before = time.process_time()
    with pytest.raises(PatchError) as error:
        apply_json6902({"a": [1], "b": {"c": 1}}, operations)
    assert (error.value.message, time.process_time() - before < 10) == (message, True)


def test_what_does_not_change_is_shared() -> None:
    found = apply_json6902(DOCUMENT, [op("replace", "/a/b/0", 1), op("add", "/metadata/name", "x")])
    assert found is DOCUMENT
    found = apply_json6902(DOCUMENT, [op("replace", "/metadata/name", "y")])
    assert (found["a"] is DOCUMENT["a"], found["metadata"]) == (True, {"name": "y"})


trees = st.recursive(
    st.integers(0, 3),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=8,
)
pointers = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "-1"]), max_size=3).map(
    lambda s: "".join(f"/{x}" for x in s)
)
operations = st.lists(
    st.one_of(
        st.builds(op, st.sampled_from(["add", "replace", "test"]), pointers, trees),
        st.builds(op, st.just("remove"), pointers),
        st.builds(
            lambda name, path, source: {"op": name, "path": path, "from": source},
            st.sampled_from(["copy", "move"]),
            pointers,
            pointers,
        ),
    ),
    max_size=5,
)


@given(st.dictionaries(st.sampled_from("ab"), trees, max_size=2), operations)
def test_any_operations_leave_the_document_alone(document: Any, patch: list[Any]) -> None:
    before = copy.deepcopy((document, patch))
    try:
        apply_json6902(document, patch)
    except PatchError:
        pass
    assert (document, patch) == before


def test_what_is_replaced_and_not_there() -> None:
    """After the operations before it: what one adds the next may replace."""
    operations = [
        op("replace", "/a/z", 1),
        op("replace", "/a/z", 2),
        op("add", "/m", {"y": 1}),
        op("replace", "/m/x", 1),
        op("replace", "/a/b/0", 9),
        op("replace", "/a/n", 9),
        op("replace", "", {"z": 1}),
    ]
    assert list(replaced_in_vain(DOCUMENT, operations)) == [
        (("a", "z"), ("b", "c/d", "e~f", "n")),
        (("m", "x"), ("y",)),
    ]
