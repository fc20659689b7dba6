"""Routes that the output adds: whose they are, which base routes they are copies of, and what their matches demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandlane.k8s.resource import Manifest, Resource, labels_of, spec_of
from sandlane.proof.claims import Claim, GroupClaim
from sandlane.proof.literals import ORIGIN, baggage_text
from sandlane.proof.policies import is_of_servers
from sandlane.proof.readers import GRPC_ROUTE, HTTP_ROUTE, LINKERD_ROUTE, Reader
from sandlane.proof.routes import Parent, Route, Routes, parents_of, rules_of
from sandlane.specs.model import Preview

ROUTES = (HTTP_ROUTE, GRPC_ROUTE, LINKERD_ROUTE)

Condition = tuple[str, str, str]
"""A header match: type, name and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedRoute:
    """A route of a holder's.

    `origin` is the base route that its label names. `demands`: of each match of each rule the number of the carrier that
    it demands the holder's tenantID by, or None; a rule without matches has an empty tuple. `conditions`: what it is demanded by.
    """

    resource: Resource
    holder: Claim | GroupClaim
    origin: Route | None
    parents: tuple[Parent, ...]
    conditions: Sequence[Condition]
    demands: tuple[tuple[int | None, ...], ...]

    @property
    def is_copy(self) -> bool:
        """Tells whether it stands on a parent of its origin, by which it can be nothing but a copy."""
        return self.origin is not None and any(
            parent.form in [known.form for known in self.origin.parents] for parent in self.parents
        )

    @property
    def is_default(self) -> bool:
        """Tells whether it is for a Service without routes: no copy, and with a rule that needs no carrier."""
        return not self.is_copy and bool(self.free)

    @property
    def free(self) -> list[int]:
        """The numbers of the rules that a request can meet without the holder's tenantID."""
        return [number for number, rule in enumerate(self.demands) if not rule or None in rule]

    @property
    def carrier(self) -> int | None:
        """The number of the carrier that its first match with one demands."""
        return next((number for rule in self.demands for number in rule if number is not None), None)


def added_routes(
    added: Iterable[Resource],
    holders: Mapping[str, Claim | GroupClaim],
    routes: Routes,
    conditions: Mapping[str, Sequence[Condition]],
    reader: Reader,
) -> Iterator[AddedRoute]:
    """Yields the added routes in directories that are somebody's; `holders` are by file directory."""
    for resource in added:
        if (resource.id.group, resource.id.kind) not in ROUTES or is_of_servers(resource):
            continue
        first, _, rest = resource.source.file.partition("/")
        holder = holders.get(f"{first}/{rest.partition('/')[0]}")
        if holder:
            id = resource.id
            label = labels_of(resource.manifest).get(ORIGIN, "")
            own = conditions[holder.tenant]
            yield AddedRoute(
                resource=resource,
                holder=holder,
                origin=routes.by_origin.get((id.group, id.kind, id.namespace, label)),
                parents=parents_of(reader, resource.manifest, id.namespace),
                conditions=own,
                demands=tuple(
                    tuple(demanded(match, own) for match in rule.get("matches") or ())
                    for rule in rules_of(resource.manifest)
                ),
            )


def is_preview(added: AddedRoute, preview: Preview | None) -> bool:
    """Tells whether a route is for the host of its holder's preview, and for nothing else."""
    host = preview.host.replace("{tenantID}", added.holder.tenant) if preview else None
    return host is not None and spec_of(added.resource.manifest).get("hostnames") == [host]


def demanded(match: Manifest, conditions: Sequence[Condition]) -> int | None:
    """Returns the number of the first condition that a match has as its only one on that header, or None.

    Of two header matches whose names differ in case only, the API counts the first alone.
    """
    headers = match.get("headers") or ()
    for number, condition in enumerate(conditions):
        own = [h for h in headers if str(h.get("name")).lower() == condition[1]]
        if len(own) == 1 and (own[0].get("type") or "Exact", own[0].get("name"), own[0].get("value")) == condition:
            return number
    return None


def conditions_of(
    carriers: Sequence[tuple[str | None, str | None]], tenants: Iterable[str]
) -> dict[str, list[Condition]]:
    """Returns the header matches that demand each tenantID, by carrier; carriers are pairs of header and baggage key."""
    return {
        tenant: [
            ("Exact", header.lower(), tenant)
            if header
            else ("RegularExpression", "baggage", baggage_text(str(key), tenant))
            for header, key in carriers
        ]
        for tenant in tenants
    }
