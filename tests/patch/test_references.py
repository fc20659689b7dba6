from __future__ import annotations

import copy
from typing import Any

import pytest

from sandlane.k8s.resource import ResourceId
from sandlane.patch.references import REFERENCES, rename

CONFIG = ResourceId("", "ConfigMap", "shop", "settings")
POD_SPEC: dict[str, Any] = {
    "containers": [
        {"name": "a", "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "settings"}}]},
        {"name": "b", "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "x"}}}]},
    ],
    "initContainers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "other"}}]}],
    "ephemeralContainers": [{"name": "d", "envFrom": [{"configMapRef": {"name": "settings"}}]}],
    "volumes": [
        {"name": "v", "configMap": {"name": "settings"}},
        {
            "name": "w",
            "projected": {"sources": [{"configMap": {"name": "settings"}}, {"secret": {"name": "settings"}}]},
        },
        {"name": "x", "secret": {"secretName": "settings"}},
    ],
}
RENAMED: dict[str, Any] = {
    "containers": [
        {"name": "a", "envFrom": [{"configMapRef": {"name": "new"}}, {"secretRef": {"name": "settings"}}]},
        {"name": "b", "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "new", "key": "x"}}}]},
    ],
    "initContainers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "other"}}]}],
    "ephemeralContainers": [{"name": "d", "envFrom": [{"configMapRef": {"name": "new"}}]}],
    "volumes": [
        {"name": "v", "configMap": {"name": "new"}},
        {"name": "w", "projected": {"sources": [{"configMap": {"name": "new"}}, {"secret": {"name": "settings"}}]}},
        {"name": "x", "secret": {"secretName": "settings"}},
    ],
}


def workload(api: str, kind: str, spec: Any) -> dict[str, Any]:
    if kind == "Pod":
        return {"apiVersion": api, "kind": kind, "spec": spec}
    inner: dict[str, Any] = {"template": {"spec": spec}}
    return {
        "apiVersion": api,
        "kind": kind,
        "spec": {"jobTemplate": {"spec": inner}} if kind == "CronJob" else inner,
    }


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("v1", "Pod"),
        ("v1", "ReplicationController"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "ReplicaSet"),
        ("apps/v1", "DaemonSet"),
        ("batch/v1", "Job"),
        ("batch/v1", "CronJob"),
        ("argoproj.io/v1alpha1", "Rollout"),
    ],
)
def test_config_maps_of_pods(api: str, kind: str) -> None:
    manifest = workload(api, kind, POD_SPEC)
    before = copy.deepcopy(manifest)
    found = rename(manifest, CONFIG, "new", namespace="shop")
    assert (found, manifest) == (workload(api, kind, RENAMED), before)
    assert rename(manifest, CONFIG, "new", namespace="other") is manifest


SUBJECTS = [
    {"kind": "ServiceAccount", "name": "settings", "namespace": "shop"},
    {"kind": "ServiceAccount", "name": "settings"},
    {"kind": "ServiceAccount", "name": "settings", "namespace": "other"},
    {"kind": "User", "name": "settings"},
]


def rbac(kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, **fields}


@pytest.mark.parametrize(
    ("manifest", "target", "expected"),
    [
        pytest.param(
            rbac("RoleBinding", subjects=SUBJECTS),
            ResourceId("", "ServiceAccount", "shop", "settings"),
            rbac("RoleBinding", subjects=[{**s, "name": "new"} for s in SUBJECTS[:2]] + SUBJECTS[2:]),
            id="subjects",
        ),
        pytest.param(
            rbac("RoleBinding", roleRef={"kind": "ClusterRole", "name": "settings"}),
            ResourceId("rbac.authorization.k8s.io", "ClusterRole", "", "settings"),
            rbac("RoleBinding", roleRef={"kind": "ClusterRole", "name": "new"}),
            id="role-ref",
        ),
        pytest.param(
            rbac("RoleBinding", roleRef={"kind": "ClusterRole", "name": "settings"}),
            ResourceId("rbac.authorization.k8s.io", "Role", "shop", "settings"),
            rbac("RoleBinding", roleRef={"kind": "ClusterRole", "name": "settings"}),
            id="role-ref-of-another-kind",
        ),
        pytest.param(
            rbac("Role", rules=[{"resources": ["secrets"], "resourceNames": ["settings"]}]),
            ResourceId("", "Secret", "shop", "settings"),
            rbac("Role", rules=[{"resources": ["secrets"], "resourceNames": ["settings"]}]),
            id="resource-names-are-kustomizes-alone",
        ),
        pytest.param(
            {
                "apiVersion": "keda.sh/v1alpha1",
                "kind": "ScaledObject",
                "spec": {"scaleTargetRef": {"name": "settings"}},
            },
            ResourceId("apps", "Deployment", "shop", "settings"),
            {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "spec": {"scaleTargetRef": {"name": "new"}}},
            id="keda",
        ),
    ],
)
def test_rename(manifest: Any, target: ResourceId, expected: Any) -> None:
    assert rename(manifest, target, "new", namespace="shop") == expected


def test_what_has_no_reference_is_the_same_object() -> None:
    manifest = workload("apps/v1", "Deployment", {"containers": [{"name": "a", "env": None}], "volumes": "none"})
    assert rename(manifest, CONFIG, "new", namespace="shop") is manifest


def test_rows_are_distinct() -> None:
    rows = [(r.target, r.group, r.kind, r.path) for r in REFERENCES]
    assert len(rows) == len(set(rows))
