"""Outcomes as proof compares them: as text in one spelling."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import service_of
from sandlane.proof.literals import MOST_FILTERS
from sandlane.semantics.outcomes import Destination, Forward, NoCluster, Outcome, Policy, Redirect, Unknown
from sandlane.specs.model import Carrier

FEATURES = ("rewrite", "timeout", "retries", "fault", "cors", "other")


@frozen(kw_only=True)
class Spelling:
    """How outcomes are written for one tenant, or for nobody.

    `names`: host of a clone -> what stands for it. `answer` and `removed` are what the environment itself adds to routes, and is
    no difference: a header in answers from `tenant`'s clones, in place of the base's (`is_base`), and headers that are removed,
    which `required` have to be. `given` are the carriers that a preview gives requests.
    """

    domain: str
    names: Mapping[str, str] = field(default_factory=dict)
    tenant: str = ""
    is_base: bool = False
    answer: str = ""
    removed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    given: tuple[Carrier, ...] = ()


def said(spelling: Spelling, outcome: Outcome, namespace: str = "") -> str:
    """Returns an outcome as text; `namespace` is that of the object which names mirrors."""
    if isinstance(outcome, Unknown):
        return f"unknown: {outcome.why}"
    if isinstance(outcome, NoCluster):
        return f"no cluster {outcome.why.partition(':')[0]}"
    if isinstance(outcome, Redirect):
        # 302 is the default of the CRD of routes; VirtualServices have another field.
        return f"redirect {_json([{'statusCode': 302, **_bare(outcome.how)}, _bare(outcome.changes), outcome.fault])}"
    if not isinstance(outcome, Forward):
        return f"{type(outcome).__name__} {_json([str(getattr(outcome, f)) for f in outcome.__dataclass_fields__])}"
    if len(outcome.destinations) > 1:
        outcome = replace(outcome, destinations=_together(spelling, outcome.destinations))
    if _is_plain(spelling, outcome):
        to = outcome.destinations[0]
        return (
            f"{spelling.names.get(to.host, to.host)}:{to.port} {policy_text(to.policy)} {to.failure.partition(':')[0]}"
        )
    total = sum(d.weight for d in outcome.destinations) or 1
    sent = sorted(_json([*_told(spelling, d), round(d.weight / total, 9)]) for d in outcome.destinations)
    reached = [spelling.names[d.host] for d in outcome.destinations if d.host in spelling.names]
    mirrors = [_mirrored(spelling, m, namespace, is_cloned=bool(reached)) for m in outcome.mirrors]
    rest = [getattr(outcome, name) for name in FEATURES]
    changes, given = _giving(spelling, outcome.changes) if spelling.given else (outcome.changes, [])
    is_answered = bool(spelling.answer and reached) and (spelling.is_base or _is_answered(spelling, outcome, reached))
    text = _json(
        [sent, _changes(spelling, changes, reached), rest, mirrors, *given, *(["answered"] if is_answered else [])]
    )
    return f"{text} without {_removed(spelling, outcome.changes)}" if spelling.required else text


def _giving(spelling: Spelling, changes: Any) -> tuple[Any, list[Any]]:
    """Returns operations on headers without those on requests, and these, with the carriers of the tenant in them (rule R-G15)."""
    if isinstance(changes, list):
        others: Any = [item for item in changes if not item.get("requestHeaderModifier")]
        modifiers = [item["requestHeaderModifier"] for item in changes if item.get("requestHeaderModifier")]
    else:
        others = {side: value for side, value in (changes or {}).items() if side != "request"}
        modifiers = [(changes or {}).get("request") or {}]
    found: dict[str, dict[str, Any]] = {"set": {}, "add": {}}
    for operation, name, value in ((o, *pair) for m in modifiers for o in found for pair in _pairs(m.get(o) or ())):
        found[operation][name.lower()] = value
    removed = {str(name).lower() for modifier in modifiers for name in modifier.get("remove") or ()}
    if spelling.is_base:
        headers = {c.header.lower(): spelling.tenant for c in spelling.given if c.header}
        members = [f"{c.baggage}={spelling.tenant}" for c in spelling.given if c.baggage]
        found["set"] |= headers
        if members:
            found["add"]["baggage"] = ",".join([*filter(None, [found["add"].get("baggage")]), *members])
        # Of operations of the Gateway API nobody knows which comes first; Istio removes headers before it adds any.
        removed -= {*headers, *(["baggage"] if members else [])} if isinstance(changes, list) else set()
    return others or None, [found, sorted(removed)]


def _pairs(operations: Any) -> Iterable[tuple[str, Any]]:
    """Returns names and values of headers, in the form of either API."""
    return operations.items() if isinstance(operations, Mapping) else ((str(e["name"]), e["value"]) for e in operations)


def _told(spelling: Spelling, d: Destination) -> list[Any]:
    """Returns what is told of a destination beside its weight."""
    changes = _changes(spelling, d.changes, ())
    return [spelling.names.get(d.host, d.host), d.port, changes, policy_text(d.policy), d.failure.partition(":")[0]]


def _together(spelling: Spelling, destinations: Sequence[Destination]) -> tuple[Destination, ...]:
    """Returns destinations with those that no request can tell apart as one: a port that is named and one that is called, say."""
    found: dict[str, Destination] = {}
    for each in destinations:
        key = _json(_told(spelling, each))
        known = found.get(key)
        found[key] = replace(known, weight=known.weight + each.weight) if known else each
    return tuple(found.values())


def _removed(spelling: Spelling, changes: Any) -> list[str]:
    """Returns the headers of carriers that are removed, of those that have to be."""
    listed = ((changes or {}).get("request") or {}).get("remove") or () if isinstance(changes, Mapping) else ()
    given = spelling.required if spelling.is_base else spelling.required & {name.lower() for name in listed}
    return sorted(given)


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _bare(value: Any) -> Any:
    """Returns data without the fields that say nothing."""
    if isinstance(value, Mapping):
        return {key: bare for key, part in value.items() if (bare := _bare(part)) not in (None, [], {})}
    return [_bare(part) for part in value] if isinstance(value, list) else value


def policy_text(policy: Policy | None) -> str:
    """Returns a policy as text: '' where it says nothing."""
    if policy is None:
        return ""
    told = [policy.traffic or None, policy.labels or None, *(["by age"] if policy.doubt else [])]
    return _json([each for each in told if each]) if any(told) else ""


def _changes(spelling: Spelling, changes: Any, reached: Sequence[str]) -> Any:
    """Returns operations on headers without those that the environment asks for; `reached` are the clones of a rule."""
    values = None if spelling.is_base else {f"{spelling.tenant}/{_service(name)}" for name in reached}
    header = spelling.answer.lower() if reached else ""

    def is_answer(name: Any, value: Any) -> bool:
        return bool(header) and str(name).lower() == header and (values is None or value in values)

    if isinstance(changes, list):
        return _bare(_filters(changes, is_answer) if header else changes) or None
    if not isinstance(changes, Mapping):
        return changes or None
    found: dict[str, Any] = {}
    for side, operations in changes.items():
        kept = dict(operations or {})
        if side == "response" and header:
            kept["set"] = {k: v for k, v in (kept.get("set") or {}).items() if not is_answer(k, v)}
        if side == "request" and spelling.removed:
            kept["remove"] = [name for name in kept.get("remove") or () if name.lower() not in spelling.removed]
        found[side] = {name: value for name, value in kept.items() if value}
    return {side: value for side, value in found.items() if value} or None


def _is_plain(spelling: Spelling, outcome: Forward) -> bool:
    """Tells whether an outcome is one destination and nothing else, as most are."""
    if (
        spelling.answer
        or spelling.removed
        or spelling.given
        or len(outcome.destinations) != 1
        or outcome.destinations[0].changes
    ):
        return False
    return not (outcome.changes or outcome.mirrors or any(getattr(outcome, name) for name in FEATURES))


def _is_answered(spelling: Spelling, outcome: Forward, reached: Sequence[str]) -> bool:
    """Tells whether a rule answers with the header that names one of its clones, or has no room for a filter that does."""
    if _is_full(outcome):
        return True
    values = {f"{spelling.tenant}/{_service(name)}" for name in reached}
    changes: list[Any] = [outcome.changes, *(d.changes for d in outcome.destinations)]
    found: list[tuple[str, Any]] = []
    for each in changes:
        if isinstance(each, Mapping):
            found += [(k, v) for k, v in ((each.get("response") or {}).get("set") or {}).items()]
        for item in each if isinstance(each, list) else ():
            found += [
                (str(e.get("name")), e.get("value"))
                for e in (item.get("responseHeaderModifier") or {}).get("set") or ()
            ]
    return any(name.lower() == spelling.answer.lower() and value in values for name, value in found)


def _is_full(outcome: Forward) -> bool:
    """Tells whether a rule of the Gateway API has as many filters as it may, and none that changes answers."""
    changes = outcome.changes if isinstance(outcome.changes, list) else []
    others = [each for each in outcome.other or () if isinstance(each, Mapping) and each.get("type")]
    more = [each for each in (outcome.rewrite, outcome.cors, *outcome.mirrors) if each]
    is_changed = any(item.get("responseHeaderModifier") for item in changes)
    return not is_changed and len(changes) + len(others) + len(more) >= MOST_FILTERS


def _service(name: str) -> str:
    return name.removeprefix(CLONE).partition(".")[0]


def _filters(filters: Sequence[Any], is_answer: Callable[[Any, Any], bool]) -> Any:
    """Returns filters of the Gateway API without the answer header."""
    kept = []
    for item in filters:
        modifier = item.get("responseHeaderModifier") or {}
        if modifier.get("set"):
            left = [e for e in modifier["set"] if not is_answer(e.get("name"), e.get("value"))]
            rest = {**{k: v for k, v in modifier.items() if k != "set" and v}, **({"set": left} if left else {})}
            kept += [{**item, "responseHeaderModifier": rest}] if rest else []
        else:
            kept.append(item)
    return kept or None


def _mirrored(spelling: Spelling, mirror: Any, namespace: str, *, is_cloned: bool) -> Any:
    """Returns a mirror with the full name of its host.

    Whether the mirror of a rule that sends to nothing cloned leads to a clone depends on whether the rule is copied, which no
    promise tells: there a clone and its origin are the same.
    """
    found = mirror_host(spelling, mirror, namespace)
    if found is None:
        return mirror
    host, field_name, to = found
    name = spelling.names.get(host, host)
    shown = name if is_cloned else name.removeprefix(CLONE)
    return {**mirror, field_name: {"host": shown, "port": _number(to.get("port"))}}


CLONE = "clone of "
"""Stands before the host of an origin in place of the host of its clone."""


def _number(port: Any) -> Any:
    return port.get("number") if isinstance(port, Mapping) else port


def mirror_host(spelling: Spelling, mirror: Any, namespace: str) -> tuple[str, str, Mapping[str, Any]] | None:
    """Returns the full name of a mirror's host, the field that names it, and what that says; None where it names none."""
    if isinstance(mirror, Mapping) and "destination" in mirror:
        to = mirror["destination"] or {}
        found = service_of(str(to.get("host", "")), namespace, spelling.domain)
        return (found.fqdn(spelling.domain) if found else str(to.get("host", ""))), "destination", to
    if isinstance(mirror, Mapping) and "backendRef" in mirror:
        to = mirror["backendRef"] or {}
        return f"{to.get('name')}.{to.get('namespace') or namespace}.svc.{spelling.domain}", "backendRef", to
    return None
