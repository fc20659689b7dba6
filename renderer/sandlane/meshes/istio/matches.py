"""Conditions of VirtualService entries with a carrier added (rules R-I4 and R-I6).

A match's headers and withoutHeaders are mappings, so a second condition on one header cannot stand beside the first: what
is already there is combined with the carrier, or the match is left out for this tenant because no request can meet both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandlane.meshes.carriers import BAGGAGE, any_baggage_regex, baggage_regex, header_of
from sandlane.specs.model import Carrier

Match = Mapping[str, Any]


class Inexpressible(Exception):
    """Raised where a base condition on baggage and the baggage carrier cannot stand in one match."""


class BadRegex(Exception):
    """Raised where a base condition is not valid RE2: its arguments are the expression and why."""


def tenant_matches(base: Sequence[Match], carriers: Sequence[Carrier], tenant: str) -> list[Match]:
    """Returns the matches of a tenant's entry: those of the base with carrier 1, then those with carrier 2, and so on.

    The base's empty list stands for one match of every request. Raises Inexpressible and BadRegex.
    """
    found = []
    for number, carrier in enumerate(carriers):
        headers = [header_of(earlier) for earlier in carriers[:number] if earlier.header]
        keys = [earlier.baggage for earlier in carriers[:number] if earlier.baggage]
        for match in base or ({},):
            combined = _with_carrier(match, carrier, tenant)
            for header in headers:
                combined = _without(combined, header) if combined is not None else None
            if combined is not None and keys:
                combined = _without_members(combined, keys)
            if combined is not None:
                found.append(combined)
    return found


def carrying_matches(base: Sequence[Match], carriers: Sequence[Carrier]) -> list[Match]:
    """Returns the matches of all requests that a base entry meets and that have a carrier, whoever it names. Raises Inexpressible."""
    found = []
    for carrier in carriers:
        header = header_of(carrier)
        condition = {} if carrier.header else {"regex": any_baggage_regex([carrier.baggage or ""])}
        for match in base or ({},):
            given = _values(match.get("headers"), header)
            if any(_is_presence(c) for c in _values(match.get("withoutHeaders"), header)):
                continue
            if given and carrier.header:
                found.append(match)
            elif all(_is_presence(c) for c in given):
                found.append({**match, "headers": _replaced(match.get("headers") or {}, header, condition)})
            else:
                raise Inexpressible
    return found


def _is_presence(condition: Mapping[str, str]) -> bool:
    return not condition or condition.get("regex") == "*"


def _with_carrier(match: Match, carrier: Carrier, tenant: str) -> Match | None:
    """Adds a carrier's condition to a match; None where no request can meet both."""
    header = header_of(carrier)
    condition = {"exact": tenant} if carrier.header else {"regex": baggage_regex(carrier.baggage or "", tenant)}
    headers = match.get("headers") or {}
    if carrier.header and any(_meets(c, tenant) != "never" for c in _values(match.get("withoutHeaders"), header)):
        return None
    given = _values(headers, header)
    stand = [_meets(c, tenant) if carrier.header else _baggage_meets(c, condition["regex"]) for c in given]
    if "never" in stand:
        return None
    kept = next((c for c, how in zip(given, stand, strict=True) if how == "implied"), condition)
    return {**match, "headers": _replaced(headers, header, kept)}


def _replaced(headers: Mapping[str, Any], header: str, condition: Any) -> dict[str, Any]:
    """Returns header conditions with one for a header, in the place of the first that it has under any spelling."""
    result: dict[str, Any] = {}
    for key, value in headers.items():
        result.update({header: condition} if key.lower() == header else {key: value})
    return result if header in result else {**result, header: condition}


def _meets(condition: Mapping[str, str], value: str) -> str:
    """Tells how a base condition on a carrier's own header stands to its value: implied, replace or never."""
    if not condition or condition.get("regex") == "*":
        return "replace"
    if "exact" in condition:
        return "implied" if condition["exact"] == value else "never"
    if "prefix" in condition:
        return "replace" if value.startswith(condition["prefix"]) else "never"
    return "replace" if full_match(condition["regex"], value) else "never"


def _baggage_meets(condition: Mapping[str, str], regex: str) -> str:
    """Tells the same of a base condition on baggage. Raises Inexpressible where both would be needed."""
    if not condition or condition.get("regex") == "*":
        return "replace"
    if "exact" in condition:
        return "implied" if full_match(regex, condition["exact"]) else "never"
    if condition.get("regex") == regex:
        return "implied"
    raise Inexpressible


def _without(match: Match, header: str) -> Match | None:
    """Adds the condition that a header is absent; None where no request can meet both."""
    if _values(match.get("headers"), header):
        return None
    without = match.get("withoutHeaders") or {}
    for given in _values(without, header):
        pattern = given.get("regex")
        if pattern is not None and pattern != "*" and full_match(pattern, ""):
            return None  # Envoy takes a missing header for an empty one here, which this condition rules out.
    return {**match, "withoutHeaders": _replaced(without, header, {})}


def _without_members(match: Match, keys: Sequence[str]) -> Match:
    """Adds the condition that baggage has no member of some keys; the conditions that it has already stay in force."""
    patterns = [any_baggage_regex(keys)]
    for given in _values(match.get("withoutHeaders"), BAGGAGE):
        if not given or given.get("regex") == "*":
            return match  # no baggage at all
        patterns.append(_as_regex(given))
    pattern = patterns[0] if len(patterns) == 1 else "|".join(f"(?:{p})" for p in patterns)
    return {**match, "withoutHeaders": _replaced(match.get("withoutHeaders") or {}, BAGGAGE, {"regex": pattern})}


def _as_regex(condition: Mapping[str, str]) -> str:
    """Returns a condition on a header's value as a regular expression."""
    if "regex" in condition:
        return condition["regex"]
    import re2  # few routes have patterns

    return (
        str(re2.escape(condition["exact"])) if "exact" in condition else f"{re2.escape(condition.get('prefix', ''))}.*"
    )


def _values(headers: Mapping[str, Any] | None, header: str) -> list[Any]:
    """Returns the conditions on a header, in whatever case it is spelt, without what is null in them."""
    found = (value for key, value in (headers or {}).items() if key.lower() == header)
    return [{field: text for field, text in (value or {}).items() if text is not None} for value in found]


def full_match(pattern: str, text: str) -> bool:
    """Tells whether a text matches an RE2 expression from end to end, as in Envoy. Raises BadRegex."""
    import re2  # few routes have patterns

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options=options).fullmatch(text) is not None
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise BadRegex(pattern, reason.decode() if isinstance(reason, bytes) else str(reason)) from None
