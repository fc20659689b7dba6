from __future__ import annotations

from typing import Any

import pytest

from sandlane.clone.workload import clone_workload
from sandlane.k8s.selectors import from_map, matches
from sandlane.meshes.istio.canonical_labels import canonical_labels
from tests.build import Object, clone_of, deployment, plan, sandbox, service, texts

OURS = [
    {"name": "SANDLANE_TENANT_ID", "value": "dev1"},
    {"name": "SANDLANE_SANDBOX", "value": "first"},
    {"name": "SANDLANE_ORIGIN", "value": "a"},
]
MARKS = {
    "app.kubernetes.io/managed-by": "sandlane",
    "tenantID": "dev1",
    "sandlane.dev/tenant": "dev1",
    "sandlane.dev/sandbox": "first",
    "sandlane.dev/origin": "a",
}
TELEMETRY = {"service.istio.io/canonical-name": "a", "service.istio.io/canonical-revision": "dev1"}
OURS_IN_BASE = (
    "SL214 environment variable 'SANDLANE_ORIGIN' of 'Deployment/shop/a' in the base is one that sandlane sets itself"
)
SET = (
    "\n  hint: rename it: SANDLANE_TENANT_ID, SANDLANE_SANDBOX and SANDLANE_ORIGIN tell a clone which tenant it serves"
)


def cloned(base: str | list[Object], workload: str | Object = "a") -> dict[str, Any]:
    made, clone = clone_of(base, sandbox("first", workload, tenantID="dev1"))
    return clone_workload(made.environment, clone)


def containers(pod: list[Object], workload: str | Object = "a") -> list[Object]:
    found: list[Object] = cloned([deployment("a", containers=pod), service("a")], workload)["spec"]["template"]["spec"][
        "containers"
    ]
    return found


def test_deployment() -> None:
    base = """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: a
          uid: "1"
          labels: {app: a, team: x, app.kubernetes.io/instance: shop}
          annotations: {note: text, deployment.kubernetes.io/revision: "3"}
        spec:
          paused: true
          replicas: 7
          strategy: {type: Recreate}
          selector: {matchLabels: {app: a}, matchExpressions: [{key: app, operator: Exists}]}
          template:
            metadata:
              labels: {app: a, tier: front}
              annotations: {prometheus.io/scrape: "true", kubectl.kubernetes.io/last-applied-configuration: x}
            spec:
              nodeName: n1
              serviceAccountName: sa
              containers: [{name: app, image: "a:1"}]
        status: {replicas: 7}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: a}
        spec: {selector: {app: a}, ports: [{port: 80}]}
        """
    assert cloned(base, {"name": "a", "image": "a:2"}) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "a-dev1",
            "namespace": "shop",
            "labels": {"app": "a-dev1", "team": "x", **MARKS},
            "annotations": {"note": "text", "sandlane.dev/spec": "sandboxes/first.yaml"},
        },
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}},
            "template": {
                "metadata": {
                    "labels": {
                        "app": "a-dev1",
                        "tier": "front",
                        **MARKS,
                        "service.sandlane.dev/a": "dev1",
                        **TELEMETRY,
                    },
                    "annotations": {"prometheus.io/scrape": "true"},
                },
                "spec": {"serviceAccountName": "sa", "containers": [{"name": "app", "image": "a:2", "env": OURS}]},
            },
        },
    }


def test_stateful_set() -> None:
    made = deployment("a")
    claims = [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
    spec = {**made["spec"], "serviceName": "a", "volumeClaimTemplates": claims, "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2, "maxUnavailable": 1}}}  # fmt: skip
    base = [{**made, "kind": "StatefulSet", "spec": spec}, service("a")]
    found = cloned(base, {"name": "a", "kind": "StatefulSet", "replicas": 3})["spec"]
    del found["template"]
    assert found == {
        "selector": {"matchLabels": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "statefulset.a"}},
        "serviceName": "a-dev1-headless",
        "volumeClaimTemplates": claims,
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "replicas": 3,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
    }


def app(**more: Any) -> Object:
    return {"name": "app", "image": "a:1", **more}


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param(
            [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
            [{"name": "D", "value": "4"}, {"name": "B", "value": "x"}, {"name": "A", "remove": True}],
            [{"name": "B", "value": "x"}, {"name": "C", "value": "3"}, {"name": "D", "value": "4"}],
            id="changed-in-place-removed-appended",
        ),
        pytest.param(
            [{"name": "A", "value": "1"}],
            [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            id="value-to-source",
        ),
        pytest.param(
            [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}], [{"name": "A", "value": "3"}],
            [{"name": "A", "value": "3"}], id="twice-in-the-base",
        ),
        pytest.param([{"name": "A", "value": "1"}], [{"name": "A", "value": ""}], [{"name": "A", "value": ""}], id="empty"),
    ],
)  # fmt: skip
def test_environment(base: list[Object], changes: list[Object], expected: list[Object]) -> None:
    change = {"name": "a", "containers": [{"name": "app", "env": changes}]}
    assert containers([app(**({"env": base} if base else {}))], change) == [app(env=[*OURS, *expected])]


def test_sidecars() -> None:
    proxy = {"name": "istio-proxy", "image": "proxy:1", "env": [{"name": "SANDLANE_ORIGIN", "value": "x"}]}
    assert containers([proxy, app()], {"name": "a", "image": "a:2"}) == [proxy, app(image="a:2", env=OURS)]


def test_named_container() -> None:
    change = {"name": "a", "containers": [{"name": "b", "image": "b:2"}]}
    second = {"name": "b", "image": "b:1"}
    assert containers([app(), second], change) == [app(env=OURS), {"name": "b", "image": "b:2", "env": OURS}]


def test_init_containers_are_left_alone() -> None:
    init = [{"name": "wait", "image": "busybox:1"}]
    assert (
        cloned([deployment("a", initContainers=init), service("a")])["spec"]["template"]["spec"]["initContainers"]
        == init
    )


@pytest.mark.parametrize(
    ("pod", "workload", "expected"),
    [
        pytest.param(
            [app(), {"name": "b"}], {"name": "a", "image": "x:2"},
            [("sandboxes/dev1.yaml: SL213 'Deployment/shop/a' has several app containers (app, b), so 'image' could mean any of them\n"
             "  hint: name it: containers: [{name: app, image: x:2}]")],
            id="image-of-several",
        ),
        pytest.param(
            [app(), {"name": "b"}], {"name": "a", "env": [{"name": "X", "value": "1"}]},
            [("sandboxes/dev1.yaml: SL213 'Deployment/shop/a' has several app containers (app, b), so 'env' could mean any of them\n"
             "  hint: name it: containers: [{name: app, env: […]}]")],
            id="env-of-several",
        ),
        pytest.param(
            [app()], {"name": "a", "containers": [{"name": "ap", "image": "x:2"}]},
            ["sandboxes/dev1.yaml: SL211 container 'ap' is not in 'Deployment/shop/a'\n  hint: did you mean 'app'?"], id="unknown",
        ),
        pytest.param(
            [app(), {"name": "istio-proxy"}], {"name": "a", "containers": [{"name": "istio-proxy", "image": "x:2"}]},
            ["sandboxes/dev1.yaml: SL211 container 'istio-proxy' is not in 'Deployment/shop/a'\n  hint: known: app"], id="sidecar",
        ),
        pytest.param(
            [app()], {"name": "a", "image": "x:2", "containers": [{"name": "app", "image": "x:3"}]},
            ["sandboxes/dev1.yaml: SL207 'image' stands twice in 'Deployment/shop/a'\n  hint: merge the two entries"], id="twice",
        ),
        pytest.param(
            [app(env=[{"name": "SANDLANE_ORIGIN", "value": "x"}])], "a",
            [f"base.yaml: {OURS_IN_BASE}{SET}"],
            id="ours-in-the-base",
        ),
        pytest.param(
            [app()], {"name": "a", "containers": [{"name": "app", "env": [{"name": "SANDLANE_SANDBOX", "value": "x"}]}]},
            [f"sandboxes/dev1.yaml: SL214 environment variable 'SANDLANE_SANDBOX' of this spec is one that sandlane sets itself{SET}"],
            id="ours-in-the-spec",
        ),
        pytest.param(
            [app(env=[{"name": "LOG_LEVEL", "value": "x"}])],
            {"name": "a", "containers": [{"name": "app", "env": [{"name": "LOGLEVEL", "remove": True}]}]},
            [("sandboxes/dev1.yaml: SL215 environment variable 'LOGLEVEL' is not in container 'app', so it cannot be removed\n"
             "  hint: did you mean 'LOG_LEVEL'?")],
            id="removed-and-missing",
        ),
    ],
)  # fmt: skip
def test_problems(pod: list[Object], workload: str | Object, expected: list[str]) -> None:
    made = plan([deployment("a", containers=pod), service("a")], sandbox("dev1", workload))
    assert texts(made.problems) == expected


CANONICAL = "service.istio.io/canonical-name"


def test_labels_of_the_mesh_are_not_caught() -> None:
    selector = {CANONICAL: "web"}
    base = [deployment("a", {"app": "a", CANONICAL: "web"}), service("a", selector=selector)]
    made, clone = clone_of(base, sandbox("dev1", "a"))
    labels = clone_workload(made.environment, clone)["spec"]["template"]["metadata"]["labels"]
    assert matches(from_map(selector), labels) is False


def test_template_without_metadata() -> None:
    made = deployment("a")
    lax = {"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}
    base = {**made, "spec": {"selector": lax, "template": {"spec": made["spec"]["template"]["spec"]}}}
    (clone,) = plan([base], sandbox("dev1", "a")).clones
    assert canonical_labels(clone.row, clone.origin, "dev1") == {
        CANONICAL: "a",
        "service.istio.io/canonical-revision": "dev1",
    }


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({"app": "web"}, "web", id="app"),
        pytest.param({"app": "web", "app.kubernetes.io/name": "shop-web"}, "shop-web", id="name"),
        pytest.param({"app": "web", CANONICAL: "w"}, "w", id="canonical"),
        pytest.param({"x": "web"}, "a", id="workload"),
    ],
)
def test_canonical_name(labels: dict[str, str], expected: str) -> None:
    _, clone = clone_of([deployment("a", labels)], sandbox("dev1", "a"))
    assert canonical_labels(clone.row, clone.origin, "dev1") == {
        CANONICAL: expected,
        "service.istio.io/canonical-revision": "dev1",
    }


def test_host_port_is_removed() -> None:
    ports = [{"containerPort": 80, "hostPort": 80}]
    assert containers([app(ports=ports)]) == [app(ports=[{"containerPort": 80}], env=OURS)]


def test_selectors_of_the_origin_follow() -> None:
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    base = [
        deployment("a", topologySpreadConstraints=[{**spread, "labelSelector": {"matchLabels": {"app": "a"}}}]),
        service("a"),
    ]
    selector = {"matchLabels": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}}
    found = cloned(base)["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert found == [{**spread, "labelSelector": selector}]


NEAR = {"topologyKey": "kubernetes.io/hostname"}


def expressed(*values: str) -> Object:
    return {"matchExpressions": [{"key": "app", "operator": "In", "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param({"matchLabels": {"app": "a"}}, {"matchLabels": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "a"}},
                     id="the-origin"),
        pytest.param({"matchLabels": {"app": "b"}}, {"matchLabels": {"app": "b"}}, id="others"),
        pytest.param({}, {}, id="all"),
        pytest.param(expressed("a", "b"), expressed("a-dev1", "b"), id="the-origin-and-others"),
    ],
)  # fmt: skip
def test_what_keeps_pods_apart_means_the_clone(selector: Object, expected: Object) -> None:
    rules = {"requiredDuringSchedulingIgnoredDuringExecution": [{**NEAR, "labelSelector": selector}]}
    base = [deployment("a", affinity={"podAntiAffinity": rules}), service("a")]
    found = cloned(base)["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"]
    assert found == {"requiredDuringSchedulingIgnoredDuringExecution": [{**NEAR, "labelSelector": expected}]}
