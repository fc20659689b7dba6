"""What specs and standing rules change, through the whole line: the result is proved, so a change that breaks a promise fails."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.build import Object, app, deployment, meta, output, refusals, sandbox, service

CLAIM = {
    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("data"),
    "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "fast", "volumeName": "pv-7",
             "resources": {"requests": {"storage": "1Gi"}}},
}  # fmt: skip
CONFIG = {
    "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("settings", labels={"team": "a"}), "immutable": True,
    "data": {"A": "1", "B": "2"}, "binaryData": {"C": "AA=="},
}  # fmt: skip
MARKS = {
    "tenantID": "dev1", "app.kubernetes.io/managed-by": "sandlane", "sandlane.dev/tenant": "dev1",
    "sandlane.dev/sandbox": "dev1", "sandlane.dev/origin": "a",
}  # fmt: skip
PODS: Object = {
    "initContainers": [{"name": "migrate", "image": "a:1"}, {"name": "wait", "image": "w:1"}],
    "containers": [
        {
            "name": "app",
            "image": "a:1",
            "env": [{"name": "X", "value": "x"}],
            "envFrom": [{"configMapRef": {"name": "settings"}}],
        },
        {"name": "istio-proxy", "image": "auto"},
    ],
    "volumes": [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "config", "configMap": {"name": "settings"}},
    ],
}
BASE = [deployment("a", **PODS), service("a"), CLAIM, CONFIG, *app("b")]
FINE = {"initContainers": {"drop": ["migrate"]}, "volumes": {"data": "emptyDir"}}
PLACE = "sandboxes/dev1.yaml: "


def pods(workload: Object | None = None, **environment: Any) -> Any:
    """Returns the pod template of the clone of `a`."""
    made = output(BASE, sandbox("dev1", {"name": "a", **FINE, **(workload or {})}, "b"), **environment)
    return made["Deployment/a-dev1"]["spec"]["template"]


def refused(workload: Object, *more: Any, **environment: Any) -> list[str]:
    return refusals(BASE, sandbox("dev1", {"name": "a", **FINE, **workload}, *(more or ("b",))), **environment)


def env(template: Any, container: int = 0) -> list[Object]:
    return [v for v in template["spec"]["containers"][container]["env"] if not v["name"].startswith("SANDLANE_")]


def test_init_containers() -> None:
    assert pods()["spec"]["initContainers"] == [{"name": "wait", "image": "w:1"}]
    assert "initContainers" not in pods({"initContainers": {"drop": ["migrate", "wait"]}})["spec"]


def test_image_of_an_init_container() -> None:
    changed = {"containers": [{"name": "wait", "image": "w:2", "env": [{"name": "A", "value": "b"}]}]}
    assert pods(changed)["spec"]["initContainers"] == [
        {"name": "wait", "image": "w:2", "env": [{"name": "A", "value": "b"}]}
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        pytest.param("emptyDir", {"name": "data", "emptyDir": {}}, id="empty"),
        pytest.param("share", {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, id="share"),
        pytest.param(
            "share-readonly",
            {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}},
            id="share-readonly",
        ),
        pytest.param(
            "ephemeral",
            {"name": "data", "ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": MARKS}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast"}}}},
            id="ephemeral",
        ),
    ],
)  # fmt: skip
def test_volumes(choice: str, expected: Object) -> None:
    assert pods({"volumes": {"data": choice}})["spec"]["volumes"][0] == expected


def stateful(choice: str) -> tuple[list[Object], Object]:
    claims = [{"metadata": {"name": name}, "spec": CLAIM["spec"]} for name in ("data", "log")]
    made = {**deployment("a"), "kind": "StatefulSet"}
    made["spec"] = {**made["spec"], "serviceName": "a", "volumeClaimTemplates": claims}
    return [made, service("a")], sandbox("dev1", {"name": "a", "kind": "StatefulSet", "volumes": {"data": choice}})


def stateful_set(found: Object) -> Object:
    (name,) = [key for key in found if key.startswith("StatefulSet/a-dev1-")]
    return dict(found[name])


def test_volume_of_a_claim_template() -> None:
    spec = stateful_set(output(*stateful("emptyDir")))["spec"]
    assert [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]] == ["log"]
    assert spec["template"]["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Delete"}
    assert len(stateful_set(output(*stateful("ephemeral")))["spec"]["volumeClaimTemplates"]) == 2
    assert refusals(*stateful("share"))[0].split("\n")[0] == (
        f"{PLACE}SL235 volume 'data' cannot be 'share': each pod of a StatefulSet has a claim of its own, "
        "which its clone's pods cannot share"
    )


def test_a_claim_template_stands_for_the_pods_volume_of_its_name_and_so_does_what_it_becomes() -> None:
    base, spec = stateful("emptyDir")
    rest = [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]
    old = {"name": "data", "emptyDir": {"medium": "Memory"}}
    base[0]["spec"]["template"]["spec"]["volumes"] = [old, *rest]
    made = stateful_set(output(base, spec))["spec"]
    assert made["template"]["spec"]["volumes"] == [*rest, {"name": "data", "emptyDir": {}}]
    assert [claim["metadata"]["name"] for claim in made["volumeClaimTemplates"]] == ["log"]


def test_config_map_is_copied_and_followed() -> None:
    made = output(
        BASE,
        sandbox(
            "dev1", {"name": "a", **FINE, "configMaps": [{"name": "settings", "data": {"A": "9", "B": None, "C": "c"}}]}
        ),
    )
    assert made["ConfigMap/settings-dev1"] == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "settings-dev1",
            "namespace": "shop",
            "labels": {"team": "a", **MARKS, "sandlane.dev/origin": "settings"},
            "annotations": {"sandlane.dev/spec": "sandboxes/dev1.yaml"},
        },
        "data": {"A": "9", "C": "c"},
    }
    template = made["Deployment/a-dev1"]["spec"]["template"]
    assert template["spec"]["containers"][0]["envFrom"] == [{"configMapRef": {"name": "settings-dev1"}}]
    assert template["spec"]["volumes"][1] == {"name": "config", "configMap": {"name": "settings-dev1"}}


def test_data_of_a_copy_restarts_the_clone() -> None:
    digests = [
        pods({"configMaps": [{"name": "settings", "data": {"A": value}}]})["metadata"]["annotations"][
            "sandlane.dev/config"
        ]
        for value in ("1", "2", "1")
    ]
    assert (digests[0] == digests[2], digests[0] != digests[1]) == (True, True)


JSON_PATCH = '[{"op": "add", "path": "/spec/template/spec/terminationGracePeriodSeconds", "value": 5}]'
MERGE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: a, annotations: {note: "1"}}
spec: {template: {spec: {containers: [{name: app, env: [{name: NEW, value: y1}]}]}}}
"""


def test_patches() -> None:
    made = output(
        BASE,
        sandbox(
            "dev1",
            {"name": "a", **FINE, "patches": [{"patch": JSON_PATCH}, {"patch": MERGE}, {"path": "extra/p.yaml"}]},
        ),
        beside={"sandboxes/extra/p.yaml": "spec: {template: {spec: {setHostnameAsFQDN: true}}}"},
    )
    clone = made["Deployment/a-dev1"]
    spec = clone["spec"]["template"]["spec"]
    assert clone["metadata"]["annotations"]["note"] == "1"
    assert (spec["terminationGracePeriodSeconds"], spec["setHostnameAsFQDN"]) == (5, True)
    assert sorted(v["name"] for v in env(clone["spec"]["template"])) == ["NEW", "X"]


def test_addresses_of_other_clones() -> None:
    variables = [
        {"name": "ONE", "valueFrom": {"cloneRef": {"name": "b"}}},
        {"name": "TWO", "valueFrom": {"cloneRef": {"name": "b", "port": 80, "format": "http://{host}/x"}}},
    ]
    assert env(pods({"containers": [{"name": "app", "env": variables}]}))[1:] == [
        {"name": "ONE", "value": "b-dev1.shop.svc.cluster.local:80"},
        {"name": "TWO", "value": "http://b-dev1.shop.svc.cluster.local/x"},
    ]


def test_preserved_labels() -> None:
    both = {"app": "a", "tier": "x"}
    base = [deployment("a", both), service("a", selector=both)]
    base[0]["spec"]["selector"]["matchLabels"] = both
    for preserved, expected in (([], ("a-dev1", "x")), (["app"], ("a", "x-dev1"))):
        made = output(base, sandbox("dev1", {"name": "a", "preserveLabels": preserved}))
        labels = made["Deployment/a-dev1"]["spec"]["template"]["metadata"]["labels"]
        assert (labels["app"], labels["tier"]) == expected


def test_standing_rules_come_first_and_are_for_whom_they_name() -> None:
    rules = [
        {"target": {"kind": "Deployment"}, "env": [{"name": "X", "value": "rule"}, {"name": "Z", "value": "rule"}]},
        {"target": {"name": "b.*"}, "patches": [{"patch": "spec: {minReadySeconds: 7}"}]},
        {"target": {"labelSelector": "none=such"}, "env": [{"name": "Q", "value": "q"}]},
    ]
    base = [*BASE, {**deployment("c"), "metadata": meta("c", labels={"none": "such"})}]
    changed = {"containers": [{"name": "app", "env": [{"name": "Z", "value": "own"}]}]}
    made = output(base, sandbox("dev1", {"name": "a", **FINE, **changed}, "b"), clones=rules)
    assert env(made["Deployment/a-dev1"]["spec"]["template"]) == [
        {"name": "X", "value": "rule"},
        {"name": "Z", "value": "own"},
    ]
    assert made["Deployment/b-dev1"]["spec"]["minReadySeconds"] == 7
    assert "minReadySeconds" not in made["Deployment/a-dev1"]["spec"]


def test_standing_rules_pass_over_what_is_not_there() -> None:
    rule = {
        "target": {"kind": "Deployment"},
        "initContainers": {"drop": ["none"]},
        "volumes": {"none": "emptyDir"},
        "preserveLabels": ["none"],
        "containers": [{"name": "none", "image": "n:1", "env": [{"name": "N", "remove": True}]}],
        "env": [{"name": "NONE", "remove": True}],
    }
    assert pods(clones=[rule]) == pods()


def hint(text: str) -> str:
    return f"\n  hint: {text}"


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        pytest.param({"initContainers": {"drop": ["migrate", "migrat"]}},
                     "SL233 init container 'migrat' is not in 'Deployment/shop/a'" + hint("did you mean 'migrate'?"), id="init"),
        pytest.param({"volumes": {"dta": "emptyDir", "data": "emptyDir"}},
                     "SL233 volume 'dta' is not in 'Deployment/shop/a'" + hint("did you mean 'data'?"), id="volume"),
        pytest.param({"preserveLabels": ["ap"]},
                     "SL233 pod label 'ap' is not in 'Deployment/shop/a'" + hint("did you mean 'app'?"), id="label"),
        pytest.param({"configMaps": [{"name": "setings", "data": {"A": "b"}}]},
                     "SL237 'ConfigMap/shop/setings' is not in the base" + hint("did you mean 'settings'?"), id="config-map"),
        pytest.param({"volumes": {"data": "emptyDir", "config": "share"}},
                     "SL235 volume 'config' cannot be 'share': it is no volume of a claim"
                     + hint("'emptyDir' starts empty for any volume; 'ephemeral', 'share' and 'share-readonly' are for claims"),
                     id="no-claim"),
        pytest.param({"containers": [{"name": "app", "env": [{"name": "B", "valueFrom": {"cloneRef": {"name": "c"}}}]}]},
                     "SL236 variable 'B' has no address to take: this sandbox does not clone 'c'" + hint("clones: a, b"),
                     id="clone"),
        pytest.param({"containers": [{"name": "app", "env": [{"name": "B", "valueFrom": {"cloneRef": {"name": "b", "port": "web"}}}]}]},
                     "SL236 variable 'B' has no address to take: 'b-dev1.shop.svc.cluster.local' has no port 'web'"
                     + hint("its ports: 80, http"), id="port"),
        pytest.param({"patches": [{"patch": "- {op: replace, path: /spec/none/deeper, value: 3}"}]},
                     "SL231 the patch cannot be applied to 'Deployment/shop/a'", id="nothing-there"),
        pytest.param({"patches": [{"patch": "- {op: add, path: /spec/replicas, value: 3}"}]},
                     "SL232 the patch changes 'spec.replicas' of 'Deployment/shop/a', which sandlane decides" + hint("use 'replicas'"),
                     id="replicas"),
        pytest.param({"patches": [{"patch": "metadata: {name: b}"}]},
                     "SL231 the patch cannot be applied to 'Deployment/shop/a': it is for name 'b'", id="another"),
        pytest.param({"patches": [{"patch": "spec: {template: {metadata: {labels: {role: admin}}}}"}]},
                     "SL232 the patch changes 'spec.template.metadata.labels' of 'Deployment/shop/a', which sandlane decides"
                     + hint("Services and policies select by the labels of pods"), id="labels"),
        pytest.param({"patches": [{"patch": "spec: {selector: {matchLabels: {app: b}}}"}]},
                     "SL232 the patch changes 'spec.selector' of 'Deployment/shop/a', which sandlane decides"
                     + hint("clones have selectors of their own"), id="selector"),
        pytest.param({"patches": [{"patch": "- {op: copy, from: /kind, path: /metadata/annotations}"}]},
                     "SL231 the patch cannot be applied to 'Deployment/shop/a': 'metadata.annotations' would be a string, "
                     "expected a mapping", id="annotations"),
        pytest.param({"patches": [{"patch": "- {op: add, path: /spec/template/spec/volumes/-, value: true}"}]},
                     "SL231 the patch cannot be applied to 'Deployment/shop/a': 'spec.template.spec.volumes[2]' would be true or "
                     "false, expected a mapping", id="volumes"),
        pytest.param({"patches": [{"patch": "- {op: add, path: /spec/template/spec/containers/0/env/-, "
                                            "value: {name: SANDLANE_SANDBOX, value: x}}"}]},
                     "SL214 environment variable 'SANDLANE_SANDBOX' of the patch is one that sandlane sets itself", id="ours"),
        pytest.param({"patches": [{"patch": "$patch: delete"}]},
                     "SL231 the patch cannot be applied to 'Deployment/shop/a': it leaves no containers to run", id="delete"),
        pytest.param({"patches": [{"patch": "just words"}]},
                     "SL230 expected a mapping (strategic merge) or a list of operations (JSON patch), not a string", id="words"),
        pytest.param({"patches": [{"path": "../../../etc/passwd"}]},
                     "SL121 '../../../etc/passwd' lies outside of the repository", id="outside"),
        pytest.param({"patches": [{"path": "none.yaml"}]}, "SL120 file 'none.yaml' does not exist", id="missing"),
    ],
)  # fmt: skip
def test_mistakes(workload: Object, expected: str) -> None:
    (found,) = refused(workload)
    assert found.removeprefix(PLACE)[: len(expected)] == expected


def test_config_maps_that_differ() -> None:
    config = {"configMaps": [{"name": "settings", "data": {"A": "7"}}]}
    base = [*BASE, deployment("d", containers=[{**PODS["containers"][0]}]), service("d")]
    other = {"name": "d", "configMaps": [{"name": "settings", "data": {"A": "8"}}]}
    assert refusals(base, sandbox("dev1", {"name": "a", **FINE, **config}, other)) == [
        f"{PLACE}SL238 'ConfigMap/shop/settings' gets other data here than at another workload of this sandbox"
        + hint("give both the same data: a sandbox has one copy of a ConfigMap")
    ]
    made = output(base, sandbox("dev1", {"name": "a", **FINE, **config}, {**other, **config}))
    assert [key for key in made if key.startswith("ConfigMap/")] == ["ConfigMap/settings-dev1"]


GENERATED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("b-config-7d9t2gmk45"), "data": {"A": "1"}}
READER = deployment(
    "b", containers=[{"name": "app", "image": "b:1", "envFrom": [{"configMapRef": {"name": "b-config-7d9t2gmk45"}}]}]
)


def test_env_beside_the_image_is_of_the_only_app_container() -> None:
    changed = [{"name": "X", "remove": True}, {"name": "Y", "value": "y"}]
    template = pods({"image": "a:2", "env": changed})
    assert template["spec"]["containers"][0]["image"] == "a:2"
    assert env(template) == [{"name": "Y", "value": "y"}]
    assert "env" not in template["spec"]["containers"][1]


def test_a_generated_config_map_is_named_without_its_hash() -> None:
    keyed = {"name": "K", "valueFrom": {"configMapKeyRef": {"name": "b-config", "key": "A"}}}
    spec = sandbox("dev1", {"name": "b", "env": [keyed], "configMaps": [{"name": "b-config", "data": {"A": "2"}}]})
    made = output([READER, service("b"), GENERATED], spec)
    container = made["Deployment/b-dev1"]["spec"]["template"]["spec"]["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": "b-config-7d9t2gmk45-dev1"}}]
    assert [v["valueFrom"]["configMapKeyRef"]["name"] for v in container["env"] if v["name"] == "K"] == [
        "b-config-7d9t2gmk45-dev1"
    ]
    assert made["ConfigMap/b-config-7d9t2gmk45-dev1"]["data"] == {"A": "2"}


def test_two_config_maps_of_one_name_are_told_apart_by_the_hash() -> None:
    other = {**GENERATED, "metadata": meta("b-config-2222222222")}
    spec = sandbox("dev1", {"name": "b", "configMaps": [{"name": "b-config", "data": {"A": "2"}}]})
    assert refusals([READER, service("b"), GENERATED, other], spec) == [
        f"{PLACE}SL237 'ConfigMap/shop/b-config' is not in the base"
        + hint("known: b-config-2222222222, b-config-7d9t2gmk45")
    ]


def test_config_map_that_nobody_reads() -> None:
    spec = sandbox("dev1", {"name": "b", "configMaps": [{"name": "settings", "data": {"A": "b"}}]})
    assert refusals(BASE, spec) == [
        f"{PLACE}SL234 nothing in 'Deployment/shop/b' refers to ConfigMap 'settings'"
        + hint("name a ConfigMap that it reads, or leave the entry out")
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        pytest.param({"name": "bb"}, "SL240 the rule is for no workload of the base", id="nobody"),
        pytest.param({"name": "("}, "SL239 'name' of the target cannot be '(': '(' is no pattern in RE2's syntax", id="expression"),
        pytest.param({"labelSelector": "a in b"}, "SL239 'labelSelector' of the target cannot be 'a in b': cannot read 'a in b'",
                     id="selector"),
    ],
)  # fmt: skip
def test_targets(target: Object, expected: str) -> None:
    (found,) = refused({}, clones=[{"target": target}])
    assert found.split("\n")[0] == f"sandlane.yaml: {expected}"


def test_a_rule_that_fails_is_the_environment_s() -> None:
    rule = {"target": {"name": "a"}, "patches": [{"patch": json.dumps([{"op": "remove", "path": "/spec/none"}])}]}
    (found,) = refused({}, clones=[rule])
    assert found.split(":")[0] == "sandlane.yaml"


def test_repeated_entries() -> None:
    doubled = {"initContainers": {"drop": ["migrate", "migrate"]}, "preserveLabels": ["app", "app"]}
    assert [text.removeprefix(PLACE).split("\n")[0] for text in refused(doubled)] == [
        "SL207 'migrate' stands twice in 'drop'",
        "SL207 'app' stands twice in 'preserveLabels'",
    ]


@pytest.mark.parametrize("namespaces", ["xy", "yx"])
def test_an_address_of_clones_of_one_name_is_none(namespaces: str) -> None:
    """Whichever stands first in the spec: the address would change with the order of workloads."""
    base = [*app("c"), *(o for n in "xy" for o in (deployment("w", namespace=n), service("w", namespace=n)))]
    env = [{"name": "W", "valueFrom": {"cloneRef": {"name": "w"}}}]
    reading = {"name": "c", "containers": [{"name": "app", "env": env}]}
    (text,) = refusals(base, sandbox("dev1", reading, *({"name": "w", "namespace": n} for n in namespaces)))
    assert text == (
        "sandboxes/dev1.yaml: SL236 variable 'W' has no address to take: this sandbox clones 'w' in several namespaces\n"
        "  hint: write the address as 'value'"
    )
