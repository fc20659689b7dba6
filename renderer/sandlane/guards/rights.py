"""What a spec may not give a clone: privileges that its origin has not, and images that the environment's policy does not list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.guards.policy import is_allowed_image
from sandlane.guards.privilege import gained, of_claim_templates
from sandlane.k8s.resource import Manifest, at
from sandlane.plan.model import WorkloadClone
from sandlane.specs.model import Environment

Finding = tuple[str, str, Mapping[str, Any]]


def beyond_origin(environment: Environment, clone: WorkloadClone, own_claims: frozenset[str]) -> Iterator[Finding]:
    """Yields what the clone's pods could do and its origin's cannot, unless the environment's policy allows it."""
    before, after = (at(manifest, clone.row.template) or {} for manifest in (clone.origin.manifest, clone.manifest))
    claims = [at(m, ("spec", "volumeClaimTemplates")) or () for m in (clone.origin.manifest, clone.manifest)]
    found = [*gained(before, after, own_claims), *sorted(of_claim_templates(claims[1]) - of_claim_templates(claims[0]))]
    for kind, what in found:
        if kind not in environment.policy.privileges:
            yield "SL330", str(clone.id), {"what": what, "than": f"'{clone.origin.id}'", "kind": kind}


def foreign_images(environment: Environment, clone: WorkloadClone) -> Iterator[Finding]:
    """Yields images of the clone that are neither its origin's nor allowed."""
    before, after = (_images(manifest, clone) for manifest in (clone.origin.manifest, clone.manifest))
    for image in sorted(after - before):
        if not is_allowed_image(environment.policy, image):
            yield "SL241", str(clone.id), {"image": image, "patterns": ", ".join(environment.policy.images) or "none"}


def _images(manifest: Manifest, clone: WorkloadClone) -> set[str]:
    spec = at(manifest, (*clone.row.template, "spec")) or {}
    fields = ("containers", "initContainers", "ephemeralContainers")
    images = {str(c.get("image")) for field in fields for c in spec.get(field) or ()}
    return images | {str(at(v, ("image", "reference"))) for v in spec.get("volumes") or () if v.get("image")}
