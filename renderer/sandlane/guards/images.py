"""Images of a clone that neither its origin has nor the environment's policy lists."""

from __future__ import annotations

from sandlane.guards.policy import is_allowed_image
from sandlane.k8s.resource import Manifest, at
from sandlane.k8s.workload_kinds import images_of
from sandlane.plan.model import WorkloadClone
from sandlane.specs.model import Policy


def foreign_images(policy: Policy, clone: WorkloadClone) -> list[str]:
    """Returns images of the clone that are neither its origin's nor allowed."""
    before, after = (_images(manifest, clone) for manifest in (clone.origin.manifest, clone.manifest))
    return [image for image in sorted(after - before) if not is_allowed_image(policy, image)]


def _images(manifest: Manifest, clone: WorkloadClone) -> set[str]:
    return images_of(at(manifest, (*clone.row.template, "spec")) or {})
