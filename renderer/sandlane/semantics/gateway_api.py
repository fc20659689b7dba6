"""Rules of HTTPRoutes and GRPCRoutes: what they do, and which parents they are attached to (S20, S24, S25)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sandlane.frozen import frozen
from sandlane.k8s.hosts import ServiceHost
from sandlane.k8s.resource import Manifest, Resource, ResourceId, annotations_of, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.problem import Path
from sandlane.semantics.gateway_api_matches import Order, matches_of
from sandlane.semantics.network import Network
from sandlane.semantics.objects import GATEWAY_API, Attached
from sandlane.semantics.outcomes import Destination, Forward, NoCluster, Origin, Outcome, Redirect, Unknown, forward
from sandlane.semantics.tables import Rule, doubt_of

Send = Callable[[str, int, int, Any], Destination]
"""(host, port, weight, filters) -> destination, with its policy and with what fails."""

_READ = frozenset(
    {"CORS", "RequestHeaderModifier", "RequestMirror", "RequestRedirect", "ResponseHeaderModifier", "URLRewrite"}
)
"""The types of filters whose effect the model knows."""


@frozen(kw_only=True)
class Reading:
    """How rules of routes become outcomes for one parent.

    `send` makes destinations; `home` is the namespace of a backendRef that names none (None: the route's); `default` is what a rule
    without backendRefs does, beside its filters; `is_granted` tells whether a route may name a Service.
    """

    network: Network
    order: Order
    send: Send
    default: Outcome
    home: str | None = None
    is_granted: Callable[[Resource, ResourceId], bool] = lambda route, service: True


def compiled(reading: Reading, found: Attached, *, above: tuple[int, ...] = (), doubt: str = "") -> Iterator[Rule]:
    """Yields the rules of a route for a parent; `above` are the parts of their ranks that come before the matches'."""
    route, group = found.route, str(found.route.id)
    for number, rule in enumerate(rules_of(route)):
        outcome = _outcome(reading, route, rule)
        for index, match in matches_of(reading.order, route.id.kind, rule):
            path: Path = ("spec", "rules", number)
            yield Rule(
                predicate=match.predicate,
                outcome=outcome,
                origin=Origin(resource=route, path=path if index is None else (*path, "matches", index)),
                rank=(*above, *match.rank),
                group=group,
                doubt=doubt or doubt_of(match.predicate),
            )


def rules_of(route: Resource) -> Sequence[Manifest]:
    """Returns the rules of a route: an HTTPRoute that says nothing of them has one, which matches everything (rule R-L12)."""
    rules: Sequence[Manifest] | None = spec_of(route.manifest).get("rules")
    return ({},) if rules is None and route.id.kind == "HTTPRoute" else rules or ()


def _outcome(reading: Reading, route: Resource, rule: Manifest) -> Outcome:
    by_type: defaultdict[str, list[Any]] = defaultdict(list)
    for item in rule.get("filters") or ():
        by_type[str(item.get("type"))].append(item)
    changes = by_type["RequestHeaderModifier"] + by_type["ResponseHeaderModifier"]
    if redirects := by_type["RequestRedirect"]:
        return Redirect(how=redirects[0].get("requestRedirect"), changes=changes or None)
    destinations = _destinations(reading, route, rule.get("backendRefs") or ())
    if not isinstance(destinations, tuple):
        return destinations
    tuning = reading.order.tuning
    notes = annotations_of(route.manifest) if tuning else {}
    tuned = sorted(pair for pair in notes.items() if pair[0].startswith(tuning)) if notes else ()
    rewrites, mirrors, cors = by_type["URLRewrite"], by_type["RequestMirror"], by_type["CORS"]
    persistent = [rule["sessionPersistence"]] if rule.get("sessionPersistence") else ()
    return forward(
        destinations,
        changes=changes or None,
        rewrite=rewrites[0].get("urlRewrite") if rewrites else None,
        timeout=rule.get("timeouts"),
        retries=rule.get("retry"),
        cors=cors[0].get("cors") if cors else None,
        mirrors=tuple([m.get("requestMirror") for m in mirrors]),
        other=(*[f for kind, found in by_type.items() if kind not in _READ for f in found], *persistent, *tuned),
    )


def _destinations(reading: Reading, route: Resource, backends: Sequence[Manifest]) -> tuple[Destination, ...] | Outcome:
    """Returns where a rule sends, or what becomes of requests that it cannot send anywhere."""
    if not backends:
        return reading.default.destinations if isinstance(reading.default, Forward) else reading.default
    weights = [1 if backend.get("weight") is None else backend["weight"] for backend in backends]
    if not any(weights):
        return NoCluster("500: all weights are 0")
    strange = [b for b in backends if not reading.order.is_service(b.get("group") or "", b.get("kind") or "Service")]
    if strange:
        return Unknown(f"backends of kind '{strange[0].get('kind')}' are not modelled")
    live = [(b, weight) for b, weight in zip(backends, weights, strict=True) if weight]
    return tuple(_destination(reading, route, b, weight if len(live) > 1 else 1) for b, weight in live)


def _destination(reading: Reading, route: Resource, backend: Manifest, weight: int) -> Destination:
    namespace = backend.get("namespace") or reading.home or route.id.namespace
    host = ServiceHost(namespace, str(backend["name"])).fqdn(reading.network.domain)
    port = backend.get("port")
    if port is None:
        return Destination(host=host, port=0, weight=weight, failure="500: the backendRef names no port")
    if not reading.is_granted(route, ResourceId("", "Service", namespace, str(backend["name"]))):
        why = f"500: no ReferenceGrant lets routes of namespace '{route.id.namespace}' name '{host}'"
        return Destination(host=host, port=port, weight=weight, failure=why)
    return reading.send(host, port, weight, backend.get("filters"))


def without_group(network: Network, kinds: Sequence[GroupKind], service: ResourceId) -> list[str]:
    """Returns notes of routes whose parentRefs name a Service without its group: the API server fills in another (rule R-L7)."""
    meant = ResourceId(GATEWAY_API, "Service", service.namespace, service.name)
    what = "has no effect: its parentRef names no group, and so no Service"
    return [f"'{a.route.id}' {what}" for a in network.routes(kinds, meant)]


def plain(network: Network, host: str, port: int, weight: int = 1, filters: Any = None) -> Destination:
    """Returns a destination where no DestinationRule applies."""
    known = network.hosts.get(host)
    failure = "" if known and known.is_service else f"500: '{host}' is no Service"
    if known and port not in known.ports:
        failure = f"500: '{host}' has no port {port}"
    return Destination(host=host, port=port, weight=weight, changes=filters, failure=failure)


def admits(network: Network, gateway: Resource, listener: Manifest, namespace: str) -> bool | None:
    """Tells whether a listener of a Gateway takes routes of a namespace; None where the namespace's labels are not known."""
    allowed = (listener.get("allowedRoutes") or {}).get("namespaces") or {}
    if (scope := allowed.get("from") or "Same") != "Selector":
        return scope == "All" or (scope == "Same" and namespace == gateway.id.namespace)
    known = network.base.by_id.get(ResourceId("", "Namespace", "", namespace))
    labels = {"kubernetes.io/metadata.name": namespace, **(labels_of(known.manifest) if known else {})}
    return matches(from_label_selector(allowed.get("selector") or {}), labels) if known else None
