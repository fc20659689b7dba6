"""The clone of a Service, and the headless Service of a cloned StatefulSet.

A clone's Service is a ClusterIP Service with the origin's ports and, of its labels and annotations, only what changes
routing (rule R-I17): monitors and mirroring must not take it for its origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandlane.k8s.resource import Manifest, annotations_of, labels_of
from sandlane.plan.metadata import tenant_metadata
from sandlane.plan.model import ServiceClone, WorkloadClone
from sandlane.plan.names import ORIGIN
from sandlane.specs.model import Environment

_ROUTING = (
    "balancer.linkerd.io/",
    "config.linkerd.io/opaque-ports",
    "istio.io/ingress-use-waypoint",
    "istio.io/persistent-session",
    "istio.io/use-waypoint",
    "networking.istio.io/exportTo",
    "networking.istio.io/traffic-distribution",
    "retry.linkerd.io/",
    "service.kubernetes.io/topology-mode",
    "timeout.linkerd.io/",
)
_FIELDS = (
    "ports",
    "sessionAffinity",
    "sessionAffinityConfig",
    "internalTrafficPolicy",
    "trafficDistribution",
    "publishNotReadyAddresses",
    "ipFamilyPolicy",
    "ipFamilies",
)

_OF_ONE_NODE = ("internalTrafficPolicy", "Local")
"""A clone has one pod, which clients on other nodes have to reach as well."""


def clone_service(environment: Environment, service: ServiceClone) -> dict[str, Any]:
    """Returns the manifest of a Service's clone."""
    origin = service.origin.manifest
    spec = origin["spec"]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": tenant_metadata(
            environment, service.sandbox, name=service.id.name, namespace=service.id.namespace, origin=service.origin.id.name,
            labels=_routing(labels_of(origin)), annotations=_routing(annotations_of(origin)),
        ),
        "spec": {
            "type": "ClusterIP",
            "selector": dict(service.selector),
            **{
                field: _ports(spec["ports"]) if field == "ports" else spec[field]
                for field in _FIELDS
                if spec.get(field) and (field, spec[field]) != _OF_ONE_NODE
            },
        },
    }  # fmt: skip


def headless_service(environment: Environment, clone: WorkloadClone, governing: Manifest | None) -> dict[str, Any]:
    """Returns the headless Service from which the pods of a cloned StatefulSet take their host names.

    `governing` is the origin's own, whose ports it has; without one in the base it has none.
    """
    assert clone.headless is not None
    ports = ((governing or {}).get("spec") or {}).get("ports")
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": tenant_metadata(
            environment, clone.sandbox, name=clone.headless.name, namespace=clone.headless.namespace,
            origin=clone.selector[ORIGIN],
        ),
        "spec": {
            "clusterIP": "None",
            "selector": dict(clone.selector),
            **({"ports": _ports(ports)} if ports else {}),
            "publishNotReadyAddresses": True,
        },
    }  # fmt: skip


def _routing(values: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key.startswith(_ROUTING)}


def _ports(ports: list[Manifest]) -> list[Manifest]:
    return [
        {key: value for key, value in port.items() if key != "nodePort"} if "nodePort" in port else port
        for port in ports
    ]
