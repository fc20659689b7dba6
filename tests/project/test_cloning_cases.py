# ruff: noqa: E501 — rows name tests by their files
"""The cases of cloning that users of other tools have met, C1 to C38: for each the tests that hold it, or why there is none."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.build import Object, app, deployment, object_of, output, refusals, sandbox, service

CASES: dict[str, tuple[str, ...] | str] = {
    "C1 labels that a Service selects": ("plan/test_relabel::test_no_service_selects_the_clone", "plan/test_relabel::test_search_is_exact"),
    "C2 names and label values that are too long": (
        "plan/test_names::test_clone_name",
        "plan/test_names::test_label_value",
        "plan/test_plan::test_long_names",
    ),
    "C3 ownership metadata": ("plan/test_metadata::test_without_owners", "plan/test_metadata::test_clone_labels"),
    "C4 replicas": ("project/test_cloning_cases::test_replicas_are_always_written",),
    "C5 strategy": ("project/test_cloning_cases::test_strategy_is_kept_without_a_partition",),
    "C6 autoscalers": ("project/test_cloning_cases::test_what_watches_the_origin_is_not_cloned",),
    "C7 disruption budgets": ("project/test_cloning_cases::test_what_watches_the_origin_is_not_cloned", "plan/test_plan::test_caught"),
    "C8 StatefulSet": ("clone/test_workload::test_stateful_set", "guards/test_clone_problems::test_peers_by_name", "guards/test_clone_problems::test_empty_volumes"),
    "C9 claims of one node": (
        "guards/test_clone_problems::test_claims",
        "overrides/test_overrides::test_volumes",
        "overrides/test_overrides::test_volume_of_a_claim_template",
    ),
    "C10 ConfigMaps and Secrets": ("overrides/test_overrides::test_config_map_is_copied_and_followed", "guards/test_privilege::test_resources"),
    "C11 hashed names of kustomize": ("overrides/test_overrides::test_data_of_a_copy_restarts_the_clone",),
    "C12 NetworkPolicies": ("plan/test_reachability",),
    "C13 Istio's policies": ("plan/test_policies",),
    "C14 Linkerd's policies": ("plan/test_policies",),
    "C15 service account": ("project/test_cloning_cases::test_what_a_pod_is_stays", "overrides/test_overrides::test_preserved_labels"),
    "C16 monitors": ("clone/test_service::test_labels_and_annotations", "plan/test_policies"),
    "C17 migrations in init containers": ("guards/test_clone_problems::test_migrations", "overrides/test_overrides::test_init_containers"),
    "C18 several containers": (
        "clone/test_workload::test_named_container",
        "clone/test_workload::test_sidecars",
        "clone/test_workload::test_problems",
    ),
    "C19 affinity and spread": ("clone/test_workload::test_selectors_of_the_origin_follow",),
    "C20 host ports, networks and nodes": ("clone/test_workload::test_host_port_is_removed", "guards/test_clone_problems::test_host_network",
                                           "project/test_cloning_cases::test_node_name_goes"),
    "C21 probes": ("project/test_cloning_cases::test_what_a_pod_is_stays",),
    "C22 copy of a Service": ("clone/test_service::test_spec", "clone/test_service::test_ports"),
    "C23 several Services of one workload": ("project/test_cloning_cases::test_each_service_is_cloned",),
    "C24 several workloads of one Service": ("project/test_cloning_cases::test_one_of_several_workloads_takes_the_whole_service",),
    "C25 consumers": ("guards/test_clone_problems::test_consumer",),
    "C26 CronJob and Job": ("plan/test_kinds::test_name_of_a_job_has_a_hash_of_its_spec", "plan/test_kinds::test_cron_job_is_suspended"),
    "C27 Argo Rollout": ("plan/test_kinds::test_rollout_becomes_a_deployment",),
    "C28 kinds that cannot be cloned": ("plan/test_kinds::test_other_kinds_are_refused",),
    "C29 OpenShift": "a DeploymentConfig is a kind that cannot be cloned, and the error lists those that can",
    "C30 pieces that a cluster injects": ("clone/test_workload::test_sidecars", "plan/test_metadata::test_released"),
    "C31 priority, resources, tolerations": (
        "project/test_cloning_cases::test_what_a_pod_is_stays",
        "overrides/test_overrides::test_standing_rules_come_first_and_are_for_whom_they_name",
    ),
    "C32 selectors never change": ("plan/test_kinds::test_rollout_becomes_a_deployment", "clone/test_workload::test_deployment"),
    "C33 labels that the app reads": ("guards/test_clone_problems::test_labels_that_the_app_reads",),
    "C34 names in telemetry": ("clone/test_workload::test_canonical_name",),
    "C35 mutable tags":
        "images are written as the spec says: which tags are mutable is the registry's to know, and policy.images can demand digests",
    "C36 namespaces": ("plan/test_plan::test_namespaces", "base/test_base::test_scopes_are_declared_by_the_bases_crds"),
    "C37 lists, duplicates, hooks": (
        "base/test_base::test_lists_are_expanded",
        "base/test_base::test_duplicates",
        "project/test_cloning_cases::test_hooks_are_no_workloads",
    ),
    "C38 scalars of YAML 1.1": ("yamlio/test_yamlio::test_values", "yamlio/test_yaml_differential"),
}  # fmt: skip
TESTS = Path(__file__).resolve().parent.parent


def _names(module: str) -> set[str]:
    tree = ast.parse((TESTS / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("case", list(CASES))
def test_each_case_has_its_tests(case: str) -> None:
    held = CASES[case]
    for named in held if isinstance(held, tuple) else ():
        module, _, name = named.partition("::")
        assert (TESTS / f"{module}.py").is_file()
        assert not name or name in _names(module)


def test_all_cases_are_there() -> None:
    assert [case.split()[0] for case in CASES] == [f"C{number}" for number in range(1, 39)]


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


@pytest.mark.parametrize("hook", ["helm.sh/hook", "argocd.argoproj.io/hook"])
def test_hooks_are_no_workloads(hook: str) -> None:
    base = {**deployment("a"), "metadata": {"name": "a", "annotations": {hook: "test"}}}
    assert refusals([base], sandbox("dev1", "a")) == [
        f"sandboxes/dev1.yaml: SL306 'Deployment/shop/a' was marked as a hook ({hook}), so it cannot be cloned\n"
        "  hint: clone the workload itself"
    ]
