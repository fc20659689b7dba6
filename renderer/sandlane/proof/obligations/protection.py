"""P8, protection: a clone's pods have no more privilege than their origin's (rule R-C6).

A clone of which the specs change images, environment and replicas alone differs in nothing else. What patches, volumes and
resources of a sandbox change besides is held against a list of privileges; the environment's policy alone may allow one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at
from sandlane.k8s.workload_kinds import INJECTED, WORKLOADS, containers_of, images_of
from sandlane.problems.problem import Problem
from sandlane.proof.differences import same, told
from sandlane.proof.placement import kept_off
from sandlane.proof.policies import kind_of
from sandlane.proof.privileges import Secrets, data_gained, more, ordinary, secrets_gained, secrets_of, tokens
from sandlane.proof.triggers import around, of_objects
from sandlane.proof.world import World
from sandlane.specs.model import Policy

_PLACEMENT = ("affinity", "topologySpreadConstraints")

_wrong = partial(told, "SL608")


@frozen(kw_only=True)
class _Pods:
    """What is compared of the pods of a workload, or of a resource: read once, since all clones of an origin ask for it."""

    resource: Resource
    template: Manifest
    comparable: Mapping[str, Any]
    secrets: Secrets
    images: frozenset[str]


def check(world: World) -> Iterator[Problem]:
    """Yields clones whose pods differ from their origin's in more than a spec changes, or may do more."""
    read = cache(lambda id: _read(with_template(world.base, world.base.by_id[id])))
    for claim in world.claims.sandboxes:
        # Claims of the same names in other namespaces are of others.
        own = {r.id for r in world.resources.get(claim.name, ()) if kind_of(r) == ("", "PersistentVolumeClaim")}
        for id in claim.origins:
            clone = world.clone_of(id, claim.tenant)
            if id in world.base.by_id and clone:
                after = _read(clone.resource, origin := read(id))
                yield from _differences(origin, after) if id not in claim.changed else ()
                yield from _privileges(world, origin, after, own)
        for resource in world.resources.get(claim.name, ()):
            yield from _privileges(world, None, _read(resource), own)


def _read(resource: Resource, origin: _Pods | None = None) -> _Pods:
    """Reads the pods of a workload; what those of a clone have in common with their origin's is then one object."""
    row = WORKLOADS.get((resource.id.group, resource.id.kind))
    return _of_template(resource, (at(resource.manifest, row.template) if row else None) or {}, origin)


def _of_template(resource: Resource, template: Manifest, origin: _Pods | None = None) -> _Pods:
    spec = template.get("spec") or {}
    comparable: Mapping[str, Any] = _comparable(spec)
    secrets: Secrets
    if origin and same(origin.comparable, comparable):
        variables = [container.get("env") for container in containers_of(spec)]
        comparable, secrets = origin.comparable, {**origin.secrets, **secrets_of({"env": variables})}
    else:
        secrets = secrets_of(spec)
    return _Pods(
        resource=resource, template=template, comparable=comparable, secrets=secrets, images=frozenset(images_of(spec))
    )


def _differences(origin: _Pods, clone: _Pods) -> Iterator[Problem]:
    """Yields the fields of a clone's pods that are not its origin's: where there are none, there is no privilege to gain."""
    before, after, resource = origin.comparable, clone.comparable, clone.resource
    for field in sorted(before.keys() | after.keys()) if before is not after else ():
        if not same(before.get(field), after.get(field)):
            yield _wrong(resource, f"'{resource.id}': '{field}' of its pods is not that of '{origin.resource.id}'")
    if not same(*(at(pods.resource.manifest, ("spec", "volumeClaimTemplates")) for pods in (origin, clone))):
        what = f"'{resource.id}': 'volumeClaimTemplates' are not those of '{origin.resource.id}'"
        yield _wrong(resource, what)


def _privileges(world: World, origin: _Pods | None, pods: _Pods, own: set[ResourceId]) -> Iterator[Problem]:
    """Yields what the pods of a clone may do beyond its origin's, or those of a resource beyond ordinary ones."""
    resource, policy = pods.resource, world.claims.environment.policy
    claims = frozenset(id.name for id in own if id.namespace == resource.id.namespace)
    before = origin or _of_template(resource, ordinary(pods.template))
    templates = at(resource.manifest, ("spec", "volumeClaimTemplates")) or ()
    known = at(origin.resource.manifest, ("spec", "volumeClaimTemplates")) or () if origin else ()
    alone = [resource.manifest] if resource.id.kind == "PersistentVolumeClaim" else []
    gained = [*data_gained(known, (*templates, *alone))]
    if pods.template:
        # What pods have in common gives nothing more; images, variables and metadata are compared in any case.
        is_alike = before.comparable is pods.comparable and not at(pods.template, ("spec", "nodeName"))
        gained += () if is_alike else more(before.template, pods.template, claims)
        gained += (*around(before.template, pods.template), *secrets_gained(before.secrets, pods.secrets))
        gained += kept_off(before.template, pods.template)
    gained += of_objects(origin.resource.manifest if origin else {}, resource.manifest)
    for kind, what in dict.fromkeys(gained):
        if kind not in policy.privileges:
            than = f"'{origin.resource.id}'" if origin else "an ordinary pod"
            yield _wrong(resource, f"'{resource.id}' has more privilege than {than} ({kind}): {what}")
    yield from _never(world.base, policy, origin, pods)


def _never(base: Base, policy: Policy, origin: _Pods | None, pods: _Pods) -> Iterator[Problem]:
    """Yields images that the environment's policy does not list, and what no policy of it allows."""
    resource = pods.resource
    for image in sorted(pods.images - (origin.images if origin else frozenset())):
        if not any(fnmatchcase(image, pattern) for pattern in policy.images):
            what = f"'{resource.id}' runs image '{image}', which the environment's policy does not list"
            yield _wrong(resource, what)
    for name in tokens(base, resource.id.namespace, origin.secrets if origin else {}, pods.secrets):
        yield _wrong(resource, f"pods of '{resource.id}' get at '{name}', the token of a service account")
    for container in containers_of(pods.template.get("spec") or {}):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield _wrong(resource, f"pods of '{resource.id}' take port {port['hostPort']} of their node")


def _comparable(spec: Manifest) -> dict[str, Any]:
    """Returns what a clone's pods have to share with their origin's: all but images, environment and places."""
    kept = {key: value for key, value in spec.items() if key != "nodeName"}
    for field in _PLACEMENT:
        if field in kept:
            kept[field] = _without_selectors(kept[field])
    kept["containers"] = [_container(c) for c in spec.get("containers") or ()]
    if kept.get("initContainers"):
        kept["initContainers"] = [_container(c) for c in kept["initContainers"]]
    return kept


def _container(container: Manifest) -> Manifest:
    if container.get("name") in INJECTED:
        return container
    kept = {key: value for key, value in container.items() if key not in ("image", "env")}
    if kept.get("ports"):
        kept["ports"] = [{k: v for k, v in port.items() if k not in ("hostPort", "hostIP")} for port in kept["ports"]]
    return kept


def _without_selectors(value: Any) -> Any:
    """Returns terms of placement without what they are about, which is for the origin and for the clone its own pods."""
    if isinstance(value, Mapping):
        return {key: _without_selectors(inner) for key, inner in value.items() if key != "labelSelector"}
    return [_without_selectors(item) for item in value] if isinstance(value, list) else value
