"""Clients whose requests can differ: by namespace, by the labels for which objects ask, and clones in place of their origins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandlane.base.pod_templates import labels_of_pods, with_pods
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, labels_of, spec_of
from sandlane.k8s.visibility import visibility
from sandlane.proof.followers import Bound
from sandlane.proof.literals import ORIGIN, TENANT
from sandlane.semantics.network import Network
from sandlane.semantics.objects import ISTIO, LINKERD_ROUTES
from sandlane.semantics.request import Client

ELSEWHERE = "sandlane-elsewhere"
"""A namespace that holds nothing."""

_ROUTING = (
    (ISTIO, "VirtualService"), (ISTIO, "DestinationRule"), (ISTIO, "Sidecar"),
    *LINKERD_ROUTES, ("linkerd.io", "ServiceProfile"),
)  # fmt: skip


@frozen(kw_only=True)
class Calling:
    """A client in the base, and in the output: the same, or a clone whose requests have to meet what its origin's do (rule R-I19).

    `tenants` are those in whose requests a clone may be the client; None: all.
    """

    before: Client
    after: Client
    tenants: frozenset[str] | None = None


def clients_of(
    before: Network, after: Network, clones: Iterable[Bound], reach: Mapping[str, frozenset[str]]
) -> Iterator[Calling]:
    """Yields one client of every class: by namespace, and by the labels for which any object asks.

    `reach`: tenantID -> tenantIDs whose clones its requests may meet.
    """
    kind: Any = "linkerd" if before.mesh == "linkerd" else "sidecar"
    asked, later = (frozenset(key for _, labels in _selectors(n) for key in labels) for n in (before, after))
    keys = asked | later
    labels: dict[str, dict[tuple[tuple[str, str], ...], None]] = {}
    pods = ((each.id.namespace, labels_of_pods(each)) for each in with_pods(before.base)) if keys else ()
    for namespace, found in (*pods, *_meant(before)):
        labels.setdefault(namespace, {})[_asked(found, keys)] = None
    for namespace in sorted(_namespaces(before) | _namespaces(after) | {*labels}):
        for own in {(): None, **labels.get(namespace, {})}:
            client = Client(kind=kind, namespace=namespace, labels=dict(own))
            yield Calling(before=client, after=client)
    mentions = _mentions(after) if asked else {}
    seen: set[object] = set()
    for bound in clones if asked else ():
        namespace, tenant = bound.origin.resource.id.namespace, bound.owner.tenant
        one, two = (_asked(pods.labels, keys) for pods in (bound.origin, bound.clone))
        # Clones that objects ask for alike, but for their tenants, are one class.
        own = tuple(pair for pair in two if pair[0] != TENANT)
        key = (namespace, one, own, frozenset(mentions.get(tenant, Counter()).items()))
        if _asked(bound.origin.labels, asked) != _asked(bound.clone.labels, asked) and key not in seen:
            seen.add(key)
            first, second = (Client(kind=kind, namespace=namespace, labels=dict(labels)) for labels in (one, two))
            callers = frozenset(caller for caller, members in reach.items() if tenant in members)
            yield Calling(before=first, after=second, tenants=callers)


def _meant(network: Network) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yields the namespaces and labels of the clients for whom objects ask: a base need not hold the pods that call its Services."""
    for vs in network.virtual_services:
        homes = visibility(vs.resource) - {"*"} or {vs.resource.id.namespace}
        for match in (match for match in vs.matches if match.get("sourceLabels")):
            named = match.get("sourceNamespace")
            yield from ((home, match["sourceLabels"]) for home in ([named] if named else sorted(homes)))
    for kind in ("DestinationRule", "Sidecar"):
        for resource in network.base.of(ISTIO, kind):
            selector = spec_of(resource.manifest).get("workloadSelector") or {}
            positive = (e for e in selector.get("matchExpressions") or () if e.get("operator") in ("In", "Exists"))
            expressed = {str(e.get("key")): str((e.get("values") or [""])[0]) for e in positive}
            labels = {**(selector.get("labels") or {}), **(selector.get("matchLabels") or {})}
            yield resource.id.namespace, {**labels, **expressed}


def _mentions(network: Network) -> dict[str, Counter[object]]:
    """Returns how objects ask for clones, by tenant."""
    found: dict[str, Counter[object]] = {}
    for resource, labels in _selectors(network):
        if labels.get(TENANT):
            place = labels_of(resource.manifest).get(ORIGIN) or str(resource.id)
            rest = tuple(sorted((k, str(v)) for k, v in labels.items() if k != TENANT))
            found.setdefault(str(labels[TENANT]), Counter())[resource.id.kind, place, rest] += 1
    return found


def _selectors(network: Network) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    for vs in network.virtual_services:
        yield from ((vs.resource, match["sourceLabels"]) for match in vs.matches if match.get("sourceLabels"))
    for kind in ("DestinationRule", "Sidecar"):
        for resource in network.base.of(ISTIO, kind):
            selector = spec_of(resource.manifest).get("workloadSelector") or {}
            yield resource, {**(selector.get("labels") or {}), **(selector.get("matchLabels") or {})}
            for expression in selector.get("matchExpressions") or ():
                yield resource, {str(expression.get("key")): ""}


def _asked(labels: Mapping[str, str], keys: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, value) for key, value in labels.items() if key in keys))


def _namespaces(network: Network) -> set[str]:
    """Returns the namespaces whose clients may see, or be told apart by, what others do not, and one that holds nothing."""
    found = {ELSEWHERE}
    for resource in (resource for kind in _ROUTING for resource in network.base.of(*kind)):
        exported = spec_of(resource.manifest).get("exportTo") or ()
        found |= {*(() if _is_for_all(resource) else (resource.id.namespace,)), *_plain(exported)}
    for vs in network.virtual_services:
        found |= {str(match["sourceNamespace"]) for match in vs.matches if match.get("sourceNamespace")}
    for host in network.hosts.values() if network.mesh == "istio" else ():
        found |= _plain(host.exported)
    return found - {""}


def _is_for_all(resource: Resource) -> bool:
    """Tells whether an object does with clients of its own namespace what it does with those of all others."""
    if resource.id.kind == "VirtualService":
        return "*" in visibility(resource)
    parents = spec_of(resource.manifest).get("parentRefs") or ()
    return bool(parents) and all(p.get("namespace") in (None, resource.id.namespace) for p in parents)


def _plain(names: Iterable[str]) -> set[str]:
    return {name.strip() for name in names if name.strip() not in ("", ".", "*", "~")}
