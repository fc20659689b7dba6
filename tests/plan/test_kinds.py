from __future__ import annotations

from typing import Any

import pytest

from sandlane.k8s.workload_kinds import CLONABLE
from tests.build import Object, deployment, meta, output, refusals, sandbox, service

MADE = {"team": "x"}
OWNED = {"app.kubernetes.io/instance": "argo"}
CONTAINER = {"name": "app", "image": "a:1"}
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [CONTAINER]}}
ENV = [
    {"name": "SANDLANE_TENANT_ID", "value": "dev1"},
    {"name": "SANDLANE_SANDBOX", "value": "dev1"},
    {"name": "SANDLANE_ORIGIN", "value": "a"},
]


def marks(origin: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/managed-by": "sandlane", "tenantID": "dev1", "sandlane.dev/tenant": "dev1",
        "sandlane.dev/sandbox": "dev1", "sandlane.dev/origin": origin,
    }  # fmt: skip


def rollout(**spec: Any) -> Object:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": meta("a"), "spec": spec}


OWN = {"selector": {"matchLabels": {"app": "a"}}, "template": TEMPLATE}
CANARY = {
    "canary": {"canaryService": "a", "trafficRouting": {"istio": {"virtualService": {"name": "a", "routes": ["r"]}}}}
}


@pytest.mark.parametrize(
    "base",
    [
        pytest.param(
            [rollout(**OWN, strategy=CANARY, minReadySeconds=3, rollbackWindow={"revisions": 3})], id="template"
        ),
        pytest.param(
            [
                rollout(
                    workloadRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"},
                    replicas=3,
                    minReadySeconds=3,
                ),
                {**deployment("held"), "spec": {"replicas": 0, **OWN}},
            ],
            id="workload-ref",
        ),
    ],
)
def test_rollout_becomes_a_deployment(base: list[Object]) -> None:
    made = output([*base, service("a")], sandbox("dev1", {"name": "a", "kind": "Rollout", "image": "a:2"}))
    clone = made["Deployment/a-dev1"]
    assert (clone["apiVersion"], clone["metadata"]["labels"]) == ("apps/v1", marks("rollout.a"))
    spec = dict(clone["spec"])
    template = spec.pop("template")
    assert spec == {
        "replicas": 1,
        "minReadySeconds": 3,
        "selector": {"matchLabels": {"sandlane.dev/tenant": "dev1", "sandlane.dev/origin": "rollout.a"}},
    }
    assert template["spec"] == {"containers": [{"name": "app", "image": "a:2", "env": ENV}]}
    assert made["Service/a-dev1"]["spec"]["selector"] == {"service.sandlane.dev/a": "dev1"}


def test_rollout_without_its_workload() -> None:
    base = [rollout(workloadRef={"kind": "Deployment", "name": "gone"}), service("a")]
    assert refusals(base, sandbox("dev1", {"name": "a", "kind": "Rollout"})) == [
        "sandboxes/dev1.yaml: SL308 'Rollout/shop/a' takes its pods from 'Deployment/gone', which is not in the base\n"
        "  hint: add it to the base; a workloadRef may name a Deployment or a ReplicaSet"
    ]


def job(**template: Any) -> Object:
    pods = {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}, **template}
    spec = {
        "template": pods,
        "selector": {"matchLabels": {"controller-uid": "1"}},
        "manualSelector": False,
        "backoffLimit": 2,
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("a"), "spec": spec}


CHANGED = {"name": "a", "kind": "Job", "containers": [{"name": "app", "env": [{"name": "K", "value": "v"}]}]}


def test_name_of_a_job_has_a_hash_of_its_spec() -> None:
    (one,) = output([job()], sandbox("dev1", CHANGED)).values()
    (same,) = output([job()], sandbox("dev1", CHANGED, owner="dana")).values()
    (other,) = output([job()], sandbox("dev1", {**CHANGED, "image": "a:2"})).values()
    names = [made["metadata"]["name"] for made in (one, same, other)]
    assert names == ["a-dev1-d57608b6", "a-dev1-d57608b6", names[2]]
    assert names[2] != names[0]
    assert one["spec"].keys() == {"template", "backoffLimit"}
    assert one["metadata"]["labels"] == marks("job.a")
    assert one["spec"]["template"]["metadata"]["labels"].items() >= marks("job.a").items()


@pytest.mark.parametrize(
    ("template", "spec"),
    [
        pytest.param({}, {}, id="same"),
        pytest.param({}, {"labels": {"team": "x"}}, id="labels-of-the-sandbox"),
        pytest.param({}, {"changes": {"image": "a:2"}}, id="image"),
        pytest.param({}, {"changes": {"patches": [{"patch": "spec: {backoffLimit: 3}"}]}}, id="patch"),
        pytest.param({"labels": {"app": "a", "tier": "db"}}, {}, id="pod-label"),
        pytest.param({"annotations": {"note": "x"}}, {}, id="pod-annotation"),
    ],
)
def test_job_has_a_new_name_when_its_spec_changes(template: Object, spec: Object) -> None:
    """The API server refuses changes of a Job's spec, and a new name without a change would run it again."""
    base = job()
    edited = job(metadata=template) if template else base
    document = sandbox("dev1", {**CHANGED, **spec.get("changes", {})})
    document["metadata"]["labels"] = spec.get("labels", {})
    (before,) = output([base], sandbox("dev1", CHANGED)).values()
    (after,) = output([edited], document).values()
    has_new_name = before["metadata"]["name"] != after["metadata"]["name"]
    assert has_new_name == (before["spec"] != after["spec"]) == bool(template or spec.get("changes"))


def test_job_name_stays_within_its_limit() -> None:
    base = {**job(), "metadata": meta("a" * 60)}
    (made,) = output([base], sandbox("dev1", {**CHANGED, "name": "a" * 60})).values()
    assert len(made["metadata"]["name"]) <= 63


def test_cron_job_is_suspended() -> None:
    spec = {
        "schedule": "0 * * * *",
        "concurrencyPolicy": "Forbid",
        "suspend": False,
        "jobTemplate": {"metadata": {"labels": MADE | OWNED}, "spec": {"template": TEMPLATE}},
    }
    base = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("a"), "spec": spec}
    (made,) = output([base], sandbox("dev1", {"name": "a", "kind": "CronJob"})).values()
    assert made["metadata"]["name"] == "a-dev1"
    assert {key: made["spec"][key] for key in made["spec"] if key != "jobTemplate"} == {
        "schedule": "0 * * * *", "concurrencyPolicy": "Forbid", "suspend": True,
    }  # fmt: skip
    assert made["spec"]["jobTemplate"]["metadata"] == {"labels": {**MADE, **marks("cronjob.a")}}
    template = made["spec"]["jobTemplate"]["spec"]["template"]
    assert template["spec"] == {"containers": [{**CONTAINER, "env": ENV}]}
    assert template["metadata"]["labels"].items() >= {"app": "a", **marks("cronjob.a")}.items()


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        pytest.param("apps/v1", "DaemonSet", id="daemon-set"),
        pytest.param("apps/v1", "ReplicaSet", id="replica-set"),
        pytest.param("v1", "ReplicationController", id="replication-controller"),
        pytest.param("serving.knative.dev/v1", "Service", id="knative"),
        pytest.param("keda.sh/v1alpha1", "ScaledJob", id="keda"),
    ],
)
def test_other_kinds_are_refused(api: str, kind: str) -> None:
    base = {"apiVersion": api, "kind": kind, "metadata": meta("a"), "spec": {"template": TEMPLATE}}
    assert refusals([base], sandbox("dev1", {"name": "a", "kind": kind})) == [
        f"sandboxes/dev1.yaml: SL212 'Deployment/shop/a' is a {kind}".replace("Deployment", kind)
        + f", which cannot be cloned\n  hint: kinds that can: {', '.join(CLONABLE)}"
    ]
