"""P8, protection: a clone is bound by the policies that bind its origin, and has no more privilege (CLONING.md; ROUTING.md §6).

As far as cloning goes today, a spec changes images, environment and replicas: everything else of a clone's pods is its
origin's. Policies are compared as sets, but for those whose absence the spec accepts with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from renderer.base import Base
from renderer.catalogue import report
from renderer.kinds import at, pod_labels, workload_kind
from renderer.model import Manifest, Resource, ResourceId
from renderer.problems import Problem
from renderer.proof.alignment import same
from renderer.proof.claims import Claim
from renderer.proof.literals import origin_value
from renderer.proof.world import Pods, World
from renderer.selectors import Index, Selector, from_label_selector, from_map, matches

_PLACEMENT = ("affinity", "topologySpreadConstraints")
_BINDING = (
    ("networking.k8s.io", "NetworkPolicy", "podSelector", False),
    ("security.istio.io", "AuthorizationPolicy", "selector", True),
    ("security.istio.io", "PeerAuthentication", "selector", True),
    ("security.istio.io", "RequestAuthentication", "selector", True),
    ("telemetry.istio.io", "Telemetry", "selector", True),
    ("extensions.istio.io", "WasmPlugin", "selector", True),
    ("networking.istio.io", "ProxyConfig", "selector", True),
    ("networking.istio.io", "DestinationRule", "workloadSelector", False),
    ("networking.istio.io", "EnvoyFilter", "workloadSelector", True),
    ("networking.istio.io", "Sidecar", "workloadSelector", False),
    ("policy.linkerd.io", "Server", "podSelector", False),
)
"""(group, kind, field of its pod selector, whether it selects everywhere from Istio's root namespace)."""


def check(world: World) -> Iterator[Problem]:
    """Yields clones whose pods differ from their origin's in more than a spec may change, or that policies treat otherwise."""
    binding = Index(_selectors(world.base, world.claims.environment.cluster.root_namespace))
    for claim in world.claims.sandboxes:
        for id in claim.origins:
            origin = world.base.by_id.get(id)
            clone = world.clones.get((id.kind, id.namespace, claim.tenant, origin_value(id.kind, id.name)))
            if origin and clone:
                yield from _privilege(origin, clone.resource)
                yield from _policies(world, binding, claim, origin, clone)


def _wrong(clone: Resource, what: str) -> Problem:
    return report("SL608", source=clone.source, what=what)


def _privilege(origin: Resource, clone: Resource) -> Iterator[Problem]:
    row = workload_kind(origin.id.group, origin.id.kind)
    template = row.template if row else ()
    before, after = (_comparable(at(r.manifest, (*template, "spec")) or {}) for r in (origin, clone))
    for field in sorted(before.keys() | after.keys()):
        if not same(before.get(field), after.get(field)):
            yield _wrong(clone, f"'{clone.id}': '{field}' of its pods is not that of '{origin.id}'")


def _comparable(spec: Manifest) -> dict[str, Any]:
    """Returns what a clone's pods have to share with their origin's: all but images, environment and places."""
    kept = {key: value for key, value in spec.items() if key != "nodeName"}
    for field in _PLACEMENT:
        if field in kept:
            kept[field] = _without_selectors(kept[field])
    kept["containers"] = [_container(c, ("image", "env")) for c in spec.get("containers") or ()]
    if kept.get("initContainers"):
        kept["initContainers"] = [_container(c, ()) for c in kept["initContainers"]]
    return kept


def _container(container: Manifest, free: tuple[str, ...]) -> dict[str, Any]:
    kept = {key: value for key, value in container.items() if key not in free}
    if kept.get("ports"):
        kept["ports"] = [{k: v for k, v in port.items() if k not in ("hostPort", "hostIP")} for port in kept["ports"]]
    return kept


def _without_selectors(value: Any) -> Any:
    """Returns terms of placement without what they are about, which is for the origin and for the clone its own pods."""
    if isinstance(value, Mapping):
        return {key: _without_selectors(inner) for key, inner in value.items() if key != "labelSelector"}
    return [_without_selectors(item) for item in value] if isinstance(value, list) else value


def _selectors(base: Base, root: str) -> Iterator[tuple[str | None, Selector, ResourceId]]:
    for group, kind, field, is_global in _BINDING:
        for policy in base.of(group, kind):
            selector = at(policy.manifest, ("spec", field))
            if selector:
                parsed = from_map(selector["labels"]) if selector.get("labels") else from_label_selector(selector)
                home = policy.id.namespace
                yield None if is_global and home == root else home, parsed, policy.id


def _policies(
    world: World, binding: Index[ResourceId], claim: Claim, origin: Resource, clone: Pods
) -> Iterator[Problem]:
    row = workload_kind(origin.id.group, origin.id.kind)
    labels = pod_labels(row, origin.manifest) if row else {}
    namespace = origin.id.namespace
    before, after = (set(binding.matching(namespace, found)) for found in (labels, clone.labels))
    for id in sorted(before - after):
        if ("SL320", str(id)) not in claim.accepted:
            yield _wrong(clone.resource, f"'{id}' binds '{origin.id}' and not '{clone.resource.id}'")
    for id in sorted(after - before):
        if ("SL322", str(id)) not in claim.accepted:
            yield _wrong(clone.resource, f"'{id}' binds '{clone.resource.id}' and not '{origin.id}'")
    for policy in world.base.of("networking.k8s.io", "NetworkPolicy"):
        lost = any(_loses(policy, peer, namespace, labels, clone.labels) for peer in _peers(policy))
        if lost and ("SL321", str(policy.id)) not in claim.accepted:
            yield _wrong(clone.resource, f"'{policy.id}' admits '{origin.id}' and not '{clone.resource.id}'")


def _peers(policy: Resource) -> Iterator[Manifest]:
    spec = policy.manifest.get("spec") or {}
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction) or ():
            yield from rule.get(side) or ()


def _loses(
    policy: Resource, peer: Manifest, namespace: str, before: Mapping[str, str], after: Mapping[str, str]
) -> bool:
    if peer.get("podSelector") is None or (peer.get("namespaceSelector") is None and policy.id.namespace != namespace):
        return False
    selector = from_label_selector(peer["podSelector"])
    return matches(selector, before) and not matches(selector, after)
