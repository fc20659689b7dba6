from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sandlane.specs.fields import Field, fields, matching
from sandlane.specs.schema import KINDS, is_valid, schema

FIELDS = fields()


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_example_of_a_kind_is_valid(kind: str) -> None:
    assert is_valid(kind, schema(kind)["examples"][0])


def value(data: Any, steps: list[str]) -> Any:
    """Returns what stands at the steps of a path; of a list the first item that is not empty."""
    if isinstance(data, list) and steps:
        (data,) = data
    return value(data[steps[0]], steps[1:]) if steps else data


TYPES = {"string": str, "whole number": int, "true or false": bool, "mapping": Mapping}


@pytest.mark.parametrize("field", list(FIELDS.values()), ids=list(FIELDS))
def test_every_field_has_a_meaning_and_an_example(field: Field) -> None:
    shown = value(field.example, field.path.split(".")[1:])
    assert (bool(field.description), bool(shown)) == (True, True)
    expected = TYPES.get(field.type, list if field.type.startswith("list of ") else Mapping)
    if " or null" not in field.type and field.type != "whole number or string":
        assert isinstance(shown, expected)


def test_parents_list_their_fields() -> None:
    children = [child for field in FIELDS.values() for child in field.children]
    assert sorted([*children, "environment", "sandbox", "routegroup"]) == sorted(FIELDS)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("environment.spec.policy", ["environment.spec.policy"], id="whole"),
        pytest.param("Environment.Spec.Policy", ["environment.spec.policy"], id="case"),
        pytest.param("maxPerOwner", ["environment.spec.policy.maxPerOwner"], id="last"),
        pytest.param("policy.images", ["environment.spec.policy.images"], id="last-two"),
        pytest.param("spec.workloads[0].replicas", ["sandbox.spec.workloads.replicas"], id="with-a-number"),
        pytest.param("dsb.spec.owner", ["sandbox.spec.owner"], id="short-name"),
        pytest.param("DevelopmentSandbox", ["sandbox"], id="kind"),
        pytest.param("sandbox", ["sandbox"], id="word"),
        pytest.param("owner", ["sandbox.spec.owner", "routegroup.spec.owner"], id="of-several-kinds"),
        pytest.param("plicy", [], id="none"),
        pytest.param("", [], id="nothing"),
        pytest.param("[0]", [], id="only-a-number"),
    ],
)
def test_fields_are_found_by_what_people_write(asked: str, expected: list[str]) -> None:
    assert [field.path for field in matching(FIELDS, asked)] == expected
