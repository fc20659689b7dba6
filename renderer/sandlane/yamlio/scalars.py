"""What an unquoted YAML text means to Kubernetes: one value where the readers agree, else a doubt.

kubectl, Argo CD and Helm read with sigs.k8s.io/yaml (goyaml.v2), kustomize and Flux with goyaml.v3; the rules below are
theirs, not those of PyYAML (rule R-Y1).
"""

from __future__ import annotations

import re

from sandlane.frozen import frozen

Scalar = str | int | float | bool | None


@frozen
class Doubt:
    """A plain text without one meaning: the code to report it under and what to say (`readings` or `what`).

    `date` marks texts that only kustomize takes for dates: in sandlane's own kinds they are strings.
    """

    code: str
    says: str
    date: bool = False


_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SWITCHES = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), "true"),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), "false"),
}
_NOT_FINITE = frozenset(
    (".nan", ".NaN", ".NAN", *(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")))
)

# Go's strconv.ParseInt(text, 0, 64): the base is told by the prefix, a bare 0 means octal.
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[oO]?(?P<octal>[0-7]+)|0[bB](?P<binary>[01]+)|(?P<decimal>[1-9][0-9]*|0))",
    re.ASCII,
)
_BASES = {"hex": 16, "octal": 8, "binary": 2, "decimal": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"[-+]?[0-9]+", re.ASCII)
# A text that starts with a point skips goyaml's removal of underscores; strconv wants them between digits.
_POINT = r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?"
# goyaml.v2 and v3 cut the prefix and parse the rest again, each with its own prefixes.
_SIGN_INSIDE = r"-?0[bBoO][-+][0-9]+"

_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?(?:Z|[-+]\d\d:\d\d)"
    r"| +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,]\d+)?)?",
    re.ASCII,
)
_CANONICAL = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?(?:Z|[-+](?!00:00)\d\d:\d\d)"

_NUMBERS = frozenset("+-0123456789.")
_LOWEST, _HIGHEST = -(2**63), 2**64


def resolve(text: str) -> Scalar | Doubt:
    """Returns the value of a plain scalar, or the doubt about it.

    Integral floats are integers as long as they fit 64 bits; numbers that overflow a float are strings, as in Go.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBERS:
        return _number(text)
    if text in _SWITCHES:
        return Doubt("SL103", f"the boolean {_SWITCHES[text]} to kubectl, the string {text!r} to kustomize")
    return text


def whole(number: float) -> int | float:
    """Returns a float as JSON and Go show it: an integer if it is integral and fits 64 bits.

    Go prints the shortest digits and pads with zeros, so the digits past 2^53 are those of `repr`, not the exact ones.
    """
    if not number.is_integer():
        return number
    from decimal import Decimal  # few manifests hold such numbers

    return digits if _LOWEST <= (digits := int(Decimal(repr(number)))) < _HIGHEST else number


def _number(text: str) -> Scalar | Doubt:
    if text in _NOT_FINITE:
        return Doubt("SL109", "is not a finite number")
    if text[0] == ".":
        return _finite(text.replace("_", ""), text) if re.fullmatch(_POINT, text, re.ASCII) else text
    if _is_time(text):
        date = Doubt("SL103", "a string to kubectl, a date to kustomize", date=True)
        return text if re.fullmatch(_CANONICAL, text, re.ASCII) else date
    plain = text.replace("_", "")
    if integer := _INTEGER.fullmatch(plain):
        return _integer(text, integer)
    if _FLOAT.fullmatch(plain):
        return _finite(plain, text)
    if re.fullmatch(_SIGN_INSIDE, plain, re.ASCII):
        return Doubt("SL103", "a number to some readers, a string to others")
    return text


def _integer(text: str, match: re.Match[str]) -> int | str | Doubt:
    base = str(match.lastgroup)
    digits = match[base].lstrip("0") or "0"
    # Nothing past 64 digits fits; the bound keeps the conversion of a hostile text linear.
    value = int(match["sign"] + digits, _BASES[base]) if len(digits) <= 64 else _HIGHEST
    if _LOWEST <= value < _HIGHEST and not (match["sign"] and value >= 2**63):
        return value
    # Past 64 bits Go falls back to floats for decimal digits and to strings for the rest.
    return Doubt("SL109", "does not fit into 64 bits") if _WHOLE.fullmatch(match[0]) else text


def _finite(plain: str, text: str) -> int | float | str | Doubt:
    value = float(plain)
    if value in (float("inf"), float("-inf")):
        return text
    number = whole(value)
    if _WHOLE.fullmatch(plain) and isinstance(number, float):
        return Doubt("SL109", "does not fit into 64 bits")
    return number


def _is_time(text: str) -> bool:
    """Tells whether goyaml takes a text for a timestamp: its form, and that the day and the time exist."""
    match = _TIME.fullmatch(text)
    if not match:
        return False
    from calendar import monthrange  # few manifests hold dates

    year, month, day, *clock = (int(part) for part in match.groups() if part)
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year or 2000, month)[1]:
        return False
    return not clock or (clock[0] < 24 and clock[1] < 60 and clock[2] < 60)
