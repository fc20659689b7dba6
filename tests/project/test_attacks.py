"""Ways in which somebody who means harm got something through 0.1.0, which lie beside the checkout: none is left.

Each directory has cases of our own, by which its kind stays mended; what it holds, or says in a few fields, is tried here as it is.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from sandlane.base.base import make_base
from sandlane.files.tree import MemoryTree
from sandlane.k8s.resource import Resource, ResourceId
from sandlane.pipeline import render, written
from sandlane.problems.problem import Invalid, Source
from sandlane.proof import prove
from sandlane.proof.claims import claims_of
from sandlane.specs.inputs import read_inputs
from tests.build import Object, app, deployment, files_of, meta, sandbox, service
from tests.shared import REPOSITORY, SHARED, needs_shared
from tests.sources import is_there

pytestmark = needs_shared

ATTACK = SHARED / "cases" / "found" / "attack"
OWN: Mapping[str, tuple[str, ...]] = {
    "01-temp-symlink": (
        "tests/output/test_write.py::test_a_link_at_the_name_of_a_temporary_is_removed_and_never_followed",
    ),
    "02-sts-claim-theft": ("tests/guards/test_called_names.py::test_claims_that_a_brought_set_would_make",),
    "03-keep-going-squat": ("tests/cli/test_cli.py::test_keep_going_leaves_out_one_sandbox",),
    "04-verify-resource-kinds": ("tests/project/test_attacks.py::test_kinds_that_the_policy_does_not_list",),
    "05-verify-files-not-read": (
        "tests/proof/test_verify_files.py::test_what_changes_or_hides_manifests_is_a_finding",
    ),
    "06-verify-clone-fields": ("tests/guards/test_privilege_table.py::test_proof_finds_it_in_an_output",),
    "07-resource-pods-out-of-mesh": ("tests/guards/test_privilege_table.py::test_the_guard_refuses",),
    "08-secrets": ("tests/guards/test_privilege_table.py::test_the_guard_refuses",),
    "09-bom-crash": ("tests/fuzz/test_targets.py::test_finds_stay_mended",),
    "10-configmap-data-crash": ("tests/project/test_wrong_types.py::test_no_value_of_a_wrong_type_is_a_defect",),
    "11-rollout-ref-crash": ("tests/project/test_wrong_types.py::test_no_value_of_a_wrong_type_is_a_defect",),
    "12-merge-quadratic": ("tests/project/test_budgets.py::test_work_is_linear",),
    "13-env-1e5": ("tests/project/test_budgets.py::test_work_is_linear",),
    "14-non-utf8-file-name": ("tests/specs/test_sandbox.py::test_problems",),
    "15-service-takes-names": ("tests/guards/test_called_names.py::test_a_service_of_a_name_that_the_base_calls",),
    "16-node-and-network-fields": ("tests/guards/test_privilege_table.py::test_the_guard_refuses",),
    "17-template-many-times": ("tests/project/test_budgets.py::test_a_template_named_often_is_told",),
}
"""Directory -> cases of our own that hold its kind."""


def test_every_directory_has_cases_of_our_own() -> None:
    assert sorted(OWN) == sorted(path.name for path in ATTACK.iterdir() if path.is_dir())
    assert [name for names in OWN.values() for name in names if not is_there(name, REPOSITORY)] == []


BASE: list[Object] = [
    *app("checkout"),
    {**deployment("orders-db"), "kind": "StatefulSet"},
    service("orders-db"),
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta("admin-token"),
        "type": "kubernetes.io/service-account-token",
    },
]
BASE[2]["spec"] |= {"serviceName": "orders-db", "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]}


def codes(
    objects: list[Object], spec: Object, beside: Mapping[str, str | bytes] | None = None, **environment: Any
) -> set[str]:
    """Returns the codes of the errors for which nothing is rendered."""
    try:
        render(read_inputs(MemoryTree({**files_of(objects, spec, **environment), **(beside or {})}), "sandlane.yaml"))
    except Invalid as invalid:
        return {problem.code for problem in invalid.problems}
    return set()


def file(path: str) -> bytes:
    return (ATTACK / path).read_bytes()


FILES: list[tuple[str, Callable[[], set[str]], set[str]]] = [
    ("02", lambda: codes(BASE, sandbox("x", "checkout", resources=["r.yaml"]),
                         {"sandboxes/r.yaml": file("02-sts-claim-theft/r.yaml")}), {"SL302"}),
    ("09", lambda: codes(BASE, sandbox("x", "checkout"), {"sandboxes/y.yaml": file("09-bom-crash/spec.yaml")}), {"SL107"}),
    ("10", lambda: codes([*BASE, yaml.safe_load(file("10-configmap-data-crash/cm.yaml"))],
                         sandbox("x", {"name": "checkout", "configMaps": [{"name": "cfg", "data": {"A": "b"}}]})), {"SL129"}),
    ("11", lambda: codes([*BASE, yaml.safe_load(file("11-rollout-ref-crash/ro.yaml"))],
                         sandbox("x", {"name": "ro", "kind": "Rollout"})), {"SL129"}),
]  # fmt: skip


@pytest.mark.parametrize(("attempt", "expected"), [pytest.param(run, found, id=name) for name, run, found in FILES])
def test_files_as_they_are(attempt: Callable[[], set[str]], expected: set[str]) -> None:
    assert attempt() == expected


def patch(pod: Object, **template: Any) -> Object:
    return {"name": "checkout", "patches": [{"patch": json.dumps({"spec": {"template": {"spec": pod, **template}}})}]}


def app_with(**fields: Any) -> Object:
    return patch({"containers": [{"name": "app", **fields}]})


def annotated(key: str) -> Object:
    return patch({}, metadata={"annotations": {key: "x"}})


CHANGES = [
    *(pytest.param(patch(pod), {"SL330"}, id=f"16-{next(iter(pod))}") for pod in (
        {"tolerations": [{"operator": "Exists"}]}, {"nodeSelector": {"a": "b"}}, {"priorityClassName": "high"},
        {"hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}]}, {"dnsConfig": {"nameservers": ["10.0.0.1"]}},
    )),
    *(pytest.param(annotated(key), {"SL330"}, id=f"16-{key}") for key in (
        "cni.projectcalico.org/floatingIPs", "cni.projectcalico.org/ipAddrs", "ovn.kubernetes.io/ip_address",
        "v1.multus-cni.io/default-network", "vault.hashicorp.com/agent-inject",
    )),
    pytest.param(app_with(livenessProbe={"httpGet": {"host": "h", "port": 1}}), {"SL330"}, id="16-probe"),
    pytest.param(patch({"volumes": [{"name": "s", "secret": {"secretName": "admin-token"}}]}), {"SL330", "SL333"}, id="08-volume"),
    pytest.param(app_with(env=[{"name": "S", "valueFrom": {"secretKeyRef": {"name": "admin-token", "key": "t"}}}]),
                 {"SL330", "SL333"}, id="08-env"),
    pytest.param(app_with(envFrom=[{"secretRef": {"name": "admin-token"}}]), {"SL330", "SL333"}, id="08-env-from"),
    pytest.param(patch({"imagePullSecrets": [{"name": "admin-token"}]}), {"SL330", "SL333"}, id="08-pull"),
]  # fmt: skip


@pytest.mark.parametrize(("workload", "expected"), CHANGES)
def test_patches(workload: Object, expected: set[str]) -> None:
    assert codes(BASE, sandbox("x", workload)) == expected


PODS: list[tuple[str, Object, Object, str]] = [
    ("a", {"sidecar.istio.io/inject": "false"}, {}, "SL330"),
    ("b", {"istio.io/dataplane-mode": "none"}, {}, "SL330"),
    (
        "c",
        {},
        {"initContainers": [{"name": "i", "image": "i:1", "restartPolicy": "Always", "ports": [{"hostPort": 443}]}]},
        "SL245",
    ),
    ("d", {}, {"nodeName": "master-1"}, "SL330"),
    ("e", {}, {"ephemeralContainers": [{"name": "e", "image": "e:1"}]}, "SL330"),
]


@pytest.mark.parametrize(("labels", "pod", "code"), [pytest.param(*given, id=f"07-{name}") for name, *given in PODS])
def test_pods_of_a_sandbox(labels: Object, pod: Object, code: str) -> None:
    brought = deployment("own", {"app": "own", **labels}, **pod)
    assert codes(BASE, sandbox("x", "checkout", resources=["r.yaml"]), {"sandboxes/r.yaml": json.dumps(brought)}) == {
        code
    }


def found_in(change: Callable[[dict[str, Object]], Any], **environment: Any) -> list[str]:
    """Returns what proof finds in an output whose objects somebody changed, or added to."""
    brought = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("own")}
    spec = sandbox("dev1", "checkout", resources=["r.yaml"])
    tree = MemoryTree({**files_of(BASE, spec, **environment), "sandboxes/r.yaml": json.dumps(brought)})
    inputs = read_inputs(tree, "sandlane.yaml")
    objects = written(render(inputs).objects).resources
    by_name = {f"{r.id.kind}/{r.id.name}": copy.deepcopy(dict(r.manifest)) for r in objects}
    more = change(by_name) or ()
    changed = [Resource(id=r.id, manifest=by_name[f"{r.id.kind}/{r.id.name}"], source=r.source) for r in objects]
    return [problem.text for problem in prove(inputs.base, make_base([*changed, *more]), claims_of(inputs))]


def put(name: str, *path: str | int, value: Any) -> Callable[[dict[str, Object]], None]:
    def change(objects: dict[str, Object]) -> None:
        holder: Any = objects[name]
        for step in path[:-1]:
            holder = holder.setdefault(step, {}) if isinstance(step, str) else holder[step]
        holder[path[-1]] = value

    return change


CLONE, SERVICE = "Deployment/checkout-dev1", "Service/checkout-dev1"
POD = ("spec", "template")
WRITTEN = [
    pytest.param(put(SERVICE, "spec", "externalIPs", value=["1.2.3.4"]), id="external-ip"),
    pytest.param(put(SERVICE, "spec", "loadBalancerIP", value="1.2.3.4"), id="load-balancer-ip"),
    pytest.param(put(SERVICE, "spec", "clusterIP", value="10.0.0.1"), id="cluster-ip"),
    pytest.param(put(SERVICE, "metadata", "labels", "istio.io/use-waypoint", value="none"), id="waypoint"),
    pytest.param(put(SERVICE, "metadata", "annotations", "networking.istio.io/exportTo", value="."), id="export-to"),
    pytest.param(put(CLONE, *POD, "metadata", "labels", "sidecar.istio.io/inject", value="false"), id="no-proxy"),
    pytest.param(
        put(CLONE, *POD, "metadata", "annotations", "cni.projectcalico.org/floatingIPs", value="[]"), id="floating-ip"
    ),
    pytest.param(put(CLONE, *POD, "spec", "containers", 0, "image", value="evil.example/x"), id="image"),
    pytest.param(put(CLONE, *POD, "spec", "nodeName", value="n"), id="node"),
    pytest.param(put(CLONE, *POD, "spec", "tolerations", value=[{"operator": "Exists"}]), id="toleration"),
    pytest.param(put(CLONE, "metadata", "finalizers", value=["x.example/y"]), id="finalizer"),
]


@pytest.mark.parametrize("change", WRITTEN)
def test_changes_of_an_output(change: Callable[[dict[str, Object]], None]) -> None:
    assert found_in(lambda _: None) == []
    assert found_in(change, policy={"images": ["registry.example/*"]})


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("rbac.authorization.k8s.io/v1", "RoleBinding"),
        ("v1", "ServiceAccount"),
        ("argoproj.io/v1alpha1", "Application"),
        ("external-secrets.io/v1", "ExternalSecret"),
        ("cilium.io/v2", "CiliumNetworkPolicy"),
        ("v1", "ResourceQuota"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("kyverno.io/v1", "Policy"),
        ("route.openshift.io/v1", "Route"),
    ],
)
def test_kinds_that_the_policy_does_not_list(api: str, kind: str) -> None:
    """An object of the output that forges the mark of a resource is of a kind that the policy lists all the same."""

    def forged(objects: dict[str, Object]) -> list[Resource]:
        metadata = {**objects["ConfigMap/own"]["metadata"], "name": "forged"}
        return [
            Resource(
                id=ResourceId(api.rpartition("/")[0], kind, "shop", "forged"),
                manifest={"apiVersion": api, "kind": kind, "metadata": metadata, "spec": {}},
                source=Source(file="sandboxes/dev1/shop/forged.yaml"),
            )
        ]

    assert found_in(forged)
