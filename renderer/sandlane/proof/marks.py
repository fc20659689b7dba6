"""The metadata of a tenant's objects: what they keep of what they were copied from, and what marks them (rule R-C1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.k8s.resource import Manifest, annotations_of, labels_of
from sandlane.proof.claims import Claim, GroupClaim
from sandlane.proof.literals import (
    EXPIRES,
    MANAGED_BY,
    ORIGIN,
    OWNED_PREFIXES,
    OWNER,
    SANDBOX,
    SPEC,
    SUBSTITUTE,
    TENANT,
)
from sandlane.specs.model import Environment

_TRACKED = "app.kubernetes.io/instance"
"""The label by which Argo CD tracks objects, unless it is told otherwise."""


def marks_of(environment: Environment, holder: Claim | GroupClaim, origin: str | None) -> dict[str, str]:
    """Returns the labels of an object of a holder's; `origin` is the value of the origin label, if it has one."""
    marks = {
        MANAGED_BY: "sandlane",
        environment.tenant_label: holder.tenant,
        TENANT: holder.tenant,
        SANDBOX: holder.name,
    }
    return {**marks, ORIGIN: fit(origin, LABEL_VALUE_LIMIT)} if origin else marks


def notes_of(holder: Claim | GroupClaim) -> dict[str, str]:
    """Returns the annotations of an object of a holder's: who owns it, until when, and which spec asks for it."""
    said = {OWNER: holder.owner, EXPIRES: holder.expires, SPEC: holder.source.file}
    return {key: value for key, value in said.items() if value}


def kept_labels(manifest: Manifest) -> dict[str, str]:
    """Returns the labels that a copy has of its origin's: without those by which other tools own an object."""
    return {k: v for k, v in labels_of(manifest).items() if not k.startswith(OWNED_PREFIXES) and k != _TRACKED}


def kept_annotations(manifest: Manifest) -> dict[str, str]:
    """Returns the annotations that a copy has of its origin's: also those that say how Flux reads its data."""
    found = annotations_of(manifest)
    return {k: v for k, v in found.items() if not k.startswith(OWNED_PREFIXES) or k == SUBSTITUTE}


def has_references(manifest: Manifest) -> bool:
    """Tells whether an object holds `${`, which Flux replaces unless an annotation says that it should not."""
    return "${" in json.dumps(manifest, default=str)


def as_it_is(manifest: Manifest) -> Manifest:
    """Returns an object with the annotation that keeps Flux from replacing `${...}` in it, where it has any."""
    if SUBSTITUTE in annotations_of(manifest) or not has_references(manifest):
        return manifest
    annotations = {**annotations_of(manifest), SUBSTITUTE: "disabled"}
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}


def metadata_of(
    environment: Environment,
    holder: Claim | GroupClaim,
    *,
    name: str,
    namespace: str,
    origin: str | None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Returns the metadata of a holder's object that keeps labels and annotations of its origin."""
    return {
        "name": name,
        "namespace": namespace,
        "labels": {**(labels or {}), **marks_of(environment, holder, origin)},
        "annotations": {**(annotations or {}), **notes_of(holder)},
    }
