"""The metadata of a tenant's objects: what they keep of what they were copied from, and what marks them (rule R-C1)."""

from __future__ import annotations

import json
from typing import Any

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.k8s.resource import Manifest, ResourceId, annotations_of, labels_of
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


def marks_of(environment: Environment, holder: Claim | GroupClaim | None, origin: str | None) -> dict[str, str]:
    """Returns the labels of an object of a holder's, or of one for all; `origin` is the value of the origin label, if it has one."""
    marks = {MANAGED_BY: "sandlane"}
    if holder:
        marks |= {environment.tenant_label: holder.tenant, TENANT: holder.tenant, SANDBOX: holder.name}
    return {**marks, ORIGIN: fit(origin, LABEL_VALUE_LIMIT)} if origin else marks


def _notes(holder: Claim | GroupClaim) -> dict[str, str]:
    """Returns the annotations of an object of a holder's: who owns it, until when, and which spec asks for it."""
    said = {OWNER: holder.owner, EXPIRES: holder.expires, SPEC: holder.source.file}
    return {key: value for key, value in said.items() if value}


def kept_metadata(manifest: Manifest) -> dict[str, dict[str, str]]:
    """Returns the labels and annotations that a copy has of its origin's: without those by which other tools own an object.

    An annotation that says how Flux reads its data stays.
    """
    labels, annotations = labels_of(manifest), annotations_of(manifest)
    return {
        "labels": {k: v for k, v in labels.items() if not k.startswith(OWNED_PREFIXES) and k != _TRACKED},
        "annotations": {k: v for k, v in annotations.items() if not k.startswith(OWNED_PREFIXES) or k == SUBSTITUTE},
    }


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
    holder: Claim | GroupClaim | None,
    id: ResourceId,
    origin: str | None,
    kept: Manifest | None = None,
) -> dict[str, Any]:
    """Returns the metadata of a holder's object, or of one for all, that keeps the labels and annotations of its origin's in `kept`."""
    labels, annotations = ((kept or {}).get(field) or {} for field in ("labels", "annotations"))
    notes = {**annotations, **(_notes(holder) if holder else {})}
    metadata = {
        "name": id.name,
        "namespace": id.namespace,
        "labels": {**labels, **marks_of(environment, holder, origin)},
    }
    return {**metadata, "annotations": notes} if notes else metadata
