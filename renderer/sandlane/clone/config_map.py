"""The copy of a ConfigMap: its origin's data with what the sandbox sets and removes.

Its name does not change with its data, so that a review shows which keys differ; a digest of the data on the clone's pods
restarts them (`sandlane.dev/config`).
"""

from __future__ import annotations

from typing import Any

from sandlane.plan.config_maps import data_of
from sandlane.plan.metadata import copied_labels, kept_annotations, tenant_metadata
from sandlane.plan.model import ConfigMapClone
from sandlane.specs.model import Environment


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
        **data_of(copy),
    }
