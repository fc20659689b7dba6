"""Whatever a spec asks for is refused with a place, or rendered and proved; proof finds nothing that the guards let through."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandlane.files.tree import MemoryTree
from sandlane.pipeline import Unproven, render
from sandlane.problems.problem import Invalid
from sandlane.specs.inputs import read_inputs
from tests.build import Object, app, deployment, files_of, meta, sandbox, service

STRICT = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
BASE: list[Object] = [
    deployment(
        "a",
        containers=[
            {
                "name": "app",
                "image": "a:1",
                "securityContext": STRICT,
                "envFrom": [{"configMapRef": {"name": "settings"}}],
            },
            {"name": "side", "image": "s:1"},
        ],
        initContainers=[{"name": "wait", "image": "w:1"}],
        volumes=[
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "host", "hostPath": {"path": "/var"}},
        ],
        serviceAccountName="app",
    ),
    service("a"),
    *app("b"),
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("settings"), "data": {"A": "1"}},
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta("data"),
        "spec": {"accessModes": ["ReadWriteOnce"]},
    },
]

_WORDS = st.sampled_from(["a", "app", "side", "data", "host", "wait", "settings", "b", "x"])
_CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "privileged": st.booleans(),
        "allowPrivilegeEscalation": st.one_of(st.booleans(), st.none()),
        "runAsUser": st.sampled_from([0, 1, 1337, None]),
        "runAsNonRoot": st.one_of(st.booleans(), st.none()),
        "runAsGroup": st.sampled_from([0, 5]),
        "capabilities": st.sampled_from(
            [{"add": ["NET_ADMIN"]}, {"drop": ["ALL"]}, {"drop": None}, {"add": ["KILL"], "drop": []}]
        ),
        "seccompProfile": st.sampled_from([{"type": "RuntimeDefault"}, {"type": "Unconfined"}]),
        "appArmorProfile": st.sampled_from([{"type": "RuntimeDefault"}, {"type": "Unconfined"}]),
        "readOnlyRootFilesystem": st.booleans(),
        "procMount": st.sampled_from(["Default", "Unmasked"]),
    },
)
_MOUNTS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["data", "host", "new"]), "mountPath": st.sampled_from(["/a", "/b"])},
        optional={"readOnly": st.booleans(), "mountPropagation": st.sampled_from(["None", "Bidirectional"])},
    ),
    max_size=2,
)
_CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["app", "side", "tool", "istio-proxy"]), "image": st.sampled_from(["a:1", "e:2"])},
        optional={"securityContext": _CONTEXTS, "volumeMounts": _MOUNTS, "env": st.just([{"name": "N", "value": "v"}])},
    ),
    max_size=2,
)
_VOLUMES = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"name": st.sampled_from(["data", "new"]), "hostPath": st.sampled_from([{"path": "/"}, {"path": "/var"}])}
        ),
        st.just({"name": "new", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}}),
        st.just({"name": "new", "persistentVolumeClaim": {"claimName": "other"}}),
        st.just({"name": "new", "emptyDir": {}}),
        st.just({"name": "new", "csi": {"driver": "d"}}),
        st.just({"name": "new", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "x"}}]}}),
    ),
    max_size=2,
)
_PODS = st.fixed_dictionaries(
    {},
    optional={
        "containers": _CONTAINERS,
        "initContainers": _CONTAINERS,
        "volumes": _VOLUMES,
        "securityContext": _CONTEXTS.map(lambda c: {k: v for k, v in c.items() if k.startswith(("run", "seccomp"))}),
        "hostNetwork": st.booleans(),
        "hostUsers": st.booleans(),
        "automountServiceAccountToken": st.booleans(),
        "serviceAccountName": st.sampled_from(["app", "admin", None]),
        "priorityClassName": st.sampled_from(["system-node-critical", "low"]),
        "runtimeClassName": st.sampled_from(["gvisor", None]),
    },
)
_ANNOTATIONS = st.dictionaries(
    st.sampled_from(
        ["sidecar.istio.io/inject", "linkerd.io/inject", "sidecar.istio.io/proxyCPU", "note", "helm.sh/hook"]
    ),
    st.sampled_from(["false", "true"]),
    max_size=2,
)
_MERGES = st.builds(
    lambda pod, annotations: {"spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}}},
    _PODS,
    _ANNOTATIONS,
)
_PATHS = st.sampled_from(
    [
        "/spec/template/spec/hostPID", "/spec/template/spec/containers/0/image", "/spec/template/spec/volumes/-",
        "/spec/template/spec/containers/0/securityContext", "/spec/template/metadata/labels/app", "/metadata/annotations",
        "/spec/selector", "/spec/minReadySeconds", "/kind", "/spec/template/spec/containers/1",
    ]
)  # fmt: skip
_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [True, 3, "x:1", {"a": "b"}, {"name": "v", "hostPath": {"path": "/"}}, {"name": "z", "image": "z:1"}, None, []]
)
_OPERATIONS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"op": st.sampled_from(["add", "replace"]), "path": _PATHS, "value": _VALUES}),
        st.fixed_dictionaries({"op": st.just("remove"), "path": _PATHS}),
        st.fixed_dictionaries({"op": st.sampled_from(["copy", "move"]), "from": _PATHS, "path": _PATHS}),
    ),
    max_size=3,
)
_WORKLOADS = st.fixed_dictionaries(
    {"name": st.just("a")},
    optional={
        "patches": st.lists(st.one_of(_MERGES, _OPERATIONS).map(lambda p: {"patch": json.dumps(p)}), max_size=2),
        "volumes": st.dictionaries(
            _WORDS, st.sampled_from(["emptyDir", "ephemeral", "share", "share-readonly"]), max_size=2
        ),
        "initContainers": st.builds(lambda names: {"drop": names}, st.lists(_WORDS, max_size=1)),
        "configMaps": st.just([{"name": "settings", "data": {"A": "2"}}]),
        "preserveLabels": st.lists(_WORDS, max_size=1),
        "containers": st.lists(
            st.fixed_dictionaries(
                {"name": _WORDS},
                optional={
                    "image": st.just("n:1"),
                    "env": st.just([{"name": "B", "valueFrom": {"cloneRef": {"name": "b"}}}]),
                },
            ),
            max_size=1,
        ),
    },
)


@given(workload=_WORKLOADS, rule=st.one_of(st.none(), _MERGES))
def test_overrides_are_refused_or_proved(workload: Any, rule: Any) -> None:
    accepted = [{"code": code, "object": "Deployment/shop/a", "reason": "test"} for code in ("SL311", "SL312", "SL316")]
    spec = sandbox("dev1", {**workload, "accept": accepted}, "b")
    rules = [{"target": {"name": "a"}, "patches": [{"patch": json.dumps(rule)}]}] if rule else []
    tree = MemoryTree(files_of(BASE, spec, clones=rules))
    try:
        render(read_inputs(tree, "sandlane.yaml"))
    except Invalid as invalid:
        said = [problem.code for problem in invalid.problems]
    except Unproven as unproven:
        said = [f"{problem.code} {problem.text}" for problem in unproven.problems]
    else:
        return
    assert said != []
    assert [text for text in said if text.startswith("SL6")] == []
