"""Names that are taken: by an object of the base, by another tenant's, or by a route of the base that leads nowhere yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sandlane.guards.owners import file_of, owners_of
from sandlane.k8s.hosts import service_of
from sandlane.k8s.resource import Manifest, ResourceId, at, spec_of
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.output.layout import Placed, collisions
from sandlane.patch.references import named
from sandlane.plan.model import Plan
from sandlane.problems.problem import Problem


def clashes(plan: Plan, objects: Iterable[Placed]) -> Iterator[Problem]:
    """Yields the objects whose id another object has already, and clones' Services that a base route would lead to."""
    owners = owners_of(plan)
    objects = tuple(objects)
    seen: dict[ResourceId, str] = dict(named_by_routes(plan)) | dict(_in_pods(plan, objects))
    seen |= dict.fromkeys(_SERVICES_OF_THE_CLUSTER, "the cluster")
    seen |= dict.fromkeys(plan.base.by_id, "the base")
    for placed in objects:
        if placed.base:
            continue
        owner = owners.get(placed.directory)
        who = f"sandbox '{owner.name}'" if owner else "an object of sandlane's own"
        if placed.id in seen:
            hint = _way(plan, placed, is_owned=owner is not None, is_its_own=seen[placed.id] == who)
            values = {"object": str(placed.id), "one": seen[placed.id], "two": who, "hint": hint}
            yield (owner or plan.environment).problem("SL302", "spec", **values)
        seen.setdefault(placed.id, who)
    yield from collisions(objects)


def _way(plan: Plan, placed: Placed, *, is_owned: bool, is_its_own: bool) -> str | None:
    """Returns the hint for a name that is taken; None for the catalogue's own, another tenantID, which helps between tenants."""
    file = file_of(placed)
    if file:
        return f"give it another name in '{file}'"
    if not is_owned:
        return "rename the base's object"
    named = [r.id for r in plan.base.of(placed.id.group, placed.id.kind) if placed.id.name.startswith(f"{r.id.name}-")]
    own = max((id for id in named if id.namespace == placed.id.namespace), key=lambda id: len(id.name), default=None)
    # A Service's first route is named after its port, and so may be the copy of another route.
    way = f"rename '{own}' in the base: its copy has the name of a first route, <Service>-<port>-<tenantID>"
    return way if is_its_own and own else None


def named_by_routes(plan: Plan) -> Iterator[tuple[ResourceId, str]]:
    """Yields the Services that routes of the base name, existing or not: a clone of that name would get their requests."""
    domain = plan.environment.cluster.domain
    for kind in ("VirtualService", "DestinationRule"):
        for resource in plan.base.of("networking.istio.io", kind):
            for host in _hosts(spec_of(resource.manifest)):
                service = service_of(host, resource.id.namespace, domain)
                if service:
                    yield ResourceId("", "Service", service.namespace, service.name), f"'{resource.id}' of the base"
    for group, kind in (
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("gateway.networking.k8s.io", "GRPCRoute"),
        ("gateway.networking.k8s.io", "TCPRoute"),
        ("gateway.networking.k8s.io", "TLSRoute"),
        ("policy.linkerd.io", "HTTPRoute"),
    ):
        for resource in plan.base.of(group, kind):
            spec = spec_of(resource.manifest)
            parents = [{"kind": "Gateway", **reference} for reference in spec.get("parentRefs") or ()]
            named = [*parents, *(r for rule in spec.get("rules") or () for r in _backends(rule))]
            # Linkerd completes a backendRef with the namespace of the parent, others with that of the route.
            homes = dict.fromkeys((resource.id.namespace, *(p["namespace"] for p in parents if p.get("namespace"))))
            for reference in named:
                if (reference.get("kind") or "Service") == "Service":
                    for namespace in [reference["namespace"]] if reference.get("namespace") else homes:
                        id = ResourceId("", "Service", namespace, reference.get("name") or "")
                        yield id, f"'{resource.id}' of the base"


_OF_PODS = (("", "ConfigMap"), ("", "PersistentVolumeClaim"), ("", "ServiceAccount"))
"""Kinds that pods of the base may refer to although the base has no such object: another tool writes it, or it is `optional`."""

_OF_THE_CLUSTER = (
    ("", "ConfigMap", "istio-ca-root-cert"),
    ("", "ConfigMap", "kube-root-ca.crt"),
    ("", "ConfigMap", "linkerd-identity-trust-roots"),
    ("", "ConfigMap", "openshift-service-ca.crt"),
    ("", "ServiceAccount", "default"),
)
"""What control planes put into each namespace."""


_SERVICES_OF_THE_CLUSTER = (
    ResourceId("", "Service", "default", "kubernetes"),
    ResourceId("", "Service", "default", "openshift"),
    ResourceId("", "Service", "kube-system", "kube-dns"),
)


def _in_pods(plan: Plan, objects: tuple[Placed, ...]) -> Iterator[tuple[ResourceId, str]]:
    """Yields what pods of the base name, and what each namespace has: where a sandbox brings it, the base's pods would get it."""
    added = [placed.id for placed in objects if not placed.base and (placed.id.group, placed.id.kind) in _OF_PODS]
    for namespace in dict.fromkeys(id.namespace for id in added):
        for group, kind, name in _OF_THE_CLUSTER:
            yield ResourceId(group, kind, namespace, name), "the cluster"
    yield from _of_ordinals(plan, added)
    targets = dict.fromkeys((id.group, id.kind) for id in added)
    for group, kind in (*WORKLOADS, ("", "Pod")) if targets else ():
        for resource in plan.base.of(group, kind):
            for target in targets:
                yield from (
                    (id, f"'{resource.id}' of the base")
                    for id in named(resource.manifest, target, resource.id.namespace)
                )


def _of_ordinals(plan: Plan, added: list[ResourceId]) -> Iterator[tuple[ResourceId, str]]:
    """Yields claims with names of those that a StatefulSet's pods have, or those of a clone of it: <claim>-<set>-<ordinal>."""
    claims = [id for id in added if id.kind == "PersistentVolumeClaim"]
    for resource in plan.base.of("apps", "StatefulSet") if claims else ():
        for template in at(resource.manifest, ("spec", "volumeClaimTemplates")) or ():
            stem = f"{at(template, ('metadata', 'name'))}-{resource.id.name}"
            own = re.compile(rf"{re.escape(stem)}(-.+)?-[0-9]+")
            same = (id for id in claims if id.namespace == resource.id.namespace and own.fullmatch(id.name))
            yield from ((id, f"'{resource.id}' of the base") for id in same)


def _backends(rule: Manifest) -> Iterator[Manifest]:
    """Yields the backendRefs of a rule, those of request mirrors included."""
    for place in (rule, *(rule.get("backendRefs") or ())):
        yield from (
            mirrored for item in place.get("filters") or () if (mirrored := at(item, ("requestMirror", "backendRef")))
        )
    yield from rule.get("backendRefs") or ()


def _hosts(spec: Manifest) -> Iterator[str]:
    """Yields the hosts that a VirtualService or DestinationRule names."""
    yield from (host.lower() for host in spec.get("hosts") or ())
    if spec.get("host"):
        yield str(spec["host"])
    for field in ("http", "tls", "tcp"):
        for entry in spec.get(field) or ():
            destinations = [
                *(entry.get("route") or ()),
                *(entry.get("mirrors") or ()),
                {"destination": entry.get("mirror")},
            ]
            yield from (str(host) for d in destinations if (host := at(d, ("destination", "host"))))
