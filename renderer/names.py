"""Names of what a tenant gets: `<origin>-<tenantID>`, shortened with a hash where a limit demands it.

Names, labels and selectors are interfaces: selectors of workloads are immutable, so a change here breaks every sandbox
that is already in a cluster.
"""

from __future__ import annotations

import hashlib

from renderer.kinds import WorkloadKind

SERVICE_NAME_LIMIT = 63
LABEL_VALUE_LIMIT = 63
OBJECT_NAME_LIMIT = 253

TENANT = "sandlane.dev/tenant"
SANDBOX = "sandlane.dev/sandbox"
ORIGIN = "sandlane.dev/origin"
SERVICE = "service.sandlane.dev/"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "sandlane.dev/owner"
EXPIRES = "sandlane.dev/expires"
SPEC = "sandlane.dev/spec"
ROUTE = "sandlane.dev/route"
DISABLED = "disabled"
CONFIG = "sandlane.dev/config"
RESOURCE = "sandlane.dev/resource"
LABEL_PREFIXES = ("sandlane.dev/", SERVICE)
"""How the labels and annotations begin that nobody else sets."""

VARIABLES = ("SANDLANE_TENANT_ID", "SANDLANE_SANDBOX", "SANDLANE_ORIGIN")
"""Environment variables of every app container of a clone."""


def fit(text: str, limit: int) -> str:
    """Returns a text of at most `limit` characters: as it is, or its head, `-` and 8 hex digits of its SHA-256."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 9].rstrip('-._')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def clone_name(origin: str, tenant: str, limit: int = OBJECT_NAME_LIMIT) -> str:
    """Returns the name of a tenant's copy of an object."""
    return fit(f"{origin}-{tenant}", limit)


def origin_label(row: WorkloadKind, name: str) -> str:
    """Returns the value of the origin label: the name, with the kind before it unless it is a Deployment."""
    return fit(name if row.kind == "Deployment" else f"{row.kind.lower()}.{name}", LABEL_VALUE_LIMIT)


def label_value(value: str, tenant: str) -> str:
    """Returns a label value rewritten for a tenant."""
    return fit(f"{value}-{tenant}" if value else tenant, LABEL_VALUE_LIMIT)
