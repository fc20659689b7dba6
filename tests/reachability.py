"""Who may call whom under NetworkPolicies, decided from plain manifests; shares nothing with the renderer.

The rules are those of https://kubernetes.io/docs/concepts/services-networking/network-policies/: a connection needs the egress
policies of the one pod and the ingress policies of the other to allow it; a pod that no policy of a direction selects is free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.shared import load_all

Manifest = Mapping[str, Any]
Port = tuple[str, int | str]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
UNSEEN: Port = ("SCTP", 7)
"""A port that no policy names."""


@dataclass(frozen=True)
class Pod:
    """The pods of a workload: of the base, or a tenant's clone of one."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    tenant: str | None = None
    origin: str | None = None

    def __hash__(self) -> int:
        return hash((self.name, self.namespace))


@dataclass(frozen=True)
class Cluster:
    """Pods, labels of namespaces, and policies."""

    pods: Sequence[Pod]
    namespaces: Mapping[str, Mapping[str, str]]
    policies: Sequence[Manifest]


def read(texts: Iterable[str], default: str) -> list[Manifest]:
    """Reads manifests; those without a namespace are in the default one."""
    found: list[Manifest] = []
    for text in texts:
        for document in load_all(text):
            if isinstance(document, dict) and "kind" in document:
                listed = document["items"] if document["kind"] == "List" else [document]
                found += [{**o, "metadata": {"namespace": default, **o["metadata"]}} for o in listed]
    return found


def cluster_of(objects: Sequence[Manifest]) -> Cluster:
    """Returns what a cluster has when these objects are applied."""
    pods = []
    for each in objects:
        if each["kind"] in WORKLOADS:
            labels = each["spec"]["template"]["metadata"]["labels"]
            marks = each["metadata"].get("labels") or {}
            pods.append(
                Pod(
                    f"{each['kind']}/{each['metadata']['name']}",
                    each["metadata"]["namespace"],
                    labels,
                    marks.get("sandlane.dev/tenant"),
                    marks.get("sandlane.dev/origin"),
                )
            )
    spaces = {o["metadata"]["name"]: o["metadata"].get("labels") or {} for o in objects if o["kind"] == "Namespace"}
    names = {each["metadata"]["namespace"] for each in objects} | set(spaces)
    namespaces = {name: {**spaces.get(name, {}), "kubernetes.io/metadata.name": name} for name in names}
    return Cluster(pods, namespaces, [each for each in objects if each["kind"] == "NetworkPolicy"])


def ports_of(cluster: Cluster) -> list[Port]:
    """Returns every port that a policy names, and one that none does."""
    found = {
        (str(port.get("protocol") or "TCP"), port.get("port", 1))
        for policy in cluster.policies
        for side in ("ingress", "egress")
        for rule in policy["spec"].get(side) or ()
        for port in (rule or {}).get("ports") or ()
    }
    return [*sorted(found, key=str), UNSEEN]


class Reach:
    """Answers questions about a cluster; the policies of each pod are found once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._bound: dict[tuple[Pod, str], list[Manifest]] = {}

    def is_allowed(self, source: Pod, target: Pod, port: Port) -> bool:
        """Tells whether a pod may open a connection to a port of another."""
        return self._let(source, target, port, "Egress", "egress", "to") and self._let(
            target, source, port, "Ingress", "ingress", "from"
        )

    def is_isolated(self, pod: Pod, direction: str) -> bool:
        """Tells whether any policy isolates a pod in a direction."""
        return bool(self._policies(pod, direction))

    def _policies(self, pod: Pod, direction: str) -> list[Manifest]:
        key = (pod, direction)
        if key not in self._bound:
            self._bound[key] = [
                policy
                for policy in self._cluster.policies
                if policy["metadata"]["namespace"] == pod.namespace
                and direction in types_of(policy["spec"])
                and selects(policy["spec"].get("podSelector") or {}, pod.labels)
            ]
        return self._bound[key]

    def _let(self, bound: Pod, other: Pod, port: Port, direction: str, field: str, side: str) -> bool:
        policies = self._policies(bound, direction)
        rules = [(policy, rule or {}) for policy in policies for rule in policy["spec"].get(field) or ()]
        return not policies or any(
            self._peers(policy, rule.get(side), other) and has_port(rule.get("ports"), port) for policy, rule in rules
        )

    def _peers(self, policy: Manifest, peers: Sequence[Manifest] | None, pod: Pod) -> bool:
        if not peers:
            return True
        return any(self._is_peer(policy, peer, pod) for peer in peers)

    def _is_peer(self, policy: Manifest, peer: Manifest, pod: Pod) -> bool:
        if "ipBlock" in peer:
            return False
        spaces = peer.get("namespaceSelector")
        near = policy["metadata"]["namespace"] == pod.namespace
        is_near = near if spaces is None else selects(spaces, self._cluster.namespaces[pod.namespace])
        return is_near and selects(peer.get("podSelector") or {}, pod.labels)


def types_of(spec: Manifest) -> list[str]:
    """Returns the directions of a policy, as the API server sets them."""
    if spec.get("policyTypes"):
        return list(spec["policyTypes"])
    return ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Tells whether a LabelSelector matches labels."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for expression in selector.get("matchExpressions") or ():
        key, values = expression["key"], expression.get("values") or []
        holds = {
            "In": key in labels and labels[key] in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[expression["operator"]]
        if not holds:
            return False
    return True


def has_port(ports: Sequence[Manifest] | None, port: Port) -> bool:
    """Tells whether a rule is for a port."""
    if not ports:
        return True
    for each in ports:
        if str(each.get("protocol") or "TCP") != port[0]:
            continue
        low = each.get("port")
        if low is None or low == port[1]:
            return True
        if isinstance(low, int) and isinstance(port[1], int) and low <= port[1] <= each.get("endPort", low):
            return True
    return False


def differences(base: Sequence[Manifest], output: Sequence[Manifest]) -> list[str]:
    """Returns where base pods, or clones in either or both places, are not allowed or denied what the base's pods are."""
    before, after = cluster_of(base), cluster_of([*base, *output])
    ports = ports_of(after)
    ours, theirs = Reach(before), Reach(after)
    named = {(pod.namespace, mark(pod)): pod for pod in before.pods}
    stand_ins = {pod: [pod] for pod in before.pods}
    for pod in after.pods:
        if pod.tenant:
            stand_ins[named[(pod.namespace, str(pod.origin))]].append(pod)
    found = [
        f"{pod.name} is isolated otherwise: {direction}"
        for origin, pods in stand_ins.items()
        for pod in pods
        for direction in ("Ingress", "Egress")
        if ours.is_isolated(origin, direction) != theirs.is_isolated(pod, direction)
    ]
    for source in before.pods:
        for target in before.pods:
            for port in ports:
                expected = ours.is_allowed(source, target, port)
                found += [
                    f"{a.namespace}/{a.name} -> {b.namespace}/{b.name} at {port}: {'denied' if expected else 'allowed'}"
                    for a in stand_ins[source]
                    for b in stand_ins[target]
                    if theirs.is_allowed(a, b, port) != expected
                ]
    return found


def mark(pod: Pod) -> str:
    """Returns the origin label that clones of a base pod carry."""
    kind, _, name = pod.name.partition("/")
    return name if kind == "Deployment" else f"{kind.lower()}.{name}"
