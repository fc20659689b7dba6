from __future__ import annotations

from typing import Any

import pytest

from sandlane.plan.metadata import clone_labels, handed_over, released, tenant_metadata, without_owners
from tests.build import app, plan, sandbox

MARKS = {
    "app.kubernetes.io/managed-by": "sandlane",
    "tenantID": "dev1",
    "sandlane.dev/tenant": "dev1",
    "sandlane.dev/sandbox": "first",
    "sandlane.dev/origin": "a",
}


@pytest.mark.parametrize(
    ("key", "is_kept"),
    [
        pytest.param(key, kept, id=key)
        for key, kept in {
            "kubectl.kubernetes.io/last-applied-configuration": False,
            "deployment.kubernetes.io/revision": False,
            "meta.helm.sh/release-name": False,
            "helm.sh/hook": False,
            "argocd.argoproj.io/tracking-id": False,
            "argocd.argoproj.io/sync-wave": False,
            "kustomize.toolkit.fluxcd.io/name": False,
            "helm.toolkit.fluxcd.io/name": False,
            "config.kubernetes.io/origin": False,
            "internal.config.kubernetes.io/index": False,
            "kubectl.kubernetes.io/restartedAt": True,
            "prometheus.io/scrape": True,
            "my-helm.sh/x": True,
            "app": True,
        }.items()
    ],
)
def test_without_owners(key: str, is_kept: bool) -> None:
    assert without_owners({key: "x"}) == ({key: "x"} if is_kept else {})


@pytest.mark.parametrize(
    ("metadata", "namespace", "expected"),
    [
        pytest.param({"name": "a"}, "shop", {"name": "a", "namespace": "shop"}, id="namespace-written"),
        pytest.param({"name": "a", "namespace": "x"}, "x", {"name": "a", "namespace": "x"}, id="namespace-kept"),
        pytest.param({"name": "a"}, "", {"name": "a"}, id="cluster-scoped"),
        pytest.param({"name": "a", "namespace": None}, "shop", {"name": "a", "namespace": "shop"}, id="null-namespace"),
        pytest.param({"name": "a", "namespace": ""}, "shop", {"name": "a", "namespace": "shop"}, id="empty-namespace"),
        pytest.param(
            {"name": "a", "uid": "1", "resourceVersion": "2", "generation": 3, "creationTimestamp": "x", "managedFields": [],
             "ownerReferences": [{}], "selfLink": "/"},
            "shop",
            {"name": "a", "namespace": "shop"},
            id="server-fields",
        ),
        pytest.param(
            {"name": "a", "labels": {"app": "a", "app.kubernetes.io/managed-by": "Helm"}, "annotations": {"helm.sh/hook": "x"}},
            "shop",
            {"name": "a", "namespace": "shop", "labels": {"app": "a"}},
            id="ownership",
        ),
        pytest.param(
            {"name": "a", "labels": {"app.kubernetes.io/managed-by": "me"}, "annotations": None, "finalizers": ["x"]},
            "shop",
            {"name": "a", "namespace": "shop", "labels": {"app.kubernetes.io/managed-by": "me"}, "finalizers": ["x"]},
            id="nulls-and-the-rest",
        ),
    ],
)  # fmt: skip
def test_released(metadata: dict[str, Any], namespace: str, expected: dict[str, Any]) -> None:
    manifest = {"apiVersion": "v1", "kind": "X", "metadata": metadata, "data": {"b": 1, "a": None}, "status": {"x": 1}}
    found = released(manifest, namespace)
    assert found == {"apiVersion": "v1", "kind": "X", "metadata": expected, "data": {"b": 1, "a": None}}


def test_released_labels_of_helm_alone() -> None:
    manifest = {"kind": "X", "metadata": {"name": "a", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    assert released(manifest, "shop")["metadata"] == {"name": "a", "namespace": "shop"}


def test_released_keeps_the_order_of_keys() -> None:
    manifest = {"metadata": {"labels": {"b": "1", "a": "2"}, "name": "a", "namespace": "x"}, "kind": "X", "spec": {}}
    found = released(manifest, "x")
    assert (list(found), list(found["metadata"])) == (["metadata", "kind", "spec"], ["labels", "name", "namespace"])


def test_released_keeps_what_says_how_data_is_read() -> None:
    notes = {"kustomize.toolkit.fluxcd.io/substitute": "disabled", "kustomize.toolkit.fluxcd.io/prune": "disabled"}
    found = released({"metadata": {"name": "a", "annotations": notes}}, "")
    assert found == {"metadata": {"name": "a", "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}}}


KEPT = {
    "argocd.argoproj.io/hook": "PreSync",
    "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "argocd.argoproj.io/sync-wave": "2",
    "config.kubernetes.io/depends-on": "apps/namespaces/shop/Deployment/a",
    "helm.sh/hook": "test",
    "helm.sh/resource-policy": "keep",
    "kustomize.toolkit.fluxcd.io/force": "enabled",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
    "kustomize.toolkit.fluxcd.io/ssa": "IfNotPresent",
    "kustomize.toolkit.fluxcd.io/substitute": "enabled",
}
TRACKED = {
    "argocd.argoproj.io/installation-id": "x",
    "argocd.argoproj.io/tracking-id": "x",
    "config.k8s.io/owning-inventory": "x",
    "config.kubernetes.io/index": "0",
    "deployment.kubernetes.io/revision": "3",
    "internal.config.kubernetes.io/path": "x",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    "meta.helm.sh/release-name": "shop",
}


def test_handed_over_as_they_are_but_for_what_the_cluster_set() -> None:
    labels = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "shop-1", "app.kubernetes.io/instance": "shop"}
    flux = {"kustomize.toolkit.fluxcd.io/name": "base", "helm.toolkit.fluxcd.io/namespace": "x"}
    metadata = {"name": "a", "uid": "1", "labels": {**labels, **flux}, "annotations": {**KEPT, **TRACKED}}
    found = handed_over({"metadata": metadata, "data": {"a": None}, "status": {}}, "shop")
    kept = {"name": "a", "namespace": "shop", "labels": labels, "annotations": KEPT}
    assert found == {"metadata": kept, "data": {"a": None}}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"app": "a", "tier": "x"}, {"app": "a-dev1", "tier": "x"}, id="rewritten"),
        pytest.param({"app.kubernetes.io/instance": "shop", "tier": "x"}, {"tier": "x"}, id="instance-goes"),
        pytest.param({"helm.toolkit.fluxcd.io/name": "x"}, {}, id="owners"),
        pytest.param(None, {}, id="null"),
    ],
)
def test_clone_labels(labels: dict[str, str] | None, expected: dict[str, str]) -> None:
    assert clone_labels({"metadata": {"name": "a", "labels": labels}}, {"app": "a-dev1", "zone": "z-dev1"}) == expected


@pytest.mark.parametrize(
    ("spec", "notes"),
    [
        pytest.param({}, {"sandlane.dev/spec": "sandboxes/first.yaml"}, id="spec"),
        pytest.param(
            {"owner": "dana", "expires": "2026-12-01"},
            {
                "sandlane.dev/owner": "dana",
                "sandlane.dev/expires": "2026-12-01",
                "sandlane.dev/spec": "sandboxes/first.yaml",
            },
            id="all",
        ),
    ],
)
def test_tenant_metadata(spec: dict[str, str], notes: dict[str, str]) -> None:
    made = plan(app("a"), sandbox("first", "a", tenantID="dev1", **spec))
    found = tenant_metadata(made.environment, made.clones[0].sandbox, name="a-dev1", namespace="shop", origin="a",
                            labels={"tier": "x", "tenantID": "no"}, annotations={"note": "1"})  # fmt: skip
    assert found == {
        "name": "a-dev1",
        "namespace": "shop",
        "labels": {"tier": "x", **MARKS},
        "annotations": {"note": "1", **notes},
    }
