"""Planning of policy copies: which policies are copied for which clones, and their names (rules R-C4, R-C5, R-G13 and R-I19)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.k8s.limits import OBJECT_NAME_LIMIT, fit
from sandlane.k8s.network_policies import NETWORK_POLICY
from sandlane.k8s.resource import Resource, ResourceId, at, labels_of
from sandlane.k8s.workload_kinds import WORKLOADS, pod_labels
from sandlane.plan.metadata import copied_labels, tenant_marks
from sandlane.plan.model import Admission, AttachedPolicy, Policies, PolicyCopy, ServiceClone, WorkloadClone
from sandlane.plan.names import ORIGIN, origin_label, origin_of_copy
from sandlane.plan.policies.attached import Attached, attached_copies, selected_copies
from sandlane.plan.policies.network import Peer, admitted, scope
from sandlane.plan.policies.selecting import FOLLOWING, Following
from sandlane.plan.relabel import Selectors
from sandlane.specs.model import Environment


def plan_policies(
    environment: Environment,
    base: Base,
    selectors: Selectors,
    attached: Attached,
    clones: Sequence[WorkloadClone],
    services: Sequence[ServiceClone],
) -> Policies:
    """Plans the copies of policies for all clones, with their names."""
    copies = tuple(copy for clone in clones for copy in _copies(selectors, clone))
    lost = _lost(selectors, clones)
    is_asked = lost or any(copy.row is FOLLOWING[NETWORK_POLICY] for copy in copies)
    return Policies(
        copies=copies,
        admissions=tuple(_admissions(lost)),
        attached=(*_of_services(attached, services), *_of_copies(environment, attached, copies)),
        admitted=admitted(selectors.peers, _workloads(base) if is_asked else ()),
    )


def _workloads(base: Base) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Yields namespace, origin label and pod labels of every workload that can be cloned."""
    for row in WORKLOADS.values():
        for workload in base.of(row.group, row.kind) if row.is_clonable else ():
            name = origin_label(row, workload.id.name)
            yield workload.id.namespace, name, pod_labels(row, with_template(base, workload).manifest)


def _copies(selectors: Selectors, clone: WorkloadClone) -> Iterator[PolicyCopy]:
    namespace, origin = clone.id.namespace, pod_labels(clone.row, clone.origin.manifest)
    bound = [resource for _, resource in selectors.follow.matching(namespace, origin)]
    if not bound:
        return
    kept = {resource.id for _, resource in selectors.follow.matching(namespace, clone.pods.labels)}
    for policy in bound:
        row = FOLLOWING.get((policy.id.group, policy.id.kind))
        if row and row.is_copied and policy.id not in kept:
            others = [other for other in bound if other.id.kind == policy.id.kind and other.id.group == policy.id.group]
            yield PolicyCopy(
                clone=clone,
                policy=policy,
                row=row,
                id=_copy_id(policy.id, clone),
                why_not=_why_not(row, policy, others, clone),
            )


def _copy_id(policy: ResourceId, clone: WorkloadClone) -> ResourceId:
    """Returns the id of a policy's copy for a clone: `<policy>-<clone>`, in the clone's namespace.

    One of Istio's root namespace has that in its name, since the clone's namespace may have a policy of the same name.
    """
    home = clone.id.namespace
    moved = "" if policy.namespace == home else f"{policy.namespace}-"
    name = f"{moved}{policy.name}-{clone.selector[ORIGIN]}-{clone.sandbox.tenant}"
    return ResourceId(policy.group, policy.kind, home, fit(name, OBJECT_NAME_LIMIT))


def _why_not(row: Following, policy: Resource, bound: Sequence[Resource], clone: WorkloadClone) -> str | None:
    """Returns why a copy would not protect the clone as the policy protects its origin, or None."""
    if policy.manifest.get("specs"):
        return "it has several 'specs', of which each selects pods of its own"
    pod = at(clone.origin.manifest, (*clone.row.template, "spec")) or {}
    others = (o for o in bound if row.is_alone and o.id != policy.id)
    other = next((o for o in others if row.compete is None or row.compete(policy.manifest, o.manifest, pod)), None)
    if other:
        return f"'{other.id}' selects it too, and only the older of them counts"
    if policy.id.namespace != clone.id.namespace and at(policy.manifest, ("spec", "imagePullSecret")):
        return f"its 'imagePullSecret' is in namespace '{policy.id.namespace}'"
    return None


def _lost(selectors: Selectors, clones: Iterable[WorkloadClone]) -> dict[tuple[ResourceId, str], dict[object, Peer]]:
    """Returns the NetworkPolicy peers that match origins but not their clones, by policy and origin label."""
    lost: dict[tuple[ResourceId, str], dict[object, Peer]] = {}
    for clone in clones:
        namespace, origin = clone.id.namespace, pod_labels(clone.row, clone.origin.manifest)
        before = selectors.peers.matching(namespace, origin)
        if not before:
            continue
        kept = {scope(peer) for peer in selectors.peers.matching(namespace, clone.pods.labels)}
        for peer in before:
            if scope(peer) not in kept:
                lost.setdefault((peer.policy.id, clone.selector[ORIGIN]), {})[peer.place] = peer
    return lost


def _admissions(lost: Mapping[tuple[ResourceId, str], Mapping[object, Peer]]) -> Iterator[Admission]:
    for (policy, origin), by_place in sorted(lost.items()):
        peers = tuple(sorted(by_place.values(), key=lambda peer: peer.place))
        name = fit(f"{policy.name}-clones-of-{origin}", OBJECT_NAME_LIMIT)
        id = ResourceId(*NETWORK_POLICY, policy.namespace, name)
        yield Admission(policy=peers[0].policy, origin=origin, peers=peers, id=id)


def _of_services(attached: Attached, services: Iterable[ServiceClone]) -> Iterator[AttachedPolicy]:
    for service in services:
        for copy in attached_copies(attached, service.origin.id, service.id):
            yield AttachedPolicy(sandbox=service.sandbox, workload=service.workload, copy=copy)


def _of_copies(environment: Environment, attached: Attached, copies: Iterable[PolicyCopy]) -> Iterator[AttachedPolicy]:
    for made in copies:
        if made.why_not:
            continue
        labels = labels_of(made.policy.manifest)
        after = {
            **copied_labels(made.policy.manifest),
            **tenant_marks(environment, made.clone.sandbox, origin_of_copy(made.policy.id)),
        }
        for copy in (
            *attached_copies(attached, made.policy.id, made.id),
            *selected_copies(attached, made.policy.id, made.id, labels, after),
        ):
            yield AttachedPolicy(sandbox=made.clone.sandbox, workload=made.clone.workload, copy=copy)


def gained(selectors: Selectors, clone: WorkloadClone) -> tuple[list[ResourceId], list[ResourceId]]:
    """Returns the policies that select a clone but not its origin, and those that admit the clone but not its origin."""
    namespace, origin, labels = clone.id.namespace, pod_labels(clone.row, clone.origin.manifest), clone.pods.labels
    bound = {resource.id for _, resource in selectors.follow.matching(namespace, origin)}
    scopes = {scope(peer) for peer in selectors.peers.matching(namespace, origin)}
    selecting = [r.id for _, r in selectors.follow.matching(namespace, labels) if r.id not in bound]
    letting = [p.policy.id for p in selectors.peers.matching(namespace, labels) if scope(p) not in scopes]
    return list(dict.fromkeys(selecting)), list(dict.fromkeys(letting))
