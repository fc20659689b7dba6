"""Routes of the Gateway API as proof reads them: parents, what competes there, and where rules send.

A parent is a Service or a Gateway. Two routes compete on it where the ports, sections and (at Gateways) host names of both
include a request; what is not certain counts as competing (rules R-G1, R-G2 and R-G3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.hosts import covers
from sandlane.k8s.linkerd_routes import is_service, unconvertible
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.proof.literals import copied_origin
from sandlane.proof.readers import GATEWAY_API, GRPC_ROUTE, Reader

Form = tuple[tuple[str, Any], ...]
OriginKey = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A parentRef: what it says with its defaults written out, and the Service or Gateway that it means, if it is one."""

    form: Form
    target: ResourceId | None
    port: int | None
    section: str | None

    @property
    def is_service(self) -> bool:
        """Tells whether the parent is a Service."""
        return self.target is not None and self.target.kind == "Service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the base with the parents at which it is in force."""

    resource: Resource
    parents: tuple[Parent, ...]


Place = tuple[Route, Parent]
Spot = tuple[ResourceId | None, int | None, str | None, tuple[str, ...]]
"""Target, port, section and host names: many routes of a Gateway are at one spot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The base's routes that a mesh reads: by kind, namespace and origin label; by parent; and by Service that they send to there.

    `spots`: what a route and a parentRef are told apart by from their rivals; `rivals`: who competes at a spot.
    """

    by_origin: Mapping[OriginKey, Route]
    at: Mapping[ResourceId, tuple[Place, ...]]
    sending: Mapping[ResourceId, tuple[Place, ...]]
    spots: Mapping[tuple[ResourceId, Form], Spot]
    rivals: Mapping[Spot, tuple[Place, ...]]


def read_routes(base: Base, reader: Reader, *, is_mesh_only: bool = False) -> Routes:
    """Reads the routes of a base; with `is_mesh_only` not as those of Gateways, at which no tenants are chosen."""
    grpc = base.of(*GRPC_ROUTE) if reader.is_linkerd else ()
    taken = {(p.target, p.port) for r in grpc for p in parents_of(reader, r.manifest, r.id.namespace)}
    routes = [
        Route(resource=r, parents=tuple(p for p in _in_force(reader, r, taken) if p.is_service or not is_mesh_only))
        for kind in reader.kinds
        for r in base.of(*kind)
    ]
    at: dict[ResourceId, list[Place]] = {}
    sending: dict[ResourceId, list[Place]] = {}
    for route in routes:
        for parent in route.parents:
            if parent.target:
                at.setdefault(parent.target, []).append((route, parent))
            for service in dict.fromkeys(_sent_to(reader, route, parent)):
                sending.setdefault(service, []).append((route, parent))
    spots = {
        (route.resource.id, parent.form): _spot(route, parent) for places in at.values() for route, parent in places
    }
    return Routes(
        by_origin={origin_key(r.resource.id): r for r in routes if r.parents},
        at={target: tuple(places) for target, places in at.items()},
        sending={service: tuple(found) for service, found in sending.items()},
        spots=spots,
        rivals=_rivals(at.values()),
    )


def origin_key(id: ResourceId) -> OriginKey:
    """Returns the key under which a copy of a route finds it: its kind, namespace and origin label."""
    return id.group, id.kind, id.namespace, copied_origin(id.kind, id.name)


def parents_of(reader: Reader, manifest: Manifest, namespace: str) -> tuple[Parent, ...]:
    """Returns the parents of a route in a namespace."""
    return tuple(_parent(reader, reference, namespace) for reference in spec_of(manifest).get("parentRefs") or ())


def rules_of(manifest: Manifest) -> Sequence[Manifest]:
    """Returns the rules of a route: the CRD of HTTPRoutes has a default for one that says nothing of them (rule R-L12)."""
    rules: Sequence[Manifest] | None = spec_of(manifest).get("rules")
    return ({},) if rules is None and manifest.get("kind") == "HTTPRoute" else rules or ()


def is_service_group(reference: Manifest) -> bool:
    """Tells whether a reference's group is that of Services, in any of its spellings; a backendRef need not have one."""
    return (reference.get("group") or "") in ("", "core")


def backend(reference: Manifest, home: str, reader: Reader | None = None) -> ResourceId | None:
    """Returns the Service that a backendRef means in a namespace, or None for any other kind; Gateways have no reader."""
    kind = reference.get("kind") or "Service"
    is_meant = is_service_group(reference) and kind == "Service"
    if not (is_service(reference.get("group") or "", kind) if reader and reader.is_linkerd else is_meant):
        return None
    return ResourceId("", "Service", reference.get("namespace") or home, reference.get("name") or "")


def homes(reader: Reader, namespace: str, parents: Sequence[Parent]) -> list[str]:
    """Returns the namespaces that a backendRef without one means: the route's, but on Linkerd a parent Service's."""
    found = (
        parent.target.namespace if parent.target and parent.is_service and reader.is_linkerd else namespace
        for parent in parents
    )
    return list(dict.fromkeys(found)) or [namespace]


def live(references: Sequence[Manifest]) -> Sequence[Manifest]:
    """Returns the backendRefs that get any request: not those of weight 0 beside others."""
    return [r for r in references if r.get("weight", 1) != 0] or references


def named_by(rule: Manifest) -> Iterator[Manifest]:
    """Yields the references of a rule to backends, whatever their weights, and to what it mirrors to."""
    yield from rule.get("backendRefs") or ()
    for place in (rule, *(rule.get("backendRefs") or ())):
        mirrors = (f.get("requestMirror") or {} for f in place.get("filters") or ())
        yield from (mirror["backendRef"] for mirror in mirrors if mirror.get("backendRef"))


def redirects(rule: Manifest) -> bool:
    """Tells whether a rule answers by itself."""
    return any(item.get("type") == "RequestRedirect" for item in rule.get("filters") or ())


def _parent(reader: Reader, reference: Manifest, namespace: str) -> Parent:
    said = {key: value for key, value in reference.items() if value is not None}
    full = {"group": GATEWAY_API, "kind": "Gateway", "namespace": namespace, **said}
    name = str(full.get("name") or "")
    target = None
    # The CRD's default group is the Gateway API's own, which has no Services.
    is_meant = full["kind"] == "Service" and is_service_group(full)
    if is_service(full["group"], full["kind"]) if reader.is_linkerd else is_meant:
        target = ResourceId("", "Service", full["namespace"], name)
    elif full["kind"] == "Gateway" and full["group"] == GATEWAY_API:
        target = ResourceId(GATEWAY_API, "Gateway", full["namespace"], name)
    form = tuple(sorted(full.items()))
    return Parent(form=form, target=target, port=full.get("port"), section=full.get("sectionName"))


def _in_force(
    reader: Reader, resource: Resource, taken: Collection[tuple[ResourceId | None, int | None]]
) -> Iterator[Parent]:
    """Yields the parents that heed a route: a mesh may ignore one at Services that its gateways take.

    `taken` are Services and ports at which HTTPRoutes are not accepted, for the sake of GRPCRoutes.
    """
    is_http = resource.id.kind == "HTTPRoute"
    filters = (item for rule in rules_of(resource.manifest) for item in rule.get("filters") or ())
    is_dead = any(item.get("type") in reader.dead_filters for item in filters)
    is_dead |= reader.is_linkerd and unconvertible(resource.manifest) is not None
    for parent in parents_of(reader, resource.manifest, resource.id.namespace):
        is_off = is_dead or (is_http and (parent.target, parent.port) in taken)
        if parent.target and not (is_off and parent.is_service):
            yield parent


def _sent_to(reader: Reader, route: Route, parent: Parent) -> Iterator[ResourceId]:
    """Yields the Services that get requests which come by a parent."""
    (home,) = homes(reader, route.resource.id.namespace, [parent])
    for rule in rules_of(route.resource.manifest):
        references = rule.get("backendRefs") or ()
        for service in (backend(reference, home, reader) for reference in live(references)):
            if service:
                yield service
        if reader.is_linkerd and parent.target and parent.is_service and not references and not redirects(rule):
            yield parent.target


def _spot(route: Route, parent: Parent) -> Spot:
    return (
        parent.target,
        parent.port,
        parent.section,
        tuple(spec_of(route.resource.manifest).get("hostnames") or "*"),
    )


def _rivals(targets: Iterable[Sequence[Place]]) -> dict[Spot, tuple[Place, ...]]:
    """Returns what competes at each spot of each target."""
    found: dict[Spot, tuple[Place, ...]] = {}
    for places in targets:
        at_spot: dict[Spot, list[Place]] = {}
        for place in places:
            at_spot.setdefault(_spot(*place), []).append(place)
        for spot in at_spot:
            found[spot] = tuple(p for other, listed in at_spot.items() if _compete(spot, other) for p in listed)
    return found


def _compete(one: Spot, other: Spot) -> bool:
    (target, port, section, hosts), (_, another, other_section, others) = one, other
    if (port and another and port != another) or (section and other_section and section != other_section):
        return False
    # A mesh need not look at host names at Services (GEP-1294), so there all compete.
    is_service = target is not None and target.kind == "Service"
    return is_service or any(covers(a, b) or covers(b, a) for a in hosts for b in others)
