"""The table of merge keys against the schemas of Kubernetes that kubernetes-validate ships."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from sandlane.patch.merge_keys import KINDS, TYPES, Field, Fields, MergeList, Union

MERGE = "x-kubernetes-patch-strategy"
LATER = {
    ("Container", "resizePolicy"),
    ("EphemeralContainer", "ports"),
    ("NamedRuleWithOperations", "*"),
    ("PodSpec", "evictionResponders"),
    ("PodSpec", "resourceClaims"),
    ("PodSpec", "schedulingGates"),
    ("PodStatus", "hostIPs"),
    ("PodStatus", "nodeAllocatableResourceClaimStatuses"),
    ("PodStatus", "resourceClaimStatuses"),
}
"""Lists that merge in later versions of Kubernetes only; kustomize replaces them."""


def definitions() -> Any:
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema"
    newest = max(
        (entry for entry in folder.iterdir() if entry.name.endswith("-local")), key=lambda e: int(e.name.split(".")[1])
    )
    return json.loads((newest / "_definitions.json").read_text())["$defs"]


DEFINITIONS = definitions()


def fields_of_schema(schema: Any) -> Any:
    while "$ref" in schema:
        schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]]
    return schema


def differences(fields: Fields, schema: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yields (type, field) where the table and a schema disagree about a list."""
    properties = fields_of_schema(schema).get("properties", {})
    for field, inner in properties.items():
        rule: Field | None = fields.get(field)
        is_list = "array" in str(inner.get("type"))
        if isinstance(rule, MergeList) != (is_list and "merge" in inner.get(MERGE, "")):
            yield name, field
        elif isinstance(rule, MergeList):
            keys = tuple(
                inner.get("x-kubernetes-list-map-keys") or filter(None, [inner.get("x-kubernetes-patch-merge-key")])
            )
            if keys != rule.keys or rule.is_union != ("retainKeys" in inner[MERGE]):
                yield name, field
            if rule.item:
                yield from differences(TYPES[rule.item], inner["items"], rule.item)
        elif isinstance(rule, Union) != ("retainKeys" in inner.get(MERGE, "")):
            yield name, field
        elif isinstance(rule, str):
            yield from differences(TYPES[rule], inner, rule)
    yield from ((name, field) for field in fields if field not in properties)


KNOWN = {
    (f"{gvk['group']}/{gvk['version']}".lstrip("/"), gvk["kind"]): schema
    for schema in DEFINITIONS.values()
    for gvk in schema.get("x-kubernetes-group-version-kind", [])
}


@pytest.mark.parametrize(("version", "kind"), [key for key in KINDS if key in KNOWN])
def test_merge_keys_are_those_of_the_schema(version: str, kind: str) -> None:
    assert set(differences(KINDS[(version, kind)], KNOWN[(version, kind)], kind)) - LATER == set()


def test_the_schemas_know_most_kinds() -> None:
    assert len([key for key in KINDS if key in KNOWN]) > 40


def test_a_type_that_is_named_is_there() -> None:
    named = {
        inner.item if isinstance(inner, MergeList) else inner
        for fields in (*TYPES.values(), *KINDS.values())
        for inner in fields.values()
        if isinstance(inner, MergeList | str)
    }
    assert named - {""} == set(TYPES)
