"""Names that YAML takes for numbers are the texts that stand in the spec."""

from __future__ import annotations

import pytest

from sandlane.specs.as_written import as_written
from sandlane.yamlio.read import read


@pytest.mark.parametrize(
    ("text", "tenant"),
    [
        pytest.param("spec: {tenantID: 0123}\n", "0123", id="octal"),
        pytest.param("spec:\n  tenantID: 0x1F  # hex\n", "0x1F", id="hex"),
        pytest.param("spec:\n  tenantID: 1e3\n", "1e3", id="exponent"),
        pytest.param("spec:\n  tenantID: 1_000\n", "1_000", id="underscores"),
        pytest.param("spec:\n  tenantID: 7.10\n", "7.10", id="zeros-at-the-end"),
        pytest.param("spec: {tenantID: 42, owner: a}\n", "42", id="comma"),
        pytest.param("\ufeffspec: {tenantID: 042}\n", "042", id="byte-order-mark"),
        pytest.param('a: "b\u2028c"\nspec: {tenantID: 042}\n', "042", id="line-separator-in-a-text"),
        pytest.param("spec: {tenantID: 042}\r\n", "042", id="carriage-return"),
        pytest.param("spec:\n  tenantID:\n    042\n", "042", id="on-a-line-of-its-own"),
        pytest.param("spec: {tenantID: '0123'}\n", "0123", id="quoted"),
        pytest.param("spec: {tenantID: dev1}\n", "dev1", id="a-name"),
        pytest.param("spec: {tenantID: true}\n", True, id="a-boolean-stays-wrong"),
        pytest.param("spec: {tenantID: [12]}\n", [12], id="a-list-stays-wrong"),
    ],
)
def test_tenant_ids(text: str, tenant: object) -> None:
    (document,) = read(text.encode(), "dev1.yaml")
    assert as_written(document.data, text.encode(), 0) == {
        **document.data,
        "spec": {**document.data["spec"], "tenantID": tenant},
    }


def test_names_and_owners_of_any_document_and_nothing_else() -> None:
    text = b"metadata: {name: 01}\n---\nmetadata: {name: 02, labels: {a: 03}}\nspec: {owner: 0b11, expires: 04, tenantID: 5}\n"
    _, second = read(text, "dev1.yaml")
    assert as_written(second.data, text, second.index) == {
        "metadata": {"name": "02", "labels": {"a": 3}},
        "spec": {"owner": "0b11", "expires": 4, "tenantID": "5"},
    }


@pytest.mark.parametrize("data", [None, [], "text", {"spec": 3}, {"metadata": None}])
def test_what_is_no_spec_stays(data: object) -> None:
    assert as_written(data, b"", 0) is data
