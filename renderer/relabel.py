"""Relabelling: which labels of a clone's pods are rewritten so that no selector of the base catches them.

Of all sufficient sets of keys the cheapest is taken: fewest policies, monitors and route conditions that would have to be
copied, then fewest keys, then the keys' rank. The keys that can matter are few, so the search is exact.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from renderer.base import Base
from renderer.kinds import WORKLOADS, at
from renderer.model import Resource
from renderer.names import label_value
from renderer.selectors import Index, Selector, from_label_selector, from_map

_RANK = ("app.kubernetes.io/instance", "app.kubernetes.io/name", "app")
_MOST_KEYS = 12

Labels = Mapping[str, str]
Entry = tuple[str | None, Selector, Resource]


@dataclass(frozen=True, slots=True)
class Selectors:
    """The base's selectors of pods: those that a clone must leave, and those that would have to be copied for it."""

    services: Index[Resource]
    leave: Index[tuple[Selector, Resource]]
    follow: Index[tuple[Selector, Resource]]


def make_selectors(base: Base, root_namespace: str) -> Selectors:
    """Collects and indexes every selector of pods in the base."""
    services = list(_services(base))
    leave = [*services, *_budgets(base), *_workloads(base)]
    follow = list(_following(base, root_namespace))
    return Selectors(
        # Without ports there is nothing to route to, and a ClusterIP Service has to have some.
        services=Index((n, s, service) for n, s, service in services if service.manifest["spec"].get("ports")),
        leave=Index((namespace, selector, (selector, item)) for namespace, selector, item in leave),
        follow=Index((namespace, selector, (selector, item)) for namespace, selector, item in follow),
    )


def _services(base: Base) -> Iterator[Entry]:
    for service in base.of("", "Service"):
        spec = service.manifest.get("spec") or {}
        # An empty selector selects nothing, and an ExternalName has no endpoints.
        if spec.get("selector") and spec.get("type") != "ExternalName":
            yield service.id.namespace, from_map(spec["selector"]), service


def _budgets(base: Base) -> Iterator[Entry]:
    for budget in base.of("policy", "PodDisruptionBudget"):
        selector = at(budget.manifest, ("spec", "selector"))
        if selector is not None:
            yield budget.id.namespace, from_label_selector(selector), budget


def _workloads(base: Base) -> Iterator[Entry]:
    for row in WORKLOADS.values():
        for workload in base.of(row.group, row.kind):
            selector = at(workload.manifest, row.selector) if row.selector else None
            if selector:
                is_map = row.kind == "ReplicationController"
                yield workload.id.namespace, from_map(selector) if is_map else from_label_selector(selector), workload


FOLLOWING = (
    ("networking.k8s.io", "NetworkPolicy", ("spec", "podSelector"), False),
    ("security.istio.io", "AuthorizationPolicy", ("spec", "selector"), True),
    ("security.istio.io", "PeerAuthentication", ("spec", "selector"), True),
    ("security.istio.io", "RequestAuthentication", ("spec", "selector"), True),
    ("telemetry.istio.io", "Telemetry", ("spec", "selector"), True),
    ("extensions.istio.io", "WasmPlugin", ("spec", "selector"), True),
    ("networking.istio.io", "ProxyConfig", ("spec", "selector"), True),
    ("networking.istio.io", "DestinationRule", ("spec", "workloadSelector"), False),
    ("networking.istio.io", "EnvoyFilter", ("spec", "workloadSelector"), True),
    ("networking.istio.io", "Sidecar", ("spec", "workloadSelector"), False),
    ("policy.linkerd.io", "Server", ("spec", "podSelector"), False),
    ("monitoring.coreos.com", "PodMonitor", ("spec", "selector"), False),
)
"""(group, kind, path of its pod selector, whether it selects in every namespace from Istio's root namespace): what binds or
watches an origin's pods and has to follow to its clone."""


def _following(base: Base, root_namespace: str) -> Iterator[Entry]:
    for group, kind, path, is_global in FOLLOWING:
        for resource in base.of(group, kind):
            selector = at(resource.manifest, path)
            if not selector:
                continue
            # Istio's Sidecar and EnvoyFilter write `labels` where the others write `matchLabels`.
            parsed = from_map(selector["labels"]) if selector.get("labels") else from_label_selector(selector)
            namespace = resource.id.namespace
            yield None if is_global and namespace == root_namespace else namespace, parsed, resource
    yield from _source_labels(base)


def _source_labels(base: Base) -> Iterator[Entry]:
    """Yields route conditions on the labels of the client (rule R-I19)."""
    for route in base.of("networking.istio.io", "VirtualService"):
        spec = route.manifest.get("spec") or {}
        for entry in (*(spec.get("http") or ()), *(spec.get("tls") or ()), *(spec.get("tcp") or ())):
            for match in entry.get("match") or ():
                if match.get("sourceLabels"):
                    yield match.get("sourceNamespace"), from_map(match["sourceLabels"]), route


@dataclass(frozen=True, slots=True)
class Relabelled:
    """The pod labels of a clone, which of the origin's were rewritten, and the selectors that they cannot leave, with owners."""

    labels: Labels
    rewritten: Labels
    caught_by: tuple[tuple[Selector, Resource], ...]


def relabel(
    namespace: str,
    origin: Labels,
    own: Labels,
    tenant: str,
    selectors: Selectors,
    pinned: frozenset[str] = frozenset(),
) -> Relabelled:
    """Rewrites pod labels to `<value>-<tenantID>` such that no Service, budget or workload of the base selects the pods.

    `own` are labels that the clone gets in any case, `pinned` are keys whose values stay.

    Of the sets of keys that suffice, one by which no policy selects the clone that does not select its origin comes before
    one by which some does. Where no rewriting is enough, the labels of the best attempt are returned with the objects that
    still select them.
    """
    start = {**origin, **own}
    leave = [s for s, _ in selectors.leave.matching(namespace, start) if _keys(s)]
    following = list(selectors.follow.matching(namespace, origin))
    bound = {resource.id for _, resource in following}
    keys: set[str] = set()
    free = origin.keys() - pinned
    found = {key for s in leave for key in _keys(s)} & free
    attempts: list[tuple[int, int, int, Relabelled]] = []
    # A rewriting can run into a selector that the origin does not match: its keys are tried as well.
    while not found <= keys:
        keys |= found
        attempts = []
        for chosen in _by_cost(sorted(keys, key=_rank)[:_MOST_KEYS], leave, [s for s, _ in following]):
            rewritten = {key: label_value(origin[key], tenant) for key in chosen}
            labels = {**origin, **rewritten, **own}
            caught = tuple(selectors.leave.matching(namespace, labels))
            gained = sum(r.id not in bound for _, r in selectors.follow.matching(namespace, labels))
            result = Relabelled(labels, rewritten, caught)
            if not caught and not gained:
                return result
            attempts.append((len(caught), gained, len(attempts), result))
            found |= {r.key for s, _ in caught for r in s} & free
    if attempts:
        return min(attempts, key=lambda attempt: attempt[:3])[3]
    return Relabelled(start, {}, tuple(selectors.leave.matching(namespace, start)))


def _keys(selector: Selector) -> set[str]:
    """Returns the keys of a selector that a rewritten value can escape."""
    return {r.key for r in selector if r.operator == "In"}


def _by_cost(keys: list[str], leave: list[Selector], follow: list[Selector]) -> Iterable[tuple[str, ...]]:
    """Returns the sets of keys that touch every selector to leave, the cheapest first."""
    sets = (
        chosen
        for size in range(len(keys) + 1)
        for chosen in itertools.combinations(keys, size)
        if all(_touches(chosen, s) for s in leave)
    )
    return sorted(
        sets, key=lambda chosen: (sum(_touches(chosen, s) for s in follow), len(chosen), [_rank(k) for k in chosen])
    )


def _touches(chosen: tuple[str, ...], selector: Selector) -> bool:
    return any(r.key in chosen and r.operator == "In" for r in selector)


def _rank(key: str) -> tuple[int, str]:
    return (_RANK.index(key) if key in _RANK else len(_RANK), key)
