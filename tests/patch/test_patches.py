from __future__ import annotations

from typing import Any

import pytest

from sandlane.patch.errors import PatchError
from sandlane.patch.patches import apply_patch, check_patch, parse_patch

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a"}]}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("- {op: remove, path: /spec}\n", ([{"op": "remove", "path": "/spec"}],), id="operations"),
        pytest.param('[{"op": "remove", "path": "/spec"}]', ([{"op": "remove", "path": "/spec"}],), id="json"),
        pytest.param("spec: {a: 1}\n", ({"spec": {"a": 1}},), id="mapping"),
        pytest.param("a: 1\n---\nb: 2\n", ({"a": 1}, {"b": 2}), id="documents"),
        pytest.param("# nothing\n", (), id="nothing"),
    ],
)
def test_parse_patch(text: str, expected: Any) -> None:
    assert parse_patch(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "a: 1\na: 2\n", "key 'a' stands twice in one mapping, first on line 1 (line 2 of the patch)", id="yaml"
        ),
        pytest.param("\ud800", "not UTF-8 text: byte 0xed does not belong there (line 1 of the patch)", id="no-text"),
        pytest.param(
            "text\n",
            "expected a mapping (strategic merge) or a list of operations (JSON patch), not a string",
            id="scalar",
        ),
        pytest.param(
            "{op: add, path: /x, value: 1}\n",
            "expected a list of operations: start the operation with '- '",
            id="operation",
        ),
        pytest.param("- {op: add, path: /x}\n", "'value' is missing in the operation 'add'", id="bad-operation"),
        pytest.param(
            "- {op: remove, path: /x}\n---\na: 1\n",
            "a list of operations and another patch in one text: expected one of them",
            id="both",
        ),
    ],
)
def test_what_is_no_patch(text: str, message: str) -> None:
    with pytest.raises(PatchError) as error:
        parse_patch(text)
    assert error.value.message == message


def test_apply_either_form() -> None:
    strategic = apply_patch(POD, {"spec": {"containers": [{"name": "a", "image": "i"}]}}, group="", kind="Pod")
    operations = apply_patch(
        POD, [{"op": "add", "path": "/spec/containers/0/image", "value": "i"}], group="", kind="Pod"
    )
    expected = {**POD, "spec": {"containers": [{"name": "a", "image": "i"}]}}
    assert (strategic, operations) == (expected, expected)
    assert apply_patch(POD, {"$patch": "delete"}, group="", kind="Pod") is None


def test_an_object_stays_an_object() -> None:
    with pytest.raises(PatchError) as error:
        apply_patch(POD, check_patch([{"op": "replace", "path": "", "value": 1}]), group="", kind="Pod")
    assert error.value.message == "the patch leaves a number where an object has to be"
