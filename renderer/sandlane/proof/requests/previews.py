"""Previews: each tenant's host at a gateway, which has to answer as the base's host does for that tenant (rule R-G15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sandlane.proof.requests.addresses import Entrance, Pair, shown
from sandlane.proof.requests.case import Case
from sandlane.semantics import compile_address
from sandlane.semantics.tables import Table


def preview_hosts(case: Case) -> Mapping[str, str]:
    """Returns the hosts of the previews that there have to be, with their tenants: a tenant without clones has none."""
    preview, cloned = case.world.claims.environment.preview, case.world.clones.cloned
    if preview is None:
        return {}
    tenants = (holder.tenant for holder in case.world.holders.values() if cloned.get(holder.tenant))
    return {preview.host.replace("{tenantID}", tenant).lower(): tenant for tenant in tenants}


def preview_pairs(case: Case, entrances: list[Entrance], hosts: Mapping[str, str]) -> Iterator[Pair]:
    """Yields the addresses of previews beside that of the base's host that they are of."""
    preview = case.world.claims.environment.preview
    for entrance in entrances:
        gateway = f"{entrance.gateway.id.namespace}/{entrance.gateway.id.name}"
        if preview is None or gateway != preview.gateway:
            continue
        of = shown(preview.of.lower()) if preview.of else _only_host(case, entrance)
        for port in entrance.ports:
            for host, tenant in hosts.items():
                yield Pair(before=entrance.address(of, port), after=entrance.address(host, port), preview=tenant)


def _only_host(case: Case, entrance: Entrance) -> str:
    """Returns the one host for which the base has routes at a gateway, or ''."""
    addresses = [entrance.address(host, port) for host in entrance.hosts for port in entrance.ports]
    found = {a.host for a in addresses if any(table.rules for table in compile_address(case.before, a))}
    return next(iter(found)) if len(found) == 1 else ""


def closest(tables: tuple[Table, ...]) -> Table:
    """Returns the rules of the closest host names: those of less close ones are not a preview's."""
    table = tables[0]
    if not any(len(rule.rank) > 1 for rule in table.rules):
        return table
    best = max(rule.rank[:2] for rule in table.rules)
    return replace(table, rules=tuple(rule for rule in table.rules if rule.rank[:2] == best))
