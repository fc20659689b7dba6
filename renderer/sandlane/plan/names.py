"""Names of what a tenant gets: `<origin>-<tenantID>`, shortened with a hash where a limit demands it.

Names, labels and selectors are interfaces: selectors of workloads are immutable, so a change here breaks every sandbox
that is already in a cluster.
"""

from __future__ import annotations

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, OBJECT_NAME_LIMIT, fit
from sandlane.k8s.resource import ResourceId
from sandlane.k8s.workload_kinds import WorkloadKind

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
"""Prefixes of labels and annotations that only sandlane sets."""


def clone_name(origin: str, tenant: str, limit: int = OBJECT_NAME_LIMIT) -> str:
    """Returns the name of a tenant's copy of an object."""
    return fit(f"{origin}-{tenant}", limit)


def origin_label(row: WorkloadKind, name: str) -> str:
    """Returns the value of the origin label: the name, with the kind before it unless it is a Deployment."""
    return fit(name if row.kind == "Deployment" else f"{row.kind.lower()}.{name}", LABEL_VALUE_LIMIT)


_ROUTE_KINDS = ("GRPCRoute", "HTTPRoute")


def origin_of_copy(id: ResourceId) -> str:
    """Returns what the origin label of an object's copy says: of a route its kind as well, since a Service's have its name."""
    return f"{id.kind.lower()}.{id.name}" if id.kind in _ROUTE_KINDS else id.name


def label_value(value: str, tenant: str) -> str:
    """Returns a label value rewritten for a tenant."""
    return fit(f"{value}-{tenant}" if value else tenant, LABEL_VALUE_LIMIT)
