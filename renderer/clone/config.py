"""The copy of a ConfigMap: its origin's data with what the sandbox sets and removes.

Its name does not change with its data, so that a review shows which keys differ; a digest of the data on the clone's pods
restarts them (`sandlane.dev/config`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from renderer.clone.metadata import copied_labels, kept_annotations, tenant_metadata
from renderer.model import Environment
from renderer.plan import ConfigMapClone


def clone_config_map(environment: Environment, copy: ConfigMapClone) -> dict[str, Any]:
    """Returns the manifest of a ConfigMap's copy. It is not `immutable`: its data changes with the spec."""
    origin = copy.origin.manifest
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": tenant_metadata(
            environment,
            copy.sandbox,
            name=copy.id.name,
            namespace=copy.id.namespace,
            origin=copy.origin.id.name,
            labels=copied_labels(origin),
            annotations=kept_annotations(origin),
        ),
        **_data(copy),
    }


def _data(copy: ConfigMapClone) -> dict[str, Any]:
    old, binary = copy.origin.manifest.get("data") or {}, copy.origin.manifest.get("binaryData") or {}
    data = {**old, **copy.data}
    kept = {key: value for key, value in binary.items() if key not in copy.data}
    return {
        "data": {key: value for key, value in data.items() if value is not None},
        **({"binaryData": kept} if kept else {}),
    }


def digest(copies: Iterable[ConfigMapClone]) -> str | None:
    """Returns 10 hex digits that change with the data of copies; None without one."""
    contents = {copy.id.name: _data(copy) for copy in copies}
    text = json.dumps(contents, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10] if contents else None
