"""Outcomes of the base as a tenant has to meet them: with its clones in place of what it cloned (rule R-I5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.proof.requests.outcomes import FEATURES, Spelling, mirror_host
from sandlane.semantics.outcomes import Destination, Forward, NoCluster, Outcome, Unknown, forward


@frozen(kw_only=True)
class Whole:
    """The clone that takes all requests of a host which sends elsewhere: on the port that a rule names, if it has it, else as called."""

    port: int
    by_port: Mapping[int, Destination]

    def taking(self, meant: Forward) -> Destination:
        """Returns the clone in place of where a rule sends."""
        named = next((d.port for d in meant.destinations), self.port)
        return self.by_port.get(named, self.by_port[self.port])


@frozen(kw_only=True)
class Clones:
    """What a tenant cloned: host of a Service -> host of its clone; `whole` takes all requests of a host that sends elsewhere."""

    hosts: Mapping[str, str] = field(default_factory=dict)
    whole: Whole | None = None


def with_clones(
    outcome: Outcome, clones: Clones, spelling: Spelling, namespace: str, called: Callable[[Destination], Destination]
) -> Outcome:
    """Returns a base outcome as a tenant has to meet it; `called` tells how a destination's clone is called."""
    meant = outcome.meant if isinstance(outcome, NoCluster | Unknown) else outcome
    if not isinstance(meant, Forward) or not clones.hosts:
        return outcome
    sent = tuple(d for d in meant.destinations if d.host in clones.hosts and not d.alias)
    if sent:
        made = _merged([_clone(called(d), clones) for d in sent])
    elif clones.whole:
        made = (clones.whole.taking(meant),)
    else:
        return outcome
    mirrors = tuple(_to_clone(m, spelling, namespace, clones.hosts) for m in meant.mirrors)
    features = {name: getattr(meant, name) for name in ("changes", *FEATURES)}
    return forward(made, mirrors=mirrors, **features)


def _clone(destination: Destination, clones: Clones) -> Destination:
    policy = replace(destination.policy, labels={}, origins=()) if destination.policy else None
    return replace(destination, host=clones.hosts[destination.host], subset="", policy=policy)


def _to_clone(mirror: Any, spelling: Spelling, namespace: str, hosts: Mapping[str, str]) -> Any:
    """Returns a mirror with the host of a clone, in the form that manifests have."""
    found = mirror_host(spelling, mirror, namespace)
    if found is None or found[0] not in hosts:
        return mirror
    host, field_name, to = hosts[found[0]], found[1], found[2]
    if field_name == "destination":
        return {**mirror, "destination": {**to, "host": host}}
    name, _, rest = host.partition(".")
    return {**mirror, "backendRef": {**to, "name": name, "namespace": rest.partition(".")[0]}}


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
