"""Previews: each tenant's host at a gateway, which has to answer as the base's host does for that tenant (rule R-G15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandlane.k8s.hosts import covers
from sandlane.k8s.resource import Resource, spec_of
from sandlane.proof.requests.addresses import Entrance, Pair, shown
from sandlane.proof.requests.case import Case
from sandlane.semantics import compile_address
from sandlane.semantics.outcomes import L4
from sandlane.semantics.tables import Table


def preview_hosts(case: Case) -> Mapping[str, str]:
    """Returns the hosts of the previews that there have to be, with their tenants: a tenant without clones has none."""
    preview, cloned = case.world.claims.environment.preview, case.world.clones.cloned
    if preview is None:
        return {}
    tenants = (holder.tenant for holder in case.world.holders.values() if cloned.get(holder.tenant))
    return {preview.host.replace("{tenantID}", tenant).lower(): tenant for tenant in tenants}


def preview_pairs(case: Case, entrances: list[Entrance], hosts: Mapping[str, str]) -> Iterator[Pair]:
    """Yields the addresses of previews beside that of the base's host that they are of, at ports that serve both, if there are any."""
    preview = case.world.claims.environment.preview
    for entrance in entrances:
        gateway = f"{entrance.gateway.id.namespace}/{entrance.gateway.id.name}"
        if preview is None or gateway != preview.gateway:
            continue
        of = shown(preview.of.lower()) if preview.of else _only_host(case, entrance)
        at = [port for port in entrance.ports if _serves(entrance.gateway, of, port)] or [*entrance.ports]
        for host, tenant in hosts.items():
            served = [port for port in entrance.ports if _serves(entrance.gateway, host, port)]
            for port in [port for port in served if port in at] or served:
                before = entrance.address(of, port if port in at else at[0])
                # Where connections are passed on unread, nothing looks at what is sent, whatever its host.
                if not _is_passed_on(compile_address(case.before, before)):
                    yield Pair(before=before, after=entrance.address(host, port), preview=tenant)


def _serves(gateway: Resource, host: str, port: int) -> bool:
    """Tells whether a gateway takes requests for a host at a port: a certificate of its own, or a port, is for some hosts only."""
    spec = spec_of(gateway.manifest)
    servers = (s for s in spec.get("servers") or () if (s.get("port") or {}).get("number") == port)
    patterns = [str(pattern).rpartition("/")[2] for server in servers for pattern in server.get("hosts") or ()]
    patterns += [str(x.get("hostname") or "*") for x in spec.get("listeners") or () if x.get("port") == port]
    return any(covers(pattern.lower(), host) for pattern in patterns)


def _is_passed_on(tables: tuple[Table, ...]) -> bool:
    """Tells whether connections are passed on unread."""
    return all(isinstance(table.otherwise, L4) and not table.rules for table in tables)


def _only_host(case: Case, entrance: Entrance) -> str:
    """Returns the one host for which the base has routes at a gateway, or ''."""
    addresses = [entrance.address(host, port) for host in entrance.hosts for port in entrance.ports]
    found = {a.host for a in addresses if any(table.rules for table in compile_address(case.before, a))}
    return next(iter(found)) if len(found) == 1 else ""
