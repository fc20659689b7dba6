"""Objects of unknown kinds that select pods: recognised by fields that look like label selectors.

A selector is a field whose name ends in `elector` or `electors`, at any depth of `spec`, with matchLabels, matchExpressions, a
plain map of labels, or an expression of Calico's. Names and kinds that are known to select something else are rows below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sandlane.base.base import Base
from sandlane.base.pod_field_types import LABEL_SELECTOR
from sandlane.frozen import frozen
from sandlane.k8s.resource import Resource, at
from sandlane.k8s.selectors import Selector, from_workload_selector, matches
from sandlane.k8s.workload_kinds import WORKLOADS, GroupKind
from sandlane.plan.policies.attached import ATTACHING
from sandlane.plan.policies.selecting import FOLLOWING
from sandlane.problems.problem import Path, dotted
from sandlane.yamlio.fitting import fitting
from sandlane.yamlio.shapes import TEXTS

_SELECTOR = re.compile(r"(?P<of>.*?)(?:label)?selectors?", re.IGNORECASE)
_PEERS = frozenset({"fromEndpoints", "toEndpoints"})
"""Fields of Cilium's rules that hold selectors of pods under other names."""

_OF_OTHERS = frozenset({
    "addresspool", "apply", "class", "claim", "cluster", "clusterpolicy", "configmap", "configpool", "controlplane", "crd", "dashboard",
    "datasource", "destinationsecret", "folder", "gateway", "generator", "grpcroute", "httproute", "image", "instance", "ip",
    "issuer", "key", "machine", "machinepool", "metric", "namespace", "node", "nodes", "object", "podmonitor", "podmonitornamespace",
    "policy", "probe", "probenamespace", "resource", "role", "route", "rule", "rulenamespace", "scope", "scrapeconfig",
    "scrapeconfignamespace", "secret", "serviceaccount", "servicemonitor", "servicemonitornamespace", "service", "store",
    "subnet", "securitygroup", "tcproute", "tlsroute", "ami", "volume", "virtualservice", "vpc", "zone",
})  # fmt: skip
"""Prefixes, in lower case, of fields such as `namespaceSelector`, which select other things than pods."""

_HOLDERS = frozenset({
    "affinity", "podTemplate", "template", "topologySpreadConstraints", "volumeClaimTemplate", "volumeClaimTemplates", "namespaces",
    "jobTemplate", "solvers",
})  # fmt: skip
"""Fields below which selectors are about where pods run, about claims or about namespaces."""

_KNOWN: frozenset[GroupKind] = frozenset({
    *WORKLOADS, *FOLLOWING, *ATTACHING,
    ("", "PersistentVolume"), ("", "PersistentVolumeClaim"), ("", "Service"), ("apps", "ControllerRevision"),
    ("autoscaling", "HorizontalPodAutoscaler"), ("argoproj.io", "ApplicationSet"), ("flagger.app", "Canary"),
    ("flagger.app", "MetricTemplate"), ("keda.sh", "ScaledJob"), ("keda.sh", "ScaledObject"),
    ("monitoring.coreos.com", "ServiceMonitor"), ("monitoring.googleapis.com", "PodMonitoring"),
    ("monitoring.googleapis.com", "ClusterPodMonitoring"), ("networking.istio.io", "Gateway"),
    ("networking.istio.io", "ServiceEntry"), ("networking.istio.io", "VirtualService"),
    ("operator.victoriametrics.com", "VMPodScrape"), ("operator.victoriametrics.com", "VMServiceScrape"),
    ("policy", "PodDisruptionBudget"), ("serving.knative.dev", "Service"), ("split.smi-spec.io", "TrafficSplit"),
}) - {("cilium.io", "CiliumNetworkPolicy")}  # fmt: skip
"""Kinds that have tables of their own, and kinds that select Services, claims or nodes."""

Selects = Callable[[Mapping[str, str]], bool]


@frozen(kw_only=True)
class Shape:
    """A label selector in an object of the base: its field, and the namespace of the pods that it selects (None: all)."""

    resource: Resource
    path: Path
    namespace: str | None
    selects: Selects

    @property
    def field(self) -> str:
        """The path of the field in messages."""
        return dotted(self.path)


def shapes(base: Base) -> tuple[Shape, ...]:
    """Returns the pod selectors of all objects of a base whose kinds no table has."""
    return tuple(
        Shape(resource=resource, path=path, namespace=resource.id.namespace or None, selects=selects)
        for resource in base.resources
        if (resource.id.group, resource.id.kind) not in _KNOWN
        for path, selects in _selectors(resource)
    )


def lost_and_gained(
    found: Sequence[Shape], namespace: str, origin: Mapping[str, str], clone: Mapping[str, str]
) -> tuple[list[Shape], list[Shape]]:
    """Returns the selectors that select the origin's pods but not its clone's, and those that select the clone's alone."""
    lost, gained = [], []
    where = {"io.kubernetes.pod.namespace": namespace, "projectcalico.org/namespace": namespace}
    for shape in found:
        if shape.namespace in (None, namespace):
            before, after = (shape.selects({**labels, **where}) for labels in (origin, clone))
            lost += [shape] if before and not after else []
            gained += [shape] if after and not before else []
    return lost, gained


def _selectors(resource: Resource) -> Iterator[tuple[Path, Selects]]:
    key = (resource.id.group, resource.id.kind)
    own = FOLLOWING[key].selector if key in FOLLOWING else None
    for field in ("spec", "specs"):  # Cilium's policies may have several specs
        for path, value in _walk(at(resource.manifest, (field,)), (field,)):
            selects = None if path == own else _predicate(value)
            if selects:
                yield path, selects


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yields the values of fields, at any depth, whose names end as those of pod selectors do."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _HOLDERS:
                continue
            if _names_pods(str(key)) and _predicate(inner if not isinstance(inner, list) else next(iter(inner), None)):
                listed = inner if isinstance(inner, list) else None
                yield from (
                    (((*path, key, n), each) for n, each in enumerate(listed)) if listed else [((*path, key), inner)]
                )
            else:
                yield from _walk(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, (*path, number))


def _names_pods(field: str) -> bool:
    found = _SELECTOR.fullmatch(field)
    return field in _PEERS or (found is not None and found["of"].lower() not in _OF_OTHERS)


def _predicate(value: Any) -> Selects | None:
    """Parses a value as a selector; None where it is not one."""
    if isinstance(value, str):
        from sandlane.k8s.calico import BadExpression, parse  # for selectors in words

        try:
            return parse(value) if value.strip() else None
        except BadExpression:
            return None
    selector = _label_selector(value)
    return None if selector is None else lambda labels: matches(selector, labels)


_FITS = fitting({**LABEL_SELECTOR, "labels": TEXTS})


def _label_selector(value: Any) -> Selector | None:
    """Parses a value as a label selector; None where it is not one, or where it selects objects of a kind that it names."""
    if not isinstance(value, Mapping) or "kind" in value:
        return None
    if {"matchLabels", "matchExpressions"} & value.keys():
        return from_workload_selector(value) if _FITS(value) else None
    labels = value["labels"] if isinstance(value.get("labels"), Mapping) else value
    return from_workload_selector({"labels": labels}) if all(isinstance(v, str) for v in labels.values()) else None
