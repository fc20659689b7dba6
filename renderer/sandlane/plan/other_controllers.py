"""Controllers that make or rewrite routes and Services while the cluster runs, on every mesh.

Flagger (https://docs.flagger.app/usage/how-it-works): a Canary makes three Services by the name of its service or target, and the
routes of its provider. Argo Rollouts' Gateway API plugin finds routes by labels and takes each to have the Rollout's Services.
KEDA's HTTP add-on and Knative send requests to their own proxies, which choose pods by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.plan.model import Plan
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Path, Problem

_PLUGIN: Path = ("spec", "strategy", "canary", "trafficRouting", "plugins", "argoproj-labs/gatewayAPI")
_SELECTORS = {"HTTPRoute": "httpRouteSelector", "GRPCRoute": "grpcRouteSelector"}
_MARK = "rollouts.argoproj.io/gatewayapi-canary"
_MADE = {"gatewayapi": "an HTTPRoute", "istio": "a VirtualService", "linkerd": "a TrafficSplit"}
BY_MESH = {"istio": "istio", "istio-ambient": "istio", "linkerd": "linkerd", "gateway-api": "gatewayapi"}
"""Mesh -> the `provider` that a Canary without one is taken to have."""


def other_controllers(plan: Plan) -> Iterator[Problem]:
    """Yields controllers that would overwrite a sandbox's routes, or that route its Services' requests themselves."""
    yield from _canaries(plan)
    yield from _rollouts(plan)
    yield from _interceptors(plan)


def is_canary_target(base: Base, origin: ResourceId) -> bool:
    """Tells whether Flagger makes the Services of a workload, so that the base may have none."""
    return any(canary.id.namespace == origin.namespace and _targets(canary, origin) for canary in _of_flagger(base))


def _of_flagger(base: Base) -> tuple[Resource, ...]:
    return base.of("flagger.app", "Canary")


def _targets(canary: Resource, origin: ResourceId) -> bool:
    target: Any = at(canary.manifest, ("spec", "targetRef")) or {}
    return (target.get("kind") or "Deployment", target.get("name")) == (origin.kind, origin.name)


def _canaries(plan: Plan) -> Iterator[Problem]:
    cloned = plan.cloned
    for canary in _of_flagger(plan.base):
        home, spec = canary.id.namespace, canary.manifest.get("spec") or {}
        name = str(at(spec, ("service", "name")) or at(spec, ("targetRef", "name")) or canary.id.name)
        made = [ResourceId("", "Service", home, f"{name}{end}") for end in ("", "-primary", "-canary")]
        if plan.environment.mesh == "istio" and made[0] in cloned:
            continue  # a matter of its VirtualServices, said there
        targets = [c.origin.id for c in plan.clones if c.id.namespace == home and _targets(canary, c.origin.id)]
        for id in [*targets, *(service for service in made if service in cloned)][:1]:
            given = str(spec.get("provider") or BY_MESH[plan.environment.mesh]).partition(":")[0]
            route = f" and {_MADE[given]}" if given in _MADE else ""
            what = f"makes Services{route} for '{id}' by itself, and sends its requests to pods of its own choice"
            way = "leave its workload and Service out of sandboxes"
            yield rewriting(canary, ("spec", "service"), what, way)


def rewriting(resource: Resource, path: Path, what: str, way: str) -> Problem:
    """Returns the problem of a controller that writes what tenants' routes or Services are made of."""
    return report("SL446", source=resource.source, path=path, object=str(resource.id), what=what, way=way)


def route_labels(base: Base, route: Resource, labels: Mapping[str, str]) -> dict[str, str]:
    """Returns the labels of a route's copy: those of the route but for the labels by which Rollouts find it."""
    found = {key: value for key, value in labels.items() if key != _MARK}
    for _, selector in _finding(base, route.id):
        named = {requirement.key for requirement in from_label_selector(selector)}
        found = {key: value for key, value in found.items() if key not in named}
    return found


def _finding(base: Base, id: ResourceId) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Yields the Rollouts that find routes of a kind in a namespace by their labels, with the selectors."""
    for rollout in base.of("argoproj.io", "Rollout"):
        plugin: Any = at(rollout.manifest, _PLUGIN) or {}
        selector = plugin.get(_SELECTORS.get(id.kind, ""))
        if isinstance(selector, Mapping) and (plugin.get("namespace") or rollout.id.namespace) == id.namespace:
            yield rollout, selector


def _rollouts(plan: Plan) -> Iterator[Problem]:
    """Yields Rollouts whose route selector also matches tenants' routes, since it matches objects without its labels."""
    cloned = {service.namespace for service in plan.cloned}
    for kind, field in _SELECTORS.items():
        for rollout in plan.base.of("argoproj.io", "Rollout"):
            plugin: Any = at(rollout.manifest, _PLUGIN) or {}
            home = plugin.get("namespace") or rollout.id.namespace
            if home in cloned and isinstance(plugin.get(field), Mapping):
                selector = from_label_selector(plugin[field])
                if matches(selector, {}):
                    what = f"takes every {kind} of namespace '{home}' for one of its own, and tenants' routes are among them"
                    yield rewriting(
                        rollout, (*_PLUGIN, field), what, f"let '{field}' select by an equality (matchLabels)"
                    )


def _interceptors(plan: Plan) -> Iterator[Problem]:
    """Yields interceptors, such as KEDA's, that send requests to a cloned workload's pods without the mesh's routes."""
    cloned = plan.cloned
    for scaled in plan.base.of("http.keda.sh", "HTTPScaledObject"):
        reference: Any = at(scaled.manifest, ("spec", "scaleTargetRef")) or {}
        names = [reference.get("service"), at(scaled.manifest, ("spec", "service"))]
        for name in (name for name in names if name):
            yield from _past(scaled, ResourceId("", "Service", scaled.id.namespace, str(name)), cloned)
    for knative in plan.base.of("serving.knative.dev", "Service"):
        yield from _past(knative, ResourceId("", "Service", knative.id.namespace, knative.id.name), cloned)


def _past(resource: Resource, service: ResourceId, cloned: Collection[ResourceId]) -> Iterator[Problem]:
    if service in cloned:
        yield report("SL415", source=resource.source, object=str(resource.id), service=service)
