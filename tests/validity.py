"""What the API server would take: JSON Schemas of Kubernetes and of custom resources."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import jsonschema

from tests.shared import SHARED

KUBERNETES = "1.32"


@functools.cache
def _validator(group: str, kind: str, version: str) -> jsonschema.Draft7Validator | None:
    file = SHARED / "schemas" / group / f"{kind.lower()}_{version}.json"
    return jsonschema.Draft7Validator(json.loads(file.read_text())) if file.exists() else None


@functools.cache
def _definitions(directory: str) -> Any:
    from kubernetes_validate.utils import schema_contents
    from referencing import Resource

    return Resource.from_contents(schema_contents(f"{directory}/_definitions.json", KUBERNETES))


@functools.cache
def _strict(kind: str, api_version: str) -> Any:
    """Returns the validator of a kind of Kubernetes; the library's own `validate` reads a megabyte of definitions each time."""
    from kubernetes_validate.utils import schema_contents
    from referencing import Registry, Resource

    directory = f"kubernetes-json-schema/v{KUBERNETES}.0-local-strict"
    name = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
    schema = schema_contents(f"{directory}/{kind.lower()}-{name}.json", KUBERNETES)
    definitions = _definitions(directory)
    registry = definitions @ (Resource.from_contents(schema) @ Registry())
    return jsonschema.Draft202012Validator(schema, registry=registry)


def complaints(manifest: dict[str, Any]) -> list[str]:
    """Returns what a strict schema finds wrong with an object."""
    group, slash, version = manifest["apiVersion"].rpartition("/")
    group = group if slash else ""
    validator = _validator(group, manifest["kind"], version) or _strict(manifest["kind"], manifest["apiVersion"])
    return [error.message for error in validator.iter_errors(manifest)]
