"""Carriers as route conditions: the texts by which a request's tenantID is recognised.

The baggage expression follows W3C baggage (https://www.w3.org/TR/baggage/): members are separated by commas, which can
occur nowhere else, so the expression is exact. It spans the whole value, which RE2 in Envoy and the Rust engine in Linkerd
both demand; `dev1` never matches `dev10` or `xdev1`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandlane.specs.model import Carrier

BAGGAGE = "baggage"


def header_of(carrier: Carrier) -> str:
    """Returns the name of the header in which a carrier lies, in lower case."""
    return carrier.header.lower() if carrier.header else BAGGAGE


def given(carriers: Sequence[Carrier], tenant: str) -> tuple[dict[str, str], str]:
    """Returns what gives a tenantID to requests: the headers of its own, in lower case, and the members of baggage."""
    own = {carrier.header.lower(): tenant for carrier in carriers if carrier.header}
    return own, ",".join(f"{carrier.baggage}={tenant}" for carrier in carriers if carrier.baggage)


def baggage_regex(key: str, tenant: str) -> str:
    """Returns the RE2 expression of a baggage header with a member `key=tenant`."""
    return rf"^(?:.*,)?[ \t]*{_quoted(key)}[ \t]*=[ \t]*{_quoted(tenant)}[ \t]*(?:;[^,]*)?(?:,.*)?$"


def any_baggage_regex(keys: Sequence[str]) -> str:
    """Returns the RE2 expression of a baggage header with a member of one of the keys, whatever its value."""
    named = _quoted(keys[0]) if len(keys) == 1 else f"(?:{'|'.join(_quoted(key) for key in keys)})"
    return rf"^(?:.*,)?[ \t]*{named}[ \t]*=.*$"


def _quoted(text: str) -> str:
    # re.escape quotes `-` too, which is no mistake in RE2 and only harder to read outside of a class.
    return re.escape(text).replace(r"\-", "-")
