"""What the matches of a tenant's entry have to be: the base's matches with one carrier after the other (rules R-I4, R-I6).

Proof's own reading of the rules. A match's header conditions are mappings, so what the base says of a carrier's header is
combined with the carrier, or no request of the tenant can meet both and the match has to be missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from sandlane.k8s.resource import Manifest
from sandlane.proof.literals import any_member_text, baggage_text
from sandlane.specs.model import Carrier

BAGGAGE = "baggage"
_Conditions = Mapping[str, Any]


class Unjudged(Exception):
    """Raised where a base condition is beyond the rules, so that nobody can say what the tenant's would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one carrier demands for a tenantID: a condition on a header, other headers absent, and no member of some keys."""

    header: str
    condition: Mapping[str, str]
    is_baggage: bool
    absent: tuple[str, ...]
    keys: tuple[str, ...]


def demands_of(carriers: Sequence[Carrier], tenant: str) -> tuple[Demand, ...]:
    """Returns what each carrier demands; a later one applies only where none of the earlier is there at all."""
    return tuple(
        Demand(
            header=carrier.header.lower() if carrier.header else BAGGAGE,
            condition={"exact": tenant} if carrier.header else {"regex": baggage_text(str(carrier.baggage), tenant)},
            is_baggage=not carrier.header,
            absent=tuple(c.header.lower() for c in carriers[:number] if c.header),
            keys=tuple(c.baggage for c in carriers[:number] if c.baggage),
        )
        for number, carrier in enumerate(carriers)
    )


def expected_matches(base: Sequence[Manifest], demands: Sequence[Demand]) -> list[Manifest]:
    """Returns the matches in order; no base match stands for one of every request. Raises Unjudged."""
    everything: Sequence[Manifest] = base or ({},)
    found = (_demanding(match, demand) for demand in demands for match in everything)
    return [match for match in found if match is not None]


def _demanding(match: Manifest, demand: Demand) -> Manifest | None:
    headers, without = match.get("headers") or {}, match.get("withoutHeaders") or {}
    condition = _baggage(_on(headers, BAGGAGE), demand) if demand.is_baggage else _header(headers, without, demand)
    if condition is None:
        return None
    headers = _placed(headers, demand.header, condition)
    for name in demand.absent:
        # Envoy takes a missing header for an empty one, which such a condition rules out.
        if _on(headers, name) or any(_admits_empty(given) for given in _on(without, name)):
            return None
        without = _placed(without, name, {})
    if demand.keys:
        without = _without_members(without, demand.keys)
    return {**match, "headers": headers, **({"withoutHeaders": without} if without else {})}


def _header(headers: _Conditions, without: _Conditions, demand: Demand) -> Mapping[str, str] | None:
    tenant = demand.condition["exact"]
    excluded = any(_admits(given, tenant) for given in _on(without, demand.header))
    return demand.condition if not excluded and all(_admits(g, tenant) for g in _on(headers, demand.header)) else None


def _baggage(given: Sequence[Mapping[str, str]], demand: Demand) -> Mapping[str, str] | None:
    """Returns the condition on baggage that stands for the base's and the carrier's, or None if none can."""
    text, kept = demand.condition["regex"], None
    for condition in given:
        if "exact" in condition:
            if not _full_match(text, condition["exact"]):
                return None
            kept = kept or condition
        elif not _is_presence(condition) and condition != demand.condition:
            raise Unjudged("demands more of baggage than a match can hold beside the carrier")
        elif condition == demand.condition:
            kept = kept or condition
    return kept or demand.condition


def _without_members(without: _Conditions, keys: Sequence[str]) -> _Conditions:
    given = _on(without, BAGGAGE)
    if any(_is_presence(condition) for condition in given):
        return without  # no baggage at all
    texts = [any_member_text(keys), *(_as_text(condition) for condition in given)]
    text = texts[0] if len(texts) == 1 else "|".join(f"(?:{text})" for text in texts)
    return _placed(without, BAGGAGE, {"regex": text})


def _as_text(condition: Mapping[str, str]) -> str:
    if "regex" in condition:
        return condition["regex"]
    return str(re2.escape(condition["exact"])) if "exact" in condition else f"{re2.escape(condition['prefix'])}.*"


def _on(conditions: _Conditions, header: str) -> list[Mapping[str, str]]:
    """Returns the conditions on a header in whatever case it is spelt, without fields that are null."""
    found = (value for name, value in conditions.items() if name.lower() == header)
    return [{field: text for field, text in (value or {}).items() if text is not None} for value in found]


def _placed(conditions: _Conditions, header: str, condition: Mapping[str, str]) -> dict[str, Any]:
    return {**{name: value for name, value in conditions.items() if name.lower() != header}, header: condition}


def _is_presence(condition: Mapping[str, str]) -> bool:
    return not condition or condition.get("regex") == "*"


def _admits(condition: Mapping[str, str], value: str) -> bool:
    if _is_presence(condition):
        return True
    if "exact" in condition:
        return condition["exact"] == value
    if "prefix" in condition:
        return value.startswith(condition["prefix"])
    return _full_match(condition.get("regex"), value)


def _admits_empty(condition: Mapping[str, str]) -> bool:
    pattern = condition.get("regex")
    return pattern is not None and pattern != "*" and _full_match(pattern, "")


def _full_match(pattern: str | None, text: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(str(pattern), options=options).fullmatch(text) is not None
    except re2.error:
        raise Unjudged(f"has the condition '{pattern}', which is no RE2 expression") from None


def excludes(without: _Conditions, demand: Demand) -> bool:
    """Tells whether conditions rule out every request that a carrier before the demand's names a tenantID for."""
    if not all(any(_is_presence(given) for given in _on(without, name)) for name in demand.absent):
        return False
    if not demand.keys:
        return True
    text = any_member_text(demand.keys)
    return any(
        _is_presence(given) or given.get("regex") == text or str(given.get("regex")).startswith(f"(?:{text})|")
        for given in _on(without, BAGGAGE)
    )
