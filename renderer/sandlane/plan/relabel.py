"""Relabelling: the pod labels of a clone that are rewritten so that no selector of the base matches its pods.

Of all sufficient sets of keys the cheapest is taken: fewest policies, monitors and route conditions that would have to be
copied, then fewest keys, then the keys' rank. The keys that can matter are few, so the search is exact.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, at, spec_of
from sandlane.k8s.selectors import Index, Selector, from_label_selector, from_map
from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.plan.names import label_value
from sandlane.plan.policies.network import Peer, index_peers, scope
from sandlane.plan.policies.selecting import Entry, following

_RANK = ("app.kubernetes.io/instance", "app.kubernetes.io/name", "app")
_MOST_KEYS = 12

Labels = Mapping[str, str]


@frozen
class Selectors:
    """The base's pod selectors: those that must not match a clone, and those of policies, which are copied for it.

    `peers` are those by which NetworkPolicies let pods in or through.
    """

    services: Index[Resource]
    leave: Index[tuple[Selector, Resource]]
    follow: Index[tuple[Selector, Resource]]
    peers: Index[Peer]


def make_selectors(base: Base, root_namespace: str) -> Selectors:
    """Collects and indexes every selector of pods in the base."""
    services = list(_services(base))
    leave = [*services, *_service_entries(base), *_budgets(base), *_workloads(base)]
    follow = list(following(base, root_namespace))
    return Selectors(
        # Without ports there is nothing to route to, and a ClusterIP Service has to have some.
        services=Index((n, s, service) for n, s, service in services if service.manifest["spec"].get("ports")),
        leave=Index((namespace, selector, (selector, item)) for namespace, selector, item in leave),
        follow=Index((namespace, selector, (selector, item)) for namespace, selector, item in follow),
        peers=index_peers(base),
    )


def _services(base: Base) -> Iterator[Entry]:
    for service in base.of("", "Service"):
        spec = spec_of(service.manifest)
        # An empty selector selects nothing, and an ExternalName has no endpoints.
        if spec.get("selector") and spec.get("type") != "ExternalName":
            yield service.id.namespace, from_map(spec["selector"]), service


def _service_entries(base: Base) -> Iterator[Entry]:
    """Yields Istio's ServiceEntries that make endpoints of pods, as Services do."""
    for entry in base.of("networking.istio.io", "ServiceEntry"):
        labels = at(entry.manifest, ("spec", "workloadSelector", "labels"))
        if labels:
            yield entry.id.namespace, from_map(labels), entry


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


@frozen
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
    bound = _Bound(namespace, origin, selectors)
    keys: set[str] = set()
    free = origin.keys() - pinned
    found = {key for s in leave for key in _keys(s)} & free
    attempts: list[tuple[int, int, int, Relabelled]] = []
    # A rewriting can run into a selector that the origin does not match: its keys are tried as well.
    while not found <= keys:
        keys |= found
        attempts = []
        for chosen in _by_cost(sorted(keys, key=_rank)[:_MOST_KEYS], leave, bound.selectors):
            rewritten = {key: label_value(origin[key], tenant) for key in chosen}
            labels = {**origin, **rewritten, **own}
            caught = tuple(selectors.leave.matching(namespace, labels))
            gained = bound.gained(labels)
            result = Relabelled(labels, rewritten, caught)
            if not caught and not gained:
                return result
            attempts.append((len(caught), len(gained), len(attempts), result))
            found |= {r.key for s in (*(s for s, _ in caught), *gained) for r in s} & free
    if attempts:
        return min(attempts, key=lambda attempt: attempt[:3])[3]
    return Relabelled(start, {}, tuple(selectors.leave.matching(namespace, start)))


class _Bound:
    """The policies that select an origin, and the NetworkPolicy peers that match it: a clone should gain no others."""

    def __init__(self, namespace: str, origin: Labels, selectors: Selectors) -> None:
        self._namespace, self._all = namespace, selectors
        following = selectors.follow.matching(namespace, origin)
        peers = selectors.peers.matching(namespace, origin)
        self._ids = {resource.id for _, resource in following}
        self._scopes = {scope(peer) for peer in peers}
        self.selectors = [*(selector for selector, _ in following), *(peer.selector for peer in peers)]

    def gained(self, labels: Labels) -> list[Selector]:
        """Returns the selectors of policies and peers that select by these labels and do not select the origin."""
        follow = self._all.follow.matching(self._namespace, labels)
        peers = self._all.peers.matching(self._namespace, labels)
        return [
            *(selector for selector, resource in follow if resource.id not in self._ids),
            *(peer.selector for peer in peers if scope(peer) not in self._scopes),
        ]


def _keys(selector: Selector) -> set[str]:
    """Returns the keys of a selector that no longer match once their label's value is rewritten."""
    return {r.key for r in selector if r.operator == "In"}


def _by_cost(keys: list[str], leave: list[Selector], follow: list[Selector]) -> Iterable[tuple[str, ...]]:
    """Returns the sets of keys to rewrite so that no selector matches any more, the cheapest first."""
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
