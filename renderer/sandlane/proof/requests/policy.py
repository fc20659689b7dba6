"""P5: how clones are called, by the DestinationRules that apply to them for each client (rule R-I10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import spec_of
from sandlane.problems.problem import Problem
from sandlane.proof.claims import is_patched
from sandlane.proof.requests.clients import Calling
from sandlane.proof.requests.outcomes import policy_text
from sandlane.proof.requests.violations import Met, broken
from sandlane.proof.world import World
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import Destination, Policy
from sandlane.semantics.policies import policy_of
from sandlane.semantics.request import Address

_NO_SUBSET = "no DestinationRule has subset"


def called(network: Network, address: Address, destination: Destination) -> Destination:
    """Returns a destination as its clone is called.

    It is called without what a subset has by a pattern of hosts alone, and its routes keep subsets that have a trafficPolicy in any
    DestinationRule of the host, whether a client sees that or not; it has no need of others (rules R-I5 and R-I10).
    """
    policy, failure = destination.policy, destination.failure
    if not destination.subset:
        return destination
    if _NO_SUBSET in failure and not _is_kept(network, destination):
        failure = ""
    if policy and all("*" in str(spec_of(o.resource.manifest).get("host")) for o in policy.origins):
        policy = policy_of(network, address.client, destination.host, "", destination.port)
    return replace(destination, policy=policy, failure=failure)


def _is_kept(network: Network, destination: Destination) -> bool:
    rules = (rule for own in network.destination_rules.values() for rule in own.get(destination.host, ()))
    subsets = (subset for rule in rules for subset in spec_of(rule.manifest).get("subsets") or ())
    return any(subset.get("name") == destination.subset and subset.get("trafficPolicy") for subset in subsets)


def called_alike(world: World, before: Network, after: Network, callings: Sequence[Calling]) -> Iterator[Problem]:
    """Yields clones that a client calls otherwise than their origins, whatever routes send there."""
    if not any(after.destination_rules.values()):
        return
    for (origin, tenant), clone in sorted(world.clones.services.items(), key=lambda pair: str(pair[1].id)):
        one, two = (ServiceHost(id.namespace, id.name).fqdn(before.domain) for id in (origin, clone.id))
        for port in before.hosts[one].ports if one in before.hosts else ():
            for calling in (c for c in callings if c.tenants is None or tenant in c.tenants):
                base = policy_of(before, calling.before, one, "", port)
                output = policy_of(after, calling.after, two, "", port)
                is_own = any(
                    is_patched(world.claims.environment, o.resource.id) for o in (output.origins if output else ())
                )
                if policy_text(base) != policy_text(output) and not is_own:
                    address = Address(client=calling.after, host=two, port=port, authority=two)
                    yield broken(world, "SL605", address, _said(base, one), _said(output, two))


def _said(policy: Policy | None, host: str) -> Met:
    if policy is None or not policy.origins:
        return f"calls '{host}' by no DestinationRule", None
    return f"calls '{host}' with {policy_text(policy)}", policy.origins[0]
