"""Fields of the output's objects that Argo Rollouts writes while the cluster runs, so that an applier should leave them alone.

Argo Rollouts: https://argo-rollouts.readthedocs.io/en/stable/features/traffic-management/istio/ ("Integrating with GitOps"). Only the
comparison leaves them out: with `RespectIgnoreDifferences=true` Argo CD would keep the whole list of a custom resource as it is, and
tenants' rules would never arrive (https://github.com/argoproj/argo-cd/issues/17694).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, ResourceId, at
from sandlane.specs.model import Environment

_ISTIO = "networking.istio.io"
_LISTS = {"http": "routes", "tls": "tlsRoutes", "tcp": "tcpRoutes"}
"""List of a VirtualService's entries -> what a Rollout calls those that it writes."""


@frozen(kw_only=True)
class Rewritten:
    """An object of the output, the part of the output that it lies in, and which of its fields are others' (expressions of jq)."""

    object: ResourceId
    unit: str
    expressions: tuple[str, ...]


def rewritten(environment: Environment, base: Base) -> Iterator[Rewritten]:
    """Yields the objects that both the output and Argo Rollouts write, by name."""
    is_full = environment.output.base == "full"
    adopted = {(o.kind, o.namespace, o.name) for o in environment.routes.adopt}
    found: dict[tuple[ResourceId, str], dict[str, None]] = {}
    for rollout in base.of("argoproj.io", "Rollout"):
        traffic: Mapping[str, Any] = at(rollout.manifest, ("spec", "strategy", "canary", "trafficRouting")) or {}
        for id, unit, expression in _written(rollout, traffic):
            if id in base.by_id and (is_full or (id.kind, id.namespace, id.name) in adopted):
                found.setdefault((id, unit), {})[expression] = None
    for (id, unit), expressions in sorted(found.items()):
        yield Rewritten(object=id, unit=unit, expressions=tuple(expressions))


def _written(rollout: Resource, traffic: Mapping[str, Any]) -> Iterator[tuple[ResourceId, str, str]]:
    istio = traffic.get("istio") or {}
    home = rollout.id.namespace
    one = [istio["virtualService"]] if istio.get("virtualService") else []
    for reference in (*(istio.get("virtualServices") or ()), *one):
        id = ResourceId(_ISTIO, "VirtualService", home, str(reference.get("name")))
        for expression in (*_weights(reference), *_added(traffic)):
            yield id, "shared", expression
    rule = istio.get("destinationRule") or {}
    subsets = [str(rule[field]) for field in ("canarySubsetName", "stableSubsetName") if rule.get(field)]
    if subsets:
        chosen = " or ".join(f'.name == "{name}"' for name in subsets)
        id = ResourceId(_ISTIO, "DestinationRule", home, str(rule.get("name")))
        yield id, "base", f'.spec.subsets[]? | select({chosen}) | .labels["rollouts-pod-template-hash"]'


def _weights(reference: Mapping[str, Any]) -> Iterator[str]:
    """Yields the weights of the entries that a Rollout names; of all of them where it names none."""
    named = False
    for entries, field in _LISTS.items():
        for route in reference.get(field) or ():
            named = True
            if isinstance(route, str):
                yield f'.spec.{entries}[]? | select(.name == "{route}") | .route[]?.weight'
            else:
                yield f".spec.{entries}[]?.route[]?.weight"
    if not named:
        yield from (f".spec.{entries}[]?.route[]?.weight" for entries in _LISTS)


def _added(traffic: Mapping[str, Any]) -> Iterator[str]:
    """Yields the entries that a Rollout puts in by itself: `setHeaderRoute` and `setMirrorRoute`."""
    for route in traffic.get("managedRoutes") or ():
        yield f'.spec.http[]? | select(.name == "{route.get("name")}")'
