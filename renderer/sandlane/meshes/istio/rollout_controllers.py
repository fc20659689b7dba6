"""Controllers that write VirtualServices while the cluster runs (rule R-I20), and what tenants' entries would break for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Resource, ResourceId, at, spec_of
from sandlane.meshes.istio.virtual_service_fields import NETWORKING
from sandlane.plan.other_controllers import rewriting
from sandlane.problems.catalogue import report
from sandlane.problems.problem import Problem


def rollout_controllers(base: Base, affected: Sequence[Resource], cloned: Iterable[ResourceId]) -> Iterator[Problem]:
    """Yields controllers that write into a VirtualService with tenants' entries, or create one for a cloned Service."""
    touched = {vs.id for vs in affected}
    for rollout in base.of("argoproj.io", "Rollout"):
        for name in _without_routes(rollout):
            if ResourceId(NETWORKING, "VirtualService", rollout.id.namespace, name) in touched:
                path = ("spec", "strategy", "canary", "trafficRouting", "istio")
                what = f"takes 'VirtualService/{rollout.id.namespace}/{name}' to have one route"
                yield rewriting(rollout, path, what, "name the route in 'virtualService.routes'")
    made = touched | {ResourceId(NETWORKING, "VirtualService", id.namespace, id.name) for id in cloned}
    for canary in base.of("flagger.app", "Canary"):
        if _id_of(canary) in made:
            what = f"writes '{_id_of(canary)}' by itself and takes every other entry out of it"
            yield rewriting(canary, ("spec", "service"), what, "leave its workload and Service out of sandboxes")
    yield from _ignoring(base, touched)


def _without_routes(rollout: Resource) -> Iterator[str]:
    """Yields the VirtualServices of which a Rollout names no route: Argo Rollouts then wants one entry in them."""
    istio: Any = at(rollout.manifest, ("spec", "strategy", "canary", "trafficRouting", "istio")) or {}
    one = [istio["virtualService"]] if istio.get("virtualService") else []
    for reference in (*(istio.get("virtualServices") or ()), *one):
        if not reference.get("routes") and reference.get("name"):
            yield reference["name"]


def _id_of(canary: Resource) -> ResourceId:
    """Returns the VirtualService that Flagger makes: it has the name of the Canary's service, or of its target."""
    spec: Any = spec_of(canary.manifest)
    name = at(spec, ("service", "name")) or at(spec, ("targetRef", "name")) or canary.id.name
    return ResourceId(NETWORKING, "VirtualService", canary.id.namespace, str(name))


def _ignoring(base: Base, touched: set[ResourceId]) -> Iterator[Problem]:
    """Yields Argo CD Applications that ignore fields of such a VirtualService by their positions, which tenants' entries move."""
    for application in base.of("argoproj.io", "Application"):
        for number, rule in enumerate(at(application.manifest, ("spec", "ignoreDifferences")) or ()):
            by_index = [p for p in rule.get("jsonPointers") or () if p.startswith("/spec/http/")]
            by_index += [
                e for e in rule.get("jqPathExpressions") or () if e.startswith(".spec.http[") and e[11:12].isdigit()
            ]
            names = [id for id in sorted(touched) if rule.get("name") in (None, "", id.name)]
            if rule.get("kind") == "VirtualService" and by_index and names:
                yield report(
                    "SL447",
                    source=application.source,
                    path=("spec", "ignoreDifferences", number),
                    object=str(application.id),
                    pointer=by_index[0],
                    virtual_service=names[0],
                )
