"""Outcomes of the base as a tenant has to meet them: with its clones in place of what it cloned (rule R-I5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.proof.requests.outcomes import FEATURES, mirror_host
from sandlane.proof.requests.policy import called
from sandlane.semantics.network import Network
from sandlane.semantics.outcomes import Destination, Forward, Outcome, forward, meant_by
from sandlane.semantics.request import Address


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
        made = _merged([_clone(called(clones.network, clones.address, d), clones) for d in sent])
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
