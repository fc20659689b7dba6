"""Where a clone's pods run: what kept an origin's pods together or apart does the same for the clone's own.

Affinity, anti-affinity and spread constraints whose selector meant the origin mean the clone; those that meant other pods
stay. A host port goes, because its node has it already; so does a node's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from renderer.patch.put import put
from renderer.selectors import from_label_selector, matches

_AFFINITIES = ("podAffinity", "podAntiAffinity")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def placed_like(spec: Mapping[str, Any], origin: Mapping[str, str], selector: Mapping[str, str]) -> dict[str, Any]:
    """Returns a pod spec whose terms about the origin's own pods are about those that a selector selects."""
    result: Any = {key: value for key, value in spec.items() if key != "nodeName"}
    own = {"matchLabels": dict(selector)}
    if isinstance(result.get("topologySpreadConstraints"), list):
        terms = [_term(term, origin, own) for term in result["topologySpreadConstraints"]]
        result = put(result, ("topologySpreadConstraints",), terms)
    for kind in _AFFINITIES:
        rules = (result.get("affinity") or {}).get(kind) or {}
        for field, inner in ((_REQUIRED, None), (_PREFERRED, "podAffinityTerm")):
            if rules.get(field):
                changed = [
                    _term(term, origin, own) if inner is None else put(term, (inner,), _term(term[inner], origin, own))
                    for term in rules[field]
                ]
                result = put(result, ("affinity", kind, field), changed)
    for field in ("containers", "initContainers"):
        if result.get(field):
            result = put(result, (field,), [without_host_ports(container) for container in result[field]])
    return dict(result)


def _term(term: Any, origin: Mapping[str, str], own: Mapping[str, Any]) -> Any:
    if not isinstance(term, Mapping) or term.get("labelSelector") is None:
        return term
    return put(term, ("labelSelector",), own) if matches(from_label_selector(term["labelSelector"]), origin) else term


def without_host_ports(container: Mapping[str, Any]) -> Any:
    """Returns a container whose ports are not ports of its node."""
    if not any("hostPort" in port for port in container.get("ports") or ()):
        return container
    ports = [
        {key: value for key, value in port.items() if key not in ("hostPort", "hostIP")} for port in container["ports"]
    ]
    return put(container, ("ports",), ports)
