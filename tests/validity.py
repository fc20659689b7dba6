"""What the API server would take: JSON Schemas of Kubernetes and of custom resources."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema

from tests.shared import SHARED

KUBERNETES = "1.32"


@functools.cache
def _validator(group: str, kind: str, version: str) -> jsonschema.Draft7Validator | None:
    file = SHARED / "schemas" / group / f"{kind.lower()}_{version}.json"
    return jsonschema.Draft7Validator(json.loads(file.read_text())) if file.exists() else None


def complaints(manifest: dict[str, Any]) -> list[str]:
    """Returns what a strict schema finds wrong with an object."""
    import kubernetes_validate

    group, slash, version = manifest["apiVersion"].rpartition("/")
    group = group if slash else ""
    validator = _validator(group, manifest["kind"], version)
    if validator:
        return [error.message for error in validator.iter_errors(manifest)]
    try:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error)]
    return []
