"""Where a clone's pods run: what kept an origin's pods together or apart does the same for the clone's own.

Affinity, anti-affinity and spread constraints whose selector meant the origin alone mean the clone; those that meant all
pods, or other pods, stay, and of a list of values that names the origin among others the origin's becomes the clone's. A
host port goes, because its node has it already; so does a node's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sandlane.k8s.selectors import Requirement, from_label_selector, matches
from sandlane.patch.put import put

_AFFINITIES = ("podAffinity", "podAntiAffinity")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def placed_like(
    spec: Mapping[str, Any], origin: Mapping[str, str], clone: Mapping[str, str], selector: Mapping[str, str]
) -> dict[str, Any]:
    """Returns a pod spec whose terms about the origin's own pods are about those that a selector selects.

    `origin` and `clone` are the labels of both pods.
    """
    result: Any = {key: value for key, value in spec.items() if key != "nodeName"}
    means = partial(_term, origin=origin, clone=clone, own={"matchLabels": dict(selector)})
    if isinstance(result.get("topologySpreadConstraints"), list):
        terms = [means(term) for term in result["topologySpreadConstraints"]]
        result = put(result, ("topologySpreadConstraints",), terms)
    for kind in _AFFINITIES:
        rules = (result.get("affinity") or {}).get(kind) or {}
        for field, inner in ((_REQUIRED, None), (_PREFERRED, "podAffinityTerm")):
            if rules.get(field):
                changed = [
                    means(term) if inner is None else put(term, (inner,), means(term[inner])) for term in rules[field]
                ]
                result = put(result, ("affinity", kind, field), changed)
    for field in ("containers", "initContainers", "ephemeralContainers"):
        if result.get(field):
            result = put(result, (field,), [without_host_ports(container) for container in result[field]])
    return dict(result)


def _term(term: Any, *, origin: Mapping[str, str], clone: Mapping[str, str], own: Mapping[str, Any]) -> Any:
    if not isinstance(term, Mapping) or term.get("labelSelector") is None:
        return term
    selector = from_label_selector(term["labelSelector"])
    if not selector or not matches(selector, origin):
        return term
    if any(requirement.operator == "In" and len(requirement.values) > 1 for requirement in selector):
        expressions = [_among(requirement, origin, clone) for requirement in selector]
        return put(term, ("labelSelector",), {"matchExpressions": expressions})
    return put(term, ("labelSelector",), own)


def _among(requirement: Requirement, origin: Mapping[str, str], clone: Mapping[str, str]) -> dict[str, Any]:
    """Returns an expression in which the clone's value stands for the origin's."""
    key, old = requirement.key, origin.get(requirement.key)
    values = [clone.get(key, value) if value == old else value for value in requirement.values]
    expression: dict[str, Any] = {"key": key, "operator": requirement.operator}
    return {**expression, "values": values} if values else expression


def without_host_ports(container: Mapping[str, Any]) -> Any:
    """Returns a container whose ports are not ports of its node."""
    if not any("hostPort" in port for port in container.get("ports") or ()):
        return container
    ports = [
        {key: value for key, value in port.items() if key not in ("hostPort", "hostIP")} for port in container["ports"]
    ]
    return put(container, ("ports",), ports)
