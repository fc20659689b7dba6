"""Outcomes as proof compares them: as text in one spelling, and with a tenant's clones in place of what it cloned (rule R-I5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sandlane.k8s.hosts import service_of
from sandlane.semantics.outcomes import Destination, Forward, NoCluster, Outcome, Unknown, forward

_FEATURES = ("rewrite", "timeout", "retries", "fault", "cors", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """What the environment itself adds to routes, and is no difference: a header of answers, and headers that are removed."""

    domain: str
    answer: str = ""
    removed: frozenset[str] = frozenset()


def said(spelling: Spelling, outcome: Outcome, namespace: str = "") -> str:
    """Returns an outcome as text; `namespace` is that of the object which names mirrors."""
    if isinstance(outcome, Unknown):
        return "unknown"
    if isinstance(outcome, NoCluster):
        return f"no cluster {outcome.why.partition(':')[0]}"
    if not isinstance(outcome, Forward):
        return f"{type(outcome).__name__} {_json([str(getattr(outcome, f)) for f in outcome.__dataclass_fields__])}"
    total = sum(d.weight for d in outcome.destinations) or 1
    sent = sorted(_json([d.host, d.port, round(d.weight / total, 9), _changes(spelling, d.changes),
                         d.policy.traffic if d.policy and d.policy.traffic else None, d.failure.partition(":")[0]])
                  for d in outcome.destinations)  # fmt: skip
    mirrors = [_mirrored(spelling, m, namespace, {}) for m in outcome.mirrors]
    rest = [getattr(outcome, name) for name in _FEATURES]
    return _json([sent, _changes(spelling, outcome.changes), rest, mirrors])


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _changes(spelling: Spelling, changes: Any) -> Any:
    """Returns operations on headers without those that the environment asks for."""
    if not isinstance(changes, Mapping):
        return changes or None
    found: dict[str, Any] = {}
    for side, operations in changes.items():
        kept = dict(operations or {})
        if side == "response" and spelling.answer:
            kept["set"] = {k: v for k, v in (kept.get("set") or {}).items() if k.lower() != spelling.answer.lower()}
        if side == "request" and spelling.removed:
            kept["remove"] = [name for name in kept.get("remove") or () if name.lower() not in spelling.removed]
        found[side] = {name: value for name, value in kept.items() if value}
    return {side: value for side, value in found.items() if value} or None


def _mirrored(spelling: Spelling, mirror: Any, namespace: str, clones: Mapping[str, str]) -> Any:
    """Returns a mirror with the full name of its host, or that of a clone."""
    if isinstance(mirror, Mapping) and "destination" in mirror:
        to = mirror["destination"] or {}
        host = _full(spelling, str(to.get("host", "")), namespace)
        return {**mirror, "destination": {"host": clones.get(host, host), "port": to.get("port")}}
    if isinstance(mirror, Mapping) and "backendRef" in mirror:
        to = mirror["backendRef"] or {}
        host = f"{to.get('name')}.{to.get('namespace') or namespace}.svc.{spelling.domain}"
        return {**mirror, "backendRef": {"host": clones.get(host, host), "port": to.get("port")}}
    return mirror


def _full(spelling: Spelling, host: str, namespace: str) -> str:
    found = service_of(host, namespace, spelling.domain)
    return found.fqdn(spelling.domain) if found else host


@dataclass(frozen=True, slots=True, kw_only=True)
class Clones:
    """What a tenant cloned: host of a Service -> host of its clone; `whole` takes all requests of a host that sends elsewhere."""

    hosts: Mapping[str, str] = field(default_factory=dict)
    whole: Destination | None = None


def with_clones(
    outcome: Outcome, clones: Clones, spelling: Spelling, namespace: str, called: Callable[[Destination], Destination]
) -> Outcome:
    """Returns a base outcome as a tenant has to meet it; `called` tells how a destination's clone is called."""
    if not isinstance(outcome, Forward) or not clones.hosts:
        return outcome
    sent = tuple(d for d in outcome.destinations if d.host in clones.hosts and not d.alias)
    if not sent and clones.whole is None:
        return outcome
    made = _merged([_clone(called(d), clones) for d in sent]) or (clones.whole,)
    mirrors = tuple(_in_form(m, _mirrored(spelling, m, namespace, clones.hosts)) for m in outcome.mirrors)
    features = {name: getattr(outcome, name) for name in ("changes", *_FEATURES)}
    return forward(tuple(d for d in made if d), mirrors=mirrors, **features)


def _clone(destination: Destination, clones: Clones) -> Destination:
    policy = replace(destination.policy, labels={}, origins=()) if destination.policy else None
    return replace(destination, host=clones.hosts[destination.host], subset="", policy=policy)


def _in_form(mirror: Any, full: Any) -> Any:
    """Returns a mirror with the host of its full spelling, in the form that manifests have."""
    if isinstance(full, Mapping) and "backendRef" in full:
        name, _, rest = str(full["backendRef"]["host"]).partition(".")
        return {**mirror, "backendRef": {**mirror["backendRef"], "name": name, "namespace": rest.partition(".")[0]}}
    return full


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
