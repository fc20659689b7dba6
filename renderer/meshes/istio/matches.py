"""Conditions of VirtualService entries with a carrier added (rules R-I4 and R-I6).

A match's headers and withoutHeaders are mappings, so a second condition on one header cannot stand beside the first: what
is already there is combined with the carrier, or the match is left out for this tenant because no request can meet both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import re2

from renderer.meshes.carriers import baggage_regex, header_of
from renderer.model import Carrier

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
        absent = [header_of(earlier) for earlier in carriers[:number] if earlier.header]
        for match in base or ({},):
            combined = _with_carrier(match, carrier, tenant)
            for header in absent:
                combined = _without(combined, header) if combined is not None else None
            if combined is not None:
                found.append(combined)
    return found


def _with_carrier(match: Match, carrier: Carrier, tenant: str) -> Match | None:
    """Adds a carrier's condition to a match; None where no request can meet both."""
    header = header_of(carrier)
    condition = {"exact": tenant} if carrier.header else {"regex": baggage_regex(carrier.baggage or "", tenant)}
    headers = match.get("headers") or {}
    given = _key(headers, header)
    if carrier.header and _excludes(_value(match.get("withoutHeaders"), header), tenant):
        return None
    if given is None:
        return {**match, "headers": {**headers, header: condition}}
    meets = _meets(headers[given], tenant) if carrier.header else _baggage_meets(headers[given], condition["regex"])
    if meets == "never":
        return None
    kept = headers[given] if meets == "implied" else condition
    return {
        **match,
        "headers": {
            (header if key == given else key): (kept if key == given else value) for key, value in headers.items()
        },
    }


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


def _excludes(condition: Mapping[str, str] | None, value: str) -> bool:
    """Tells whether a base condition that a header must not meet rules a value out."""
    if condition is None:
        return False
    return _meets(condition, value) != "never"


def _without(match: Match, header: str) -> Match | None:
    """Adds the condition that a header is absent; None where no request can meet both."""
    if _key(match.get("headers") or {}, header) is not None:
        return None
    without = match.get("withoutHeaders") or {}
    given = _key(without, header)
    if (
        given is not None
        and "regex" in without[given]
        and without[given]["regex"] != "*"
        and full_match(without[given]["regex"], "")
    ):
        return None  # Envoy takes a missing header for an empty one here, which this condition rules out.
    kept = {key: value for key, value in without.items() if key != given}
    return {**match, "withoutHeaders": {**kept, header: {}}}


def _key(headers: Mapping[str, Any], header: str) -> str | None:
    return next((key for key in headers if key.lower() == header), None)


def _value(headers: Mapping[str, Any] | None, header: str) -> Mapping[str, str] | None:
    key = _key(headers or {}, header)
    return None if key is None else (headers or {})[key] or {}


def full_match(pattern: str, text: str) -> bool:
    """Tells whether a text matches an RE2 expression from end to end, as in Envoy. Raises BadRegex."""
    try:
        return re2.fullmatch(pattern, text) is not None
    except re2.error as error:
        raise BadRegex(pattern, str(error)) from None
