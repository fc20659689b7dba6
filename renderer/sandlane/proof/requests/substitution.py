"""Outcomes of the base as a tenant has to meet them: with its clones in place of what it cloned (rule R-I5), and how these are called.

P5: that is by the DestinationRules that apply to them for each client (rule R-I10).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import spec_of
from sandlane.problems.problem import Problem
from sandlane.proof.claims import is_patched
from sandlane.proof.requests.clients import Calling
from sandlane.proof.requests.outcomes import FEATURES, mirror_host, policy_text
from sandlane.proof.requests.violations import Met, broken
from sandlane.proof.world import World
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import Destination, Forward, Outcome, Policy, forward, meant_by
from sandlane.semantics.policies import policy_of
from sandlane.semantics.request import Address

_NO_SUBSET = "no DestinationRule has subset"


@frozen(kw_only=True)
class Clones:
    """What a tenant cloned of a network: host of a Service -> host of its clone, for requests to an address.

    `whole`: where the address's host sends elsewhere, the clone that takes all its requests, by the ports that rules name; the first
    is the address's own, for rules that name none of them.
    """

    network: Network
    address: Address
    hosts: Mapping[str, str]
    whole: Mapping[int, Destination]


def with_clones(outcome: Outcome, clones: Clones | None, namespace: str) -> Outcome:
    """Returns a base outcome as a tenant has to meet it; `namespace` is that of the object which names mirrors."""
    meant = meant_by(outcome)
    if clones is None or not isinstance(meant, Forward):
        return outcome
    sent = tuple(d for d in meant.destinations if d.host in clones.hosts and not d.alias)
    if sent:
        made = _merged([_clone(_called(clones.network, clones.address, d), clones) for d in sent])
    elif clones.whole:
        named = [d.port for d in meant.destinations[:1] if d.port in clones.whole]
        made = (clones.whole[next(iter((*named, *clones.whole)))],)
    else:
        return outcome
    mirrors = tuple(_to_clone(mirror, clones, namespace) for mirror in meant.mirrors)
    features = {name: getattr(meant, name) for name in ("changes", *FEATURES)}
    return forward(made, mirrors=mirrors, **features)


def _clone(destination: Destination, clones: Clones) -> Destination:
    policy = replace(destination.policy, labels={}, origins=()) if destination.policy else None
    return replace(destination, host=clones.hosts[destination.host], subset="", policy=policy)


def _to_clone(mirror: Any, clones: Clones, namespace: str) -> Any:
    """Returns a mirror with the host of a clone, in the form that manifests have."""
    found = mirror_host(mirror, namespace, clones.network.domain)
    if found is None or found[0] not in clones.hosts:
        return mirror
    host, field, to = clones.hosts[found[0]], found[1], found[2]
    name, namespace = host.split(".")[:2]
    named = {"host": host} if field == "destination" else {"name": name, "namespace": namespace}
    return {**mirror, field: {**to, **named}}


def _merged(destinations: Sequence[Destination]) -> tuple[Destination, ...]:
    """Returns destinations with equal ones as one of their common weight."""
    found: list[Destination] = []
    for each in destinations:
        equal = next((n for n, f in enumerate(found) if replace(f, weight=0) == replace(each, weight=0)), None)
        if equal is None:
            found.append(each)
        else:
            found[equal] = replace(found[equal], weight=found[equal].weight + each.weight)
    return (replace(found[0], weight=1),) if len(found) == 1 else tuple(found)


def _called(network: Network, address: Address, destination: Destination) -> Destination:
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
                origins = output.origins if output else ()
                is_own = any(is_patched(world.claims.environment, o.resource.id) for o in origins)
                if policy_text(base) != policy_text(output) and not is_own:
                    address = Address(client=calling.after, host=two, port=port, authority=two)
                    yield broken(world, "SL605", address, _said(base, one), _said(output, two))


def _said(policy: Policy | None, host: str) -> Met:
    if policy is None or not policy.origins:
        return f"calls '{host}' by no DestinationRule", None
    return f"calls '{host}' with {policy_text(policy)}", policy.origins[0]
