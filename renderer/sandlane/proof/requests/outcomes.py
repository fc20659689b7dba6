"""Outcomes as proof compares them: as text in one spelling."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import service_of
from sandlane.proof.literals import MOST_FILTERS
from sandlane.semantics.outcomes import Destination, Forward, NoCluster, Outcome, Policy, Redirect, Unknown
from sandlane.specs.model import Carrier

Operation = tuple[str, str, str, Any]
"""An operation on headers: `request` or `response`, what is done, the header's name and its value."""

_SIDES = {"RequestHeaderModifier": "request", "ResponseHeaderModifier": "response"}
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
    if type(outcome) is Unknown:
        return f"unknown: {outcome.why}"
    if type(outcome) is NoCluster:
        return f"no cluster {outcome.why.partition(':')[0]}"
    if type(outcome) is Redirect:
        # 302 is the default of the CRD of routes; VirtualServices have another field.
        return f"redirect {_json([{'statusCode': 302, **_bare(outcome.how)}, _bare(outcome.changes), outcome.fault])}"
    if not isinstance(outcome, Forward):
        return f"{type(outcome).__name__} {_json([str(getattr(outcome, f)) for f in outcome.__dataclass_fields__])}"
    if len(outcome.destinations) > 1:
        outcome = replace(outcome, destinations=_together(spelling, outcome.destinations))
    if _is_plain(spelling, outcome):
        to = outcome.destinations[0]
        host, status = spelling.names.get(to.host, to.host), to.failure.partition(":")[0]
        return f"{host}:{to.port} {policy_text(to.policy)} {status}"
    total = sum(d.weight for d in outcome.destinations) or 1
    sent = sorted(_json([*_told(spelling, d), round(d.weight / total, 9)]) for d in outcome.destinations)
    reached = [spelling.names[d.host] for d in outcome.destinations if d.host in spelling.names]
    mirrors = [_mirrored(spelling, m, namespace, is_cloned=bool(reached)) for m in outcome.mirrors]
    changes = _changes(spelling, outcome.changes, reached, ("request",) if spelling.given else ())
    told = [sent, changes, [getattr(outcome, name) for name in FEATURES], mirrors]
    if spelling.given:
        told += _giving(spelling, outcome.changes)
    if spelling.answer and reached and (spelling.is_base or _is_answered(spelling, outcome, reached)):
        told.append("answered")
    return f"{_json(told)} without {_removed(spelling, outcome.changes)}" if spelling.required else _json(told)


def _operations(changes: Any) -> tuple[list[Operation], list[Any]]:
    """Returns the operations on headers of a rule or a destination, in the form of either API, and its other filters."""
    listed: list[Any] = changes if isinstance(changes, list) else []
    pairs = [(_SIDES.get(item.get("type"), ""), item) for item in listed]
    parts = [(side, item.get(f"{side}HeaderModifier") or {}) for side, item in pairs if side and len(item) == 2]
    # A side that is none is for `fields` to say.
    parts += [] if isinstance(changes, list) else [p for p in (changes or {}).items() if isinstance(p[1], Mapping)]
    found = [
        (side, what, str(name), value)
        for side, part in parts
        for what in ("set", "add", "remove")
        for name, value in _pairs(part.get(what) or ())
    ]
    return found, [item for side, item in pairs if not side or len(item) != 2]


def _pairs(given: Any) -> Iterable[tuple[str, Any]]:
    """Returns names and values of headers, in the form of either API; those that are removed have no value."""
    if isinstance(given, Mapping):
        return given.items()
    return ((e["name"], e.get("value")) if isinstance(e, Mapping) else (e, None) for e in given)


def _giving(spelling: Spelling, changes: Any) -> list[Any]:
    """Returns the operations on headers of requests, with the carriers of the tenant in them (rule R-G15)."""
    mine = [(what, name.lower(), value) for side, what, name, value in _operations(changes)[0] if side == "request"]
    found = {given: {name: value for what, name, value in mine if what == given} for given in ("set", "add")}
    removed = {name for what, name, _ in mine if what == "remove"}
    if spelling.is_base:
        headers = {c.header.lower(): spelling.tenant for c in spelling.given if c.header}
        members = [f"{c.baggage}={spelling.tenant}" for c in spelling.given if c.baggage]
        found["set"] |= headers
        if members:
            found["add"]["baggage"] = ",".join([*filter(None, [found["add"].get("baggage")]), *members])
        # Of operations of the Gateway API nobody knows which comes first; Istio removes headers before it adds any.
        removed -= {*headers, *(["baggage"] if members else [])} if isinstance(changes, list) else set()
    return [found, sorted(removed)]


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
    removed = {name.lower() for side, what, name, _ in _operations(changes)[0] if (side, what) == ("request", "remove")}
    return sorted(spelling.required if spelling.is_base else spelling.required & removed)


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


def _changes(spelling: Spelling, changes: Any, reached: Sequence[str], but: Sequence[str] = ()) -> Any:
    """Returns operations on headers without those that the environment asks for, and those of some sides.

    `reached` are the clones of a rule.
    """
    operations, others = _operations(changes)
    kept = [
        (side, what, name, value)
        for side, what, name, value in operations
        if side not in but
        and not ((side, what) == ("request", "remove") and name.lower() in spelling.removed)
        and not _is_answer(spelling, (side, what, name, value), reached)
    ]
    return [sorted(kept, key=repr), _bare(others)]


def _is_answer(spelling: Spelling, operation: Operation, reached: Sequence[str]) -> bool:
    """Tells whether an operation says in answers which of a rule's clones they come from."""
    side, what, name, value = operation
    if not reached or (side, what, name.lower()) != ("response", "set", spelling.answer.lower()):
        return False
    services = {host.removeprefix(CLONE).partition(".")[0] for host in reached}
    return spelling.is_base or value in {f"{spelling.tenant}/{service}" for service in services}


def _is_plain(spelling: Spelling, outcome: Forward) -> bool:
    """Tells whether an outcome is one destination and nothing else, as most are."""
    if spelling.answer or spelling.removed or spelling.given or len(outcome.destinations) != 1:
        return False
    o = outcome
    more = o.changes or o.mirrors or o.rewrite or o.timeout or o.retries or o.fault or o.cors or o.other
    return not (more or o.destinations[0].changes)


def _is_answered(spelling: Spelling, outcome: Forward, reached: Sequence[str]) -> bool:
    """Tells whether a rule answers with the header that names one of its clones, or has no room for a filter that does."""
    changes = [outcome.changes, *(destination.changes for destination in outcome.destinations)]
    operations = (operation for each in changes for operation in _operations(each)[0])
    return _is_full(outcome) or any(_is_answer(spelling, operation, reached) for operation in operations)


def _is_full(outcome: Forward) -> bool:
    """Tells whether a rule of the Gateway API has as many filters as it may, and none that changes answers."""
    changes = outcome.changes if isinstance(outcome.changes, list) else []
    others = [each for each in outcome.other or () if isinstance(each, Mapping) and each.get("type")]
    more = [each for each in (outcome.rewrite, outcome.cors, *outcome.mirrors) if each]
    is_changed = any(item.get("responseHeaderModifier") for item in changes)
    return not is_changed and len(changes) + len(others) + len(more) >= MOST_FILTERS


def _mirrored(spelling: Spelling, mirror: Any, namespace: str, *, is_cloned: bool) -> Any:
    """Returns a mirror with the full name of its host.

    Whether the mirror of a rule that sends to nothing cloned leads to a clone depends on whether the rule is copied, which no
    promise tells: there a clone and its origin are the same.
    """
    found = mirror_host(mirror, namespace, spelling.domain)
    if found is None:
        return mirror
    host, field_name, to = found
    name = spelling.names.get(host, host)
    shown = name if is_cloned else name.removeprefix(CLONE)
    port = to.get("port")
    number = port.get("number") if isinstance(port, Mapping) else port
    return {**mirror, field_name: {"host": shown, "port": number}}


CLONE = "clone of "
"""Stands before the host of an origin in place of the host of its clone."""


def mirror_host(mirror: Any, namespace: str, domain: str) -> tuple[str, str, Mapping[str, Any]] | None:
    """Returns the full name of a mirror's host, the field that names it, and what that says; None where it names none."""
    field = next((field for field in ("destination", "backendRef") if field in (mirror or ())), None)
    if field is None:
        return None
    to = mirror[field] or {}
    if field == "backendRef":
        return f"{to.get('name')}.{to.get('namespace') or namespace}.svc.{domain}", field, to
    found = service_of(str(to.get("host", "")), namespace, domain)
    return found.fqdn(domain) if found else str(to.get("host", "")), field, to
