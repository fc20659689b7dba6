"""Policies that name what they apply to (`targetRef`, `targetRefs`): they do not apply to a copy of it by themselves.

The form is that of the Gateway API's policy attachment (GEP-713); Istio, Linkerd and Envoy Gateway use it for their own kinds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from renderer.base import Base
from renderer.kinds import at
from renderer.model import Resource, ResourceId

Attached = Mapping[ResourceId, tuple[Resource, ...]]
"""Target -> the policies that name it."""


def attached_policies(base: Base) -> Attached:
    """Indexes the policies of a base by what they name."""
    found: dict[ResourceId, list[Resource]] = {}
    for resource in base.resources:
        for target in _targets(resource):
            found.setdefault(target, []).append(resource)
    return {target: tuple(policies) for target, policies in found.items()}


def _targets(resource: Resource) -> Iterator[ResourceId]:
    spec = resource.manifest.get("spec")
    several = at(spec, ("targetRefs",))
    for reference in (at(spec, ("targetRef",)), *(several if isinstance(several, list) else ())):
        if isinstance(reference, Mapping) and isinstance(reference.get("name"), str):
            group = str(reference.get("group") or "").removeprefix("core")
            namespace = str(reference.get("namespace") or resource.id.namespace)
            yield ResourceId(group, str(reference.get("kind") or ""), namespace, reference["name"])
