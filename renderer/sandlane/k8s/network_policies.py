"""NetworkPolicies as the API server reads them (https://kubernetes.io/docs/concepts/services-networking/network-policies/)."""

from __future__ import annotations

from typing import Any

from sandlane.k8s.resource import Manifest, spec_of

NETWORK_POLICY = ("networking.k8s.io", "NetworkPolicy")
DIRECTIONS: dict[str, tuple[str, str]] = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
"""Direction -> field of its rules, and field of a rule's peers."""


def isolates(policy: Manifest) -> tuple[str, ...]:
    """Returns the directions in which a policy isolates: as written, else as the API server sets `policyTypes`."""
    spec = spec_of(policy)
    written = spec.get("policyTypes") or ("Ingress", *(("Egress",) if spec.get("egress") else ()))
    return tuple(direction for direction in DIRECTIONS if direction in written)


def rules_of(policy: Manifest, direction: str) -> list[Manifest]:
    """Returns the rules of a direction."""
    return [rule or {} for rule in spec_of(policy).get(DIRECTIONS[direction][0]) or ()]


def peers_of(rule: Manifest, direction: str) -> list[Any]:
    """Returns the peers of a rule; one without any is for everyone."""
    return rule.get(DIRECTIONS[direction][1]) or []
