"""Policies with pod selectors: a policy that selects an origin is copied for its clone (rule R-C4).

A kind is a row. What a row says of Istio is read from its control plane: which kinds select in every namespace from the root
namespace (AuthorizationPolicy, RequestAuthentication, WasmPlugin and EnvoyFilter do; PeerAuthentication, Telemetry and
ProxyConfig with a selector are ignored there), and of which kinds one alone, the oldest, is in force for a pod.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandlane.base.base import Base
from sandlane.frozen import frozen
from sandlane.k8s.resource import Manifest, Resource, at
from sandlane.k8s.selectors import Selector, from_workload_selector
from sandlane.k8s.workload_kinds import GroupKind
from sandlane.problems.problem import Path

Entry = tuple[str | None, Selector, Resource]


def _compete(one: Manifest, other: Manifest, pod: Manifest) -> bool:
    from sandlane.semantics.inbound import compete  # what bases without Linkerd's policies do without

    return compete(one, other, pod)


@frozen(kw_only=True)
class Following:
    """A kind of policy and where its pod selector is; `labels` is the field of that in which equalities stand.

    `is_global`: from Istio's root namespace it selects in every namespace. `is_copied`: it follows by a copy. `is_alone`: of
    several that select one pod only the oldest counts; `compete` tells of two policies and the spec of a pod whether they are
    such (None: all are).
    """

    group: str
    kind: str
    selector: Path = ("spec", "selector")
    labels: str = "matchLabels"
    is_global: bool = False
    is_copied: bool = True
    is_alone: bool = False
    compete: Callable[[Manifest, Manifest, Manifest], bool] | None = None


FOLLOWING: dict[GroupKind, Following] = {
    (row.group, row.kind): row
    for row in (
        Following(group="networking.k8s.io", kind="NetworkPolicy", selector=("spec", "podSelector")),
        Following(group="cilium.io", kind="CiliumNetworkPolicy", selector=("spec", "endpointSelector")),
        Following(group="security.istio.io", kind="AuthorizationPolicy", is_global=True),
        Following(group="security.istio.io", kind="PeerAuthentication", is_alone=True),
        Following(group="security.istio.io", kind="RequestAuthentication", is_global=True),
        Following(group="telemetry.istio.io", kind="Telemetry", is_alone=True),
        Following(group="extensions.istio.io", kind="WasmPlugin", is_global=True),
        Following(group="networking.istio.io", kind="ProxyConfig"),
        Following(group="networking.istio.io", kind="DestinationRule", selector=("spec", "workloadSelector")),
        Following(
            group="networking.istio.io", kind="EnvoyFilter", selector=("spec", "workloadSelector"), labels="labels",
            is_global=True,
        ),
        Following(
            group="networking.istio.io", kind="Sidecar", selector=("spec", "workloadSelector"), labels="labels", is_alone=True,
        ),
        # Of Servers of one port one counts (rules R-L2 and R-L3).
        Following(group="policy.linkerd.io", kind="Server", selector=("spec", "podSelector"), is_alone=True, compete=_compete),
        # A clone pages nobody.
        Following(group="monitoring.coreos.com", kind="PodMonitor", is_copied=False),
    )
}  # fmt: skip
"""(group, kind) -> row, for policies and monitors that select pods."""


def following(base: Base, root_namespace: str) -> Iterator[Entry]:
    """Yields the selectors of all policies, each with the namespace in which it selects (None: in every one)."""
    for row in FOLLOWING.values():
        for resource in base.of(row.group, row.kind):
            selector = at(resource.manifest, row.selector)
            # What selects every pod selects clones as well, which matters only beside others.
            if selector or (selector is not None and row.compete):
                home = resource.id.namespace
                is_global = row.is_global and home == root_namespace
                yield None if is_global else home, from_workload_selector(selector), resource
    for route in base.of("networking.istio.io", "VirtualService"):
        for match in source_matches(route.manifest):
            yield match.get("sourceNamespace") or None, from_workload_selector({"labels": match["sourceLabels"]}), route


def source_matches(route: Manifest) -> Iterator[Manifest]:
    """Yields the conditions of a VirtualService on the labels of the client (rule R-I19)."""
    spec = route.get("spec") or {}
    for field in ("http", "tls", "tcp"):
        for entry in spec.get(field) or ():
            yield from (match for match in entry.get("match") or () if is_by_source(spec, field, match))


def is_by_source(spec: Manifest, field: str, match: Manifest) -> bool:
    """Tells whether a match is for clients of certain labels: at gateways there are none, and an HTTP match that lists any
    gateways heeds none (istio: pilot/pkg/networking/core/route/route.go, sourceMatchHTTP).
    """
    if not match.get("sourceLabels") or (field == "http" and match.get("gateways")):
        return False
    return "mesh" in (match.get("gateways") or spec.get("gateways") or ["mesh"])
