"""A difference as data, for JSON: an interface, to which fields are only added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandlane.problems.problem import Problem
from sandlane.reports.diff.compare import Difference, SandboxChange
from sandlane.reports.diff.intents import ObjectChange
from sandlane.reports.diff.sides import Tenant


def data(difference: Difference) -> dict[str, Any]:
    """Returns a difference as values that JSON has."""
    return {
        "base": None if difference.base is None else _objects(difference.base),
        "proved": difference.proved,
        "settings": [
            {
                "field": s.field,
                "from": ", ".join(s.before) or "none",
                "to": ", ".join(s.after) or "none",
                "warning": s.warning or None,
            }
            for s in difference.settings
        ],
        "sandboxes": [_sandbox(change) for change in difference.sandboxes],
        "notices": {"new": _notices(difference.new_notices), "gone": _notices(difference.gone_notices)},
        "objects": _objects(difference.objects),
    }


def _sandbox(change: SandboxChange) -> dict[str, Any]:
    reach = change.reach
    return {
        "name": change.name,
        "change": change.change,
        "before": _tenant(change.before),
        "after": _tenant(change.after),
        "workloads": [
            {"workload": i.workload, "field": i.field, "from": i.before, "to": i.after} for i in change.intents
        ],
        "header": {"name": reach.header[0], "value": reach.header[1]} if reach else None,
        "addresses": [f"{address.host}:{address.port}" for address in reach.addresses] if reach else [],
        "notReached": reach.told_lost() if reach else [],
        "preview": reach.preview if reach else None,
        "previewURL": reach.preview_url if reach else None,
        "gateways": [{"gateway": str(e.gateway), "url": e.url} for e in reach.entrances] if reach else [],
        "accepted": [{"code": code, "object": object, "reason": reason} for code, object, reason in change.accepted],
    }


def _tenant(tenant: Tenant | None) -> dict[str, Any] | None:
    if tenant is None:
        return None
    return {
        "tenantID": tenant.id,
        "owner": tenant.owner,
        "expires": tenant.expires,
        "suspended": tenant.is_suspended,
    }


def _objects(objects: Iterable[ObjectChange]) -> list[dict[str, Any]]:
    return [
        {
            "object": str(entry.id),
            "change": entry.change,
            "was": str(entry.was) if entry.was else None,
            "file": entry.file,
            "sandbox": entry.sandbox,
            "fields": [{"field": f.field, "change": f.kind, "from": f.before, "to": f.after} for f in entry.fields],
        }
        for entry in objects
    ]


def _notices(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"code": problem.code, "message": problem.text} for problem in problems]
