"""The cases of cloning that users of other tools have met (docs/rules/cases.md): those that no other test holds, C4 to C37."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import Object, app, deployment, object_of, output, refusals, sandbox, service


def made(base: list[Object], workload: str | Object = "a") -> Any:
    return output(base, sandbox("dev1", workload))


@pytest.mark.parametrize("replicas", [None, 0, 5])
def test_replicas_are_always_written(replicas: int | None) -> None:
    base = deployment("a")
    if replicas is not None:
        base["spec"]["replicas"] = replicas
    assert made([base, service("a")])["Deployment/a-dev1"]["spec"]["replicas"] == 1
    assert made([base, service("a")], {"name": "a", "replicas": 2})["Deployment/a-dev1"]["spec"]["replicas"] == 2


def test_strategy_is_kept_without_a_partition() -> None:
    base = deployment("a")
    base["spec"]["strategy"] = {"type": "Recreate"}
    assert made([base, service("a")])["Deployment/a-dev1"]["spec"]["strategy"] == {"type": "Recreate"}
    sts = {**deployment("a"), "kind": "StatefulSet"}
    sts["spec"] = {**sts["spec"], "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}}
    spec = made([sts, service("a")], {"name": "a", "kind": "StatefulSet"})["StatefulSet/a-dev1-6d9695b0"]["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate"}


def test_what_watches_the_origin_is_not_cloned() -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}
    base = [
        *app("a"),
        object_of("autoscaling/v2", "HorizontalPodAutoscaler", "a", scaleTargetRef=reference, maxReplicas=5),
        object_of("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "a", targetRef=reference),
        object_of("keda.sh/v1alpha1", "ScaledObject", "a", scaleTargetRef={"name": "a"}),
        object_of("policy/v1", "PodDisruptionBudget", "a", minAvailable=1, selector={"matchLabels": {"app": "a"}}),
    ]
    assert sorted(made(base)) == ["Deployment/a-dev1", "Service/a-dev1"]


def test_what_a_pod_is_stays() -> None:
    pod: Object = {
        "serviceAccountName": "app", "priorityClassName": "high", "tolerations": [{"key": "x", "operator": "Exists"}],
        "imagePullSecrets": [{"name": "pull"}], "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["x"]}],
    }  # fmt: skip
    probe = {"httpGet": {"path": "/", "port": 80}}
    container = {"name": "app", "image": "a:1", "livenessProbe": probe, "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
                 "imagePullPolicy": "Always", "resources": {"limits": {"cpu": "1"}}}  # fmt: skip
    clone = made([deployment("a", containers=[container], **pod), service("a")])["Deployment/a-dev1"]
    spec = clone["spec"]["template"]["spec"]
    assert {key: spec[key] for key in pod} == pod
    assert {key: value for key, value in spec["containers"][0].items() if key != "env"} == container


def test_node_name_goes() -> None:
    spec = made([deployment("a", nodeName="n1"), service("a")])["Deployment/a-dev1"]["spec"]["template"]["spec"]
    assert "nodeName" not in spec


def test_each_service_is_cloned() -> None:
    base = [deployment("a"), service("a"), service("metrics", 9090, selector={"app": "a"})]
    clone = made(base)
    assert sorted(clone) == ["Deployment/a-dev1", "Service/a-dev1", "Service/metrics-dev1"]
    labels = clone["Deployment/a-dev1"]["spec"]["template"]["metadata"]["labels"]
    for name in ("a", "metrics"):
        assert clone[f"Service/{name}-dev1"]["spec"]["selector"].items() <= labels.items()


def test_one_of_several_workloads_takes_the_whole_service() -> None:
    base = [
        deployment("a1", {"version": "1", "app": "a"}), deployment("a2", {"version": "2", "app": "a"}), service("a"),
    ]  # fmt: skip
    clone = made(base, "a1")
    assert sorted(clone) == ["Deployment/a1-dev1", "Service/a-dev1"]
    selector = clone["Service/a-dev1"]["spec"]["selector"]
    pods = clone["Deployment/a1-dev1"]["spec"]["template"]["metadata"]["labels"]
    assert selector.items() <= pods.items()
    assert [
        w["metadata"]["name"]
        for w in base[:2]
        if selector.items() <= w["spec"]["template"]["metadata"]["labels"].items()
    ] == []


@pytest.mark.parametrize("hook", ["helm.sh/hook", "argocd.argoproj.io/hook"])
def test_hooks_are_no_workloads(hook: str) -> None:
    base = {**deployment("a"), "metadata": {"name": "a", "annotations": {hook: "test"}}}
    assert refusals([base], sandbox("dev1", "a")) == [
        f"sandboxes/dev1.yaml: SL306 'Deployment/shop/a' was marked as a hook ({hook}), so it cannot be cloned\n"
        "  hint: clone the workload itself"
    ]
