"""P1, defaults of routes: a Service without routes keeps what it was sent, beside a tenant's first route (rule R-G6).

A first route of a Service switches its default off. So each such object holds two rules: the tenant's, and one that sends
everything else where it went before; nothing of its metadata may tell a mesh to do that otherwise. It may be for a port on which
the base has no route of the Service's own namespace, whose rules alone would decide there; routes of other namespaces must leave
no request over that the default would now answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, Resource, ResourceId, annotations_of, labels_of, spec_of
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem
from sandlane.proof.additional import AddedRoute
from sandlane.proof.alignment import same
from sandlane.proof.literals import MARKS, NOTES
from sandlane.proof.openings import make_openings
from sandlane.proof.readers import GATEWAY_API, HTTP_ROUTE
from sandlane.proof.routes import rules_of
from sandlane.proof.spelling import spelled_match
from sandlane.proof.world import World

_EVERYTHING: dict[str, Any] = {"path": {"type": "PathPrefix", "value": "/"}}


def check(world: World) -> Iterator[Problem]:
    """Yields routes for Services without routes that change what a request without a carrier gets."""
    defaults = [added for added in world.added_routes if added.is_default]
    if not defaults:
        return
    openings = make_openings(world)
    harms: dict[tuple[ResourceId, int], str | None] = {}
    for added in defaults:
        found = _parent(world, added)
        if isinstance(found, Problem):
            yield found
            continue
        service, port = found
        key = (service.id, port["port"])
        if key not in harms:
            harms[key] = openings.closed(service, port["port"])
        if harms[key]:
            path: Path = ("spec", "parentRefs", 0)
            yield _wrong(added, f"may not route port {port['port']} of '{service.id}': {harms[key]}", path)
        yield from _metadata(world, added)
        yield from _rules(world, added, service, port["port"])


def _wrong(added: AddedRoute, what: str, path: Path = ()) -> Problem:
    return report("SL601", source=added.resource.source, path=path, what=f"'{added.resource.id}': {what}")


def _parent(world: World, added: AddedRoute) -> tuple[Resource, Manifest] | Problem:
    """Returns the Service and the port that a route is for, or why it can be for none."""
    id, spec = added.resource.id, spec_of(added.resource.manifest)
    has_routes = any(parent.target in world.routes.at for parent in added.parents if parent.is_service)
    if not (world.reader.has_defaults or has_routes) or (id.group, id.kind) != HTTP_ROUTE:
        mesh = world.claims.environment.mesh
        return _wrong(
            added, f"mesh '{mesh}' gives a Service without routes no {id.kind} with a rule for everyone", ("spec",)
        )
    if added.resource.manifest.get("apiVersion") != f"{GATEWAY_API}/v1":
        return _wrong(added, f"'apiVersion' is not {GATEWAY_API}/v1", ("apiVersion",))
    unknown = next((field for field in spec if field not in ("parentRefs", "rules")), None)
    if unknown:
        return _wrong(added, f"'spec.{unknown}' is none of a default's", ("spec", unknown))
    parent = added.parents[0] if len(added.parents) == 1 else None
    service = world.base.by_id.get(parent.target) if parent and parent.is_service and parent.target else None
    ports = spec_of(service.manifest).get("ports") or () if service else ()
    port = next((p for p in ports if parent and p["port"] == parent.port), None)
    if service is None or port is None or service.id.namespace != id.namespace or (parent and parent.section):
        return _wrong(
            added, "parentRefs are not one port of one Service of the base in its own namespace", ("spec", "parentRefs")
        )
    return service, port


def _metadata(world: World, added: AddedRoute) -> Iterator[Problem]:
    """Yields annotations and labels by which its default could do otherwise than none: timeouts on Linkerd, policies by labels."""
    marks = {*MARKS, world.claims.environment.tenant_label}
    for field, found, own in (
        ("annotation", annotations_of(added.resource.manifest), NOTES),
        ("label", labels_of(added.resource.manifest), marks),
    ):
        for key in found:
            if key not in own and not world.is_note(f"{field}s", key):
                yield _wrong(added, f"{field} '{key}' is none of a default's", ("metadata", f"{field}s"))


def _rules(world: World, added: AddedRoute, service: Resource, port: int) -> Iterator[Problem]:
    """Yields rules that are not the tenant's and, behind it, the default."""
    rules = rules_of(added.resource.manifest)
    if len(rules) != 2 or added.free != [1]:
        text = f"its rules are not one that demands tenantID '{added.holder.tenant}' and one default behind it"
        yield _wrong(added, text, ("spec", "rules"))
        return
    if not _is_default(world, rules[1], service.id, port):
        yield _wrong(
            added,
            f"rule 2 does not send everything to port {port} of '{service.id}' as without it",
            ("spec", "rules", 1),
        )


def _is_default(world: World, rule: Mapping[str, Any], service: ResourceId, port: int) -> bool:
    matches = rule.get("matches") or [{}]
    backends = rule.get("backendRefs") or []
    expected = {
        "group": "",
        "kind": "Service",
        "namespace": service.namespace,
        "weight": 1,
        "name": service.name,
        "port": port,
    }
    is_forwarding = (
        not backends
        if world.reader.is_linkerd
        # A missing namespace is the route's, which is the Service's.
        else len(backends) == 1 and same({**_optional(service.namespace), **backends[0]}, expected)
    )
    return (
        set(rule) <= {"matches", "backendRefs"}
        and len(matches) == 1
        and same(spelled_match(matches[0], is_http=True), _EVERYTHING)
        and is_forwarding
    )


def _optional(namespace: str) -> dict[str, Any]:
    return {"group": "", "kind": "Service", "namespace": namespace, "weight": 1}
