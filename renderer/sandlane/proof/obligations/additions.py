"""P1, additions: what the output adds to the base is of kinds, names and places that change nothing for the base.

Other kinds may act on objects that they do not name (an EnvoyFilter, a Sidecar, a Gateway).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sandlane.k8s.linkerd_routes import is_service
from sandlane.k8s.network_policies import NETWORK_POLICY
from sandlane.k8s.resource import Resource, ResourceId, annotations_of, labels_of, spec_of
from sandlane.k8s.workload_kinds import CLONES, GroupKind
from sandlane.problems.problem import Problem
from sandlane.proof.differences import told, wrong
from sandlane.proof.literals import SPEC, quoted
from sandlane.proof.marks import marks_of
from sandlane.proof.policies import ATTACHED, BINDING, ROUTES, clone_selected, is_of_servers
from sandlane.proof.readers import DESTINATION_RULE, REFERENCE_GRANT, VIRTUAL_SERVICE
from sandlane.proof.world import World, directory

_OWN: frozenset[GroupKind] = frozenset({("", "Service"), ("", "ConfigMap"), REFERENCE_GRANT, DESTINATION_RULE, *CLONES})
"""Kinds of objects that may stand in a sandbox's directory without being the base's, whatever the mesh."""

_wrong = partial(wrong, "SL601")


def check(world: World) -> Iterator[Problem]:
    """Yields additions that could act on the base, or that are not marked as their sandbox's."""
    for resource in world.output.resources:
        yield from _identity(resource)
    for first, second in zip(world.output.resources, world.output.resources[1:], strict=False):
        # Several objects may ask the API server for a name of one beginning; each needs its own file.
        is_generated = not second.manifest["metadata"].get("name") and first.source != second.source
        if first.id == second.id and not is_generated:
            yield _wrong(second, f"stands twice in the output, first in {first.source.file}")
    reader, named = world.reader, dict(_named(world))
    policies = (ATTACHED | BINDING.keys()) - {DESTINATION_RULE, *ROUTES}
    has_previews = world.claims.environment.preview is not None and reader.reads_virtual_services
    own = _OWN | frozenset(reader.kinds) | policies
    allowed = {
        "shared": reader.shared | {NETWORK_POLICY},
        "sandboxes": own | {VIRTUAL_SERVICE} if has_previews else own,
    }
    for resource in world.added:
        if named and resource.id in named:
            yield _wrong(resource, f"'{named[resource.id]}' of the base names it, and would reach it")
        key, where = (resource.id.group, resource.id.kind), directory(resource)
        is_client = key == DESTINATION_RULE and clone_selected(resource) is not None
        is_follower = where != "shared" and (is_client or (key in ROUTES and is_of_servers(resource)))
        # What a sandbox brings in files of its own is judged by `resources`.
        if not is_follower and not world.is_brought(resource) and key not in allowed.get(where.partition("/")[0], ()):
            yield _wrong(resource, f"no {resource.id.kind} that the base has not may lie in '{where}'")
        elif where != "shared":
            yield from _marks(world, resource, where)
        if key == DESTINATION_RULE and not is_client:
            yield from _host(world, resource)
        if key == VIRTUAL_SERVICE:
            for field in sorted(spec_of(resource.manifest).keys() - {"hosts", "gateways", "exportTo", "http"}):
                yield _wrong(resource, f"'spec.{field}' is none that sandlane writes", ("spec", field))


def _identity(resource: Resource) -> Iterator[Problem]:
    """Yields where a manifest is another object than the one that proof takes it for."""
    manifest, id = resource.manifest, resource.id
    metadata = manifest.get("metadata") or {}
    group = str(manifest.get("apiVersion")).rpartition("/")[0]
    # A namespace on an object of a cluster-scoped kind is ignored by the API server.
    namespace = (metadata.get("namespace") or "") if id.namespace else ""
    found = (group, manifest.get("kind"), namespace, metadata.get("name") or metadata.get("generateName"))
    if found != (id.group, id.kind, id.namespace, id.name):
        yield _wrong(resource, f"the manifest is {'/'.join(str(part) for part in found[1:] if part)}")


def _marks(world: World, resource: Resource, where: str) -> Iterator[Problem]:
    # A route group has routes, what names them, and nothing else.
    is_held = (resource.id.group, resource.id.kind) in (*ATTACHED, VIRTUAL_SERVICE)
    owner = world.holders.get(where) if is_held else world.owner(resource)
    if owner is None:
        yield _wrong(resource, f"lies in '{where}', which is no active sandbox's")
        return
    labels = labels_of(resource.manifest)
    marks = marks_of(world.claims.environment, owner, None)
    for key, value in marks.items() if not marks.items() <= labels.items() else ():
        if labels.get(key) != value:
            what = f"label '{key}' is {quoted(labels.get(key))}, expected '{value}'"
            yield _wrong(resource, what, ("metadata", "labels"))
    if not annotations_of(resource.manifest).get(SPEC):
        yield _wrong(resource, f"does not name its spec in the annotation '{SPEC}'", ("metadata", "annotations"))


def _named(world: World) -> Iterator[tuple[ResourceId, ResourceId]]:
    """Yields the Services that routes of the base name, there or not: where one appears, their outcome changes."""
    for resource in (*world.base.of(*VIRTUAL_SERVICE), *world.base.of(*DESTINATION_RULE)):
        for host in _listed(spec_of(resource.manifest), ("host", "hosts")):
            service = world.service(str(host).lower(), resource.id.namespace)
            if service:
                yield service, resource.id
    # Routes of the Gateway API name Services as parents, as backends and as what they mirror to.
    for parent, attached in world.network.attached.items():
        is_meant = is_service(parent.group, parent.kind)
        for route in (each.route for each in attached):
            if is_meant:
                yield parent, route.id
            home = parent.namespace if is_meant and world.reader.is_linkerd else route.id.namespace
            for named in _listed(spec_of(route.manifest), ("backendRef", "backendRefs")):
                if is_service(named.get("group") or "", named.get("kind") or "Service"):
                    yield ResourceId("", "Service", named.get("namespace") or home, str(named.get("name"))), route.id


def _listed(value: Any, fields: tuple[str, ...]) -> Iterator[Any]:
    """Yields what stands in fields of some names, or in lists there, at any depth."""
    for item in value if isinstance(value, list) else ():
        yield from _listed(item, fields)
    for field, inner in value.items() if isinstance(value, dict) else ():
        if field in fields:
            yield from inner if isinstance(inner, list) else (inner,)
        yield from _listed(inner, fields)


def _host(world: World, rule: Resource) -> Iterator[Problem]:
    """Yields a rule that is for anything but a Service that its own directory adds: it might change how others are called."""
    host = str(spec_of(rule.manifest).get("host") or "")
    clone = world.added_by_id(world.service(host, rule.id.namespace))
    if clone is None:
        yield _wrong(rule, f"host '{host}' is no Service that the output adds", ("spec", "host"))
    elif directory(clone) != directory(rule):
        what = f"'{rule.id}' of '{directory(rule)}' is for '{clone.id}', which lies in '{directory(clone)}'"
        yield told("SL609", rule, what, ("spec", "host"))
