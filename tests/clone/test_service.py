from __future__ import annotations

from typing import Any

import pytest

from sandlane.clone.service import clone_service, headless_service
from tests.build import Object, deployment, named, plan, sandbox, service

DEV1 = sandbox("first", "a", tenantID="dev1")


def marks(origin: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": "sandlane",
        "tenantID": "dev1",
        "sandlane.dev/tenant": "dev1",
        "sandlane.dev/sandbox": "first",
        "sandlane.dev/origin": origin,
    }


def cloned(origin: Object) -> dict[str, Any]:
    made = plan([deployment("a"), origin], DEV1)
    (copy,) = made.services
    return clone_service(made.environment, copy)


PORT = {"name": "http", "port": 80}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, {}, id="plain"),
        pytest.param({"type": "NodePort", "externalTrafficPolicy": "Local", "healthCheckNodePort": 1}, {}, id="node-port"),
        pytest.param(
            {"type": "LoadBalancer", "loadBalancerIP": "1.2.3.4", "loadBalancerClass": "x", "loadBalancerSourceRanges": ["0/0"],
             "allocateLoadBalancerNodePorts": True, "externalIPs": ["1.2.3.4"]}, {}, id="load-balancer",
        ),
        pytest.param({"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}, {}, id="address"),
        pytest.param({"clusterIP": "None"}, {}, id="headless"),
        pytest.param(
            {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}},
             "trafficDistribution": "PreferClose", "internalTrafficPolicy": "Local", "publishNotReadyAddresses": True},
            {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}},
             "trafficDistribution": "PreferClose", "publishNotReadyAddresses": True},
            id="kept",
        ),
    ],
)  # fmt: skip
def test_spec(spec: Object, expected: Object) -> None:
    found = cloned(service("a", **spec))
    assert found == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "a-dev1",
            "namespace": "shop",
            "labels": marks("a"),
            "annotations": {"sandlane.dev/spec": "sandboxes/first.yaml"},
        },
        "spec": {"type": "ClusterIP", "selector": {"service.sandlane.dev/a": "dev1"}, "ports": [PORT], **expected},
    }


def test_ports() -> None:
    ports = [
        {"name": "http", "port": 80, "targetPort": "web", "nodePort": 30080, "appProtocol": "http"},
        {"name": "dns", "port": 53, "protocol": "UDP"},
    ]
    assert cloned(service("a", *ports, type="NodePort"))["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "web", "appProtocol": "http"},
        {"name": "dns", "port": 53, "protocol": "UDP"},
    ]


def test_labels_and_annotations() -> None:
    kept = {
        "istio.io/use-waypoint": "w",
        "istio.io/use-waypoint-namespace": "n",
        "istio.io/persistent-session": "c",
        "networking.istio.io/exportTo": ".",
        "config.linkerd.io/opaque-ports": "1",
        "balancer.linkerd.io/failure-accrual": "c",
        "retry.linkerd.io/http": "5xx",
        "timeout.linkerd.io/request": "1s",
    }
    lost = {"app": "a", "release": "prometheus", "prometheus.io/scrape": "true", "external-dns.alpha.kubernetes.io/hostname": "x",
            "service.beta.kubernetes.io/aws-load-balancer-type": "nlb", "mirror.linkerd.io/exported": "true"}  # fmt: skip
    origin = service("a")
    origin["metadata"] |= {"labels": {**kept, **lost}, "annotations": {**kept, **lost}}
    found = cloned(origin)["metadata"]
    assert found["labels"] == {**kept, **marks("a")}
    assert found["annotations"] == {**kept, "sandlane.dev/spec": "sandboxes/first.yaml"}


@pytest.mark.parametrize(
    ("governing", "ports"),
    [
        pytest.param([service("a", {**PORT, "nodePort": 1}, clusterIP="None")], {"ports": [PORT]}, id="with-ports"),
        pytest.param([service("a", selector={"app": "a"})], {"ports": [PORT]}, id="no-node-port"),
        pytest.param([], {}, id="not-in-the-base"),
    ],
)
def test_headless(governing: list[Object], ports: Object) -> None:
    workload = {**deployment("a"), "kind": "StatefulSet"}
    made = plan([workload, *governing], sandbox("first", {"name": "a", "kind": "StatefulSet"}, tenantID="dev1"))
    found = headless_service(
        made.environment, made.clones[0], named(made, "Service", "a").manifest if governing else None
    )
    assert found == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "a-dev1-headless",
            "namespace": "shop",
            "labels": marks("statefulset.a"),
            "annotations": {"sandlane.dev/spec": "sandboxes/first.yaml"},
        },
        "spec": {
            "clusterIP": "None",
            "selector": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "statefulset.a"},
            **ports,
            "publishNotReadyAddresses": True,
        },
    }
