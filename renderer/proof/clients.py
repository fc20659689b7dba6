"""Clones as clients: the conditions that a VirtualService of the output has beside the base's (rule R-I19).

A condition on the labels of the client that an origin's pods meet, and its clone's do not, stands once more with the labels by
which the clone selects its pods. No pod of the base has these, so no request of the base meets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from renderer.model import Manifest, Resource
from renderer.proof.literals import ORIGIN, TENANT
from renderer.selectors import from_map, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A clone that calls: where it is, the labels of its origin's pods and of its own, and its marks."""

    namespace: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    tenant: str
    origin: str


def with_clients(vs: Resource, clients: Sequence[Client]) -> Manifest:
    """Returns the spec of a base VirtualService with the conditions for clones, each behind the one of its origin."""
    spec: Manifest = vs.manifest.get("spec") or {}
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
