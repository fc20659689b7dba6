"""Many tenants of one Service: what their rules are together, told from a number on at which a request's way is felt."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from sandlane.k8s.resource import Manifest, ResourceId, spec_of
from sandlane.output.layout import Placed
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem

_COMPACT = json.JSONEncoder(separators=(",", ":"))
MANY = 200
"""Tenants of one Service at which a request without a tenant was measured to cost the proxy half as much again (docs/limits.md)."""


def crowded(plan: Plan, routes: Iterable[Placed]) -> Iterator[Problem]:
    """Yields a notice for each Service that MANY tenants or more have cloned, with what their rules are in route objects."""
    tenants = Counter(id for tenant in plan.tenants for id in tenant.services)
    many = {id for id, count in tenants.items() if count >= MANY}
    if not many:
        return
    origins = {c.id: id for tenant in plan.tenants for id, c in tenant.services.items() if id in many}
    matches: Counter[ResourceId] = Counter()
    sizes: Counter[ResourceId] = Counter()
    for placed in routes:
        spec = spec_of(placed.manifest)
        for rule in (*(spec.get("http") or ()), *(spec.get("rules") or ())):
            for id in {origins[to] for to in _sent(rule, placed.id.namespace) if to in origins}:
                matches[id] += len(rule.get("match") or rule.get("matches") or ({},))
                sizes[id] += len(_COMPACT.encode(rule).encode())
    for id in sorted(many):
        yield report(
            "SL490",
            source=plan.base.by_id[id].source,
            path=("spec",),
            object=str(id),
            tenants=tenants[id],
            matches=f"{matches[id]:,}",
            size=f"{sizes[id]:,}",
            each=f"{sizes[id] // tenants[id]:,}",
        )


def _sent(rule: Manifest, namespace: str) -> Iterator[ResourceId]:
    """Yields the Services to which a rule of a route object sends requests."""
    for item in rule.get("route") or ():
        name, _, rest = str(item["destination"]["host"]).partition(".")
        yield ResourceId("", "Service", rest.partition(".")[0] or namespace, name)
    for item in rule.get("backendRefs") or ():
        yield ResourceId("", "Service", item.get("namespace", namespace), item["name"])
