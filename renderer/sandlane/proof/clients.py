"""Clones as clients: the conditions that a VirtualService of the output has beside the base's (rule R-I19).

A condition on the labels of the client that an origin's pods meet, and its clone's do not, stands once more with the labels by
which the clone selects its pods. No pod of the base has these, so no request of the base meets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sandlane.base.base import Base
from sandlane.base.pod_templates import with_template
from sandlane.k8s.resource import Manifest, Resource, ResourceId, spec_of
from sandlane.k8s.selectors import from_map, matches
from sandlane.k8s.workload_kinds import pod_labels, workload_kind
from sandlane.proof.claims import Claims
from sandlane.proof.literals import CLONED_AS, ORIGIN, TENANT, is_disabled, origin_value
from sandlane.proof.readers import VIRTUAL_SERVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A clone that calls: where it is, the labels of its origin's pods and of its own, and its marks."""

    namespace: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    tenant: str
    origin: str


CloneKey = tuple[str, str, str, str]
"""Kind, namespace, tenantID and origin label of a clone."""


def clone_key(origin: ResourceId, tenant: str) -> CloneKey:
    """Returns under which kind, namespace and marks the clone of a workload is found."""
    kind = CLONED_AS.get(origin.kind, origin.kind)
    return kind, origin.namespace, tenant, origin_value(origin.kind, origin.name)


def specs_of(base: Base, clones: Mapping[CloneKey, Mapping[str, str]], claims: Claims) -> dict[ResourceId, Manifest]:
    """Returns the specs of the base's VirtualServices with the conditions for clones, of which the pods' labels are given."""
    claimed = sorted((id, claim.tenant) for claim in claims.sandboxes for id in claim.origins)
    clients = [
        Client(namespace=id.namespace, before=_labels(base, id), after=after, tenant=tenant, origin=key[3])
        for id, tenant in claimed
        for key in [clone_key(id, tenant)]
        if (after := clones.get(key)) is not None
    ]
    return {vs.id: with_clients(vs, () if is_disabled(vs) else clients) for vs in base.of(*VIRTUAL_SERVICE)}


def _labels(base: Base, id: ResourceId) -> Mapping[str, str]:
    row, resource = workload_kind(id.group, id.kind), base.by_id.get(id)
    return pod_labels(row, with_template(base, resource).manifest) if row and resource else {}


def with_clients(vs: Resource, clients: Sequence[Client]) -> Manifest:
    """Returns the spec of a base VirtualService with the conditions for clones, each behind the one of its origin."""
    spec: Manifest = spec_of(vs.manifest)
    changed = {}
    if not clients:
        return spec
    for protocol in ("http", "tls", "tcp"):
        listed = [_entry(spec, protocol, entry, clients) for entry in spec.get(protocol) or ()]
        if listed != list(spec.get(protocol) or ()):
            changed[protocol] = listed
    return {**spec, **changed} if changed else spec


def _entry(spec: Manifest, protocol: str, entry: Manifest, clients: Sequence[Client]) -> Manifest:
    if not any(match.get("sourceLabels") for match in entry.get("match") or ()):
        return entry
    return {**entry, "match": [each for match in entry["match"] for each in _matches(spec, protocol, match, clients)]}


def _matches(spec: Manifest, protocol: str, match: Manifest, clients: Sequence[Client]) -> Iterator[Manifest]:
    yield match
    if not match.get("sourceLabels"):
        return
    own = match.get("gateways") or ()
    # Envoy's HTTP routes for listed gateways heed no labels; where the mesh is none of them there are no sidecars.
    if (protocol == "http" and own) or "mesh" not in (own or spec.get("gateways") or ("mesh",)):
        return
    wanted, namespace = from_map(match["sourceLabels"]), match.get("sourceNamespace")
    for client in clients:
        is_meant = (not namespace or namespace == client.namespace) and matches(wanted, client.before)
        if is_meant and not matches(wanted, client.after):
            yield {**match, "sourceLabels": {TENANT: client.tenant, ORIGIN: client.origin}}


def met_by(matches: Sequence[Manifest], tenants: frozenset[str]) -> list[Manifest]:
    """Returns the conditions that a tenant's entry repeats: not those for clones that its requests never reach."""
    return [match for match in matches if _client_of(match) in (None, *tenants)]


def _client_of(match: Manifest) -> str | None:
    labels = match.get("sourceLabels") or {}
    return str(labels[TENANT]) if set(labels) == {TENANT, ORIGIN} else None
