"""Policies as proof reads them: which kinds bind pods by their labels, and which name what they apply to.

Proof's own tables and rules (rules R-C4, R-C5, R-G13 and R-I19); what the output adds of them is for `followers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.network_policies import NETWORK_POLICY
from sandlane.k8s.resource import Manifest, Resource, ResourceId, at, spec_of
from sandlane.k8s.selectors import Index, Selector, from_workload_selector
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.proof.differences import canonical
from sandlane.proof.literals import ORIGIN, TENANT
from sandlane.proof.readers import GRPC_ROUTE, HTTP_ROUTE, LINKERD_ROUTE

LINKERD = "policy.linkerd.io"
SERVER = (LINKERD, "Server")
ROUTES: tuple[GroupKind, ...] = (HTTP_ROUTE, GRPC_ROUTE, LINKERD_ROUTE)

_ISTIO, _LABELS, _EVERYWHERE, _ONE = ("spec", "workloadSelector"), "labels", True, True
BINDING: dict[GroupKind, tuple[tuple[str, str], str, bool, bool]] = {
    NETWORK_POLICY: (("spec", "podSelector"), "matchLabels", False, False),
    SERVER: (("spec", "podSelector"), "matchLabels", False, _ONE),
    ("cilium.io", "CiliumNetworkPolicy"): (("spec", "endpointSelector"), "matchLabels", False, False),
    ("extensions.istio.io", "WasmPlugin"): (("spec", "selector"), "matchLabels", _EVERYWHERE, False),
    ("networking.istio.io", "DestinationRule"): (_ISTIO, "matchLabels", False, False),
    ("networking.istio.io", "EnvoyFilter"): (_ISTIO, _LABELS, _EVERYWHERE, False),
    ("networking.istio.io", "ProxyConfig"): (("spec", "selector"), "matchLabels", False, False),
    ("networking.istio.io", "Sidecar"): (_ISTIO, _LABELS, False, _ONE),
    ("security.istio.io", "AuthorizationPolicy"): (("spec", "selector"), "matchLabels", _EVERYWHERE, False),
    ("security.istio.io", "PeerAuthentication"): (("spec", "selector"), "matchLabels", False, _ONE),
    ("security.istio.io", "RequestAuthentication"): (("spec", "selector"), "matchLabels", _EVERYWHERE, False),
    ("telemetry.istio.io", "Telemetry"): (("spec", "selector"), "matchLabels", False, _ONE),
}
"""Kind -> path of its pod selector, field of its equalities, whether it binds everywhere from Istio's root namespace, and
whether one alone is in force for a pod: of Servers, for one of its ports."""

ATTACHED: frozenset[GroupKind] = frozenset({
    *ROUTES, ("extensions.istio.io", "WasmPlugin"), ("networking.istio.io", "EnvoyFilter"),
    *(("gateway.envoyproxy.io", kind) for kind in ("BackendTrafficPolicy", "EnvoyExtensionPolicy", "SecurityPolicy")),
    *(("gateway.networking.k8s.io", kind) for kind in ("BackendLBPolicy", "BackendTLSPolicy")),
    ("gateway.networking.x-k8s.io", "XBackendTrafficPolicy"),
    *(("networking.gke.io", kind) for kind in ("GCPBackendPolicy", "HealthCheckPolicy")),
    *((LINKERD, kind) for kind in ("AuthorizationPolicy", "HTTPLocalRateLimitPolicy", "ServerAuthorization")),
    *(("security.istio.io", kind) for kind in ("AuthorizationPolicy", "RequestAuthentication")),
    ("telemetry.istio.io", "Telemetry"),
})  # fmt: skip
"""Kinds of policies whose copies proof can judge by what they name."""

REFERENCES = ("targetRef", "targetRefs", "targetSelectors", "server")


@frozen(kw_only=True)
class Reference:
    """A place at which a policy names an object, and all that it says there but for the name."""

    target: ResourceId
    field: str
    rest: str


def kind_of(resource: Resource) -> GroupKind:
    """Returns group and kind of an object."""
    return resource.id.group, resource.id.kind


def pod_selector(resource: Resource) -> Manifest | None:
    """Returns the pod selector of a policy as it is written, or None where it has none that says anything."""
    row = BINDING.get(kind_of(resource))
    return (at(resource.manifest, row[0]) or None) if row else None


def bindings(base: Base, root: str) -> Index[Resource]:
    """Indexes the policies of a base by the pods that they bind."""
    return Index(_bindings(base, root))


def _bindings(base: Base, root: str) -> Iterator[tuple[str | None, Selector, Resource]]:
    for key, (_, _, is_global, _) in BINDING.items():
        for policy in base.of(*key):
            selector, home = at(policy.manifest, BINDING[key][0]), policy.id.namespace
            if selector or (key == SERVER and selector is not None):
                yield None if is_global and home == root else home, from_workload_selector(selector), policy


def clone_selected(resource: Resource) -> tuple[str, str] | None:
    """Returns tenantID and origin label if a policy selects by exactly the labels of a clone, else None."""
    row, selector = BINDING.get(kind_of(resource)), pod_selector(resource)
    labels = selector.get(row[1]) if row and selector and set(selector) == {row[1]} else None
    if not isinstance(labels, Mapping) or set(labels) != {TENANT, ORIGIN}:
        return None
    return str(labels[TENANT]), str(labels[ORIGIN])


def references(resource: Resource) -> Iterator[Reference]:
    """Yields what a policy names; of a route that is Servers alone, since other parents are its own matter."""
    spec, key = resource.manifest.get("spec"), kind_of(resource)
    if not isinstance(spec, Mapping):
        return
    listed = spec.get("targetRefs")
    yield from _reference(resource, "targetRef", spec.get("targetRef"))
    for reference in listed if isinstance(listed, list) else ():
        yield from _reference(resource, "targetRef", reference)
    for parent in (spec.get("parentRefs") or ()) if key in ROUTES else ():
        if _is_server(resource, parent):
            yield from _reference(resource, "parentRefs", {**parent, "group": LINKERD})
    if key == (LINKERD, "ServerAuthorization") and at(spec, ("server", "name")):
        yield from _reference(resource, "server", {"group": LINKERD, "kind": "Server", "name": spec["server"]["name"]})


def _reference(resource: Resource, field: str, reference: Any) -> Iterator[Reference]:
    if isinstance(reference, Mapping) and isinstance(reference.get("name"), str):
        group = str(reference.get("group") or "")
        home = str(reference.get("namespace") or resource.id.namespace)
        target = ResourceId("" if group == "core" else group, str(reference.get("kind") or ""), home, reference["name"])
        rest = {key: value for key, value in reference.items() if key != "name"}
        yield Reference(target=target, field=field, rest=canonical(rest))


def label_selections(resource: Resource) -> Iterator[tuple[GroupKind, Selector]]:
    """Yields the kinds of objects that a policy selects by their labels, each with its selector."""
    spec = resource.manifest.get("spec")
    selector = at(spec, ("server", "selector"))
    if kind_of(resource) == (LINKERD, "ServerAuthorization") and selector is not None:
        yield SERVER, from_workload_selector(selector)
    for entry in (at(spec, ("targetSelectors",)) or ()) if resource.id.group == "gateway.envoyproxy.io" else ():
        kind = str(entry.get("group") or "gateway.networking.k8s.io"), str(entry.get("kind"))
        yield kind, from_workload_selector(entry)


def is_of_servers(resource: Resource) -> bool:
    """Tells whether all parents of a route are Linkerd's Servers, so that it routes nothing and tells requests apart."""
    parents = spec_of(resource.manifest).get("parentRefs") or ()
    kinds = {str(parent.get("kind")) for parent in parents}
    return kinds == {SERVER[1]} and all(_is_server(resource, parent) for parent in parents)


def is_route(resource: Resource) -> bool:
    """Tells whether an object routes requests by the Gateway API."""
    return kind_of(resource) in ROUTES and not is_of_servers(resource)


def _is_server(route: Resource, parent: Manifest) -> bool:
    """Tells whether a parent is one of Linkerd's Servers; CRDs of its routes fill in its group, but for that of version v1."""
    if parent.get("kind") != SERVER[1]:
        return False
    fills_in = route.id.group == LINKERD and str(route.manifest.get("apiVersion")).rpartition("/")[2] != "v1"
    group = parent.get("group")
    return (LINKERD if group is None and fills_in else group) == LINKERD


def other_fields(manifest: Manifest, but: tuple[str, ...]) -> str:
    """Returns all that an object says but for its metadata, its status and some fields of its spec."""
    spec = {key: value for key, value in spec_of(manifest).items() if key not in but}
    rest = {key: value for key, value in manifest.items() if key not in ("metadata", "status", "spec")}
    return canonical({**rest, "spec": spec})
