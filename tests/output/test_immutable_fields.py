"""Every change of a clonable workload syncs (rule R-O4): no field changes that the API server lets nobody change."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import importlib_resources
import pytest

from sandlane.k8s.workload_kinds import WORKLOADS
from sandlane.overrides.registry import FIELDS as OVERRIDES
from sandlane.patch.put import put
from sandlane.pipeline import render
from tests.build import Object, inputs, meta, sandbox, service

MUTABLE = {
    "StatefulSet": ("minReadySeconds", "ordinals", "persistentVolumeClaimRetentionPolicy", "replicas", "revisionHistoryLimit",
                    "template", "updateStrategy"),
    "Job": ("activeDeadlineSeconds", "backoffLimit", "parallelism", "podReplacementPolicy", "suspend", "ttlSecondsAfterFinished"),
}  # fmt: skip
"""Fields of a spec that may change, where all others may not (ValidateStatefulSetUpdate, ValidateJobSpecUpdate)."""

IMMUTABLE = {"Deployment": ("selector",), "Service": ("clusterIP", "clusterIPs")}
"""Fields of a spec that may not change, where all others may (ValidateDeploymentUpdate, ValidateServiceClusterIPsRelatedFields)."""

DEFINITIONS = {
    "CronJob": "io.k8s.api.batch.v1.CronJobSpec",
    "Deployment": "io.k8s.api.apps.v1.DeploymentSpec",
    "Job": "io.k8s.api.batch.v1.JobSpec",
    "StatefulSet": "io.k8s.api.apps.v1.StatefulSetSpec",
}
API = {"CronJob": "batch/v1", "Deployment": "apps/v1", "Job": "batch/v1", "StatefulSet": "apps/v1",
       "Rollout": "argoproj.io/v1alpha1"}  # fmt: skip
_VOLUME = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def template(image: str = "a:1", label: str = "x", **spec: Any) -> Object:
    return {"metadata": {"labels": {"app": "a", "tier": label}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": image}], **spec}}  # fmt: skip


def claims(*sizes: str) -> list[Object]:
    made = [put(_VOLUME, ("resources", "requests", "storage"), size) for size in sizes]
    return [{"metadata": {"name": f"data-{n}"}, "spec": spec} for n, spec in enumerate(made)]


_NUMBERS = (1, 2, 3)
_TEMPLATES = (
    template(),
    template("a:2", terminationGracePeriodSeconds=5),
    template("a:2", "y", serviceAccountName="b", nodeSelector={"disk": "ssd"}),
)
_SELECTORS = (
    {"matchLabels": {"app": "a"}},
    {"matchLabels": {"app": "a", "tier": "x"}},
    {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a"]}]},
)
_COMMON: dict[str, Sequence[Any]] = {
    "minReadySeconds": _NUMBERS,
    "replicas": _NUMBERS,
    "revisionHistoryLimit": _NUMBERS,
    "selector": _SELECTORS,
    "template": _TEMPLATES,
}
_JOB: dict[str, Sequence[Any]] = {
    "activeDeadlineSeconds": _NUMBERS,
    "backoffLimit": _NUMBERS,
    "backoffLimitPerIndex": _NUMBERS,
    "completionMode": ("NonIndexed", "Indexed", "NonIndexed"),
    "completions": _NUMBERS,
    "managedBy": ("kubernetes.io/job-controller", "example.com/jobs", "example.com/other"),
    "manualSelector": (False, True, False),
    "maxFailedIndexes": _NUMBERS,
    "parallelism": _NUMBERS,
    "podFailurePolicy": tuple(
        {"rules": [{"action": "Ignore", "onPodConditions": [{"type": t, "status": "True"}]}]} for t in ("A", "B", "C")
    ),
    "podReplacementPolicy": ("Failed", "TerminatingOrFailed", "Failed"),
    "selector": _SELECTORS,
    "successPolicy": tuple({"rules": [{"succeededCount": n}]} for n in _NUMBERS),
    "suspend": (False, True, False),
    "template": _TEMPLATES,
    "ttlSecondsAfterFinished": _NUMBERS,
}
FIELDS: dict[str, dict[str, Sequence[Any]]] = {
    "Deployment": {
        **_COMMON,
        "paused": (False, True, False),
        "progressDeadlineSeconds": _NUMBERS,
        "strategy": ({"type": "Recreate"}, {"type": "RollingUpdate"}, {"type": "Recreate"}),
    },
    "StatefulSet": {
        **_COMMON,
        "ordinals": tuple({"start": n} for n in _NUMBERS),
        "persistentVolumeClaimRetentionPolicy": tuple({"whenScaled": w} for w in ("Retain", "Delete", "Retain")),
        "podManagementPolicy": ("OrderedReady", "Parallel", "OrderedReady"),
        "serviceName": ("a", "b", "c"),
        "updateStrategy": ({"type": "OnDelete"}, {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}, {"type": "OnDelete"}),
        "volumeClaimTemplates": (claims("1Gi"), claims("2Gi"), claims("2Gi", "3Gi")),
    },
    "Job": _JOB,
    "CronJob": {
        "concurrencyPolicy": ("Allow", "Forbid", "Replace"),
        "failedJobsHistoryLimit": _NUMBERS,
        "jobTemplate": tuple({"spec": {"template": made}} for made in _TEMPLATES),
        "schedule": ("@daily", "@hourly", "@weekly"),
        "startingDeadlineSeconds": _NUMBERS,
        "successfulJobsHistoryLimit": _NUMBERS,
        "suspend": (False, True, False),
        "timeZone": ("Etc/UTC", "Europe/Berlin", "Etc/UTC"),
    },
    "Rollout": {**_COMMON, "progressDeadlineSeconds": _NUMBERS, "strategy": tuple({"canary": {"maxSurge": n}} for n in _NUMBERS)},
}  # fmt: skip
"""Kind -> field of its spec -> the values that it has one after the other."""

_FIXED: dict[str, Object] = {
    "Deployment": {"selector": _SELECTORS[0], "template": template()},
    "Job": {"template": template()},
    "Rollout": {"selector": _SELECTORS[0], "template": template()},
    "CronJob": {"schedule": "@daily", "jobTemplate": {"spec": {"template": template()}}},
    "StatefulSet": {"serviceName": "a", "selector": _SELECTORS[0], "template": template(), "volumeClaimTemplates": claims("1Gi")},
}  # fmt: skip

CHANGES: dict[str, Sequence[Object]] = {
    "image": ({}, {"image": "a:2"}, {"image": "a:3"}),
    "env": ({}, {"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}),
    "containers": tuple({"containers": [{"name": "app", "image": f"a:{n}"}]} for n in _NUMBERS),
    "replicas": tuple({"replicas": n} for n in _NUMBERS),
    "patches": tuple({"patches": [{"patch": f"metadata: {{annotations: {{note: n{n}}}}}"}]} for n in _NUMBERS),
    "configMaps": tuple({"configMaps": [{"name": "settings", "data": {"A": str(n)}}]} for n in _NUMBERS),
    "volumes": ({}, {"volumes": {"data-0": "emptyDir"}}, {}),
    "preserveLabels": ({}, {"preserveLabels": ["tier"]}, {}),
    "initContainers": ({}, {"initContainers": {"drop": ["init"]}}, {}),
}
"""Field of a workload in a spec -> the values that it has one after the other."""


CONFIG: list[Object] = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("settings"), "data": {"A": "0"}, "immutable": True}
]


def workload(kind: str, spec: Mapping[str, Any]) -> Object:
    return {"apiVersion": API[kind], "kind": kind, "metadata": meta("a"), "spec": dict(spec)}


def written(base: list[Object], entry: Object, **spec: Any) -> dict[str, Object]:
    """Returns the objects of a sandbox's directory and of `shared/`, by kind and name."""
    made = sandbox("dev1", {"name": "a", **entry}, **spec)
    found = render(inputs([*base, service("a"), *CONFIG], made)).objects
    return {f"{o.id.kind}/{o.id.name}": dict(o.manifest) for o in found if o.directory != "base"}


def refused(before: Object, after: Object) -> list[str]:
    """Returns the changes of an object that the API server would refuse."""
    kind = before["kind"]
    if before["apiVersion"] != after["apiVersion"]:
        return ["apiVersion"]
    old, new = before.get("spec") or {}, after.get("spec") or {}
    if kind == "ConfigMap":
        return ["data"] if before.get("immutable") and before["data"] != after["data"] else []
    fields = dict.fromkeys((*old, *new))
    fixed = [f for f in fields if f not in MUTABLE[kind]] if kind in MUTABLE else IMMUTABLE.get(kind, ())
    return [field for field in fixed if old.get(field) != new.get(field)]


def hold(outputs: Sequence[dict[str, Object]]) -> None:
    """Asserts that each output can be applied over the one before it."""
    for before, after in pairwise(outputs):
        wrong = {key: refused(before[key], after[key]) for key in before.keys() & after.keys()}
        assert {key: fields for key, fields in wrong.items() if fields} == {}


@functools.cache
def _definitions() -> Any:
    home = importlib_resources.files("kubernetes_validate").joinpath("kubernetes-json-schema")
    text = home.joinpath("v1.32.0-local-strict").joinpath("_definitions.json").read_text()
    return json.loads(text)["$defs"]


@pytest.mark.parametrize("kind", sorted(DEFINITIONS))
def test_every_field_of_the_kind_is_changed(kind: str) -> None:
    assert sorted(FIELDS[kind]) == sorted(_definitions()[DEFINITIONS[kind]]["properties"])


def test_every_clonable_kind_is_changed() -> None:
    kinds = sorted(row.kind for row in WORKLOADS.values() if row.is_clonable)
    assert sorted(FIELDS) == kinds, "a kind has rows in FIELDS, API and _FIXED, and in MUTABLE or IMMUTABLE"


def test_every_field_of_a_spec_is_changed() -> None:
    assert sorted(CHANGES) == sorted(["replicas", *(field.name for field in OVERRIDES)])


@pytest.mark.parametrize(
    ("kind", "field"),
    [pytest.param(kind, field, id=f"{kind}.{field}") for kind, fields in FIELDS.items() for field in fields],
)
def test_changes_of_the_base_sync(kind: str, field: str) -> None:
    values = FIELDS[kind][field]
    hold([written([workload(kind, {**_FIXED[kind], field: value})], {"name": "a", "kind": kind}) for value in values])


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        pytest.param(row.kind, field, id=f"{row.kind}.{field}")
        for row in WORKLOADS.values()
        if row.is_clonable and row.kind in FIELDS
        for field in CHANGES
        if row.has_replicas or field != "replicas"
    ],
)
def test_changes_of_the_spec_sync(kind: str, field: str) -> None:
    row = next(row for row in WORKLOADS.values() if row.kind == kind)
    mounted: Any = template(
        initContainers=[{"name": "init", "image": "i:1"}],
        volumes=[{"name": "settings", "configMap": {"name": "settings"}},
                 *([] if kind == "StatefulSet" else [{"name": "data-0", "emptyDir": {"sizeLimit": "1Gi"}}])],
    )  # fmt: skip
    mounted["spec"]["containers"][0]["volumeMounts"] = [{"name": "data-0", "mountPath": "/d"}]
    base: Any = put(workload(kind, _FIXED[kind]), row.template, mounted)
    hold([written([base], {"name": "a", "kind": kind, **entry}) for entry in CHANGES[field]])


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_renaming_and_owners_sync(kind: str) -> None:
    base = [workload(kind, _FIXED[kind])]
    specs: list[Object] = [
        {},
        {"owner": "dana"},
        {"expires": "2026-12-01"},
        {"tenantID": "other"},
        {"tenantID": "third"},
    ]
    hold([written(base, {"name": "a", "kind": kind}, **spec) for spec in specs])


def test_the_table_refuses_what_the_api_server_does() -> None:
    before = workload("StatefulSet", _FIXED["StatefulSet"])
    assert refused(before, put(before, ("spec", "serviceName"), "b")) == ["serviceName"]
    assert refused(before, put(before, ("spec", "replicas"), 2, create=True)) == []


def test_a_stateful_sets_name_changes_with_its_claims_alone() -> None:
    base = [workload("StatefulSet", _FIXED["StatefulSet"])]
    names = [
        next(key for key in written(base, {"name": "a", "kind": "StatefulSet", **entry}) if "StatefulSet" in key)
        for entry in ({}, {"image": "a:2"}, {"volumes": {"data-0": "emptyDir"}})
    ]
    assert names == ["StatefulSet/a-dev1-175b8b88", "StatefulSet/a-dev1-175b8b88", "StatefulSet/a-dev1-6d9695b0"]
