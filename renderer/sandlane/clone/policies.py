"""Policies of clones: copies of those that select origins, and NetworkPolicies that allow clones what they allow origins.

A NetworkPolicy's copy also lets the clones of those workloads through that its rules mean, cloned or not: so it is complete
by itself, whoever else has a sandbox. For a policy of the base one more says it for all tenants, in shared/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.k8s.network_policies import DIRECTIONS, NETWORK_POLICY, isolates, rules_of
from sandlane.output.layout import SANDBOXES, SHARED, Placed
from sandlane.patch.put import put
from sandlane.plan.metadata import copied_metadata
from sandlane.plan.model import Admission, Plan, PolicyCopy
from sandlane.plan.names import MANAGED_BY, ORIGIN
from sandlane.plan.policies.attached import AttachedCopy, renamed
from sandlane.plan.policies.network import Admitted, clones_of, peers
from sandlane.specs.model import Environment, RouteGroup, Sandbox


def policies(plan: Plan) -> Iterator[Placed]:
    """Yields the policies of all sandboxes, and those for all tenants."""
    for copy in plan.policies.copies:
        if not copy.why_not:
            manifest = _copy(plan.environment, plan.policies.admitted, copy)
            yield Placed(directory=f"{SANDBOXES}/{copy.clone.sandbox.name}", id=copy.id, manifest=manifest)
    for attached in plan.policies.attached:
        if not attached.copy.why_not:
            yield attached_policy(plan.environment, attached.sandbox, attached.copy)
    for admission in plan.policies.admissions:
        manifest = _admission(plan.policies.admitted, admission)
        yield Placed(directory=SHARED, id=admission.id, manifest=manifest)


def _copy(environment: Environment, admitted: Admitted, copy: PolicyCopy) -> Any:
    origin = copy.policy.manifest
    metadata = copied_metadata(environment, copy.clone.sandbox, copy.policy, copy.id)
    manifest: Any = {**{key: value for key, value in origin.items() if key != "status"}, "metadata": metadata}
    manifest = put(manifest, copy.row.selector, {copy.row.labels: dict(copy.clone.selector)})
    if (copy.row.group, copy.row.kind) != NETWORK_POLICY:
        return manifest
    manifest = put(manifest, ("spec", "policyTypes"), list(isolates(origin)))
    for peer in peers(copy.policy):
        meant = sorted({name for _, name in admitted.by_peer.get(peer.place, ())})
        field, side = DIRECTIONS[peer.direction]
        path = ("spec", field, peer.rule, side)
        listed = rules_of(manifest, peer.direction)[peer.rule][side]
        manifest = put(
            manifest, path, [*listed, *(new for new in clones_of(peer, admitted, meant) if new not in listed)]
        )
    return manifest


def _admission(admitted: Admitted, admission: Admission) -> dict[str, Any]:
    origin = admission.policy
    spec: dict[str, Any] = {"podSelector": origin.manifest["spec"].get("podSelector") or {}, "policyTypes": []}
    for direction, (field, side) in DIRECTIONS.items():
        by_rule: dict[int, list[dict[str, Any]]] = {}
        for peer in admission.peers:
            if peer.direction == direction:
                listed = by_rule.setdefault(peer.rule, [])
                listed += [new for new in clones_of(peer, admitted, [admission.origin]) if new not in listed]
        if by_rule:
            spec["policyTypes"].append(direction)
            given = rules_of(origin.manifest, direction)
            spec[field] = [{**given[number], side: found} for number, found in by_rule.items()]
    return {
        "apiVersion": origin.manifest["apiVersion"],
        "kind": origin.id.kind,
        "metadata": {
            "name": admission.id.name,
            "namespace": admission.id.namespace,
            "labels": {MANAGED_BY: "sandlane", ORIGIN: fit(origin.id.name, LABEL_VALUE_LIMIT)},
        },
        "spec": spec,
    }


def attached_policy(environment: Environment, holder: Sandbox | RouteGroup, copy: AttachedCopy) -> Placed:
    """Returns the copy of a policy, with the copy of its target as target."""
    policy = copy.attachment.policy
    manifest = {
        **{key: value for key, value in policy.manifest.items() if key != "status"},
        "metadata": copied_metadata(environment, holder, policy, copy.id),
        "spec": renamed(copy.attachment, copy.copy.name),
    }
    return Placed(directory=f"{SANDBOXES}/{holder.name}", id=copy.id, manifest=manifest)
