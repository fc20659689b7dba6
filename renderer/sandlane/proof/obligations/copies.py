"""P1 and P7, copies: routes and policies of the output are what they were made of, but for what requests and clones tell (rule R-G4).

They have its metadata, and marks, and nothing more: finalizers, owners, hooks and the annotations by which Argo CD and Flux skip, keep
or replace objects would decide otherwise than their specs what becomes of them.

What rules do with requests is judged by `requests`, what policies say by `binding` and `attachment`. A copy of a route is for objects
alone that its route is for. A route for a Service without routes is for one port of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.problem import Path, Problem
from sandlane.proof.differences import Difference, differences, same, wrong
from sandlane.proof.expected_workloads import KINDS
from sandlane.proof.literals import ORIGIN, SUBSTITUTE, origin_value, quoted
from sandlane.proof.marks import kept_metadata, metadata_of
from sandlane.proof.policies import is_route, kind_of
from sandlane.proof.readers import GATEWAY_API, HTTP_ROUTE, VIRTUAL_SERVICE
from sandlane.proof.world import World, directory
from sandlane.semantics.gateway_api import rules_of
from sandlane.semantics.objects import parent_of

_MADE: Mapping[GroupKind, str] = {VIRTUAL_SERVICE: "networking.istio.io/v1", HTTP_ROUTE: "gateway.networking.k8s.io/v1"}
"""Kinds of which the output has objects that are no copies, and their apiVersion."""
_PLUGIN = ("spec", "strategy", "canary", "trafficRouting", "plugins", "argoproj-labs/gatewayAPI")
_CHANGED = ("parentRefs", "rules")
"""Fields of a copy's spec that are not its route's."""
_Parent = tuple[Manifest, ResourceId]
"""What a parentRef says with its defaults written out, and the object that it means."""

_wrong = partial(wrong, "SL601")


def check(world: World) -> Iterator[Problem]:
    """Yields routes and policies that differ from what they were made of in more than render ever writes."""
    services, gateways = (
        {(r.id.namespace, fit(r.id.name, LABEL_VALUE_LIMIT)) for r in world.base.of(*key)}
        for key in (("", "Service"), ("networking.istio.io", "Gateway"))
    )
    origins = frozenset(origin_value(id.kind, id.name) for claim in world.claims.sandboxes for id in claim.origins)
    for resource in world.added:
        key, holder = kind_of(resource), world.holders.get(directory(resource))
        originals = () if key in KINDS else world.originals(resource)
        if holder and is_route(resource):
            yield from _route(world, resource, holder.tenant, originals[0] if originals else None)
        if key not in KINDS and not world.is_brought(resource):
            label = labels_of(resource.manifest).get(ORIGIN, "")
            # What a sandbox has of Istio's that is no copy is its preview.
            known = gateways if holder and key == VIRTUAL_SERVICE else services
            is_made = key in _MADE and (resource.id.namespace, label) in known
            for path, what in _wrapped(world, resource, [*originals, *([None] if is_made else [])], origins):
                yield wrong("SL623", resource, what, path)


def _wrapped(
    world: World, resource: Resource, originals: Sequence[Resource | None], workloads: frozenset[str]
) -> Iterator[Difference]:
    """Yields what the metadata of an object has otherwise; None stands for a Service or Gateway of which it is made."""
    label = labels_of(resource.manifest).get(ORIGIN, "")
    if not originals:
        what = f"label '{ORIGIN}' is '{label}', which is nothing of the base that it can be made of"
        yield ("metadata", "labels"), what
        return
    names = [original.id.name for original in originals if original] or [label]
    if not any(_is_named(world, resource, name, workloads) for name in names):
        yield ("metadata", "name"), f"its name is none that an object made of '{names[0]}' has"
    bare = {field: value for field, value in resource.manifest.items() if field != "spec"}
    wanted = (_wrapping(world, resource, original) for original in originals)
    yield from min(([*differences(one, bare, world.is_note)] for one in wanted), key=len)


def _route(world: World, route: Resource, tenant: str, original: Resource | None) -> Iterator[Problem]:
    parents = _parents(world, route)
    yield from _without_method(world, route, parents)
    yield from _copied(world, route, tenant, parents, original) if original else _first(world, route, parents)


def _parents(world: World, route: Resource) -> list[_Parent]:
    default = {"group": GATEWAY_API, "kind": "Gateway", "namespace": route.id.namespace}
    references: list[Manifest] = spec_of(route.manifest).get("parentRefs") or []
    said = [{key: value for key, value in reference.items() if value is not None} for reference in references]
    mesh = world.claims.environment.mesh
    return [({**default, **each}, parent_of(each, route.id.namespace, mesh)) for each in said]


def _is_service(id: ResourceId) -> bool:
    return (id.group, id.kind) == ("", "Service")


def _first(world: World, route: Resource, parents: list[_Parent]) -> Iterator[Problem]:
    """Yields why a route is none for one port of a Service that has no routes."""
    is_for_port = [
        _is_service(target) and target in world.base.by_id and "port" in form and "sectionName" not in form
        for form, target in parents
    ]
    if kind_of(route) != HTTP_ROUTE or is_for_port != [True]:
        label = labels_of(route.manifest).get(ORIGIN)
        what = f"label '{ORIGIN}' is {quoted(label)}, no {route.id.kind} of the base, and it is not for one port of a Service"
        yield _wrong(route, what, ("metadata", "labels"))
    for field in sorted(spec_of(route.manifest).keys() - {*_CHANGED}):
        yield _wrong(route, f"'spec.{field}' is none of a first route's", ("spec", field))


def _without_method(world: World, route: Resource, parents: list[_Parent]) -> Iterator[Problem]:
    """Yields rules of GRPCRoutes for which Linkerd's proxies would fail every request to a Service (rule R-L1)."""
    is_taken = not world.reader.is_linkerd or world.claims.environment.cluster.linkerd.grpc_matches_without_method
    is_refused = not is_taken and route.id.kind == "GRPCRoute" and any(_is_service(target) for _, target in parents)
    for number, rule in enumerate(rules_of(route) if is_refused else ()):
        if any(not match.get("method") for match in rule.get("matches") or ()):
            text = f"for rule {number + 1}, which asks for no method, proxies fail every request to the Service"
            yield _wrong(route, text, ("spec", "rules", number, "matches"))


def _copied(world: World, route: Resource, tenant: str, parents: list[_Parent], base: Resource) -> Iterator[Problem]:
    mine, spec, preview = spec_of(route.manifest), spec_of(base.manifest), world.claims.environment.preview
    is_preview = preview is not None and mine.get("hostnames") == [preview.host.replace("{tenantID}", tenant)]
    known = _parents(world, base)
    if not parents:
        yield _wrong(route, "has no parentRefs", ("spec",))
    for number, (form, target) in enumerate(parents):
        path: Path = ("spec", "parentRefs", number)
        if target not in [other for _, other in known] if is_preview else form not in [other for other, _ in known]:
            yield _wrong(route, f"parentRef {number + 1} is none of '{base.id}'", path)
        elif form in [other for other, _ in parents[:number]]:
            yield _wrong(route, f"parentRef {number + 1} stands there twice", path)
    for field in dict.fromkeys((*spec, *mine)):
        # No host names and an empty list of them are the same to the API server.
        is_changed = field in _CHANGED or (is_preview and field == "hostnames")
        if not is_changed and not same(mine.get(field) or None, spec.get(field) or None):
            yield _wrong(route, f"'spec.{field}' is not that of '{base.id}'", ("spec", field))


def _is_named(world: World, resource: Resource, origin: str, workloads: frozenset[str]) -> bool:
    """Tells whether an object has a name that its kind gets: its origin's, and behind it whose, and what else, it is for.

    Names that are too long end in a hash, and are not looked at.
    """
    name, holder = resource.id.name, world.holders.get(directory(resource))
    if len(name) >= OBJECT_NAME_LIMIT:
        return True
    if holder is None:
        beginning, _, workload = name.rpartition("-clones-of-")
        return name == f"{origin}-sandlane" or (beginning == origin and workload in workloads)
    head, _, tail = name.rpartition("-")
    is_numbered = tail[:1] in ("h", "b") and not tail[1:].strip("0123456789")
    whose = f"-{holder.tenant}"
    ends = (end for end in (name, *([head] if is_numbered else [])) if end.endswith(whose))
    return name == f"preview{whose}" or any(f"-{origin}-" in f"-{end.removesuffix(whose)}-" for end in ends)


def _wrapping(world: World, resource: Resource, original: Resource | None) -> Manifest:
    """Returns all but the spec of an object as it has to be, made of an object of the base or of a Service alone."""
    key, holder = kind_of(resource), world.holders.get(directory(resource))
    kept = kept_metadata(original.manifest if original and holder else {})
    if original and key in world.reader.kinds:
        found_by = _found_by(world, original)
        kept["labels"] = {k: v for k, v in kept["labels"].items() if k not in found_by}
    if SUBSTITUTE not in kept["annotations"] and world.text_of(resource).has_references:
        kept["annotations"][SUBSTITUTE] = "disabled"
    label = labels_of(resource.manifest).get(ORIGIN, "")
    metadata = metadata_of(world.claims.environment, holder, resource.id, label, kept)
    version = original.manifest["apiVersion"] if original else _MADE[key]
    return {"apiVersion": version, "kind": resource.id.kind, "metadata": metadata}


def _found_by(world: World, route: Resource) -> frozenset[str]:
    """Returns the labels by which Argo Rollouts' Gateway API plugin finds a route, and its own: copies must not have them."""
    keys = {"rollouts.argoproj.io/gatewayapi-canary"}
    for rollout in world.base.of("argoproj.io", "Rollout"):
        plugin: Any = at(rollout.manifest, _PLUGIN) or {}
        selector = plugin.get(f"{route.id.kind[:4].lower()}RouteSelector") or {}
        if (plugin.get("namespace") or rollout.id.namespace) == route.id.namespace:
            keys |= {requirement.key for requirement in from_label_selector(selector)}
    return frozenset(keys)
