"""The table of fields, against the schemas that Kubernetes publishes."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from sandlane.k8s.known_fields import fields_of
from sandlane.k8s.pod_fields import KINDS, TYPES, unknown_fields

SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
NEWEST = max(
    (d.name.removesuffix("-local") for d in SCHEMAS.glob("v*-local")), key=lambda v: [int(n) for n in v[1:].split(".")]
)


@functools.cache
def definitions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{NEWEST}-local" / "_definitions.json").read_text())["$defs"]
    return {name.rpartition(".")[2]: schema for name, schema in found.items() if "api.apps.v1." in name or "batch.v1." in name
            or "api.core.v1." in name or "apis.meta.v1." in name}  # fmt: skip


def published(name: str) -> dict[str, str]:
    """Returns the fields of a type with the types of their values."""
    properties = definitions()[name]["properties"]
    references = {
        key: value.get("$ref") or value.get("items", {}).get("$ref") or "" for key, value in properties.items()
    }
    return {key: reference.rpartition(".")[2] for key, reference in references.items()}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_the_fields_that_kubernetes_publishes(name: str) -> None:
    expected = published(name)
    assert list(fields_of(TYPES, name)) == sorted(expected)
    assert {key: inner for key, inner in fields_of(TYPES, name).items() if inner} == {
        key: inner for key, inner in expected.items() if inner and fields_of(TYPES, name)[key]
    }


def test_each_type_is_one_that_a_kind_has() -> None:
    reached, rest = set(), list(KINDS.values())
    while rest:
        name = rest.pop()
        if name not in reached:
            reached.add(name)
            rest += [inner for inner in fields_of(TYPES, name).values() if inner]
    assert reached == set(TYPES)


MANIFEST = {
    "metadata": {"nmae": "a"},
    "spec": {
        "replica": 1,
        "template": {
            "metadata": {"lables": {"any": "thing"}, "labels": {"any": "thing"}},
            "spec": {"containers": [{"name": "a", "imge": "x", "resources": {"limits": {"example.com/gpu": 1}}}]},
        },
    },
}


def test_unknown_fields() -> None:
    found = dict(unknown_fields(("apps", "Deployment"), MANIFEST))
    assert found == {
        ("spec", "replica"): fields_of(TYPES, "DeploymentSpec"),
        ("spec", "template", "metadata", "lables"): fields_of(TYPES, "ObjectMeta"),
        ("spec", "template", "spec", "containers", 0, "imge"): fields_of(TYPES, "Container"),
    }
    assert list(unknown_fields(("argoproj.io", "Rollout"), MANIFEST)) == []
